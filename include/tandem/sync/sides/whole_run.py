"""What all staged batches of one entity hold together: records and keys that repeat."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa

from tandem.core.ids import record_ids
from tandem.core.mapping import BoundMapping, map_fields
from tandem.core.matching import key_texts
from tandem.core.repeats import repeated
from tandem.staging import read_batches


@dataclass(frozen=True)
class WholeRun:
    """The staged records of one entity, looked at as a whole and batch by batch."""

    bound: BoundMapping
    paths: tuple[str, ...]

    def last_of_each(self, number: int, records: pa.RecordBatch) -> pa.RecordBatch:
        """The rows of a batch that count: of a record that was read twice, the later reading."""
        drop = self._rereads.get(number)
        if drop is None:
            return records
        keep = np.ones(records.num_rows, np.bool_)
        keep[drop] = False
        return records.filter(pa.array(keep))

    def clashes(self, records: pa.RecordBatch) -> dict[int, str]:
        """Row number → why: another external record has the same primary key or local key."""
        found: dict[int, str] = {}
        for what, names in (("primary key", self.bound.match_fields), ("local key", self._key)):
            shared = self._shared(names)
            if shared:
                texts = key_texts(map_fields(self.bound, names, records), names).to_pylist()
                why = f"several external records have its {what}"
                found |= {row: f"{why} {t!r}" for row, t in enumerate(texts) if t in shared}
        return found

    @property
    def _key(self) -> tuple[str, ...]:
        return self.bound.local.key if self.bound.maps_local_key else ()

    @cached_property
    def _rereads(self) -> dict[int, list[int]]:
        """Batch → rows of records that come again later, since others wrote during the walk."""
        key = self.bound.external.key
        places = repeated(lambda: (record_ids(b, key) for b in read_batches(self.paths, key)))
        earlier: dict[int, list[int]] = {}
        seen: set[str] = set()
        for place in reversed(places.to_pylist()):
            if place["text"] in seen:
                earlier.setdefault(place["batch"], []).append(place["row"])
            seen.add(place["text"])
        return earlier

    @cached_property
    def _shared_by_names(self) -> dict[tuple[str, ...], frozenset[str]]:
        return {}

    def _shared(self, names: tuple[str, ...]) -> frozenset[str]:
        """Values of these local fields that several external records of the run have."""
        if not names or self.bound.spells_external_key(names):
            return frozenset()
        if names not in self._shared_by_names:
            self._shared_by_names[names] = frozenset(
                repeated(lambda: self._texts(names))["text"].to_pylist()
            )
        return self._shared_by_names[names]

    def _texts(self, names: tuple[str, ...]) -> Iterator[pa.Array]:
        for number, records in enumerate(read_batches(self.paths, self.bound.external_fields)):
            kept = self.last_of_each(number, records)
            yield key_texts(map_fields(self.bound, names, kept), names)
