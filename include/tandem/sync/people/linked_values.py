"""The values of linked records, compared with what both sides agreed on."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tandem.core.images import Texts, external_image, image_hashes, images_of, local_image
from tandem.core.mapping import BoundMapping, map_records
from tandem.core.merge import Flags, differs, flags
from tandem.core.values import record_hashes
from tandem.sync.job import Job
from tandem.sync.people.verified import Difference, DifferenceKind
from tandem.sync.sides.held import Held, Side, external_side, local_side
from tandem.sync.sides.lookups import local_partners

_PART: Final = 1_000
"""Links whose records are read at once."""


def sampled_links(parts: Iterable[pa.Table], sample: int | None, seed: str) -> Iterator[pa.Table]:
    """All links, or those `sample` that the seed chooses, in small tables."""
    chosen = parts if sample is None else [_sample(parts, sample, seed)]
    for links in chosen:
        for start in range(0, links.num_rows, _PART):
            yield links.slice(start, _PART)


def _sample(parts: Iterable[pa.Table], sample: int, seed: str) -> pa.Table:
    """The links whose ids have the least hashes: as good as drawn by lot."""
    best: pa.Table | None = None
    for links in parts:
        lots = record_hashes([links["external_id"].combine_chunks()], seed=seed)
        mine = links.append_column("lot", lots)
        best = mine if best is None else pa.concat_tables([best, mine])
        best = best.take(pc.sort_indices(best["lot"])[:sample])
    return best.drop_columns(["lot"]) if best is not None else pa.table({})


@dataclass(frozen=True)
class ValueCheck:
    """Compares linked records of one entity mapping."""

    job: Job
    bound: BoundMapping

    def differences(self, links: pa.Table) -> list[Difference]:
        """Of these links, those of which a record that is there was edited since they agreed."""
        external_ids, local_ids = (links[f"{s}_id"].combine_chunks() for s in ("external", "local"))
        external, local = self._external.of_ids(external_ids), self._local.of_ids(local_ids)
        records = external.beside(external_ids), local.beside(local_ids)
        pairs = _Pairs(links, external, local, *records)
        if self.bound.is_uploaded:
            return [*self._by_base(pairs, "external"), *self._by_base(pairs, "local")]
        return [*self._external_edits(pairs), *self._local_edits(pairs)]

    @cached_property
    def _external(self) -> Side:
        return external_side(self.job, self.bound)

    @cached_property
    def _local(self) -> Side:
        return local_side(self.job, self.bound)

    def _by_base(self, pairs: "_Pairs", side: str) -> list[Difference]:
        """Records of that side that do not look as they did when both sides agreed."""
        if side == "external" and not self.bound.is_downloaded:
            return []
        fields = self.bound.fields
        image = (
            external_image(fields, pairs.external_records)
            if side == "external"
            else local_image(fields, pairs.local_records)
        )
        agreed = pairs.links["base_hash" if side == "external" else "local_hash"]
        same = pc.equal(image_hashes(fields, image.texts), agreed.combine_chunks())
        edited = pairs.there(side) & ~flags(pc.fill_null(same, fill_value=False))
        if not edited.any():
            return []
        ids = pairs.links["external_id"].combine_chunks()
        texts = self.job.state.bases(self.bound.mapping.external, ids)["base"].combine_chunks()
        bases = images_of(fields, texts)[0 if side == "external" else 1]
        return _listed(pairs, side, edited, image.texts, bases)

    def _external_edits(self, pairs: "_Pairs") -> list[Difference]:
        """External records that are not as they were downloaded: only their hash is kept."""
        mapped = map_records(self.bound, pairs.external_records)
        hashes = record_hashes(list(mapped.columns.values()), seed=self.bound.shape)
        same = pc.equal(hashes, pairs.links["base_hash"].combine_chunks())
        edited = pairs.there("external") & ~flags(pc.fill_null(same, fill_value=False))
        return _listed(pairs, "external", edited, {}, {})

    def _local_edits(self, pairs: "_Pairs") -> list[Difference]:
        """Local records that do not hold what their external ones say."""
        fields = self.bound.downloads
        external = external_image(fields, pairs.external_records).texts
        texts = local_image(fields, pairs.local_records).texts
        expected: dict[str, pa.Array] = {}
        for one in fields:
            expected[one.name] = external[one.name]
            if one.reference:  # one whose partner is missing waits, and says nothing
                partners = local_partners(self.job, one.reference, external[one.name])
                waits = pc.and_(external[one.name].is_valid(), partners.is_null())
                expected[one.name] = pc.if_else(waits, texts[one.name], partners)
        both = pairs.there("external") & pairs.there("local")
        unlike = [differs(texts[name], expected[name]) for name in expected]
        edited: Flags = both & np.logical_or.reduce(unlike)
        return _listed(pairs, "local", edited, texts, expected)


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Linked records, both beside their link; nulls where one is not there."""

    links: pa.Table
    external: Held
    local: Held
    external_records: pa.RecordBatch
    local_records: pa.RecordBatch

    def there(self, side: str) -> Flags:
        """Where the record of that side is there."""
        held = self.external if side == "external" else self.local
        return flags(held.holds(self.links[f"{side}_id"].combine_chunks()))


def _listed(
    pairs: _Pairs, side: str, edited: Flags, now: Texts, agreed: Mapping[str, pa.Array]
) -> list[Difference]:
    """These rows, with the fields that differ."""
    rows = np.flatnonzero(edited).tolist()
    unlike = {name: differs(now[name], agreed[name]) for name in agreed} if rows else {}
    found = []
    for row in rows:
        names = ", ".join(name for name, flag in unlike.items() if flag[row])
        text = "is not what was agreed on" + (f": {names}" if names else "")
        external, local = (pairs.links[f"{s}_id"][row].as_py() for s in ("external", "local"))
        found.append(Difference(DifferenceKind.EDITED, side, external, local, text))
    return found
