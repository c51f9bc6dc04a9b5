"""What Tandem remembers between runs. Readers look; only a run is given a `StateStore`."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Protocol

import pyarrow as pa
from sqlalchemy import Engine, RowMapping, delete, insert, select, update

from tandem.core.anchors import later
from tandem.database import open_engine, writing
from tandem.model.changes import Anchor, Counts
from tandem.state.account import DEFERRED, Account
from tandem.state.links import Links
from tandem.state.migrate import ensure_current
from tandem.state.tables import deferred, log, rejected, syncanchor

_PART_ROWS: Final = 10_000


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One entity of one run."""

    run_id: str
    entity: str
    direction: str
    mode: str
    started_at: datetime
    finished_at: datetime | None
    status: str
    message: str
    counts: Counts


class StateReader(Protocol):
    """Look, do not touch. Preview is given this one."""

    def anchor(self, entity: str, side: str, mapping_hash: str) -> Anchor | None:
        """The anchor of that side, if it was set under this very mapping."""
        ...

    def has_links(self, entity: str) -> bool:
        """Whether any pair of records is linked."""
        ...

    def links(self, entity: str, side: str, ids: pa.Array) -> pa.Table:
        """The links of these ids of that side, as `tandem.state.links.LINKS`."""
        ...

    def waiting(self, entity: str, error_class: str) -> list[str]:
        """Ids of rejected external records of that class."""
        ...

    def deferred(self, entity: str, field: str) -> Iterator[pa.Table]:
        """The lookups in that field that wait, as `tandem.state.account.DEFERRED`, in parts."""
        ...

    def last_loaded(self, entity: str) -> str | None:
        """The run that was the last to load this entity."""
        ...

    def log_entries(self, *, run_id: str | None = None, limit: int = 50) -> list[LogEntry]:
        """The log, newest first."""
        ...


class StateStore(StateReader, Protocol):
    """Look and write. Only a run is given this one."""

    def start(self, key: Mapping[str, str], *, mode: str, at: datetime) -> None:
        """Log that an entity of a run has begun. `key`: run_id, entity, direction."""
        ...

    def note_mode(self, key: Mapping[str, str], mode: str) -> None:
        """Log how an entity of a run that has begun was read: full or incremental."""
        ...

    def finish(
        self, key: Mapping[str, str], *, status: str, counts: Counts, message: str, at: datetime
    ) -> None:
        """Log what became of an entity of a run that has begun."""
        ...

    def account(self, entity: str) -> AbstractContextManager[Account]:
        """One transaction in which a batch is accounted for."""
        ...

    def move_anchor(
        self, entity: str, side: str, anchor: Anchor, *, mapping_hash: str, at: datetime
    ) -> None:
        """Every change up to this anchor has been accounted for. It never moves back."""
        ...


class SqlState:
    """The state of one integration in a SQL database."""

    def __init__(self, engine: Engine, integration: str) -> None:
        self._engine = engine
        self._integration = integration

    def close(self) -> None:
        """Give back the connections."""
        self._engine.dispose()

    def anchor(self, entity: str, side: str, mapping_hash: str) -> Anchor | None:
        query = select(syncanchor.c.kind, syncanchor.c.value).where(
            *self._mine(syncanchor, entity=entity, side=side, mapping_hash=mapping_hash)
        )
        with self._engine.connect() as connection:
            row = connection.execute(query).first()
        return Anchor(kind=row.kind, value=row.value) if row else None

    def has_links(self, entity: str) -> bool:
        with self._engine.connect() as connection:
            return Links(connection, self._integration, entity).any()

    def links(self, entity: str, side: str, ids: pa.Array) -> pa.Table:
        with self._engine.connect() as connection:
            return Links(connection, self._integration, entity).find(side, ids)

    def waiting(self, entity: str, error_class: str) -> list[str]:
        query = select(rejected.c.record_id).where(
            *self._mine(rejected, entity=entity, side="external", status="waiting"),
            rejected.c.error_class == error_class,
        )
        with self._engine.connect() as connection:
            return list(connection.scalars(query))

    def deferred(self, entity: str, field: str) -> Iterator[pa.Table]:
        mine = [*self._mine(deferred, entity=entity), deferred.c.field == field]
        columns = [deferred.c[name] for name in DEFERRED.names]
        query = select(*columns).where(*mine).order_by(deferred.c.external_id).limit(_PART_ROWS)
        after = ""
        while True:
            with self._engine.connect() as connection:
                rows = connection.execute(query.where(deferred.c.external_id > after)).all()
            if not rows:
                return
            values = [list(column) for column in zip(*rows, strict=True)]
            yield pa.table(values, schema=DEFERRED)
            after = rows[-1].external_id

    def last_loaded(self, entity: str) -> str | None:
        done = log.c.status.in_(("success", "partial"))
        query = select(log.c.run_id).where(*self._mine(log, entity=entity), done)
        with self._engine.connect() as connection:
            return connection.scalar(query.order_by(log.c.finished_at.desc()).limit(1))

    def log_entries(self, *, run_id: str | None = None, limit: int = 50) -> list[LogEntry]:
        chosen = {} if run_id is None else {"run_id": run_id}
        query = select(log).where(*self._mine(log, **chosen)).order_by(log.c.id.desc())
        with self._engine.connect() as connection:
            return [_entry(row) for row in connection.execute(query.limit(limit)).mappings()]

    def start(self, key: Mapping[str, str], *, mode: str, at: datetime) -> None:
        nothing = dict.fromkeys(("all", *Counts.model_fields), 0)
        begun = {"mode": mode, "started_at": at, "status": "running", "message": "", **nothing}
        again = update(log).where(*self._mine(log, **key)).values(**begun, finished_at=None)
        with writing(self._engine) as connection:
            if connection.execute(again).rowcount == 0:
                row = {"integration": self._integration, **key, **begun}
                connection.execute(insert(log).values(row))

    def note_mode(self, key: Mapping[str, str], mode: str) -> None:
        with writing(self._engine) as connection:
            connection.execute(update(log).where(*self._mine(log, **key)).values(mode=mode))

    def finish(
        self, key: Mapping[str, str], *, status: str, counts: Counts, message: str, at: datetime
    ) -> None:
        ended = {"status": status, "message": message, "finished_at": at}
        values = {**ended, "all": counts.all, **counts.model_dump()}
        with writing(self._engine) as connection:
            connection.execute(update(log).where(*self._mine(log, **key)).values(values))

    @contextmanager
    def account(self, entity: str) -> Iterator[Account]:
        with writing(self._engine) as connection:
            yield Account(connection, self._integration, entity)

    def move_anchor(
        self, entity: str, side: str, anchor: Anchor, *, mapping_hash: str, at: datetime
    ) -> None:
        place = {"integration": self._integration, "entity": entity, "side": side}
        furthest = later(self.anchor(entity, side, mapping_hash), anchor) or anchor
        row = {**place, **furthest.model_dump(), "mapping_hash": mapping_hash, "updated_at": at}
        with writing(self._engine) as connection:
            connection.execute(delete(syncanchor).where(*self._mine(syncanchor, **place)))
            connection.execute(insert(syncanchor).values(row))

    def _mine(self, table: Any, **values: str) -> list[Any]:
        chosen = {"integration": self._integration, **values}
        return [table.c[name] == value for name, value in chosen.items()]


def open_state(url: str, integration: str) -> SqlState:
    """The state of that integration; the database is made, or brought up to date, first."""
    engine = open_engine(url)
    if engine.url.get_backend_name() == "sqlite" and engine.url.database:
        Path(engine.url.database).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    ensure_current(engine)
    return SqlState(engine, integration)


def _entry(row: RowMapping) -> LogEntry:
    counts = Counts(**{name: row[name] for name in Counts.model_fields})
    rest = {name: row[name] for name in LogEntry.__slots__ if name != "counts"}
    return LogEntry(**rest, counts=counts)
