"""Apply plans of pairs and account for them: the external side first, then the local one."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tandem.core.mapping import BoundMapping
from tandem.core.merge import Flags, flags
from tandem.errors import RetryLater
from tandem.model.changes import Counts
from tandem.sync import columns
from tandem.sync.accounting import PairAccount
from tandem.sync.answers import with_answers
from tandem.sync.job import Run
from tandem.sync.pair_counts import counts_of
from tandem.sync.side_writes import Outcome, SideWriter


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of one plan."""

    counts: Counts
    """Of what was written to the local side, and of external records that were not."""
    upload_counts: Counts
    changed: pa.RecordBatch
    """The rows whose records were not what the plan saw: they have to be planned again."""
    stopped_by: RetryLater | None


@dataclass(frozen=True)
class PairLoader:
    """Carries out the plans of one entity mapping's pairs."""

    run: Run
    bound: BoundMapping

    def apply(self, plan: pa.RecordBatch, *, last: bool = False) -> Applied:
        """Write one plan to both sides and account for it.

        `last`: rows whose records have changed once more are kept as conflicts and left to the
        next run.
        """
        current = self._is_current(plan)
        stale = plan.filter(pa.array(~current))
        plan = plan.filter(pa.array(current))
        account = PairAccount(self.run, self.bound, plan)
        account.begin()
        sent = self._external.write(plan)
        answered = with_answers(self.run, self.bound, plan, sent.answers.values())
        _keep_nameless(answered, sent)
        account.created_externally(answered, sent)
        local = _only(answered, sent.done)
        written = self._local.write(local)
        settled = account.settled(local, sent, written, last=last)
        down, up = counts_of(local, sent, written, settled, last=last)
        return Applied(
            counts=down + _superseded(stale, of_local=False),
            upload_counts=up + _superseded(stale, of_local=True),
            changed=local.filter(pa.array(settled.changed)),
            stopped_by=sent.stopped_by or written.stopped_by,
        )

    def _is_current(self, plan: pa.RecordBatch) -> Flags:
        """Which rows' links still are what the plan saw: others were dealt with by now."""
        entity, state = self.bound.mapping.external, self.run.state
        current = np.ones(plan.num_rows, np.bool_)
        found = {}
        for side, name in (("external", columns.EXTERNAL_ID), ("local", columns.LOCAL_ID)):
            ids = plan.column(name)
            links = state.links(entity, side, ids.drop_null())
            at = pc.index_in(ids, value_set=links[f"{side}_id"])
            found[side] = {
                h: links[h].combine_chunks().take(at) for h in ("base_hash", "local_hash")
            }
        for hash_, name in (("base_hash", columns.BASE_HASH), ("local_hash", columns.LOCAL_HASH)):
            now = pc.coalesce(found["local"][hash_], found["external"][hash_])
            current &= flags(pc.equal(pc.fill_null(now, b""), pc.fill_null(plan.column(name), b"")))
        return current & ~self._sent_before(plan)

    def _sent_before(self, plan: pa.RecordBatch) -> Flags:
        """Creates that an earlier try of this very load has sent, without an answer.

        Those of earlier runs were looked for when this plan was made.
        """
        ids = plan.column(columns.LOCAL_ID)
        creates = flags(pc.fill_null(pc.equal(plan.column(columns.TO_EXTERNAL), "create"), False))
        if not creates.any():
            return creates
        entity = self.bound.mapping.external
        sent = self.run.state.sent_creates(entity, "external", ids.filter(pa.array(creates)))
        mine = sent.filter(pc.equal(sent["run_id"], self.run.run_id))
        return creates & flags(pc.is_in(ids, value_set=mine["record_id"]))

    @cached_property
    def _external(self) -> SideWriter:
        return SideWriter(self.run, "external", self.bound.external, self.bound)

    @cached_property
    def _local(self) -> SideWriter:
        return SideWriter(self.run, "local", self.bound.local, self.bound)


def _only(plan: pa.RecordBatch, rows: Flags) -> pa.RecordBatch:
    """The plan, in which nothing is written locally but in these rows."""
    does = pc.if_else(pa.array(rows), plan.column(columns.TO_LOCAL), pa.scalar(None, pa.string()))
    return columns.replaced(plan, {columns.TO_LOCAL: does})


def _keep_nameless(answered: pa.RecordBatch, sent: Outcome) -> None:
    """A record that was created without our learning its id is as good as not answered."""
    creates = pc.fill_null(pc.equal(answered.column(columns.TO_EXTERNAL), "create"), False)
    nameless = flags(creates) & sent.done & flags(answered.column(columns.EXTERNAL_ID).is_null())
    sent.done &= ~nameless
    sent.unknown |= nameless


def _superseded(stale: pa.RecordBatch, *, of_local: bool) -> Counts:
    mine = pc.equal(stale.column(columns.OF_LOCAL), pa.scalar(of_local))
    return Counts(superseded=pc.sum(mine).as_py() or 0)
