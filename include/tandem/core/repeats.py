"""Values that occur more than once in a whole run, found without holding the run in memory."""

from collections.abc import Callable, Iterable
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from xxhash import xxh3_64_intdigest

_HASHES_AT_ONCE: Final = 2_000_000

Hashes = np.ndarray[Any, np.dtype[np.uint64]]

PLACES: Final = pa.schema([("text", pa.string()), ("batch", pa.int64()), ("row", pa.int64())])
"""Where a text stands: the number of its batch, and its row in it."""


def repeated(columns: Callable[[], Iterable[pa.Array]]) -> pa.Table:
    """The PLACES of all texts that occur more than once, in the order of the run. Nulls don't.

    `columns` gives one column of texts a batch and is called again for each pass. Passes look at
    hashes (XXH3), 8 bytes a record and 2 million records at a time; only where hashes meet are
    the texts compared.
    """
    total = sum(len(column) for column in columns())
    parts = 1 + total // _HASHES_AT_ONCE
    suspects = np.concatenate([_repeated_hashes(columns(), part, parts) for part in range(parts)])
    if not len(suspects):
        return PLACES.empty_table()
    places = pa.concat_tables(
        [_places(number, column, suspects) for number, column in enumerate(columns())]
    )
    counts = places.group_by("text").aggregate([("row", "count")])
    often = counts.filter(pc.greater(counts["row_count"], 1))["text"]
    return places.filter(pc.is_in(places["text"], value_set=often))


def _repeated_hashes(columns: Iterable[pa.Array], part: int, parts: int) -> Hashes:
    nothing = np.empty(0, np.uint64)
    hashes = np.concatenate([nothing, *(_of_part(column, part, parts) for column in columns)])
    hashes.sort()
    return np.unique(hashes[1:][hashes[1:] == hashes[:-1]])


def _of_part(column: pa.Array, part: int, parts: int) -> Hashes:
    hashes = _hashes(column.drop_null())
    return hashes if parts == 1 else hashes[hashes % np.uint64(parts) == part]


def _hashes(texts: pa.Array) -> Hashes:
    # Arrow has no hash function; row by row it costs 0.2 s a million.
    return np.fromiter(
        map(xxh3_64_intdigest, texts.cast(pa.binary()).to_pylist()), np.uint64, len(texts)
    )


def _places(number: int, column: pa.Array, suspects: Hashes) -> pa.Table:
    rows = np.flatnonzero(column.is_valid().to_numpy(zero_copy_only=False))
    chosen = rows[np.isin(_hashes(column.drop_null()), suspects)]
    texts = column.take(pa.array(chosen, pa.int64()))
    batch = pa.repeat(pa.scalar(number, pa.int64()), len(chosen))
    return pa.table([texts, batch, pa.array(chosen, pa.int64())], schema=PLACES)
