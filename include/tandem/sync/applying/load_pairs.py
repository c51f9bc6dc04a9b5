"""Carry out the plans of an entity's pairs: what is uploaded first, deletions last."""

from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from tandem.core.mapping import BoundMapping
from tandem.model.changes import Counts
from tandem.staging import read_batches
from tandem.state.account import Rejected
from tandem.sync import columns
from tandem.sync.applying.apply import PairLoader
from tandem.sync.applying.removed import keep_removed
from tandem.sync.job import Run
from tandem.sync.manifests import PlannedPairs, Read
from tandem.sync.pairs.approval import forget_withheld, remember, split, withhold
from tandem.sync.pairs.pair_plans import uploads_first
from tandem.sync.pairs.two_way import Sifted, TwoWay


@dataclass(frozen=True, slots=True)
class LoadedPairs:
    """What became of an entity's pairs."""

    counts: Counts = field(default_factory=Counts)
    upload_counts: Counts = field(default_factory=Counts)
    withheld: int = 0
    """Deletions that wait for approval."""
    kept: str = ""
    """Where the local records are that a first sync removed."""

    def __add__(self, other: "LoadedPairs") -> "LoadedPairs":
        return LoadedPairs(
            self.counts + other.counts,
            self.upload_counts + other.upload_counts,
            self.withheld + other.withheld,
            self.kept or other.kept,
        )


def load_pairs(run: Run, bound: BoundMapping, pairs: PlannedPairs) -> LoadedPairs:
    """Apply all plans of pairs; raises what stopped a system, once the rest is accounted for."""
    loaded = LoadedPairs()
    loader = PairLoader(run, bound)
    for plan in read_batches([*pairs.upload_paths, *pairs.paths]):
        loaded += _applied(loader, plan)
        run.progress(bound.mapping.external, "load", loaded.counts.all + loaded.upload_counts.all)
    if run.replaces(bound.mapping):
        loaded += LoadedPairs(kept=keep_removed(run, bound, pairs.delete_paths))
    for plan in read_batches(pairs.delete_paths):
        remember(run, bound, plan)
        loaded += _applied(loader, plan)
    for plan in read_batches(pairs.withheld_paths):
        withhold(run, bound, plan)
        loaded += LoadedPairs(withheld=plan.num_rows)
    forget_withheld(run, bound.mapping.external)
    return loaded


def _applied(loader: PairLoader, plan: pa.RecordBatch) -> LoadedPairs:
    """Apply a plan; records that have changed since are read and planned again, once."""
    applied = loader.apply(plan)
    loaded = LoadedPairs(applied.counts, applied.upload_counts)
    if applied.stopped_by:
        raise applied.stopped_by
    if applied.changed.num_rows:
        for plan_again in _planned_again(loader, applied.changed):
            again, not_approved = split(loader.run, loader.bound.mapping.external, plan_again)
            withhold(loader.run, loader.bound, not_approved)
            loaded += LoadedPairs(withheld=not_approved.num_rows)
            once_more = loader.apply(again, last=True)
            loaded += LoadedPairs(once_more.counts, once_more.upload_counts)
            if once_more.stopped_by:
                raise once_more.stopped_by
    return loaded


def _planned_again(loader: PairLoader, changed: pa.RecordBatch) -> list[pa.RecordBatch]:
    """New plans for these pairs, by what both sides hold now."""
    two_way = TwoWay(loader.run, loader.bound)
    external_ids = changed.column(columns.EXTERNAL_ID).drop_null()
    held = two_way.meeting.external.of_ids(external_ids)
    plans = [two_way.of_external(Sifted(held.records, held.ids), {}).plan]
    local = two_way.meeting.local.of_ids(changed.column(columns.LOCAL_ID))
    plans.append(two_way.of_local(Sifted(local.records, local.ids), {}).plan)
    if loader.run.syncs_all:
        gone = external_ids.filter(pc.invert(held.holds(external_ids)))
        plans.append(two_way.of_vanished_external(gone).plan)
    return uploads_first(plans)


def put_aside(run: Run, entity: str, read: Read | None, side: str) -> Counts:
    """Records that could not even be read are rejected; those that are gone wait no longer."""
    if read is None:
        return Counts()
    for batch in read_batches(read.gone_paths):
        with run.state.account(entity) as account:
            account.accept(batch.column("id"), side=side)
            account.rechecked(side, batch.column("id"))
    failed = 0
    for batch in read_batches(read.unreadable_paths):
        records = [Rejected(row["id"], row["reason"], row["payload"]) for row in batch.to_pylist()]
        with run.state.account(entity) as account:
            account.reject(records, side=side, run_id=run.run_id, at=run.now())
        failed += len(records)
    return Counts(failed=failed)
