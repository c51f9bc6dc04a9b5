"""The plan of an entity, to be looked at: the very plan that a run would carry out."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Final, TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from tandem.core.merge import flags
from tandem.core.order import waits_for
from tandem.errors import StopRun
from tandem.model.changes import Action, Counts
from tandem.staging import read_batches
from tandem.sync import columns
from tandem.sync.expected import Expected
from tandem.sync.extract import extract
from tandem.sync.job import Job, check_mappings, going, in_order
from tandem.sync.manifests import Extracted, Planned
from tandem.sync.people.planned_counts import counts_of_plan, pair_paths, unreadable
from tandem.sync.people.planned_records import PlannedRecord, of_downloads, of_pairs, of_unreadable
from tandem.sync.schema import pin_expected_schemas
from tandem.sync.transform import transform

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Preview:
    """What a run would do to the records of one entity."""

    entity: str
    mode: str
    actions: dict[str, int]
    """How many records, or pairs of them, each action concerns."""
    counts: dict[str, Counts] = field(default_factory=dict)
    """`download` and `upload`, as the run would report them."""
    withheld: int = 0
    """Deletions that a person has to approve."""
    records: tuple[PlannedRecord, ...] = ()
    """Some of them, a fair share of each action."""
    stopped: str = ""
    """Why a run would not sync the entity at all; empty if it would."""


def preview_all(job: Job, *, limit: int) -> list[Preview]:
    """The plans of all entities of the job; nothing is written to either side.

    What a first sync would remove is shown, approved or not. Of an entity whose mapping is broken,
    or that fails, there is only the reason; the error itself if nothing is left.
    """
    job = replace(job, looks_only=True)
    pin_expected_schemas(job)
    try:
        check_mappings(job)
        failed: dict[str, StopRun] = {}
        extracted = _of_each(job, failed, lambda entity: extract(job, entity))
        planned = _of_each(job, failed, lambda entity: _plan(job, extracted[entity]))
        if failed and not planned:
            raise next(iter(failed.values()))
        _plan_what_waits(job, extracted, planned)
        stopped = {**job.stopped, **failed}
        return [
            _shown(job, planned[name], limit) if name in planned else _stopped(name, stopped[name])
            for name in (mapping.external for mapping in in_order(job))
        ]
    finally:
        job.staging.remove()


def _of_each(job: Job, failed: dict[str, StopRun], step: Callable[[str], T]) -> dict[str, T]:
    """What a step makes of each entity; one that fails stops those that need it, as in a run."""
    done: dict[str, T] = {}
    for mapping in going(job):
        entity = mapping.external
        needed = (waits_for(job.integration, mapping) & failed.keys()) - {entity}
        if needed and entity not in failed:
            failed[entity] = StopRun(f"{entity} waits for {' and '.join(sorted(needed))}.")
        if entity in failed:
            continue
        try:
            done[entity] = step(entity)
        except StopRun as error:
            failed[entity] = error
    return done


def _stopped(entity: str, why: StopRun) -> Preview:
    return Preview(entity, "stopped", {}, stopped=str(why))


def show_plan(planned: Planned) -> Preview:
    """How many records the plan of an entity concerns, by what would be done to them."""
    unchanged = max(planned.counts.unchanged, planned.upload_counts.unchanged)
    actions = Counter({Action.UNCHANGED.value: unchanged})
    for batch in read_batches([*planned.paths, *pair_paths(planned)], [columns.ACTION]):
        actions.update(batch.column(columns.ACTION).to_pylist())
    actions[Action.REJECT.value] += sum(rows.num_rows for _, rows in unreadable(planned))
    return Preview(
        entity=planned.entity,
        mode=planned.mode,
        actions={action: count for action, count in actions.items() if count},
        counts=counts_of_plan(planned),
        withheld=planned.pairs.withheld,
    )


def _plan(job: Job, extracted: Extracted) -> Planned:
    planned = transform(job, extracted)
    key = job.bound(planned.entity).external.key
    job.expected[planned.entity] = Expected(planned, len(key))
    return planned


def _plan_what_waits(
    job: Job, extracted: dict[str, Extracted], planned: dict[str, Planned]
) -> None:
    """Plan again what waits for records that these plans make, as a run looks at it again."""
    for _ in planned:
        before = {entity: _waiting(plan) for entity, plan in planned.items()}
        for entity, waits in before.items():
            if waits:
                planned[entity] = _plan(job, extracted[entity])
        if before == {entity: _waiting(plan) for entity, plan in planned.items()}:
            return


def _waiting(planned: Planned) -> int:
    """How many records wait for others."""
    found = 0
    for batch in read_batches([*planned.paths, *pair_paths(planned)]):
        waits = flags(pc.fill_null(batch.column(columns.WAITS), fill_value=False)).copy()
        for name in columns.deferred_fields(batch):
            waits |= flags(batch.column(columns.deferred_column(name)).is_valid())
        found += int(waits.sum())
    return found


def _shown(job: Job, planned: Planned, limit: int) -> Preview:
    return replace(show_plan(planned), records=tuple(records_of(job, planned, limit=limit)))


def records_of(job: Job, planned: Planned, *, limit: int) -> list[PlannedRecord]:
    """Up to `limit` records; the actions take turns, so that a rare one is seen among many."""
    found: dict[str, list[PlannedRecord]] = {}
    for record in _candidates(job, planned, limit):
        found.setdefault(record.action, []).append(record)
    shares = dict.fromkeys(found, 0)
    while sum(shares.values()) < min(limit, sum(map(len, found.values()))):
        for action in sorted(found, key=_ORDER.index):
            if shares[action] < len(found[action]) and sum(shares.values()) < limit:
                shares[action] += 1
    return [
        r for action in sorted(found, key=_ORDER.index) for r in found[action][: shares[action]]
    ]


_ORDER: Final = [
    Action.CONFLICT.value,
    Action.REJECT.value,
    Action.DELETE.value,
    Action.UPDATE.value,
    Action.CREATE.value,
    Action.LINK.value,
    Action.UNCHANGED.value,
]
"""What a person should look at comes first."""


def _candidates(job: Job, planned: Planned, limit: int) -> Iterator[PlannedRecord]:
    """The first `limit` records of each action."""
    if not limit:
        return
    bound, pairs = job.bound(planned.entity), planned.pairs
    room: Counter[str] = Counter(dict.fromkeys(_ORDER, limit))
    for side, rows in unreadable(planned):
        yield from of_unreadable(rows.slice(0, limit), side)
    for batch in read_batches(planned.paths):
        yield from of_downloads(job, bound, _first(batch, room))
    for batch in read_batches([*pairs.upload_paths, *pairs.paths]):
        yield from of_pairs(bound, _first(batch, room), held_back=False)
    for paths, held_back in ((pairs.delete_paths, False), (pairs.withheld_paths, True)):
        for batch in read_batches(paths):
            yield from of_pairs(bound, _first(batch, room), held_back=held_back)


def _first(batch: pa.RecordBatch, room: "Counter[str]") -> pa.RecordBatch:
    """The first rows of each action for which there is room still."""
    rows: list[int] = []
    for row, action in enumerate(batch.column(columns.ACTION).to_pylist()):
        if room[action] > 0:
            room[action] -= 1
            rows.append(row)
    return batch.take(pa.array(rows, pa.int64()))
