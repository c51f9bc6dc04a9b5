"""What the external system made of what was sent: the base is what it answered, and where it made
something else of a value the local side takes that.
"""

from collections.abc import Iterable, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from tandem.connectors.base import ETAG, ROW
from tandem.core.fields import BoundField
from tandem.core.fit import fit
from tandem.core.ids import id_text, record_ids
from tandem.core.images import external_image
from tandem.core.mapping import BoundMapping
from tandem.core.merge import Flags, chosen, differs, flags
from tandem.sync import columns
from tandem.sync.job import Job
from tandem.sync.sides.lookups import local_partners


def with_answers(
    job: Job, bound: BoundMapping, plan: pa.RecordBatch, answers: Iterable[pa.RecordBatch]
) -> pa.RecordBatch:
    """The plan with the ids, etags and values that the answers name.

    A field that came back otherwise than it was sent is written to the local side too.
    """
    for answer in answers:
        plan = _with_answer(job, bound, plan, answer)
    return plan


def _with_answer(
    job: Job, bound: BoundMapping, plan: pa.RecordBatch, answer: pa.RecordBatch
) -> pa.RecordBatch:
    rows = pa.array(range(plan.num_rows), pa.int64())
    at = pc.index_in(rows, value_set=answer.column(ROW))
    ids = record_ids(answer, bound.external.key).take(at)
    changes = {columns.EXTERNAL_ID: pc.coalesce(ids, plan.column(columns.EXTERNAL_ID))}
    if ETAG in answer.schema.names:
        changes[columns.ETAG] = answer.column(ETAG).take(at)
    returned = [f for f in bound.fields if _is_in(answer, f.reads_externally)]
    taken = _Taken(plan)
    image = external_image(returned, answer)
    readable = flags(at.is_valid()) & ~_among(at, image.problems)
    for field in returned:
        values, texts = image.values[field.name].take(at), image.texts[field.name].take(at)
        other = readable & differs(texts, taken.external_after[field.name])
        if other.any():
            taken.take(job, field, other, values, texts)
    return columns.replaced(plan, {**changes, **taken.changes()})


class _Taken:
    """A plan's columns, in which fields take what the external system made of them."""

    def __init__(self, plan: pa.RecordBatch) -> None:
        self._to_local = plan.column(columns.TO_LOCAL)
        self._local = columns.fields_of(plan, columns.LOCAL)
        self._given = columns.fields_of(plan, columns.LOCAL_GIVEN)
        self._local_after = columns.fields_of(plan, columns.LOCAL_AFTER)
        self.external_after = columns.fields_of(plan, columns.EXTERNAL_AFTER)

    def take(
        self, job: Job, field: BoundField, other: Flags, values: pa.Array, texts: pa.Array
    ) -> None:
        """Take these rows' values; what the local side cannot take yet is an edit still."""
        name, here = field.name, texts
        if field.reference:
            partners = local_partners(job, field.reference, texts)
            values = fit(partners, field.target, required=False).values
            here = id_text(values)
            other = other & ~flags(pc.and_(texts.is_valid(), partners.is_null()))
        self.external_after[name] = chosen((other, texts), otherwise=self.external_after[name])
        if field.downloads:
            self._local[name] = chosen((other, values), otherwise=self._local[name])
            self._given[name] = chosen((other, pa.array(other)), otherwise=self._given[name])
            self._local_after[name] = chosen((other, here), otherwise=self._local_after[name])
            update = flags(self._to_local.is_null()) & other
            self._to_local = chosen(
                (update, pa.repeat("update", len(other))), otherwise=self._to_local
            )

    def changes(self) -> dict[str, pa.Array]:
        """The columns as they are now."""
        count = len(self._to_local)
        return {
            columns.TO_LOCAL: self._to_local,
            columns.LOCAL: columns.struct_of(self._local, count),
            columns.LOCAL_GIVEN: columns.struct_of(self._given, count),
            columns.LOCAL_AFTER: columns.struct_of(self._local_after, count),
            columns.EXTERNAL_AFTER: columns.struct_of(self.external_after, count),
        }


def _is_in(answer: pa.RecordBatch, names: Sequence[str]) -> bool:
    return bool(names) and set(names) <= set(answer.schema.names)


def _among(at: pa.Array, problems: dict[int, str]) -> Flags:
    return flags(pc.is_in(at, value_set=pa.array(list(problems), at.type)))
