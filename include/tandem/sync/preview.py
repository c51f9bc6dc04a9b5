"""The plan of an entity, to be looked at: the very plan that a run would carry out."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tandem.model.changes import Action
from tandem.staging import read_batches
from tandem.sync import columns
from tandem.sync.extract import extract
from tandem.sync.job import PARTNERS, Job, in_order
from tandem.sync.manifests import Planned
from tandem.sync.schema import check_mappings, pin_expected_schemas
from tandem.sync.transform import transform


@dataclass(frozen=True, slots=True)
class Preview:
    """What a run would do to the records of one entity."""

    entity: str
    mode: str
    actions: dict[str, int]
    """How many records each action concerns."""
    records: tuple[dict[str, Any], ...]
    """Some of them: action, external_id, local_id, reason, and the local values."""


def preview_all(job: Job, *, limit: int) -> list[Preview]:
    """The plans of all entities of the job; nothing is written to either side."""
    pin_expected_schemas(job)
    check_mappings(job)
    try:
        return [preview(job, mapping.external, limit=limit) for mapping in in_order(job)]
    finally:
        job.staging.remove()


def preview(job: Job, entity: str, *, limit: int) -> Preview:
    """Plan the entity and show up to `limit` records; nothing is written to either side."""
    planned = transform(job, extract(job, entity))
    job.expected[entity] = _partners(planned)
    return show_plan(planned, limit=limit)


def _partners(planned: Planned) -> pa.Table:
    """The links that carrying out the plan would make."""
    names = [columns.ACTION, columns.EXTERNAL_ID, columns.LOCAL_ID]
    made = [Action.CREATE.value, Action.LINK.value]
    tables = [PARTNERS.empty_table()]
    for batch in read_batches(planned.paths, names):
        rows = batch.filter(pc.is_in(batch.column(columns.ACTION), pa.array(made)))
        ids = [rows.column(columns.EXTERNAL_ID), rows.column(columns.LOCAL_ID)]
        tables.append(pa.Table.from_arrays(ids, schema=PARTNERS))
    return pa.concat_tables(tables)


def show_plan(planned: Planned, *, limit: int) -> Preview:
    """What has been planned for an entity, with up to `limit` of its records."""
    actions = Counter({Action.UNCHANGED.value: planned.counts.unchanged})
    for batch in read_batches(planned.paths, [columns.ACTION]):
        actions.update(batch.column(columns.ACTION).to_pylist())
    actions[Action.REJECT.value] += _unreadable(planned)
    return Preview(
        entity=planned.entity,
        mode=planned.mode,
        actions={action: count for action, count in actions.items() if count},
        records=tuple(_records(planned, limit)),
    )


def _unreadable(planned: Planned) -> int:
    reads = [read for read in (planned.external, planned.local) if read]
    paths = [path for read in reads for path in read.unreadable_paths]
    return sum(batch.num_rows for batch in read_batches(paths))


def _records(planned: Planned, limit: int) -> list[dict[str, Any]]:
    shown: list[dict[str, Any]] = []
    for batch in read_batches(planned.paths):
        if len(shown) >= limit:
            break
        some = batch.slice(0, limit - len(shown))
        values = some.select(columns.value_fields(some)).to_pylist()
        about = some.select(
            [columns.ACTION, columns.EXTERNAL_ID, columns.LOCAL_ID, columns.REASON]
        ).to_pylist()
        shown += [
            {**{name.removeprefix("@"): value for name, value in a.items()}, "values": v}
            for a, v in zip(about, values, strict=True)
        ]
    return shown
