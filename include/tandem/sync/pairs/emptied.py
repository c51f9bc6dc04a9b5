"""A field that lost all its values at once: more likely made anew than cleared by people."""

from collections import Counter
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from tandem.connectors.base import Query
from tandem.core.mapping import BoundMapping
from tandem.errors import StopRun
from tandem.model.changes import Action
from tandem.model.filters import Comparison
from tandem.sync import columns
from tandem.sync.job import Job
from tandem.sync.sides.held import Side

MANY: Final = 10
"""Up to so many values may be cleared in a run though none is left; as for deletions."""

_SAMPLE: Final = 1_000

_WRITES: Final = {
    "external": (
        columns.TO_EXTERNAL,
        columns.EXTERNAL,
        columns.EXTERNAL_GIVEN,
        columns.EXTERNAL_SEEN,
    ),
    "local": (columns.TO_LOCAL, columns.LOCAL, columns.LOCAL_GIVEN, columns.LOCAL_SEEN),
}


class Emptied:
    """Counts the values that the plans of a run clear, by side and field."""

    def __init__(self) -> None:
        self._cleared: Counter[tuple[str, str]] = Counter()
        self._looked_at = 0

    def add(self, plan: pa.RecordBatch) -> None:
        """Count in a plan of pairs."""
        for side, (action, values, given, seen) in _WRITES.items():
            updates = pc.fill_null(pc.equal(plan.column(action), "update"), fill_value=False)
            rows = plan.filter(updates)
            if not rows.num_rows:
                continue
            before, flags = columns.fields_of(rows, seen), columns.fields_of(rows, given)
            for name, value in columns.fields_of(rows, values).items():
                lost = pc.and_(pc.and_(flags[name], value.is_null()), before[name].is_valid())
                self._cleared[side, name] += pc.sum(lost).as_py() or 0

    def add_copies(self, plan: pa.RecordBatch, local: Side) -> None:
        """Count in a plan of records that are only downloaded: what the local side holds is read
        where a field is empty in all of them, as far as the first thousand go.
        """
        rows = plan.filter(pc.equal(plan.column(columns.ACTION), Action.UPDATE.value))
        rows = rows.slice(0, _SAMPLE - self._looked_at)
        names = columns.value_fields(rows)
        empty = [name for name in names if rows.column(name).null_count == rows.num_rows]
        if not empty or not rows.num_rows:
            return
        self._looked_at += rows.num_rows
        held = local.of_ids(rows.column(columns.LOCAL_ID)).records
        for name in empty:
            self._cleared["local", name] += held.num_rows - held.column(name).null_count

    def refuse(self, job: Job, bound: BoundMapping) -> None:
        """StopRun where many values would be cleared by a field that has none left at all."""
        if job.approved or job.looks_only:
            return
        least = "at least " if self._looked_at == _SAMPLE else ""
        for (side, name), count in self._cleared.items():
            source = _source(bound, side, name)
            if count > MANY and source and _is_empty(job, bound, source):
                raise StopRun(
                    f"{bound.mapping.external}: {source[0]} field {source[1]!r} has lost all its "
                    f"values; copied, that would clear {least}{count} values of {side} field "
                    f"{name!r}.",
                    remedy="Fill it again, or take it out of the mapping. If its emptiness is "
                    f"meant: tandem sync {job.integration.name} --yes.",
                )


def _source(bound: BoundMapping, side: str, name: str) -> tuple[str, str] | None:
    """The side and the field that a field is written from."""
    if side == "external":
        fields = (f for f in bound.uploads if name in {one.name for one in f.externals})
        return next((("local", f.local.name) for f in fields if f.local), None)
    downloads = (f for f in bound.downloads if f.name == name)
    return next((("external", f.externals[0].name) for f in downloads if f.externals), None)


def _is_empty(job: Job, bound: BoundMapping, source: tuple[str, str]) -> bool:
    side, name = source
    system, entity = (job.local, bound.local) if side == "local" else (job.external, bound.external)
    filled = Comparison(field=name, operator="not_null")
    return system.count(Query(entity, entity.key, job.now(), filled)) == 0
