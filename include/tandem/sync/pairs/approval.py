"""Deletions that wait for a person: which may be carried out, and which are withheld.

Decided once, when the run is planned: a repeated `load` finds the same answer.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tandem.core.mapping import BoundMapping
from tandem.core.merge import Flags, flags
from tandem.staging import BatchWriter, read_batches
from tandem.sync import columns
from tandem.sync.job import Job, Run

FREE_DELETES: Final = 10
"""So many deletions are never held back; more are if they are more than a tenth of the links."""


@dataclass(frozen=True, slots=True)
class Deletions:
    """The staged plans of deletions."""

    allowed: tuple[str, ...]
    withheld: tuple[str, ...]
    withheld_count: int


def sorted_deletions(
    job: Job, entity: str, folder: str, planned: BatchWriter, *, suspicious: bool
) -> Deletions:
    """What of the planned deletions may be carried out.

    `suspicious`: they need approval, however few they are. An approval is good for what an
    earlier run has withheld; where nothing was, for what this run finds.
    """
    guarded = suspicious or _are_many(job, entity, planned.rows_taken)
    pending = job.state.pending_deletes(entity)["local_id"]
    approved = job.approved and not job.only_waiting
    allowed, withheld = BatchWriter(f"{folder}/allowed"), BatchWriter(f"{folder}/withheld")
    for plan in read_batches(planned.written()):
        known = flags(pc.is_in(plan.column(columns.LOCAL_ID), value_set=pending))
        may = _may(known, guarded=guarded, approved=approved, listed=bool(len(pending)))
        allowed.add(plan.filter(pa.array(may)))
        withheld.add(plan.filter(pa.array(~may)))
    return Deletions(tuple(allowed.written()), tuple(withheld.written()), withheld.rows)


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
    """Keep these deletions for a person to approve."""
    for side, does in (("external", columns.TO_EXTERNAL), ("local", columns.TO_LOCAL)):
        mine = plan.filter(pc.fill_null(pc.equal(plan.column(does), "delete"), fill_value=False))
        if mine.num_rows:
            rows = pa.table(
                {
                    "operation": mine.column(does),
                    "local_id": mine.column(columns.LOCAL_ID),
                    "external_id": pc.coalesce(
                        mine.column(columns.EXTERNAL_ID), mine.column(columns.MOVED_FROM)
                    ),
                    "request": pa.nulls(mine.num_rows, pa.string()),
                }
            )
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
    """Deletions that earlier runs withheld and this one did not find any more are not wanted."""
    if run.kind != "sync" or run.only_waiting:
        return
    pending = run.state.pending_deletes(entity)
    ids = pending.filter(pc.not_equal(pending["run_id"], run.run_id))["id"].to_pylist()
    if ids:
        run.state.archive_transactions(entity, statuses=("pending",), ids=ids, at=run.now())
