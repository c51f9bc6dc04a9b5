"""Records in memory: a full connector, for tests and for trying things out."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import pyarrow as pa

from tandem.connectors.base import Page, Query, Written
from tandem.connectors.pages import page_of
from tandem.connectors.versions import version_fields
from tandem.core.conditions import check_condition, satisfies
from tandem.core.fit import fit
from tandem.errors import ConfigurationError
from tandem.model.connection import Connection
from tandem.model.schema import Capabilities, Entity, Field, Schema

PAGE_ROWS: Final = 1_000

Record = dict[str, Any]
"""A record by field: Python's values for the kinds, or anything else, which is unreadable."""


@dataclass(slots=True)
class Store:
    """Entities and their records, which tests put there and look at."""

    entities: dict[str, Entity] = field(default_factory=dict)
    records: dict[str, dict[tuple[Any, ...], Record]] = field(default_factory=dict)
    """Entity → key → record."""

    def define(self, entity: Entity) -> None:
        """Add the entity, without records; it can do everything unless it says otherwise."""
        if entity.capabilities == Capabilities():
            able = Capabilities(
                version_fields=version_fields(entity.fields),
                writes=True,
                client_keys=True,
                batch_size=PAGE_ROWS,
            )
            entity = entity.model_copy(update={"capabilities": able})
        self.entities[entity.name] = entity
        self.records.setdefault(entity.name, {})

    def put(self, entity: str, records: Iterable[Mapping[str, Any]]) -> None:
        """Insert or replace records of a defined entity; fields left out are null."""
        names = self.entities[entity].by_name
        for record in records:
            whole = {name: record.get(name) for name in names}
            self.records[entity][self.key_of(entity, whole)] = whole

    def key_of(self, entity: str, record: Mapping[str, Any]) -> tuple[Any, ...]:
        """The record's key."""
        return tuple(record[name] for name in self.entities[entity].key)


_stores: Final[dict[str, Store]] = {}


def store(name: str) -> Store:
    """The store of that name in this process, made when it is first asked for."""
    return _stores.setdefault(name, Store())


def forget(name: str) -> None:
    """Drop the store of that name."""
    _stores.pop(name, None)


class MemoryConnector:
    """A connector, writer and provisioner for the store that `extra.store` names."""

    def __init__(self, connection: Connection, *, page_rows: int = PAGE_ROWS) -> None:
        self._name = str(connection.extra.get("store") or connection.id)
        self._page_rows = page_rows

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
        yield from self._pages(query, self._chosen(query))

    def count(self, query: Query) -> int:
        """How many records satisfy the condition."""
        return len(self._satisfying(query))

    def find(self, query: Query, keys: pa.RecordBatch) -> Iterator[Page]:
        """The records whose fields equal one of the rows of `keys`; null equals nothing."""
        names = keys.schema.names
        rows = zip(*(column.to_pylist() for column in keys.columns), strict=True)
        wanted = {row for row in rows if None not in row}
        found = [r for r in self._satisfying(query) if tuple(r[n] for n in names) in wanted]
        yield from self._pages(query, found)

    def create(self, entity: Entity, records: pa.RecordBatch) -> Written:
        """Insert or replace the records; fields not given are null, or stay."""
        return self._write(entity, records, insert=True)

    def update(self, entity: Entity, records: pa.RecordBatch) -> Written:
        """Set the columns given on the records that are there."""
        return self._write(entity, records, insert=False)

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
        if query.condition is not None:
            check_condition(query.condition, query.entity, query.now)
        return [record for record in records if _satisfies(record, query)]

    def _chosen(self, query: Query) -> list[Record]:
        records = self._satisfying(query)
        by = query.descending_by
        if by is not None:
            there = [record for record in records if record[by] is not None]
            there.sort(key=lambda record: record[by], reverse=True)
            records = there + [record for record in records if record[by] is None]
        return records[: query.limit]

    def _pages(self, query: Query, records: list[Record]) -> Iterator[Page]:
        names = dict.fromkeys([*query.fields, *query.entity.key])
        for start in range(0, len(records), self._page_rows):
            some = records[start : start + self._page_rows]
            columns = {name: [_value(record, name) for record in some] for name in names}
            yield page_of(columns, query.entity, query.fields)

    def _write(self, entity: Entity, records: pa.RecordBatch, *, insert: bool) -> Written:
        there = self._known(entity.name)
        rows, rejected = _checked(entity, records)
        missing = []
        for row, values in rows.items():
            key = self._store.key_of(entity.name, values)
            if key in there:
                there[key].update(values)
            elif insert:
                self._store.put(entity.name, [values])
            else:
                missing.append(row)
        return Written(rejected, tuple(missing))


def _checked(entity: Entity, records: pa.RecordBatch) -> tuple[dict[int, Record], dict[int, str]]:
    """The rows that fit their fields, and why the others do not, by row number."""
    rejected: dict[int, str] = {}
    columns = {}
    for name, values in zip(records.schema.names, records.columns, strict=True):
        fitted = fit(values, entity.field(name))
        columns[name] = fitted.values
        rejected = {**fitted.problems, **rejected}
    rows = pa.RecordBatch.from_pydict(columns).to_pylist()
    return {row: values for row, values in enumerate(rows) if row not in rejected}, rejected


def _satisfies(record: Record, query: Query) -> bool:
    try:
        return query.condition is None or satisfies(
            query.condition, record, query.entity, query.now
        )
    except (TypeError, AttributeError):  # a value of another kind: the page names it
        return True


def _value(record: Record, name: str) -> Any:
    if name not in record:
        raise ConfigurationError(
            f"The record has no field {name!r}.", remedy="Read the schema again."
        )
    return record[name]
