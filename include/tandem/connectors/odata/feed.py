"""One page of a delta payload → typed records, and ids of those that are gone."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow.compute as pc

from tandem.connectors.base import ETAG
from tandem.connectors.http_codes import WITHOUT_DELTA
from tandem.connectors.odata.entity_ids import ids_of
from tandem.connectors.odata.entries import SPECIAL, Said, entries_of
from tandem.connectors.odata.page import PageReader, Parsed, load_page
from tandem.connectors.odata.parts import asked
from tandem.core.ids import record_ids
from tandem.errors import ConfigurationError
from tandem.model.schema import Entity


@dataclass(frozen=True, slots=True)
class Feed:
    """What a page says, each record once: as the last entry about it has it."""

    parsed: Parsed
    """The records that came whole."""
    here: tuple[str, ...]
    """Ids of records that are there."""
    again: tuple[str, ...] = ()
    """Ids of those among them that came in part, and have to be read again: a payload may leave
    out what did not change (OData JSON 4.01, 15.2), and does not say what it is then."""
    gone: tuple[str, ...] = ()


class FeedReader:
    """Reads the pages of a delta payload of one entity."""

    def __init__(self, reader: PageReader, entity: Entity, names: Sequence[str]) -> None:
        self._reader = reader
        self._entity = entity
        self._asked = asked(entity, (*names, *entity.key))

    def read(self, body: bytes) -> Feed:
        """What the page says: by columns if whole records are all it holds.

        Raises as `PageReader.read`, and ConfigurationError where nobody can tell which record
        an entry is about.
        """
        feed = None if SPECIAL.search(body) else self._by_columns(body)
        return feed or self._by_entries(load_page(body))

    def _by_columns(self, body: bytes) -> Feed | None:
        parsed = self._reader.read(body)
        if parsed.keys is None:
            return None
        ids = record_ids(parsed.keys, self._entity.key)
        if ids.null_count or len(pc.unique(ids)) < len(ids) or self._lacks_something(parsed, body):
            return None
        return Feed(parsed, tuple(ids.to_pylist()))

    def _lacks_something(self, parsed: Parsed, body: bytes) -> bool:
        """Whether some record does not say all: in a column, what is absent looks like null."""
        records = parsed.page.records
        names = (n for n in records.schema.names if n != ETAG)
        if not any(records.column(name).null_count for name in names):
            return False
        return not all(self._asked.is_said_by(record) for record in load_page(body)["value"])

    def _by_entries(self, document: dict[str, Any]) -> Feed:
        entries = entries_of(document, self._entity, self._asked)
        ids = ids_of([entry.key for entry in entries], self._entity)
        last = {known: row for row, known in enumerate(ids) if known is not None}
        whole = []
        known_as: dict[Said, list[str]] = {said: [] for said in Said}
        for row, (entry, known) in enumerate(zip(entries, ids, strict=True)):
            if known is None and entry.said is not Said.WHOLE:
                raise _nameless(self._entity, entry.shown)
            if known is not None and last[known] != row:
                continue
            if entry.said is Said.WHOLE:
                whole.append(entry.record)
            if known is not None:
                known_as[entry.said].append(known)
        return Feed(
            parsed=self._reader.read_loaded({**document, "value": whole}),
            here=(*known_as[Said.WHOLE], *known_as[Said.PARTLY]),
            again=tuple(known_as[Said.PARTLY]),
            gone=tuple(known_as[Said.GONE]),
        )


def _nameless(entity: Entity, shown: str) -> ConfigurationError:
    return ConfigurationError(
        f"The changes of {entity.name} hold an entry that does not say which record it is "
        f"about: {shown}.",
        remedy=WITHOUT_DELTA,
    )
