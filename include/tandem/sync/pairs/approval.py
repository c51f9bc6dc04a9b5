"""Deletions that wait for a person: which may be carried out, and which are withheld.

Decided once, when the run is planned: a repeated `load` finds the same answer.
"""

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tandem.connectors.base import ETAG
from tandem.core.mapping import BoundMapping
from tandem.core.merge import Flags, flags
from tandem.staging import BatchWriter, read_batches
from tandem.sync import columns
from tandem.sync.approved import Deletion
from tandem.sync.job import Job, Run
from tandem.sync.sides.reading import local_reading

FREE_DELETES: Final = 10
"""So many deletions are never held back; more are if they are more than a tenth of the links."""

_ALL: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Deletions:
    """The staged plans of deletions."""

    allowed: tuple[str, ...]
    withheld: tuple[str, ...]
    withheld_count: int


def sorted_deletions(
    job: Job,
    entity: str,
    folder: str,
    planned: BatchWriter,
    *,
    suspicious: bool,
    nothing_external: bool,
) -> Deletions:
    """What of the planned deletions may be carried out.

    `suspicious`: they need approval, however few they are. An approval is good for what an
    earlier run has withheld; where nothing was, for what this run finds. One that was granted
    before the run went on is good for what was asked about, as it was then; that of a first sync
    is good for no more local records than there were, and for none where there is
    `nothing_external` to put in their place.
    """
    if job.approvals is not None:
        return _of_approved(job, entity, folder, planned)
    guarded = suspicious or _are_many(job, entity, planned.rows_taken)
    pending = job.state.pending_deletes(entity)["local_id"]
    approved = job.approved and not job.only_waiting
    grants = _Grants(job, entity)
    nothing = grants.replaces and (nothing_external or grants.is_exceeded(planned.rows_taken))
    allowed, withheld = BatchWriter(f"{folder}/allowed"), BatchWriter(f"{folder}/withheld")
    for plan in read_batches(planned.written()):
        known = flags(pc.is_in(plan.column(columns.LOCAL_ID), value_set=pending))
        may = _may(known, guarded=guarded, approved=approved, listed=bool(len(pending)))
        if not nothing:
            may |= grants.cover(plan)
        allowed.add(plan.filter(pa.array(may)))
        withheld.add(plan.filter(pa.array(~may)))
    return Deletions(tuple(allowed.written()), tuple(withheld.written()), withheld.rows)


def _of_approved(job: Job, entity: str, folder: str, planned: BatchWriter) -> Deletions:
    allowed, withheld = BatchWriter(f"{folder}/allowed"), BatchWriter(f"{folder}/withheld")
    for plan in read_batches(planned.written()):
        may, may_not = split(job, entity, plan)
        allowed.add(may)
        withheld.add(may_not)
    return Deletions(tuple(allowed.written()), tuple(withheld.written()), withheld.rows)


def split(job: Job, entity: str, plan: pa.RecordBatch) -> tuple[pa.RecordBatch, pa.RecordBatch]:
    """What of a plan may be carried out, and its deletions that are not among those approved."""
    if job.approvals is not None:
        may = ~_deleting(plan) | _among(job.approvals, entity, plan)
    elif job.granted is not None:
        may = ~_is_withheld(job, entity, plan) | _Grants(job, entity).cover(plan)
    else:
        return plan, plan.slice(0, 0)
    return plan.filter(pa.array(may)), plan.filter(pa.array(~may))


def _is_withheld(job: Job, entity: str, plan: pa.RecordBatch) -> Flags:
    """Which rows are deletions of a pair of which one waits."""
    pending = job.state.pending_deletes(entity)["local_id"]
    waits = flags(pc.is_in(plan.column(columns.LOCAL_ID), value_set=pending))
    return waits & _deleting(plan)


@dataclass(frozen=True)
class _Grants:
    """What somebody was asked of one entity, and has approved."""

    job: Job
    entity: str

    def cover(self, plan: pa.RecordBatch) -> Flags:
        """Which rows are deletions that were asked about, of records that are as they were then."""
        if self.job.granted is None or self.job.only_waiting:
            return np.zeros(plan.num_rows, np.bool_)
        if self.replaces:
            return _deletions(plan)["local"]
        return _among(self._listed, self.entity, plan)

    @cached_property
    def replaces(self) -> bool:
        """Whether this is a first sync that may replace the local records."""
        asked = self.job.granted is not None and self.entity in self.job.granted.first_syncs
        return asked and self.job.replaces(self.job.mapping(self.entity))

    def is_exceeded(self, deletions: int) -> bool:
        """Whether the local records that this first sync would replace, or remove, are more than
        were asked about. Only before it writes any.
        """
        most = self.job.granted.first_syncs[self.entity] if self.job.granted else 0
        return deletions > most or local_records(self.job, self.entity) > most

    @cached_property
    def _listed(self) -> frozenset[Deletion]:
        """Of the deletions on the list, those that wait still."""
        ids = self.job.granted.deletions if self.job.granted else frozenset()
        waiting = self.job.state.withheld_deletes(self.entity, limit=_ALL)
        return frozenset(
            Deletion(self.entity, one.side, one.external_id, one.local_id, one.request)
            for one in waiting
            if one.id in ids
        )


def local_records(job: Job, entity: str) -> int:
    """How many local records there are now that a first sync of that external entity may replace:
    not those of another mapping of the same local entity.
    """
    reading = local_reading(job, job.bound(entity))
    side = reading.side
    return side.connector.count(side.query(reading.condition)) if side.is_there else 0


def _among(approved: frozenset[Deletion], entity: str, plan: pa.RecordBatch) -> Flags:
    """Which rows are deletions of these."""
    found = np.zeros(plan.num_rows, np.bool_)
    for side, mine in _deletions(plan).items():
        rows = _described(plan.filter(pa.array(mine)), side).to_pylist()
        found[mine] = [
            Deletion(entity, side, row["external_id"], row["local_id"], row["request"]) in approved
            for row in rows
        ]
    return found


def _deleting(plan: pa.RecordBatch) -> Flags:
    by_side = _deletions(plan)
    return by_side["external"] | by_side["local"]


def _deletions(plan: pa.RecordBatch) -> dict[str, Flags]:
    """By side: the rows that delete a record there."""
    return {
        side: flags(pc.fill_null(pc.equal(plan.column(does), "delete"), fill_value=False))
        for side, does in (("external", columns.TO_EXTERNAL), ("local", columns.TO_LOCAL))
    }


def _described(plan: pa.RecordBatch, side: str) -> pa.Table:
    """Deletions on that side as transactions: what is to be deleted is their request."""
    seen = columns.LOCAL_SEEN if side == "local" else columns.EXTERNAL_SEEN
    records = columns.records_of(plan, seen).to_pylist()
    texts = [
        json.dumps({n: v for n, v in one.items() if n != ETAG}, default=str, ensure_ascii=False)
        for one in records
    ]
    external_ids = pc.coalesce(plan.column(columns.EXTERNAL_ID), plan.column(columns.MOVED_FROM))
    return pa.table(
        {
            "operation": pa.repeat("delete", plan.num_rows),
            "local_id": plan.column(columns.LOCAL_ID),
            "external_id": external_ids,
            "request": pa.array(texts, pa.string()),
        }
    )


def _may(known: Flags, *, guarded: bool, approved: bool, listed: bool) -> Flags:
    """For each deletion whether it may be carried out; `known` are those withheld before."""
    if not guarded:
        return known & approved | ~known
    if not approved:
        return np.zeros_like(known)
    return known if listed else np.ones_like(known)


def _are_many(job: Job, entity: str, deletions: int) -> bool:
    """Whether so many deletions may be a mistake of somebody's."""
    many = deletions > FREE_DELETES and not job.only_waiting
    return many and deletions * 10 > job.state.link_count(entity)


def withhold(run: Run, bound: BoundMapping, plan: pa.RecordBatch) -> None:
    """Keep these deletions, and what they would delete, for a person to approve."""
    for side, mine in _deletions(plan).items():
        if mine.any():
            rows = _described(plan.filter(pa.array(mine)), side)
            run.state.withhold(bound.mapping.external, side, run.run_id, run.now(), rows)


def remember(run: Run, bound: BoundMapping, plan: pa.RecordBatch) -> None:
    """Deletions that are about to be carried out: if that fails, the next run looks again, also
    where nobody tells of a deletion twice.
    """
    with run.state.account(bound.mapping.external) as account:
        for side, does, name in (
            ("external", columns.TO_LOCAL, columns.EXTERNAL_ID),
            ("local", columns.TO_EXTERNAL, columns.LOCAL_ID),
        ):
            mine = pc.fill_null(pc.equal(plan.column(does), "delete"), fill_value=False)
            ids = plan.column(name).filter(mine).drop_null()
            if len(ids):
                account.recheck(side, ids, reason="its deletion was under way", at=run.now())


def forget_withheld(run: Run, entity: str) -> None:
    """Deletions that earlier runs withheld and this one did not find any more are not wanted.

    A run that looks only at some of them knows nothing of the others.
    """
    if not run.syncs_all or (run.only_waiting and run.approvals is None):
        return
    pending = run.state.pending_deletes(entity)
    pending = pending.filter(pc.not_equal(pending["run_id"], run.run_id))
    if run.approvals is not None:
        looked_at = [one.local_id for one in run.approvals if one.entity == entity]
        chosen = pa.array(looked_at, pa.string())
        pending = pending.filter(pc.is_in(pending["local_id"], value_set=chosen))
    ids = pending["id"].to_pylist()
    if ids:
        run.state.archive_transactions(entity, statuses=("pending",), ids=ids, at=run.now())
