"""Apply and account: staged decisions become local records, links and, last, the anchor."""

import logging
from typing import Final

from tandem.core.mapping import BoundMapping
from tandem.errors import Stale
from tandem.model.asked import text_of
from tandem.model.changes import Counts
from tandem.state.plans import Begun
from tandem.sync.applying.load_downloads import load_downloads
from tandem.sync.applying.load_pairs import load_pairs, put_aside
from tandem.sync.applying.unanswered import close_unanswered
from tandem.sync.changed_mapping.gone_between import asked_now
from tandem.sync.job import Run
from tandem.sync.manifests import Loaded, Planned
from tandem.sync.sides.reading import mapping_hash
from tandem.sync.stale import READ_AGAIN, refuse_stale

_log: Final = logging.getLogger(__name__)


def load(run: Run, planned: Planned) -> Loaded:
    """Write the plan to both sides and account for it; then move the anchors.

    May be stopped and repeated at any point: what is linked already is superseded, what was
    written without a link is written again with the same ids and values.
    """
    refuse_stale(run, planned.entity, planned.after_plan, planned.plan)
    bound = run.bound(planned.entity)
    _refuse_another_mapping(planned, bound)
    _begin(run, planned)
    counts, upload_counts = planned.counts, planned.upload_counts
    counts += put_aside(run, planned.entity, planned.external, "external")
    upload_counts += put_aside(run, planned.entity, planned.local, "local")
    if planned.paths:
        counts += load_downloads(run, bound, planned)
    pairs = load_pairs(run, bound, planned.pairs)
    counts, upload_counts = counts + pairs.counts, upload_counts + pairs.upload_counts
    superseded = counts.superseded + upload_counts.superseded
    if not superseded:  # those are read again, from the anchors as they were
        _move_anchors(run, planned, bound)
    close_unanswered(run, bound)
    _log.info("%s: loaded %s; sent %s", planned.entity, _shown(counts), _shown(upload_counts))
    return Loaded(
        entity=planned.entity,
        mode=planned.mode,
        counts=counts,
        upload_counts=upload_counts,
        withheld=pairs.withheld,
        kept=pairs.kept,
        cuts=planned.cuts,
    )


def _shown(counts: Counts) -> str:
    some = [f"{count:,} {name}" for name, count in counts.model_dump().items() if count]
    return ", ".join(some) or "nothing"


def _refuse_another_mapping(planned: Planned, bound: BoundMapping) -> None:
    if planned.mapping_hash != mapping_hash(bound.mapping):
        raise Stale(
            f"The mapping of {planned.entity} has changed since this plan was made.",
            remedy=READ_AGAIN,
        )


def _begin(run: Run, planned: Planned) -> None:
    """From now on nobody else carries out a plan of the entity. This one may have been begun."""
    begun = Begun(planned.plan, run.run_id)
    if not run.state.begin_plan(planned.entity, begun, after=planned.after_plan):
        raise Stale(
            f"Another plan of {planned.entity} was begun at the same time.", remedy=READ_AGAIN
        )


def _move_anchors(run: Run, planned: Planned, bound: BoundMapping) -> None:
    if not run.syncs_all or run.only_waiting:
        return
    told = {"mapping_hash": planned.mapping_hash, "asked": text_of(asked_now(run, bound))}
    for side, read in (("external", planned.external), ("local", planned.local)):
        if read and read.anchor:
            run.state.move_anchor(planned.entity, side, read.anchor, **told, at=run.now())
