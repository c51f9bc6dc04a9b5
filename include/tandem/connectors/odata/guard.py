"""Records that are not as they were seen: told by their etags, or by their fields."""

import re
from collections.abc import Sequence
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from tandem.connectors.base import ETAG, ROW
from tandem.connectors.odata.made import Look, Reading, joined, looked_up
from tandem.core.values import record_hashes
from tandem.errors import TandemError

_ETAG: Final = re.compile(r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"')
"""RFC 9110, 8.8.3. Anything else would mean something else in a header."""


def altered(
    reading: Reading, keys: pa.RecordBatch, rows: list[int], seen: pa.RecordBatch
) -> frozenset[int]:
    """Of these rows those whose record is not, or not surely, as it was `seen`.

    They are read again, many at a time: that does not close the gap between a look and a write as
    an etag does, but makes it as small as can be. `reading` has the fields that were seen. Raises
    what reading raises: what could not be compared must not be overwritten.
    """
    looks = list(looked_up(reading, keys, rows))
    there = joined(look.records for look in looks)
    if there is None:
        return doubtful(looks, rows)
    numbers = there.column(ROW)
    names = seen_fields(seen)
    now = record_hashes([there.column(name) for name in names])
    then = record_hashes([seen.column(name).take(numbers) for name in names])
    different = numbers.filter(pc.not_equal(now, then)).to_pylist()
    return doubtful(looks, rows).union(different)


def gone(reading: Reading, keys: pa.RecordBatch, rows: list[int]) -> set[int]:
    """Of these rows those whose record is not there; none if that cannot be told."""
    try:
        looks = list(looked_up(reading, keys, rows))
    except TandemError:
        return set()
    return {*rows} - _found(looks) - doubtful(looks, rows)


def seen_fields(seen: pa.RecordBatch | None) -> list[str]:
    """The fields by which it is told whether a record is as it was seen."""
    return [] if seen is None else [name for name in seen.schema.names if name != ETAG]


def etags(seen: pa.RecordBatch | None, rows: int) -> list[str | None]:
    """The etag that was seen of each row; None where there was none that can be sent back."""
    return [etag if etag and _ETAG.fullmatch(etag) else None for etag in _seen(seen, rows)]


def unusable(seen: pa.RecordBatch | None, rows: int) -> list[int]:
    """Rows whose etag cannot be sent back."""
    usable = etags(seen, rows)
    return [row for row, etag in enumerate(_seen(seen, rows)) if etag != usable[row]]


def doubtful(looks: Sequence[Look], rows: Sequence[int]) -> frozenset[int]:
    """Rows whose record came unreadable, or perhaps as one that could not be told to be theirs."""
    unreadable = frozenset(row for look in looks for row in look.unreadable)
    if any(look.strange for look in looks):
        return unreadable.union({*rows} - _found(looks))
    return unreadable


def _seen(seen: pa.RecordBatch | None, rows: int) -> list[str | None]:
    if seen is None or ETAG not in seen.schema.names:
        return [None] * rows
    found: list[str | None] = seen.column(ETAG).to_pylist()
    return found


def _found(looks: Sequence[Look]) -> set[int]:
    return {row for look in looks for row in look.records[0].to_pylist()}
