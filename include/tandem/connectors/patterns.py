"""Updates in which some fields of some records stay: few patterns, each written as a whole."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from tandem.connectors.base import Written

Write = Callable[[pa.RecordBatch, pa.RecordBatch | None], Written]
"""Writes records of one pattern, with what was seen of them."""


def by_pattern(
    records: pa.RecordBatch,
    seen: pa.RecordBatch | None,
    given: pa.RecordBatch | None,
    write: Write,
) -> Written:
    """Write the records, those with the same fields given together, and put the answers together.

    `given` as for `Writer.update`. Row numbers of the answer are those of `records`; what the
    system made of them is left out.
    """
    if given is None or not given.num_columns:
        return write(records, seen)
    whole = Written()
    for stays, rows in patterns(given):
        kept = [name for name in records.schema.names if name not in stays]
        part = records.take(rows).select(kept)
        written = write(part, None if seen is None else seen.take(rows))
        whole = _joined(whole, renumbered(written, rows.to_pylist()))
    return whole


def patterns(given: pa.RecordBatch) -> Iterator[tuple[frozenset[str], pa.Array]]:
    """The fields that stay, and the rows in which they and no others do."""
    masks = [pc.fill_null(column, fill_value=False) for column in given.columns]
    digits = [mask.cast(pa.int8()).cast(pa.string()) for mask in masks]
    texts = pc.binary_join_element_wise(*digits, "")
    for text in pc.unique(texts).to_pylist():
        stays = zip(given.schema.names, text, strict=True)
        rows = pc.indices_nonzero(pc.equal(texts, text))
        yield frozenset(name for name, digit in stays if digit == "0"), rows


def renumbered(written: Written, rows: Sequence[int]) -> Written:
    """The answer for some rows of a batch, by the numbers that they have in it."""
    return replace(
        written,
        rejected={rows[row]: reason for row, reason in written.rejected.items()},
        missing=tuple(rows[row] for row in written.missing),
        changed=tuple(rows[row] for row in written.changed),
        unsent=tuple(rows[row] for row in written.unsent),
        unknown=tuple(rows[row] for row in written.unknown),
        records=None,
    )


def rows_written(written: Written, count: int) -> list[int]:
    """The rows of a batch of that size that the answer does not name: those that were written."""
    named = {
        *written.rejected, *written.missing, *written.changed, *written.unsent, *written.unknown
    }  # fmt: skip
    return [row for row in range(count) if row not in named]


def _joined(one: Written, other: Written) -> Written:
    return Written(
        rejected={**one.rejected, **other.rejected},
        missing=tuple(sorted((*one.missing, *other.missing))),
        changed=tuple(sorted((*one.changed, *other.changed))),
        unsent=tuple(sorted((*one.unsent, *other.unsent))),
        unknown=tuple(sorted((*one.unknown, *other.unknown))),
        stopped_by=one.stopped_by or other.stopped_by,
    )
