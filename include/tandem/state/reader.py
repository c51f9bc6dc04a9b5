"""What Tandem remembers, for those that only look."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

import pyarrow as pa

from tandem.model.identity import Identity
from tandem.state import (
    anchors,
    deferred,
    edits,
    identities,
    lease,
    link_mappings,
    overview,
    plans,
    rechecks,
    rejected,
    run_history,
    run_log,
    snapshots,
    transactions,
)
from tandem.state.anchors import SetAnchor
from tandem.state.edits import EditEntry
from tandem.state.links import LinkEntry, Links
from tandem.state.overview import Waits, Way
from tandem.state.plans import Begun
from tandem.state.run_history import LoggedRun, RunFilter
from tandem.state.run_log import LogEntry
from tandem.state.snapshots import Snapshot, SnapshotEntry
from tandem.state.transactions import TransactionEntry
from tandem.state.waiting_reader import SqlWaiting

PART_ROWS: Final = 10_000
"""Links or lookups that are given at once."""


class SqlReader(SqlWaiting):
    """A `StateReader` over SQLite or PostgreSQL, for one integration."""

    def set_anchor(self, entity: str, side: str) -> SetAnchor | None:
        with self._looking(entity) as scope:
            return anchors.find(scope, side)

    def links_asked(self, entity: str) -> str | None:
        with self._looking(entity) as scope:
            return link_mappings.found(scope).get(entity)

    def all_links_asked(self) -> dict[str, str]:
        with self._looking() as scope:
            return link_mappings.found(scope)

    def identity(self, side: str) -> Identity | None:
        with self._looking() as scope:
            return identities.found(scope, side)

    def schema_snapshot(self, side: str, version: int | None = None) -> Snapshot | None:
        with self._looking() as scope:
            return snapshots.found(scope, side, version)

    def schema_snapshots(self, side: str, *, limit: int = 50) -> list[SnapshotEntry]:
        with self._looking() as scope:
            return snapshots.listed(scope, side, limit=limit)

    def edits(self, *, limit: int = 50) -> list[EditEntry]:
        with self._looking() as scope:
            return edits.listed(scope, limit=limit)

    def has_links(self, entity: str) -> bool:
        with self._looking(entity) as scope:
            return Links(scope).any()

    def link_count(self, entity: str) -> int:
        with self._looking(entity) as scope:
            return Links(scope).count()

    def links(self, entity: str, side: str, ids: pa.Array) -> pa.Table:
        with self._looking(entity) as scope:
            return Links(scope).find(side, ids)

    def all_links(self, entity: str) -> Iterator[pa.Table]:
        after = None
        while True:
            with self._looking(entity) as scope:
                part = Links(scope).after(after, PART_ROWS)
            if not part.num_rows:
                return
            yield part
            after = part["external_id"][-1].as_py()

    def bases(self, entity: str, external_ids: pa.Array) -> pa.Table:
        with self._looking(entity) as scope:
            return Links(scope).bases(external_ids)

    def link_of(self, entity: str, record_id: str) -> tuple[LinkEntry, ...]:
        with self._looking(entity) as scope:
            return Links(scope).of(record_id)

    def waiting(self, entity: str, error_class: str, side: str = "external") -> list[str]:
        with self._looking(entity) as scope:
            return rejected.waiting(scope, error_class, side)

    def rechecks(self, entity: str, side: str) -> pa.Table:
        with self._looking(entity) as scope:
            return rechecks.found(scope, side)

    def sent_creates(self, entity: str, side: str, ids: pa.Array) -> pa.Table:
        with self._looking(entity) as scope:
            return transactions.sent_creates(scope, side, ids)

    def chosen_keys(self, entity: str, external_ids: pa.Array) -> pa.Table:
        with self._looking(entity) as scope:
            return transactions.chosen_keys(scope, external_ids)

    def unanswered(self, entity: str, run_id: str) -> pa.Table:
        with self._looking(entity) as scope:
            return transactions.unanswered(scope, run_id)

    def has_blind_creates(self, entity: str) -> bool:
        with self._looking(entity) as scope:
            return transactions.has_blind_creates(scope)

    def pending_deletes(self, entity: str) -> pa.Table:
        with self._looking(entity) as scope:
            return transactions.pending_deletes(scope)

    def deferred(self, entity: str, field: str) -> Iterator[pa.Table]:
        after = ""
        while True:
            with self._looking(entity) as scope:
                part = deferred.after(scope, field, after, PART_ROWS)
            if not part.num_rows:
                return
            yield part
            after = part["external_id"][-1].as_py()

    def has_synced(self, entity: str) -> bool:
        with self._looking(entity) as scope:
            return run_log.has_synced(scope)

    def last_plan(self, entity: str) -> Begun | None:
        with self._looking(entity) as scope:
            return plans.last(scope)

    def runs_logged(self, entity: str) -> int:
        with self._looking(entity) as scope:
            return run_log.loads(scope)

    def log_entries(self, *, run_id: str | None = None, limit: int = 50) -> list[LogEntry]:
        with self._looking() as scope:
            return run_log.entries(scope, run_id=run_id, limit=limit)

    def transactions(
        self,
        entity: str | None = None,
        *,
        local_id: str | None = None,
        external_id: str | None = None,
        limit: int = 50,
    ) -> list[TransactionEntry]:
        ids = {"local_id": local_id, "external_id": external_id}
        with self._looking(entity) as scope:
            return transactions.listed(scope, **ids, limit=limit)

    def waits(self, entities: Sequence[str]) -> dict[str, Waits]:
        with self._looking() as scope:
            return overview.waits(scope, entities)

    def last_runs(self, entities: Sequence[str]) -> list[LogEntry]:
        with self._looking() as scope:
            return overview.last_runs(scope, entities)

    def last_loads(self, ways: Sequence[Way]) -> dict[Way, datetime]:
        with self._looking() as scope:
            return overview.last_loads(scope, ways)

    def link_counts(self) -> dict[str, int]:
        with self._looking() as scope:
            return overview.link_counts(scope)

    def runs(
        self, asked: RunFilter, *, before: int | None = None, limit: int = 20
    ) -> list[LoggedRun]:
        with self._looking() as scope:
            return run_history.runs(scope, asked, before=before, limit=limit)

    def run_entries(self, run_id: str) -> list[LogEntry]:
        with self._looking() as scope:
            return run_history.of_run(scope, run_id)

    def logged_entities(self) -> list[str]:
        with self._looking() as scope:
            return run_history.entities(scope)

    def at_work(self, now: datetime) -> str | None:
        with self._looking() as scope:
            return lease.holder(scope, now)
