"""Values that occur more than once in a whole run, found without holding the run in memory."""

from collections.abc import Callable, Iterable
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa

_HASHES_AT_ONCE: Final = 2_000_000


def repeated(columns: Callable[[], Iterable[pa.Array]]) -> pd.DataFrame:
    """Where repeated texts stand: text, batch and row, in the order of the run. Nulls don't count.

    `columns` gives one column of texts a batch and is called again for each pass. Passes look at
    hashes (pandas' `hash_array`, SipHash; used for nothing else), 8 bytes a record and 2 million
    records at a time; only where hashes meet are the texts compared.
    """
    total = sum(len(column) for column in columns())
    parts = 1 + total // _HASHES_AT_ONCE
    found = [_repeated_hashes(columns(), part, parts) for part in range(parts)]
    suspects = np.concatenate(found)
    if not len(suspects):
        return _places([])
    places = _places([_at(n, column, suspects) for n, column in enumerate(columns())])
    return places[places.duplicated("text", keep=False)].reset_index(drop=True)


def _repeated_hashes(
    columns: Iterable[pa.Array], part: int, parts: int
) -> "np.ndarray[tuple[int], np.dtype[np.uint64]]":
    hashes = np.concatenate(
        [np.empty(0, np.uint64), *(_of_part(column, part, parts) for column in columns)]
    )
    hashes.sort()
    return np.unique(hashes[1:][hashes[1:] == hashes[:-1]])


def _of_part(
    column: pa.Array, part: int, parts: int
) -> "np.ndarray[tuple[int], np.dtype[np.uint64]]":
    hashes = _hashes(column.drop_null())
    return hashes if parts == 1 else hashes[hashes % np.uint64(parts) == part]


def _hashes(texts: pa.Array) -> "np.ndarray[tuple[int], np.dtype[np.uint64]]":
    return pd.util.hash_array(texts.to_numpy(zero_copy_only=False), categorize=False)


def _at(
    batch: int, column: pa.Array, suspects: "np.ndarray[tuple[int], np.dtype[np.uint64]]"
) -> pd.DataFrame:
    frame = pd.DataFrame({"text": column.to_pandas(), "batch": batch, "row": range(len(column))})
    frame = frame[frame["text"].notna()]
    return frame[np.isin(_hashes(pa.array(frame["text"], pa.string())), suspects)]


def _places(frames: list[pd.DataFrame]) -> pd.DataFrame:
    nothing = pd.DataFrame({"text": [], "batch": [], "row": []}).astype(
        {"text": "str", "batch": "int64", "row": "int64"}
    )
    return pd.concat(frames, ignore_index=True) if frames else nothing
