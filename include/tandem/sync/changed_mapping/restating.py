"""Before an entity is read: what its links say is made to fit the mapping of this run."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from tandem.connectors.base import Query
from tandem.core.changed_mapping.restating import Restating, restated, restating
from tandem.core.mapping import BoundMapping
from tandem.errors import StopRun
from tandem.model.asked import parsed, text_of
from tandem.state.account import Account
from tandem.sync.changed_mapping.gone_between import asked_now, gone_between
from tandem.sync.job import Job, Run
from tandem.sync.sides.held import local_side
from tandem.sync.sides.reading import half_done

_PART_ROWS: Final = 10_000
_AS_THEY_ARE: Final = Restating(needed=False)


def needed(job: Job, bound: BoundMapping) -> Restating:
    """What has to be said anew, since the links were made for another mapping."""
    before, now = parsed(job.state.links_asked(bound.mapping.external)), asked_now(job, bound)
    if before is None:
        return _AS_THEY_ARE
    gone = gone_between(job, before, now)
    return restating(before, now, gone=gone.fields, local_entity_gone=gone.local_entity)


def restate(run: Run, bound: BoundMapping) -> None:
    """Have the links of the entity say what fits its mapping; neither side is written to."""
    entity, asked = bound.mapping.external, text_of(asked_now(run, bound))
    if run.state.links_asked(entity) == asked:
        return
    doubtful = half_done(run, bound)
    _meet_anew_by_other_keys(run, bound)
    what = needed(run, bound)
    lost = _left_behind(run, bound) if what.elsewhere else []
    with run.state.account(entity) as account:
        for ids in lost:
            account.links.remove(ids)
        _Restatement(run, bound, account, what).carry_out()
        if what.forgotten or what.all_forgotten or what.elsewhere or doubtful:
            account.doubt_anchors()
        account.note_links(asked=asked, at=run.now())


def _meet_anew_by_other_keys(run: Run, bound: BoundMapping) -> None:
    """Where ids are made of other fields than before, no link names a record that is there."""
    entity = bound.mapping.external
    before, now = parsed(run.state.links_asked(entity)), asked_now(run, bound)
    if before is None or not before.keys or before.keys == now.keys:
        return
    if not run.state.has_links(entity):
        return
    if not bound.mapping.primary_key:
        sides = [side for side, key in now.keys.items() if before.keys.get(side) != key]
        raise StopRun(
            f"{entity}: the key of its {' and '.join(sides)} entity is another one now, so its "
            "records cannot be told from new ones.",
            remedy="Name fields that find their partners: primary_key: [...]; or restore the key.",
        )
    run.state.forget_links(entity, at=run.now())


def forget_emptied(run: Run, bound: BoundMapping) -> None:
    """A local entity that is only a copy of the external one and has no record any more is filled
    again: its links lead nowhere.
    """
    entity = bound.mapping.external
    if bound.is_uploaded or not run.downloads or not run.state.has_links(entity):
        return
    query = Query(bound.local, bound.local.key, run.now(), limit=1)
    if not any(page.records.num_rows or page.unreadable for page in run.local.read(query)):
        run.state.forget_links(entity, at=run.now())


def _left_behind(run: Run, bound: BoundMapping) -> list[pa.Array]:
    """External ids of links whose local record is not in the place where it is looked for now:
    it was not deleted, so nothing may follow from that.
    """
    side, lost = local_side(run, bound), []
    for links in run.state.all_links(bound.mapping.external):
        ids = links["local_id"].combine_chunks()
        held = side.of_ids(ids)
        there = pc.or_(held.holds(ids), pc.is_in(ids, pa.array(list(held.unreadable), pa.string())))
        lost.append(links["external_id"].combine_chunks().filter(pc.invert(there)))
    return lost


@dataclass(frozen=True)
class _Restatement:
    run: Run
    bound: BoundMapping
    account: Account
    what: Restating

    def carry_out(self) -> None:
        """In all links."""
        if not self.what.needed:
            return
        if self.bound.is_uploaded:
            self._say_anew()
        elif self.what.otherwise:
            self.account.links.invalidate()

    def _say_anew(self) -> None:
        links, after = self.account.links, None
        while (part := links.after(after, _PART_ROWS)).num_rows:
            ids = part["external_id"].combine_chunks()
            unsure = pc.is_in(ids, value_set=self._unanswered)
            self._restate(ids.filter(pc.invert(unsure)), self.what)
            self._restate(ids.filter(unsure), self._of_unanswered)
            after = ids[-1].as_py()

    def _restate(self, ids: pa.Array, what: Restating) -> None:
        texts = self.account.links.bases(ids)["base"].combine_chunks()
        said = restated(self.bound.fields, texts, what)
        self.account.links.restate(said.add_column(0, "external_id", ids))

    @cached_property
    def _unanswered(self) -> pa.Array:
        """External ids of records that may hold what was written under the mapping before."""
        sent = self.run.state.unanswered(self.bound.mapping.external, self.run.run_id)
        return sent["external_id"].combine_chunks().drop_null()

    @property
    def _of_unanswered(self) -> Restating:
        return replace(self.what, forgotten=self.what.forgotten | self.what.changed)
