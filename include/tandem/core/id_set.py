"""Many ids, remembered by their hashes: 16 bytes an id, however long it is."""

from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from xxhash import xxh3_128_digest

_HASH: Final = np.dtype([("high", "=u8"), ("low", "=u8")])
Hashes = np.ndarray[Any, np.dtype[Any]]


class IdSet:
    """A set of ids that grows by columns.

    Two ids have the same hash (XXH3, 128 bits) once in 10^26 for a million of them.
    """

    def __init__(self) -> None:
        self._parts: list[Hashes] = []
        self._sorted: Hashes = np.empty(0, _HASH)

    def __len__(self) -> int:
        return len(self._sorted) + sum(map(len, self._parts))

    def add(self, ids: pa.Array) -> None:
        """Remember these; nulls are left out."""
        self._parts.append(_hashes(ids.drop_null()))

    def holds(self, ids: pa.Array) -> pa.Array:
        """For each id whether it is in the set; false for a null."""
        wanted = _hashes(pc.fill_null(ids, pa.scalar("", ids.type)))
        order = np.argsort(wanted["high"])  # neighbours are looked up together: half the time
        found = np.empty(len(wanted), np.bool_)
        found[order] = self._holds(wanted[order])
        return pa.array(found & ids.is_valid().to_numpy(zero_copy_only=False))

    def _holds(self, wanted: Hashes) -> "np.ndarray[Any, np.dtype[np.bool_]]":
        self.sort()
        known = self._sorted
        found = np.zeros(len(wanted), np.bool_)
        if not len(known):
            return found
        place = np.searchsorted(known["high"], wanted["high"])
        while True:
            inside = place < len(known)
            at = known[np.where(inside, place, 0)]
            alike = inside & (at["high"] == wanted["high"])
            found |= alike & (at["low"] == wanted["low"])
            if not (alike & ~found).any():
                return found
            place = place + (alike & ~found)

    def sort(self) -> None:
        """Make ready for being asked, also by several threads at once."""
        if self._parts:
            together = np.concatenate([self._sorted, *self._parts])
            self._sorted = together[np.argsort(together["high"], kind="stable")]
            self._parts = []


def _hashes(ids: pa.Array) -> Hashes:
    digests = b"".join(map(xxh3_128_digest, ids.cast(pa.binary()).to_pylist()))
    return np.frombuffer(digests, _HASH)
