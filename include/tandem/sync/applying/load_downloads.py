"""Carry out the plans of records that are only downloaded, and account for them."""

import json
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tandem.connectors.base import Written
from tandem.core.ids import key_columns
from tandem.core.mapping import BoundMapping
from tandem.model.changes import Action, Counts
from tandem.pipeline import ahead, in_parallel
from tandem.staging import read_batches
from tandem.state.account import DEFERRED, Rejected
from tandem.sync import columns
from tandem.sync.job import Run
from tandem.sync.manifests import Planned


def load_downloads(run: Run, bound: BoundMapping, planned: Planned) -> Counts:
    """Write the planned records to the local side; what became of them."""
    loader = _Loader(run, bound, repeat=run.state.has_links(planned.entity))
    counts = Counts()
    plans = ahead(read_batches(planned.paths))
    writers = bound.local.capabilities.concurrent_writes
    # A batch is accounted for while the next ones are written: two databases, two waits.
    with ThreadPoolExecutor(max_workers=1) as accountant:
        accounted: Future[None] | None = None
        for outcome in in_parallel(loader.apply, plans, workers=writers):
            counts += outcome.counts
            if accounted:
                accounted.result()
            accounted = accountant.submit(loader.account, outcome)
            run.progress(planned.entity, "load", planned.counts.all + counts.all)
        if accounted:
            accounted.result()
    return counts


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What became of a batch: rows to link, rows to put aside, and how many of each."""

    applied: pa.RecordBatch
    looked_at: pa.Array
    """External ids of all records of the batch."""
    recovered: pa.Array
    """External ids of records that were put aside and are as they were agreed on again."""
    rejected: tuple[Rejected, ...]
    counts: Counts


@dataclass(frozen=True, slots=True)
class _Loader:
    run: Run
    bound: BoundMapping
    repeat: bool
    """There were links before: some of this plan may have been dealt with already."""

    def apply(self, plan: pa.RecordBatch) -> _Outcome:
        """Write one batch to the local side."""
        self.run.state.refuse_overtaken(self.bound.mapping.external)
        current, repeated = self._still_current(plan) if self.repeat else (plan, plan.slice(0, 0))
        refused = _of(current, Action.REJECT)
        rejected = [_rejection(refused, row, reason) for row, reason in _reasons(refused)]
        applied = []
        for action in (Action.CREATE, Action.UPDATE, Action.LINK):
            rows = _of(current, action)
            written = self._write(rows, action)
            rejected += [_rejection(rows, row, why) for row, why in written.rejected.items()]
            applied.append(_without(rows, written.rejected))
        some = [rows for rows in applied if rows.num_rows]
        done = pa.Table.from_batches(some, plan.schema).combine_chunks()
        recovered = _of(current, Action.UNCHANGED).column(columns.EXTERNAL_ID)
        counts = Counts(
            **_applied_counts(done),
            unchanged=len(recovered),
            failed=len(rejected),
            deferred=_deferred_count(done),
            superseded=plan.num_rows - current.num_rows - repeated.num_rows,
        )
        before = Counts(**_applied_counts(repeated), deferred=_deferred_count(repeated))
        looked_at = current.column(columns.EXTERNAL_ID)
        return _Outcome(done, looked_at, recovered, tuple(rejected), counts + before)

    def account(self, outcome: _Outcome) -> None:
        """Commit links, rejected records and deferred lookups of a batch together."""
        run, done, at = self.run, outcome.applied, self.run.now()
        with run.state.account(self.bound.mapping.external) as account:
            account.reject(outcome.rejected, side="external", run_id=run.run_id, at=at)
            account.accept(outcome.recovered, side="external")
            account.rechecked("external", outcome.looked_at)
            if done.num_rows:
                account.links.put(_links(done), at=at, replace=self.repeat)
                ids = done[columns.EXTERNAL_ID].combine_chunks()
                account.accept(ids, side="external")
                account.defer(_waiting(done, self.bound), of=ids, at=at)

    def _still_current(self, plan: pa.RecordBatch) -> tuple[pa.RecordBatch, pa.RecordBatch]:
        """The rows whose link still is what the plan saw, and those that were applied before."""
        ids = plan.column(columns.EXTERNAL_ID)
        links = self.run.state.links(self.bound.mapping.external, "external", ids)
        at = pc.index_in(ids, value_set=links["external_id"])
        now = pc.fill_null(links["base_hash"].combine_chunks().take(at), b"")
        seen = pc.fill_null(plan.column(columns.BASE_HASH), b"")
        current = pc.equal(now, seen)
        repeated = pc.and_not(pc.equal(now, plan.column(columns.HASH)), current)
        return plan.filter(current), plan.filter(repeated)

    def _write(self, rows: pa.RecordBatch, action: Action) -> Written:
        if not rows.num_rows:
            return Written()
        records = self._records(rows)
        if action is Action.CREATE:
            return self.run.writer("local").create(self.bound.local, records, replace=True).whole()
        rejected: dict[int, str] = {}
        for left_out, positions in _by_deferred(rows):
            part = records.take(positions)
            kept = [name for name in part.schema.names if name not in left_out]
            written = self.run.writer("local").update(self.bound.local, part.select(kept)).whole()
            again = self._recreate(part, written.missing)
            at = positions.to_pylist()
            rejected |= {at[row]: why for row, why in {**written.rejected, **again}.items()}
        return Written(rejected)

    def _recreate(self, records: pa.RecordBatch, missing: tuple[int, ...]) -> dict[int, str]:
        """A local record that was deleted by others is made again, so that both sides agree."""
        if not missing:
            return {}
        lost = records.take(pa.array(missing))
        written = self.run.writer("local").create(self.bound.local, lost, replace=True).whole()
        return {missing[row]: why for row, why in written.rejected.items()}

    def _records(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """The local fields, with the local key where no mapped field fills it."""
        values = rows.select(columns.value_fields(rows))
        if self.bound.maps_local_key:
            return values
        keys = key_columns(rows.column(columns.LOCAL_ID), self.bound.local)
        for name in reversed(keys.schema.names):
            if name not in values.schema.names:
                values = values.add_column(0, name, keys.column(name))
        return values


def _of(plan: pa.RecordBatch, action: Action) -> pa.RecordBatch:
    mine = pc.equal(plan.column(columns.ACTION), action.value)
    return plan if pc.all(mine).as_py() else plan.filter(mine)  # a filter copies


def _without(rows: pa.RecordBatch, refused: dict[int, str]) -> pa.RecordBatch:
    if not refused:
        return rows
    return rows.filter(pa.array([row not in refused for row in range(rows.num_rows)]))


def _reasons(rows: pa.RecordBatch) -> list[tuple[int, str]]:
    return list(enumerate(rows.column(columns.REASON).to_pylist()))


def _rejection(rows: pa.RecordBatch, row: int, reason: str) -> Rejected:
    record: dict[str, Any] = rows.slice(row, 1).select(columns.value_fields(rows)).to_pylist()[0]
    return Rejected(
        record_id=rows.column(columns.EXTERNAL_ID)[row].as_py(),
        error=reason,
        payload=json.dumps(record, default=str, ensure_ascii=False),
        error_class="dependency" if rows.column(columns.WAITS)[row].as_py() else "record",
    )


def _links(done: pa.Table) -> pa.Table:
    return pa.table(
        {
            "external_id": done[columns.EXTERNAL_ID],
            "local_id": done[columns.LOCAL_ID],
            "base_hash": done[columns.HASH],
            "external_version": done[columns.EXTERNAL_VERSION],
        }
    )


def _waiting(done: pa.Table, bound: BoundMapping) -> pa.Table:
    """The deferred lookups of a batch, as DEFERRED."""
    targets = {d.name: d.reference.entity for d in bound.downloads if d.reference}
    parts = [DEFERRED.empty_table()]
    for field, target in targets.items():
        values = done[columns.deferred_column(field)]
        rows = done.filter(values.is_valid())
        parts.append(
            pa.table(
                {
                    "external_id": rows[columns.EXTERNAL_ID],
                    "local_id": rows[columns.LOCAL_ID],
                    "field": pa.repeat(field, rows.num_rows),
                    "target": pa.repeat(target, rows.num_rows),
                    "value": rows[columns.deferred_column(field)],
                },
                schema=DEFERRED,
            )
        )
    return pa.concat_tables(parts)


def _applied_counts(done: pa.Table | pa.RecordBatch) -> dict[str, int]:
    created = pc.sum(pc.equal(done[columns.ACTION], Action.CREATE.value)).as_py() or 0
    return {"created": created, "updated": done.num_rows - created}


def _deferred_count(done: pa.Table) -> int:
    waits = [done[columns.deferred_column(f)].is_valid() for f in columns.deferred_fields(done)]
    if not waits:
        return 0
    any_of = waits[0]
    for more in waits[1:]:
        any_of = pc.or_(any_of, more)
    return pc.sum(any_of).as_py() or 0


def _by_deferred(rows: pa.RecordBatch) -> Iterator[tuple[tuple[str, ...], pa.Array]]:
    """Row positions by the lookup fields that must be left alone in them."""
    fields = columns.deferred_fields(rows)
    if not fields:
        yield (), pa.array(range(rows.num_rows))
        return
    waits = pa.table({f: rows.column(columns.deferred_column(f)).is_valid() for f in fields})
    frame = waits.to_pandas()
    for pattern, group in frame.groupby(fields, sort=False):
        left_out = tuple(f for f, waiting in zip(fields, pattern, strict=True) if waiting)
        yield left_out, pa.array(group.index)
