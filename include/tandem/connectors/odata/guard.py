"""Records that are not as they were seen, where the service has no etags to tell."""

import pyarrow as pa
import pyarrow.compute as pc

from tandem.connectors.base import ETAG, ROW
from tandem.connectors.odata.made import Reading, found_again, joined
from tandem.core.values import record_hashes


def altered(
    reading: Reading, keys: pa.RecordBatch, rows: list[int], seen: pa.RecordBatch
) -> frozenset[int]:
    """Of these rows those whose record has other values now than were `seen`.

    They are read again, many at a time: that does not close the gap between a look and a write as
    an etag does, but makes it as small as can be. `reading` has the fields that were seen.
    """
    there = joined(found_again(reading, keys, rows))
    if there is None:
        return frozenset()
    numbers = there.column(ROW)
    names = seen_fields(seen)
    now = record_hashes([there.column(name) for name in names])
    then = record_hashes([seen.column(name).take(numbers) for name in names])
    return frozenset(numbers.filter(pc.not_equal(now, then)).to_pylist())


def seen_fields(seen: pa.RecordBatch | None) -> list[str]:
    """The fields by which it is told whether a record is as it was seen."""
    return [] if seen is None else [name for name in seen.schema.names if name != ETAG]


def etags(seen: pa.RecordBatch | None, rows: int) -> list[str | None]:
    """The etag that was seen of each row."""
    if seen is None or ETAG not in seen.schema.names:
        return [None] * rows
    seen_etags: list[str | None] = seen.column(ETAG).to_pylist()
    return seen_etags
