"""Stage the plans of pairs: for all that was read of both sides, in one order that is safe.

External records first: a pair is planned once, with all that both sides changed.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from tandem.core.mapping import BoundMapping
from tandem.errors import StopRun
from tandem.pipeline import in_parallel
from tandem.staging import BATCH_ROWS, BatchWriter, read_batches
from tandem.sync import columns
from tandem.sync.job import Job
from tandem.sync.manifests import Extracted, PlannedPairs, Read
from tandem.sync.pairs.approval import Deletions, local_records, sorted_deletions
from tandem.sync.pairs.emptied import Emptied
from tandem.sync.pairs.two_way import Planned, Sifted, TwoWay
from tandem.sync.sides.whole_run import WholeRun

_WORKERS: Final = 2


@dataclass(frozen=True, slots=True)
class Staged:
    """The plans of an entity's pairs."""

    pairs: PlannedPairs
    unchanged_external: int
    unchanged_local: int


def stage_pairs(job: Job, extracted: Extracted, two_way: TwoWay) -> Staged:
    """Plan all pairs that were read and stage what has to be done."""
    folder = job.try_folder(extracted.entity, "transform-pairs")
    writers = _Writers(folder)
    unchanged = [0, 0]
    bound = two_way.bound
    if extracted.external and bound.is_uploaded:
        for planned in _of_external(job, extracted.external, two_way):
            unchanged[0] += planned.unchanged
            writers.add(planned.plan)
            job.progress(extracted.entity, "transform", unchanged[0] + writers.rows)
    if extracted.local:
        for planned in _of_local(job, extracted.local, two_way):
            unchanged[1] += planned.unchanged
            writers.add(planned.plan)
            job.progress(extracted.entity, "transform", sum(unchanged) + writers.rows)
    for ids in _vanished(extracted.external):
        writers.add(two_way.of_vanished_external(ids).plan)
    if bound.is_uploaded:
        for ids in _vanished(extracted.local):
            writers.add(two_way.of_vanished_local(ids).plan)
    writers.emptied.refuse(job, bound)
    empty = any(read.was_empty for read in (extracted.external, extracted.local) if read)
    deletions = sorted_deletions(
        job,
        extracted.entity,
        folder,
        writers.deletes,
        suspicious=two_way.replaces or (empty and not job.only_waiting),
        nothing_external=_is_empty(extracted.external),
    )
    return Staged(writers.staged(deletions), *unchanged)


def _of_external(job: Job, read: Read, two_way: TwoWay) -> Iterator[Planned]:
    whole = WholeRun(two_way.bound, read.paths)
    asked = _asked(job, two_way.bound.mapping.external, "external")

    def sifted(numbered: tuple[int, pa.RecordBatch]) -> Sifted:
        records = whole.last_of_each(*numbered)
        return two_way.sifted_external(records, whole.clashes(records), asked)

    batches = enumerate(read_batches(read.paths))
    for rest in in_parallel(sifted, batches, workers=_WORKERS):
        yield two_way.of_external(rest, asked)


def _of_local(job: Job, read: Read, two_way: TwoWay) -> Iterator[Planned]:
    asked = _asked(job, two_way.bound.mapping.external, "local")

    def sifted(records: pa.RecordBatch) -> Sifted:
        return two_way.sifted_local(records, asked)

    for rest in in_parallel(sifted, read_batches(read.paths), workers=_WORKERS):
        yield two_way.of_local(rest, asked)


def _is_empty(read: Read | None) -> bool:
    """Whether all was read, and that is nothing. An empty listing without links is not noted."""
    if read is None or read.mode != "full":
        return False
    return not read.records and not read.unreadable_paths


def _asked(job: Job, entity: str, side: str) -> dict[str, str | None]:
    """The records that somebody asked to be looked at, and those that wait for others."""
    rows = job.state.rechecks(entity, side)
    waiting = dict.fromkeys(job.state.waiting(entity, "dependency", side))
    ids, policies = rows["record_id"].to_pylist(), rows["policy"].to_pylist()
    return {**waiting, **dict(zip(ids, policies, strict=True))}


def _vanished(read: Read | None) -> Iterable[pa.Array]:
    for batch in read_batches(read.vanished_paths if read else ()):
        ids = pc.unique(batch.column("id"))
        yield from (ids.slice(start, BATCH_ROWS) for start in range(0, len(ids), BATCH_ROWS))


def uploads_first(plans: Iterable[pa.RecordBatch | None]) -> list[pa.RecordBatch]:
    """The rows of these plans in the order in which they are applied."""
    parts = list(zip(*(_sorted(plan) for plan in plans if plan is not None), strict=True))
    return [plan for part in parts for plan in part if plan.num_rows]


def _sorted(plan: pa.RecordBatch) -> tuple[pa.RecordBatch, pa.RecordBatch, pa.RecordBatch]:
    """What is uploaded, what else has to be done, and what is deleted."""
    external, local = plan.column(columns.TO_EXTERNAL), plan.column(columns.TO_LOCAL)
    deletes = pc.or_kleene(pc.equal(external, "delete"), pc.equal(local, "delete"))
    deletes = pc.fill_null(deletes, fill_value=False)
    uploads = pc.and_not(external.is_valid(), deletes)
    others = pc.and_not(pc.invert(uploads), deletes)
    says = pc.or_(plan.column(columns.ACCOUNTED), plan.column(columns.REASON).is_valid())
    return plan.filter(uploads), plan.filter(pc.and_(others, says)), plan.filter(deletes)


class _Writers:
    """Plans, by what has to be done to them."""

    def __init__(self, folder: str) -> None:
        self.uploads = BatchWriter(f"{folder}/uploads")
        self.others = BatchWriter(f"{folder}/others")
        self.deletes = BatchWriter(f"{folder}/deletes")
        self.emptied = Emptied()

    @property
    def rows(self) -> int:
        """Rows taken so far."""
        return sum(w.rows_taken for w in (self.uploads, self.others, self.deletes))

    def add(self, plan: pa.RecordBatch | None) -> None:
        """Take the rows of a plan; pairs for which nothing is to be done are left out."""
        if plan is None:
            return
        self.emptied.add(plan)
        uploads, others, deletes = _sorted(plan)
        self.uploads.add(uploads)
        self.others.add(others)
        self.deletes.add(deletes)

    def staged(self, deletions: Deletions) -> PlannedPairs:
        """What was staged."""
        return PlannedPairs(
            upload_paths=tuple(self.uploads.written()),
            paths=tuple(self.others.written()),
            delete_paths=deletions.allowed,
            withheld_paths=deletions.withheld,
            withheld=deletions.withheld_count,
        )


def refuse_unreadable(bound: BoundMapping, read: Read | None) -> None:
    """What has no partner is not known while external records cannot be read."""
    if read and read.unreadable_paths:
        raise StopRun(
            f"{bound.mapping.external}: first_sync: replace_local has to know all external "
            "records, and some cannot be read.",
            remedy="Mend them (tandem import shows which), or write first_sync: link_and_merge.",
        )


def refuse_without_approval(
    job: Job, bound: BoundMapping, extracted: Extracted, staged: Staged
) -> None:
    """A first sync that replaces local records does not begin before a person has agreed."""
    if not staged.pairs.withheld or job.looks_only:
        return
    entity = bound.mapping.external
    asked = job.granted.first_syncs.get(entity) if job.granted else None
    removes = (
        f"replace_local would remove {staged.pairs.withheld} of {local_records(job, entity)} "
        f"records of {bound.mapping.local!r}"
    )
    if asked is not None and _is_empty(extracted.external):
        raise StopRun(
            f"{entity} is empty in the external system: first_sync: {removes}, and put nothing "
            "in their place.",
            remedy=f"If that is meant, run tandem sync {job.integration.name} --yes (in Airflow: "
            "confirm).",
        )
    then = "" if asked is None else f" {asked} were there when it was approved."
    raise StopRun(
        f"{entity}: first_sync: {removes}, which have no external partner.{then}",
        remedy="Approve it (tandem sync --yes), or write first_sync: link_and_merge.",
    )
