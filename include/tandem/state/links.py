"""Links: which local record is which external one, and what both last agreed on."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
from sqlalchemy import Row, bindparam, delete, func, select, update

from tandem.core.changed_mapping.restating import NO_HASH
from tandem.state.bases import packed, unpacked
from tandem.state.scope import Scope
from tandem.state.tables import link

LINKS = pa.schema(
    [
        ("external_id", pa.string()),
        ("local_id", pa.string()),
        ("base_hash", pa.binary()),
        ("local_hash", pa.binary()),
    ]
)

BASES = pa.schema([("external_id", pa.string()), ("base", pa.string())])


@dataclass(frozen=True, slots=True)
class LinkEntry:
    """One linked pair of records."""

    entity: str
    external_id: str
    local_id: str
    base: Mapping[str, Any] | None
    """The values last agreed on, numbers as integers and decimals; None where none are kept."""
    local_version: str | None
    external_version: str | None
    updated_at: datetime


class Links:
    """The links of one entity mapping."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._mine = scope.mine(link)

    def any(self) -> bool:
        """Whether there is a link at all."""
        return self._scope.any(*self._mine)

    def count(self) -> int:
        """How many there are."""
        query = select(func.count()).select_from(link).where(*self._mine)
        return self._scope.connection.scalar(query) or 0

    def find(self, side: str, ids: pa.Array) -> pa.Table:
        """The links of these ids of that side, as LINKS."""
        if not len(ids) or not self.any():
            return LINKS.empty_table()
        chosen = self._scope.among(link.c[f"{side}_id"], ids)
        query = select(*(link.c[name] for name in LINKS.names)).where(*self._mine, chosen)
        return self._scope.rows(query, LINKS)

    def after(self, external_id: str | None, rows: int) -> pa.Table:
        """The first links after that id (None: of all), as LINKS in order of external_id."""
        query = select(*(link.c[name] for name in LINKS.names)).where(*self._mine)
        if external_id is not None:
            query = query.where(link.c.external_id > external_id)
        query = query.order_by(link.c.external_id).limit(rows)
        return self._scope.rows(query, LINKS)

    def bases(self, external_ids: pa.Array) -> pa.Table:
        """The base of each of these records, in their order, as BASES."""
        found: dict[str, bytes] = {}
        if len(external_ids) and self.any():
            chosen = self._scope.among(link.c.external_id, external_ids)
            query = select(link.c.external_id, link.c.base).where(
                *self._mine, chosen, link.c.base.is_not(None)
            )
            found = {row.external_id: row.base for row in self._scope.connection.execute(query)}
        bases = [unpacked(found.get(external_id)) for external_id in external_ids.to_pylist()]
        return pa.table([external_ids, bases], schema=BASES)

    def of(self, record_id: str) -> tuple[LinkEntry, ...]:
        """The links of the record with that id, on whichever side."""
        mine = [*self._mine, *self._scope.of_record(link, record_id)]
        query = select(link).where(*mine).order_by(link.c.external_id)
        return tuple(_entry(row) for row in self._scope.connection.execute(query))

    def put(self, links: pa.Table, *, at: datetime, replace: bool) -> None:
        """Make links: the columns of LINKS, external_version, and what else is kept of them.

        `local_hash`, `local_version` and `base` (a JSON object as text) may be left out.
        `replace` says that some of the records may have one already.
        """
        if replace and links.num_rows:
            self.remove(links["external_id"].combine_chunks())
        if "base" in links.schema.names:
            at_column = links.schema.get_field_index("base")
            links = links.set_column(at_column, "base", packed(links["base"].combine_chunks()))
        self._scope.insert(link, links, updated_at=at)

    def restate(self, links: pa.Table) -> None:
        """Have links say something else: external_id, base (as text), base_hash, local_hash."""
        if not links.num_rows:
            return
        names = ("base", "base_hash", "local_hash")
        values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in names}
        mine = [*self._mine, link.c.external_id == bindparam("mine")]
        kept = packed(links["base"].combine_chunks()).to_pylist()
        hashes = [links[name].to_pylist() for name in names[1:]]
        ids = links["external_id"].to_pylist()
        rows = [
            dict(zip(("mine", *(f"new_{name}" for name in names)), row, strict=True))
            for row in zip(ids, kept, *hashes, strict=True)
        ]
        self._scope.connection.execute(update(link).where(*mine).values(values), rows)

    def invalidate(self) -> None:
        """Have every record looked at when it is read next; what was agreed on stays."""
        no_hash = {"base_hash": NO_HASH, "local_hash": NO_HASH}
        self._scope.connection.execute(update(link).where(*self._mine).values(no_hash))

    def remove(self, external_ids: pa.Array) -> None:
        """Forget the links of these external records."""
        if len(external_ids) and self.any():
            chosen = self._scope.among(link.c.external_id, external_ids)
            self._scope.connection.execute(delete(link).where(*self._mine, chosen))


def _entry(row: Row[Any]) -> LinkEntry:
    base = unpacked(row.base)
    return LinkEntry(
        entity=row.entity,
        external_id=row.external_id,
        local_id=row.local_id,
        base=None if base is None else json.loads(base, parse_float=Decimal),
        local_version=row.local_version,
        external_version=row.external_version,
        updated_at=row.updated_at,
    )
