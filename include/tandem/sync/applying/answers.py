"""What the external system made of what was sent: the base is what it answered, and where it made
something else of a value the local side takes that. What is not answered it holds as it was sent,
which may come back otherwise too: of a text with spaces `trim` makes another one.
"""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tandem.connectors.base import ETAG, ROW
from tandem.core.fields import BoundField
from tandem.core.fit import fit
from tandem.core.ids import id_text, record_ids
from tandem.core.images import Image, external_image
from tandem.core.mapping import BoundMapping
from tandem.core.merge import Flags, chosen, differs, flags
from tandem.sync import columns
from tandem.sync.applying.side_writes import Outcome
from tandem.sync.job import Job
from tandem.sync.sides.lookups import local_partners


def with_answers(
    job: Job, bound: BoundMapping, plan: pa.RecordBatch, sent: Outcome
) -> pa.RecordBatch:
    """The plan with the ids, etags and values that the answers name.

    A field that comes back otherwise than it was sent is written to the local side too.
    """
    silent = sent.done & _writes(plan)
    for answer in sent.answers.values():
        plan = _with_answer(job, bound, plan, answer)
        silent[answer.column(ROW).to_numpy()] = False
    return _as_sent(job, bound, plan, silent)


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
    for field in returned:
        taken.take(job, field, image, at, flags(at.is_valid()))
    return columns.replaced(plan, {**changes, **taken.changes()})


def _as_sent(job: Job, bound: BoundMapping, plan: pa.RecordBatch, silent: Flags) -> pa.RecordBatch:
    """The plan with what comes back of values that were written in these rows."""
    returned = [f for f in bound.fields if f.downloads and f.uploads and not f.reference]
    if not returned or not silent.any():
        return plan
    given = columns.fields_of(plan, columns.EXTERNAL_GIVEN)
    image = external_image(returned, _held(bound, plan, given))
    taken, at = _Taken(plan), pa.array(np.arange(plan.num_rows))
    for field in returned:
        sent = [flags(given[name]) for name in field.reads_externally if name in given]
        taken.take(job, field, image, at, silent & np.logical_or.reduce(sent))
    return columns.replaced(plan, taken.changes())


def _held(bound: BoundMapping, plan: pa.RecordBatch, given: dict[str, pa.Array]) -> pa.RecordBatch:
    """External records as they are with what was sent."""
    sent = columns.fields_of(plan, columns.EXTERNAL)
    held = columns.fields_of(plan, columns.EXTERNAL_SEEN)
    for name in given.keys() & held.keys():
        held[name] = pc.if_else(given[name], sent[name], held[name])
    return pa.RecordBatch.from_pydict({name: held[name] for name in bound.external_fields})


def _writes(plan: pa.RecordBatch) -> Flags:
    """Where a record is created or updated externally."""
    written = pc.is_in(plan.column(columns.TO_EXTERNAL), pa.array(["create", "update"]))
    return flags(written)


class _Taken:
    """A plan's columns, in which fields take what the external system made of them."""

    def __init__(self, plan: pa.RecordBatch) -> None:
        self._to_local = plan.column(columns.TO_LOCAL)
        self._local = columns.fields_of(plan, columns.LOCAL)
        self._given = columns.fields_of(plan, columns.LOCAL_GIVEN)
        self._local_after = columns.fields_of(plan, columns.LOCAL_AFTER)
        self.external_after = columns.fields_of(plan, columns.EXTERNAL_AFTER)

    def take(self, job: Job, field: BoundField, image: Image, at: pa.Array, rows: Flags) -> None:
        """Take what differs in these rows, whose records are `at` these places of the image; what
        the local side cannot take yet is an edit still.
        """
        name = field.name
        values, texts = image.values[name].take(at), image.texts[name].take(at)
        readable = rows & ~_among(at, image.problems)
        other = readable & differs(texts, self.external_after[name])
        if other.any():
            self._take(job, field, other, values, texts)

    def _take(
        self, job: Job, field: BoundField, other: Flags, values: pa.Array, texts: pa.Array
    ) -> None:
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
