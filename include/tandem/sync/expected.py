"""What carrying out a plan would make: the partners that a preview counts on."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from tandem.core.ids import joined_ids
from tandem.model.changes import Action
from tandem.staging import read_batches
from tandem.sync import columns
from tandem.sync.manifests import Planned

PARTNERS: Final = pa.schema([("value", pa.string()), ("local_id", pa.string())])
"""What an external record's id, or a value that refers to it, means on the local side."""

NEW: Final = "(new)"
"""In place of the id that an external system will choose."""

_MAKES_LINKS: Final = pa.array([Action.CREATE.value, Action.LINK.value])


@dataclass(frozen=True)
class Expected:
    """The records and links that the plan of one entity would make."""

    planned: Planned
    key_parts: int
    """Fields of the external key."""

    @cached_property
    def partners(self) -> pa.Table:
        """The links, as PARTNERS; NEW in ids that are not known yet."""
        names = [columns.ACTION, columns.EXTERNAL_ID, columns.LOCAL_ID]
        new = joined_ids([pa.array([NEW])] * self.key_parts)[0]
        tables = [PARTNERS.empty_table()]
        for batch in read_batches([*self.planned.paths, *self._pairs], names):
            rows = batch.filter(pc.is_in(batch.column(columns.ACTION), _MAKES_LINKS))
            ids = pc.fill_null(rows.column(columns.EXTERNAL_ID), new)
            made = [ids, rows.column(columns.LOCAL_ID)]
            tables.append(pa.Table.from_arrays(made, schema=PARTNERS))
        return pa.concat_tables(tables).combine_chunks()

    def created(self, fields: Sequence[str]) -> pa.RecordBatch | None:
        """These fields of the local records that would be created, and LOCAL_ID; None if none."""
        parts = [rows for rows in self._created(tuple(fields)) if rows.num_rows]
        if not parts:
            return None
        return pa.Table.from_batches(parts).combine_chunks().to_batches()[0]

    def _created(self, fields: tuple[str, ...]) -> list[pa.RecordBatch]:
        if fields not in self._created_by_fields:
            own = [columns.ACTION, columns.LOCAL_ID, *fields]
            plans = [_made_locally(b, fields) for b in read_batches(self.planned.paths, own)]
            paired = [columns.TO_LOCAL, columns.LOCAL_ID, columns.LOCAL]
            plans += [_made_by_pairs(b, fields) for b in read_batches(self._pairs, paired)]
            self._created_by_fields[fields] = plans
        return self._created_by_fields[fields]

    @cached_property
    def _created_by_fields(self) -> dict[tuple[str, ...], list[pa.RecordBatch]]:
        return {}

    @property
    def _pairs(self) -> tuple[str, ...]:
        return (*self.planned.pairs.upload_paths, *self.planned.pairs.paths)


def _made_locally(plan: pa.RecordBatch, fields: tuple[str, ...]) -> pa.RecordBatch:
    made = plan.filter(pc.equal(plan.column(columns.ACTION), Action.CREATE.value))
    return made.select([*fields, columns.LOCAL_ID])


def _made_by_pairs(plan: pa.RecordBatch, fields: tuple[str, ...]) -> pa.RecordBatch:
    creates = pc.fill_null(pc.equal(plan.column(columns.TO_LOCAL), "create"), fill_value=False)
    made = plan.filter(creates)
    values = columns.records_of(made, columns.LOCAL).select(fields)
    return values.append_column(columns.LOCAL_ID, made.column(columns.LOCAL_ID))
