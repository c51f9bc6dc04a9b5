"""Apply plans of pairs and account for them: the external side first, then the local one."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tandem.core.images import image_hashes
from tandem.core.mapping import BoundMapping
from tandem.core.merge import Flags, flags
from tandem.errors import RetryLater
from tandem.model.changes import Counts
from tandem.sync import columns
from tandem.sync.applying.accounting import PairAccount, ends
from tandem.sync.applying.answers import with_answers
from tandem.sync.applying.pair_counts import Settled, counts_of
from tandem.sync.applying.side_writes import Outcome, SideWriter
from tandem.sync.job import Run


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
        now = self._links_now(plan)
        current = _is_current(plan, now) & ~self._sent_before(plan)
        repeated = self._was_applied(plan, now) & ~current
        stale = plan.filter(pa.array(~current & ~repeated))
        before = _counts_of_repeated(plan.filter(pa.array(repeated)))
        plan = plan.filter(pa.array(current))
        account = PairAccount(self.run, self.bound, plan)
        account.begin()
        sent = self._external.write(plan)
        answered = with_answers(self.run, self.bound, plan, sent)
        _keep_nameless(answered, sent)
        account.created_externally(answered, sent)
        local = _only(answered, sent.done)
        written = self._local.write(local)
        settled = account.settled(local, sent, written, last=last)
        down, up = counts_of(local, sent, written, settled, last=last)
        return Applied(
            counts=down + before[0] + _superseded(stale, of_local=False),
            upload_counts=up + before[1] + _superseded(stale, of_local=True),
            changed=local.filter(pa.array(settled.changed)),
            stopped_by=sent.stopped_by or written.stopped_by,
        )

    def _links_now(self, plan: pa.RecordBatch) -> dict[str, pa.Array]:
        """The hashes that the links of these rows hold now; empty where there is no link."""
        entity, state = self.bound.mapping.external, self.run.state
        found: dict[str, list[pa.Array]] = {"base_hash": [], "local_hash": []}
        for side, name in (("local", columns.LOCAL_ID), ("external", columns.EXTERNAL_ID)):
            ids = plan.column(name)
            links = state.links(entity, side, ids.drop_null())
            at = pc.index_in(ids, value_set=links[f"{side}_id"])
            for hash_, hashes in found.items():
                hashes.append(links[hash_].combine_chunks().take(at))
        return {name: pc.fill_null(pc.coalesce(*hashes), b"") for name, hashes in found.items()}

    def _was_applied(self, plan: pa.RecordBatch, now: Mapping[str, pa.Array]) -> Flags:
        """Which rows an earlier try has carried out: their links are as the plan wanted them."""
        fields = self.bound.fields
        wanted = {
            "base_hash": image_hashes(fields, columns.fields_of(plan, columns.EXTERNAL_AFTER)),
            "local_hash": image_hashes(fields, columns.fields_of(plan, columns.LOCAL_AFTER)),
        }
        same = np.ones(plan.num_rows, np.bool_)
        for name, hashes in wanted.items():
            same &= flags(pc.equal(now[name], hashes))
        return same | (ends(plan) & flags(pc.equal(now["base_hash"], b"")))

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


def _is_current(plan: pa.RecordBatch, now: Mapping[str, pa.Array]) -> Flags:
    """Which rows' links still are what the plan saw: others were dealt with by now."""
    current = np.ones(plan.num_rows, np.bool_)
    for name, column in (("base_hash", columns.BASE_HASH), ("local_hash", columns.LOCAL_HASH)):
        current &= flags(pc.equal(now[name], pc.fill_null(plan.column(column), b"")))
    return current


def _counts_of_repeated(plan: pa.RecordBatch) -> tuple[Counts, Counts]:
    """Rows that an earlier try has carried out count as what was done."""
    nothing = np.zeros(plan.num_rows, np.bool_)
    done = Outcome(done=~nothing, changed=nothing, unknown=nothing)
    return counts_of(plan, done, done, Settled(~nothing, nothing, nothing), last=False)


def _keep_nameless(answered: pa.RecordBatch, sent: Outcome) -> None:
    """A record that was created without our learning its id is as good as not answered."""
    creates = pc.fill_null(pc.equal(answered.column(columns.TO_EXTERNAL), "create"), False)
    nameless = flags(creates) & sent.done & flags(answered.column(columns.EXTERNAL_ID).is_null())
    sent.done &= ~nameless
    sent.unknown |= nameless


def _superseded(stale: pa.RecordBatch, *, of_local: bool) -> Counts:
    mine = pc.equal(stale.column(columns.OF_LOCAL), pa.scalar(of_local))
    return Counts(superseded=pc.sum(mine).as_py() or 0)
