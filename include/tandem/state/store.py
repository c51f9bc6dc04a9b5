"""What Tandem remembers between runs. Readers look; only a run is given a `StateStore`."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

import pyarrow as pa
from sqlalchemy import Engine

from tandem.database import writing
from tandem.model.changes import Anchor, Counts
from tandem.model.identity import Identity
from tandem.model.schema import Schema
from tandem.state import (
    anchors,
    edits,
    forgetting,
    identities,
    plans,
    questions,
    rechecks,
    rejected,
    run_log,
    snapshots,
    transactions,
)
from tandem.state.account import Account
from tandem.state.lease import Lease
from tandem.state.migrate import open_database
from tandem.state.plans import Begun
from tandem.state.protocols import StateReader, StateStore
from tandem.state.questions import Answer
from tandem.state.reader import SqlReader
from tandem.state.run_log import LogEntry
from tandem.state.scope import Scope
from tandem.state.snapshots import SnapshotEntry

__all__ = ["LogEntry", "SharedStates", "SqlState", "StateReader", "StateStore", "open_state"]


class SqlState(SqlReader):
    """A `StateStore` in a database, for one integration; fenced once it acquired the lease."""

    def __init__(self, engine: Engine, integration: str) -> None:
        super().__init__(engine, integration)
        self._lease = Lease(engine, integration)
        self._tries: dict[str, str] = {}
        """Entity → the try of its load that this is."""

    @contextmanager
    def _writing(self, entity: str | None = None) -> Iterator[Scope]:
        with writing(self._engine) as connection:
            self._lease.check(connection)
            scope = Scope(connection, self._integration, entity)
            if entity in self._tries:
                plans.check(scope, self._tries[entity])
            yield scope

    def acquire(self, run_id: str, *, process: str | None, now: datetime, ttl: timedelta) -> int:
        return self._lease.acquire(run_id, process=process, now=now, ttl=ttl)

    def renew(self, now: datetime, ttl: timedelta) -> None:
        self._lease.renew(now=now, ttl=ttl)

    def release(self) -> None:
        self._lease.release()

    def start(self, key: Mapping[str, str], *, mode: str, at: datetime, kind: str = "sync") -> None:
        with self._writing() as scope:
            run_log.start(scope, key, mode=mode, at=at, kind=kind)

    def note_mode(self, key: Mapping[str, str], mode: str) -> None:
        with self._writing(key["entity"]) as scope:
            run_log.note_mode(scope, key, mode)

    def finish(
        self, key: Mapping[str, str], *, status: str, counts: Counts, message: str, at: datetime
    ) -> None:
        with self._writing(key["entity"]) as scope:
            run_log.finish(scope, key, status=status, counts=counts, message=message, at=at)

    def wait(self, entity: str, run_id: str, message: str, *, failure: str) -> None:
        with self._writing(entity) as scope:
            run_log.wait(scope, run_id, message, failure=failure)

    def wait_no_more(self, entity: str, run_id: str, message: str, *, at: datetime) -> None:
        with self._writing(entity) as scope:
            run_log.wait_no_more(scope, run_id, message, at=at)

    def begin_plan(self, entity: str, begun: Begun, *, after: str | None) -> bool:
        self._tries.pop(entity, None)
        with self._writing(entity) as scope:
            try_id = plans.begin(scope, begun, after=after)
        if try_id:
            self._tries[entity] = try_id
        return try_id is not None

    def stop_plan(self, entity: str) -> None:
        self._tries.pop(entity, None)
        with self._writing(entity) as scope:
            plans.stop(scope)

    def refuse_overtaken(self, entity: str) -> None:
        with self._writing(entity):
            pass

    def note_identity(self, side: str, identity: Identity, at: datetime) -> None:
        with self._writing() as scope:
            identities.note(scope, side, identity, at)

    def keep_schema(self, side: str, schema: Schema, *, run_id: str, at: datetime) -> SnapshotEntry:
        with self._writing() as scope:
            return snapshots.keep(scope, side, schema, run_id=run_id, at=at)

    def note_edit(self, *, reason: str, before: str, after: str, at: datetime) -> None:
        with self._writing() as scope:
            edits.note(scope, reason=reason, before=before, after=after, at=at)

    def ask(self, run_id: str, fingerprint: str, counts: str, *, at: datetime) -> int:
        with self._writing() as scope:
            return questions.ask(scope, run_id, fingerprint, counts, at=at)

    def answer(self, id_: int, answer: Answer, *, by: str | None, at: datetime) -> None:
        with self._writing() as scope:
            questions.answer(scope, id_, answer, by=by, at=at)

    def send(self, entity: str, side: str, run_id: str, at: datetime, rows: pa.Table) -> None:
        with self._writing(entity) as scope:
            transactions.begin(scope, side, run_id, at, rows, status="sent")

    def withhold(self, entity: str, side: str, run_id: str, at: datetime, rows: pa.Table) -> None:
        with self._writing(entity) as scope:
            transactions.withhold(scope, side, run_id, at, rows)

    @contextmanager
    def account(self, entity: str) -> Iterator[Account]:
        with self._writing(entity) as scope:
            yield Account(scope)

    def move_anchor(
        self,
        entity: str,
        side: str,
        anchor: Anchor,
        *,
        mapping_hash: str,
        asked: str | None = None,
        at: datetime,
    ) -> None:
        with self._writing(entity) as scope:
            anchors.move(scope, side, anchor, mapping_hash=mapping_hash, asked=asked, at=at)

    def forget_fields(self, entity: str, names: Sequence[str]) -> None:
        with self._writing(entity) as scope:
            forgetting.fields(scope, names)

    def forget_links(self, entity: str, *, at: datetime) -> None:
        with self._writing(entity) as scope:
            forgetting.links(scope, at=at)

    def recheck(
        self,
        entity: str,
        side: str,
        ids: pa.Array,
        *,
        reason: str,
        at: datetime,
        policy: str | None = None,
    ) -> None:
        with self._writing(entity) as scope:
            rechecks.put(scope, side, ids, reason=reason, policy=policy, at=at)

    def archive_rejected(
        self, entity: str, side: str, ids: pa.Array | None = None, *, at: datetime
    ) -> int:
        with self._writing(entity) as scope:
            return rejected.archive(scope, side, ids, at=at)

    def archive_transactions(
        self,
        entity: str | None = None,
        *,
        statuses: Sequence[str] = ("error",),
        ids: Sequence[int] | None = None,
        at: datetime,
    ) -> int:
        with self._writing(entity) as scope:
            return transactions.archive(scope, statuses, ids, at=at)


def open_state(url: str, integration: str) -> SqlState:
    """The state of that integration; the database is made, or brought up to date, first."""
    return SqlState(open_database(url), integration)


class SharedStates:
    """The states of all integrations, over connections that they share."""

    def __init__(self, url: str) -> None:
        self._engine = open_database(url)

    def of(self, integration: str) -> SqlState:
        """The state of that integration, which is not to be closed."""
        return SqlState(self._engine, integration)

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()
