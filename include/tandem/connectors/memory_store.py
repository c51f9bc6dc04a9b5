"""What the memory connector speaks to: a small system with habits, which tests look into."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import pyarrow as pa

from tandem.connectors.versions import version_fields
from tandem.core.ids import record_ids
from tandem.core.values import arrow_type
from tandem.errors import AnchorExpired, RetryLater
from tandem.model.schema import Capabilities, Entity, Kind

BATCH_ROWS: Final = 1_000

Record = dict[str, Any]
"""A record by field: Python's values for the kinds, or anything else, which is unreadable."""

Key = tuple[Any, ...]

_BEGIN: Final = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Habits:
    """What a system does by itself to a record of an entity whenever anyone writes it."""

    version: str | None = None
    """This int64 field gets the number of the write, which grows over the whole store."""
    modified: str | None = None
    """This instant field gets the time of the write."""
    normalise: Callable[[Record], Mapping[str, Any]] = lambda _record: {}
    """The fields that are kept otherwise than they were given."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A write that breaks off: the rows before `done` are carried out, no others."""

    done: int
    because: RetryLater
    unknown: tuple[int, ...] = ()
    """Rows whose answer is lost, carried out or not. Others from `done` on are unsent."""


@dataclass(slots=True)
class Store:
    """Entities and their records, which tests put there and look at."""

    entities: dict[str, Entity] = field(default_factory=dict)
    records: dict[str, dict[Key, Record]] = field(default_factory=dict)
    """Entity → key → record."""
    habits: dict[str, Habits] = field(default_factory=dict)
    touched: dict[str, dict[Key, int]] = field(default_factory=dict)
    """Entity → key → number of the last write to that record, also of those that are gone."""
    writes: int = 0
    expired: int = 0
    """Tokens from before this write are not known any more."""
    clock: Callable[[], datetime] | None = None
    """What time it is; left out, each write takes a second."""
    before: Callable[[str], Cut | None] = lambda _operation: None
    """Called with the connector's method before anything happens; may raise, or cut a write."""
    after: Callable[[str], None] = lambda _operation: None
    """Called when everything has happened; if it raises, the answer is lost."""

    def define(self, entity: Entity, habits: Habits | None = None) -> None:
        """Add the entity, without records; it can do everything unless it says otherwise."""
        if entity.capabilities == Capabilities():
            own = (habits.version,) if habits and habits.version else ()
            able = Capabilities(
                version_fields=(*own, *version_fields(entity.fields)),
                creates=True,
                updates=True,
                removes=True,
                client_keys=True,
                batch_size=BATCH_ROWS,
            )
            entity = entity.model_copy(update={"capabilities": able})
        self.entities[entity.name] = entity
        self.records.setdefault(entity.name, {})
        self.touched.setdefault(entity.name, {})
        self.habits[entity.name] = habits or self.habits.get(entity.name, Habits())

    def put(self, entity: str, records: Iterable[Mapping[str, Any]]) -> None:
        """Insert or replace records of a defined entity; fields left out are null."""
        names = self.entities[entity].by_name
        for record in records:
            self.save(entity, {name: record.get(name) for name in names})

    def edit(self, entity: str, *key: Any, **values: Any) -> None:
        """Change fields of a record that is there."""
        self.save(entity, {**self.records[entity][key], **values})

    def remove(self, entity: str, *key: Any) -> None:
        """Delete a record that is there."""
        del self.records[entity][key]
        self.writes += 1
        self.touched[entity][key] = self.writes

    def save(self, entity: str, record: Record) -> Key:
        """Keep the record as this system does; its key, which is made up where parts are null."""
        self.writes += 1
        habits = self.habits[entity]
        record = {**record, **habits.normalise(record), **self._missing_key(entity, record)}
        if habits.version:
            record[habits.version] = self.writes
        if habits.modified:
            record[habits.modified] = self._now()
        key = self.key_of(entity, record)
        self.records[entity][key] = record
        self.touched[entity][key] = self.writes
        return key

    def key_of(self, entity: str, record: Mapping[str, Any]) -> Key:
        """The record's key."""
        return tuple(record[name] for name in self.entities[entity].key)

    def etag(self, entity: str, key: Key) -> str:
        """The record's etag: another one after each write."""
        return f'W/"{self.touched[entity].get(key, 0)}"'

    def expire_tokens(self) -> None:
        """Forget where readers of changes have stopped so far."""
        self.writes += 1
        self.expired = self.writes

    def changed_since(self, entity: str, token: str) -> list[Key]:
        """Keys of records that were written or deleted since that token, in that order."""
        if not token.isdigit() or int(token) < self.expired:
            raise AnchorExpired(f"The token {token!r} of {entity} is not known any more.")
        writes = self.touched[entity].items()
        return sorted(
            (key for key, write in writes if write > int(token)),
            key=self.touched[entity].__getitem__,
        )

    def ids(self, entity: str, keys: Iterable[Key]) -> tuple[str, ...]:
        """The ids of records with these keys."""
        described = self.entities[entity]
        rows = list(keys)
        columns = {
            name: pa.array([key[part] for key in rows], arrow_type(described.field(name)))
            for part, name in enumerate(described.key)
        }
        return tuple(record_ids(pa.RecordBatch.from_pydict(columns), described.key).to_pylist())

    def _missing_key(self, entity: str, record: Record) -> Record:
        described = self.entities[entity]
        lacking = [name for name in described.key if record.get(name) is None]
        kinds = {name: described.field(name).kind for name in lacking}
        return {name: _made_up(kind, self.writes) for name, kind in kinds.items()}

    def _now(self) -> datetime:
        return self.clock() if self.clock else _BEGIN + timedelta(seconds=self.writes)


def _made_up(kind: Kind, number: int) -> Any:
    if kind is Kind.GUID:
        return str(UUID(int=(0xA << 92) + number))
    return str(number) if kind is Kind.STRING else number


_stores: Final[dict[str, Store]] = {}


def store(name: str) -> Store:
    """The store of that name in this process, made when it is first asked for."""
    return _stores.setdefault(name, Store())


def forget(name: str) -> None:
    """Drop the store of that name."""
    _stores.pop(name, None)
