"""What a first sync removes from the local side is kept: a CSV file per entity."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from tandem.connectors.base import ETAG, Query
from tandem.core.ids import id_text, key_columns
from tandem.core.mapping import BoundMapping
from tandem.staging import read_batches, writing
from tandem.sync import columns
from tandem.sync.job import Run


def keep_removed(run: Run, bound: BoundMapping, plans: Sequence[str]) -> str:
    """Write the local records that these staged plans delete to a file; its URL, "" if none.

    All fields, mapped or not; every value is its exact text, a null an empty field without
    quotes. The file is in `<TANDEM_STAGING>/<integration>/removed`, which outlives the run.
    """
    kept = replace(run.staging, run_id="removed")
    path = kept.folder(run.run_id, f"{bound.mapping.local}.csv")
    with ExitStack() as stack:
        writer: csv.CSVWriter | None = None
        for rows in _removed(run, bound, plans):
            if writer is None:
                file = stack.enter_context(writing(path))
                writer = stack.enter_context(csv.CSVWriter(file, rows.schema))
            writer.write(rows)
    return path if writer else ""


def _removed(run: Run, bound: BoundMapping, plans: Sequence[str]) -> Iterator[pa.RecordBatch]:
    existing = run.schemas["existing"].entity(bound.local.name)
    query = Query(existing, tuple(existing.by_name), run.now())
    for plan in read_batches(plans, [columns.TO_LOCAL, columns.LOCAL_ID]):
        deletes = pc.fill_null(pc.equal(plan.column(columns.TO_LOCAL), "delete"), fill_value=False)
        ids = plan.column(columns.LOCAL_ID).filter(deletes)
        for page in run.local.find(query, key_columns(ids, existing)) if len(ids) else ():
            yield _as_texts(page.records)


def _as_texts(records: pa.RecordBatch) -> pa.RecordBatch:
    own = [name for name in records.schema.names if name != ETAG]
    return pa.RecordBatch.from_pydict({name: id_text(records.column(name)) for name in own})
