"""One page of JSON → typed columns: all at once, and record by record only where it must be.

`pyarrow.json` keeps numbers as text until it converts them, so that decimals and 64-bit integers
are exact. A page that it refuses is loaded value by value, once, to learn how this service writes
its numbers (`wire`), or to put aside the records whose values do not fit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from tandem.connectors.base import ETAG, Page, Unreadable
from tandem.connectors.http_errors import server_message
from tandem.connectors.odata.columns import from_texts
from tandem.connectors.odata.csdl import other_version
from tandem.connectors.odata.dialects.families import dialect_of
from tandem.connectors.odata.documents import load
from tandem.connectors.odata.parts import parts_among, read_fields
from tandem.connectors.odata.records import column_of, unreadable
from tandem.connectors.odata.shape import Links, Path, Shape, etag_of, links_of
from tandem.connectors.odata.values import meant
from tandem.connectors.odata.wire import Wire, Wires, first_guess, learn, read_type
from tandem.errors import ConfigurationError, TandemError, Unreachable
from tandem.model.schema import Entity, Field


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a page says."""

    page: Page
    next_link: str | None
    rows: int
    """Records, readable or not."""
    keys: pa.RecordBatch | None = None
    """The key of each record; None where there is none, or one is unreadable."""
    delta_link: str | None = None


class PageReader:
    """Reads the pages of one entity, and remembers how the service writes them."""

    def __init__(self, entity: Entity, names: Sequence[str], wires: Wires) -> None:
        """`wires` is what is known from earlier reads; it is kept up to date."""
        self._entity = entity
        self._names = tuple(names)
        wanted = tuple(dict.fromkeys((*names, *entity.key)))
        self._fields = read_fields(entity, wanted)
        self._parts = parts_among(entity, wanted)
        self._dialect = dialect_of(entity)
        self._wires = wires
        self._wires.update({**first_guess(self._fields), **wires})
        self._has_etags = False

    def read(self, body: bytes) -> Parsed:
        """The page's records, in the columns asked for.

        Raises Unreachable if the body is cut or carries an error, ConfigurationError if it is
        not OData v4.
        """
        known = dict(self._wires)  # others that read at the same time learn too
        try:
            return self._by_columns(body, known)
        except pa.ArrowInvalid:
            document = load_page(body)
        wires = learn(self._fields, document["value"], known)
        try:
            parsed = self._by_columns(body, wires)
        except pa.ArrowInvalid:
            return self.read_loaded(document)
        self._wires.update(wires)
        return parsed

    def _by_columns(self, body: bytes, wires: Wires) -> Parsed:
        arrow_reads = [field for field in self._fields if wires[field.name] is not Wire.PARSED]
        shape = Shape({_path(f): read_type(f, wires[f.name]) for f in arrow_reads})
        read = shape.read(body)
        columns = {f.name: _typed(read.columns[_path(f)], f, wires) for f in arrow_reads}
        if len(arrow_reads) < len(self._fields):
            columns |= self._from_document(body, columns)
        if any(self._parts.untold(columns)):
            raise pa.ArrowInvalid("a lookup that does not say to what it refers")
        return self._done(columns, read.etags, read.links, read.rows)

    def _from_document(self, body: bytes, have: dict[str, pa.Array]) -> dict[str, pa.Array]:
        records = load_page(body)["value"]
        columns = {}
        for field in (field for field in self._fields if field.name not in have):
            columns[field.name], bad = column_of(records, field)
            if bad:
                raise pa.ArrowInvalid(field.name)
        return columns

    def read_loaded(self, document: dict[str, Any]) -> Parsed:
        """As `read`, record by record, of a page that is loaded."""
        records = document["value"]
        columns: dict[str, pa.Array] = {}
        amiss: dict[int, Field] = {}
        for field in self._fields:
            columns[field.name], bad = column_of(records, field)
            amiss = {**dict.fromkeys(bad, field), **amiss}
        amiss = {**dict(self._parts.untold(columns)), **amiss}
        good = pa.array([row not in amiss for row in range(len(records))], pa.bool_())
        columns = {name: column.filter(good) for name, column in columns.items()}
        etags = pa.array([etag_of(record) for record in records], pa.string()).filter(good)
        aside = tuple(unreadable(records[r], f, self._entity) for r, f in sorted(amiss.items()))
        return self._done(columns, etags, links_of(document), len(records), aside)

    def _done(
        self,
        columns: dict[str, pa.Array],
        etags: pa.Array,
        links: Links,
        rows: int,
        aside: tuple[Unreadable, ...] = (),
    ) -> Parsed:
        self._has_etags = self._has_etags or etags.null_count < len(etags)
        columns = columns | self._parts.columns(columns)
        columns = {name: self._meant(name, values) for name, values in columns.items()}
        wanted = {name: columns[name] for name in self._names}
        if self._has_etags:
            wanted[ETAG] = etags
        page = Page(pa.RecordBatch.from_arrays(list(wanted.values()), names=list(wanted)), aside)
        key = list(self._entity.key)
        if aside or not key:
            return Parsed(page, links.next, rows, None, links.delta)
        keys = pa.RecordBatch.from_arrays([columns[name] for name in key], names=key)
        return Parsed(page, links.next, rows, keys, links.delta)

    def _meant(self, name: str, values: pa.Array) -> pa.Array:
        field = self._entity.by_name.get(name)
        is_key = name in self._entity.key
        return meant(values, field, self._dialect, is_key=is_key) if field else values


def _path(field: Field) -> Path:
    return tuple(field.name.split("/"))


def _typed(read: pa.Array, field: Field, wires: Wires) -> pa.Array:
    return read if wires[field.name] is Wire.NATIVE else from_texts(read, field)


def load_page(body: bytes) -> dict[str, Any]:
    """The page as a document with a list of records; raises as `PageReader.read`."""
    try:
        document = load(body)
    except (ValueError, RecursionError):
        raise Unreachable("A page of the listing is not whole JSON.") from None
    if not isinstance(document, dict) or not isinstance(document.get("value"), list):
        raise _no_page(document, body)
    return document


def _no_page(document: Any, body: bytes) -> TandemError:
    """An error may come with status 200, once the server has begun to answer (JSON 4.01, 20)."""
    if isinstance(document, dict) and "error" in document:
        return Unreachable(f"The service failed in the middle: {server_message(body)}")
    if isinstance(document, dict) and "d" in document:
        return other_version("2 or 3")
    return ConfigurationError(
        "The service answers with JSON that is no OData listing: it has no list named value.",
        remedy="Check that the host of the connection is an OData v4 service root.",
    )
