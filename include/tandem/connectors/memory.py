"""Records in memory: a full connector, for tests and for trying things out."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace as with_changes
from typing import Any, Final

import pyarrow as pa

from tandem.connectors.base import ETAG, Page, Query, Written
from tandem.connectors.memory_follow import Followed
from tandem.connectors.memory_store import Cut, Habits, Record, Store, forget, store
from tandem.connectors.memory_write import Writing, value
from tandem.connectors.pages import page_of
from tandem.connectors.parts import ordered_by, ranges, within
from tandem.connectors.seen import with_marks
from tandem.core.filters.conditions import check_condition, satisfies
from tandem.model.connection import Connection
from tandem.model.schema import Capabilities, Entity, Field, Schema

__all__ = ["Cut", "Habits", "MemoryConnector", "Store", "forget", "store"]

PAGE_ROWS: Final = 1_000


class MemoryConnector:
    """A connector, delta reader, writer and provisioner for the store that `extra.store` names."""

    def __init__(self, connection: Connection, *, page_rows: int | None = None) -> None:
        self._name = str(connection.extra.get("store") or connection.id)
        self._page_rows = page_rows or PAGE_ROWS

    @property
    def _store(self) -> Store:
        return store(self._name)

    def check(self) -> str:
        """Name of the store and number of its entities."""
        return f"memory store {self._name!r}: {len(self._store.entities)} entities"

    def schema(self) -> Schema:
        """The entities that were defined or provisioned."""
        return Schema(entities=tuple(self._store.entities.values()))

    def read(self, query: Query) -> Iterator[Page]:
        """The records as they are now, in the order they were put in."""
        with self._operation("read"):
            yield from self._pages(query, self._chosen(query))

    def count(self, query: Query) -> int:
        """How many records satisfy the condition."""
        with self._operation("count"):
            return len(self._satisfying(query))

    def find(self, query: Query, keys: pa.RecordBatch) -> Iterator[Page]:
        """The records whose fields equal one of the rows of `keys`; null equals nothing."""
        names = keys.schema.names
        rows = zip(*(column.to_pylist() for column in keys.columns), strict=True)
        wanted = {row for row in rows if None not in row}
        with self._operation("find"):
            found = [r for r in self._satisfying(query) if tuple(r[n] for n in names) in wanted]
            yield from self._pages(query, found)

    def split(self, query: Query, parts: int, *, least: int) -> tuple[str, ...]:
        """By ranges of the key."""
        field = ordered_by(query)
        if field is None:
            return ()
        keys = sorted(record[field.name] for record in self._satisfying(query))
        return ranges(query, parts, least, len(keys), keys.__getitem__)

    def read_part(self, query: Query, part: str) -> Iterator[Page]:
        """As `read`, within the range."""
        yield from self.read(within(query, part))

    def changes(self, query: Query, since: str | None) -> Iterator[Page]:
        """Records written and ids deleted since the token, which is the number of a write."""
        name = query.entity.name
        with self._operation("changes"):
            there, token = self._known(name), str(self._store.writes)
            keys = list(there) if since is None else self._store.changed_since(name, since)
            gone = self._store.ids(name, [key for key in keys if key not in there])
            *first, last = [
                *self._pages(query, [there[key] for key in keys if key in there]),
                Page(self._page(query, []).records),
            ]
            yield from first
            yield with_changes(last, gone=gone, token=token)

    def create(
        self,
        entity: Entity,
        records: pa.RecordBatch,
        *,
        replace: bool = False,
        returning: Sequence[str] = (),
    ) -> Written:
        """Insert the records; where this system chooses the keys, it takes none of ours."""
        with self._operation("create") as cut:
            return self._writing(entity).create(records, cut, returning, replace=replace)

    def update(
        self,
        entity: Entity,
        records: pa.RecordBatch,
        *,
        seen: pa.RecordBatch | None = None,
        given: pa.RecordBatch | None = None,
        returning: Sequence[str] = (),
    ) -> Written:
        """Set the fields given on the records that are there, and are as they were seen."""
        with self._operation("update") as cut:
            return self._writing(entity).update(records, cut, seen, given, returning)

    def delete(
        self, entity: Entity, keys: pa.RecordBatch, *, seen: pa.RecordBatch | None = None
    ) -> Written:
        """Remove the records that are there, and are as they were seen."""
        with self._operation("delete") as cut:
            return self._writing(entity).delete(keys, cut, seen)

    def missing(self, wanted: Entity) -> tuple[str, ...]:
        """The entity or the fields that are not defined."""
        if wanted.name not in self._store.entities:
            return (f"define {wanted.name}",)
        return tuple(f"add {wanted.name}.{name}" for name in self._lacking(wanted))

    def provision(self, wanted: Entity) -> tuple[str, ...]:
        """Define the entity, or add the fields that it lacks."""
        done = self.missing(wanted)
        known = self._store.entities.get(wanted.name)
        if known is None:
            self._store.define(wanted.model_copy(update={"capabilities": Capabilities()}))
        elif done:
            new = self._lacking(wanted)
            fields = (*known.fields, *new.values())
            self._store.define(Entity.model_validate({**known.model_dump(), "fields": fields}))
            for record in self._store.records[wanted.name].values():
                record.update(dict.fromkeys(new))
        return done

    def _lacking(self, wanted: Entity) -> dict[str, Field]:
        known = self._store.entities[wanted.name].by_name
        return {field.name: field for field in wanted.fields if field.name not in known}

    def close(self) -> None:
        """Nothing to give back; the store stays."""

    def _known(self, name: str) -> dict[tuple[Any, ...], Record]:
        self.schema().entity(name)
        return self._store.records[name]

    def _satisfying(self, query: Query) -> list[Record]:
        records = self._known(query.entity.name).values()
        if query.condition is None:
            return list(records)
        check_condition(query.condition, query.entity, query.now, query.relations)
        followed = Followed(self._store, query, query.condition)
        return [record for record in records if _satisfies(followed.seen(record), query)]

    def _chosen(self, query: Query) -> list[Record]:
        records = self._satisfying(query)
        by = query.descending_by
        if by is not None:
            there = [record for record in records if record[by] is not None]
            there.sort(key=lambda record: record[by], reverse=True)
            records = there + [record for record in records if record[by] is None]
        return records[: query.limit]

    def _pages(self, query: Query, records: list[Record]) -> Iterator[Page]:
        for start in range(0, len(records), self._page_rows):
            yield self._page(query, records[start : start + self._page_rows])

    def _page(self, query: Query, records: list[Record]) -> Page:
        entity = self._store.entities[query.entity.name]
        names = dict.fromkeys([*query.fields, *entity.key])
        columns = {name: [value(record, name) for record in records] for name in names}
        if not entity.capabilities.optimistic_concurrency:
            return page_of(columns, query.entity, query.fields)
        keys = [self._store.key_of(entity.name, record) for record in records]
        columns[ETAG] = [self._store.etag(entity.name, key) for key in keys]
        return page_of(columns, with_marks(query.entity), (*query.fields, ETAG))

    def _writing(self, entity: Entity) -> Writing:
        self._known(entity.name)
        return Writing(self._store, entity)

    @contextmanager
    def _operation(self, name: str) -> Iterator[Cut | None]:
        """What the store's hooks do to a call."""
        cut = self._store.before(name)
        yield cut
        self._store.after(name)


def _satisfies(record: Record, query: Query) -> bool:
    try:
        return query.condition is None or satisfies(
            query.condition, record, query.entity, query.now, query.relations
        )
    except (TypeError, AttributeError):  # a value of another kind: the page names it
        return True
