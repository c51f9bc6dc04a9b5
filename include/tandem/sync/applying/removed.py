"""What a first sync removes from the local side is kept: CSV files, by external entity."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from tandem.connectors.base import ETAG, Query
from tandem.core.id_set import IdSet
from tandem.core.ids import id_text, key_columns
from tandem.core.mapping import BoundMapping
from tandem.core.values import record_hashes
from tandem.staging import read_batches, reading, writing
from tandem.sync import columns
from tandem.sync.job import Run

_BLOCK: Final = 1 << 24
"""Bytes. A file with larger records cannot be read back: they are written once more."""


def keep_removed(run: Run, bound: BoundMapping, plans: Sequence[str]) -> str:
    """Write the local records that these staged plans delete to a file: the URL of it, of the
    folder where there are several, "" if there is none.

    All fields, mapped or not; every value is its exact text, a null an empty field without
    quotes. The folder is in `<TANDEM_STAGING>/<integration>/removed`, which outlives the run.
    No file is written twice: a repeated `load` finds less than the first one, and writes what is
    in no file yet to another one.
    """
    kept = _kept_before(run, bound)
    path = _path(run, bound, len(kept.paths) + 1)
    with ExitStack() as stack:
        writer: csv.CSVWriter | None = None
        for found in _removed(run, bound, plans):
            rows = found.filter(pc.invert(kept.records.holds(_hashes(found))))
            if rows.num_rows and writer is None:
                kept.paths.append(path)
                file = stack.enter_context(writing(path))
                writer = stack.enter_context(csv.CSVWriter(file, rows.schema))
            if writer:
                writer.write(rows)
    if len(kept.paths) > 1:
        return path.rpartition("/")[0]
    return kept.paths[0] if kept.paths else ""


@dataclass(frozen=True, slots=True)
class _Kept:
    """What earlier tries of this run have kept."""

    paths: list[str] = field(default_factory=list)
    records: IdSet = field(default_factory=IdSet)
    """Hashes of the records in these files."""


def _kept_before(run: Run, bound: BoundMapping) -> _Kept:
    kept = _Kept()
    while True:
        path = _path(run, bound, len(kept.paths) + 1)
        try:
            with reading(path) as file:
                for rows in _rows(run, bound, file):
                    kept.records.add(_hashes(rows))
        except FileNotFoundError:
            return kept
        except pa.ArrowException:
            pass  # it broke off: the rest of its records is in none
        kept.paths.append(path)


def _rows(run: Run, bound: BoundMapping, file: object) -> Iterator[pa.RecordBatch]:
    names = run.schemas["existing"].entity(bound.local.name).by_name
    yield from csv.open_csv(
        file,
        csv.ReadOptions(block_size=_BLOCK),
        csv.ParseOptions(newlines_in_values=True),
        csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()),
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )


def _hashes(rows: pa.RecordBatch) -> pa.Array:
    names = sorted(rows.schema.names)
    return record_hashes([rows.column(name) for name in names], seed="\n".join(names))


def _path(run: Run, bound: BoundMapping, number: int) -> str:
    """The URL of that file, counted from 1."""
    kept = replace(run.staging, run_id="removed")
    name = bound.mapping.local if number == 1 else f"{bound.mapping.local}-{number}"
    return kept.folder(run.run_id, bound.mapping.external, f"{name}.csv")


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
