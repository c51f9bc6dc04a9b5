"""Plan pairs: what each changed, new or vanished record of one side means for both."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tandem.core.id_set import IdSet
from tandem.core.ids import record_ids
from tandem.core.images import Image, external_image, image_hashes, local_image
from tandem.core.mapping import BoundMapping
from tandem.core.merge import Flags, flags
from tandem.core.pairs import Refusal
from tandem.sync.job import Job
from tandem.sync.pairs.candidates import Candidates, Decided
from tandem.sync.pairs.leaving import Leaving
from tandem.sync.pairs.meeting import Meeting
from tandem.sync.pairs.pair_batch import Rows
from tandem.sync.pairs.pairing import Pairing
from tandem.sync.pairs.unmet import among
from tandem.sync.sides.known import Known


@dataclass(frozen=True, slots=True)
class Planned:
    """The plan of some records, and how many of them need none."""

    plan: pa.RecordBatch | None
    """None: nothing is to be done."""
    unchanged: int


@dataclass(frozen=True, slots=True)
class Sifted:
    """The records of one side that have to be looked at."""

    records: pa.RecordBatch
    ids: pa.Array
    unchanged: int = 0
    """How many need not be."""
    refused: Mapping[int, Refusal] = field(default_factory=dict)


@dataclass(frozen=True)
class TwoWay:
    """Plans the pairs of one entity mapping in one run."""

    job: Job
    bound: BoundMapping
    replaces: bool = False
    """First sync that replaces local records."""
    external_is_known: bool = False
    """All external records are looked at in this run: no other can be a partner."""
    known: Known | None = None
    """What all links say, where most of them are looked at."""
    decided: IdSet = field(default_factory=IdSet)
    """Local records of the pairs that have been planned in this run."""
    cuts: Counter[str] = field(default_factory=Counter)
    """Field → how many values have been cut to fit in this run."""

    def sifted_external(
        self, records: pa.RecordBatch, clashes: Mapping[int, str], asked: Decided
    ) -> Sifted:
        """External records that were read, without those that are as they were agreed on."""
        ids = record_ids(records, self.bound.external.key)
        image = external_image(self.bound.fields, records)
        same = self._same("external", ids, image) & ~among(ids, asked)
        numbered = enumerate(np.flatnonzero(~same).tolist())
        refused = {n: Refusal(clashes[r], waits=True) for n, r in numbered if r in clashes}
        rest = pa.array(~same)
        return Sifted(records.filter(rest), ids.filter(rest), int(same.sum()), refused)

    def of_external(self, sifted: Sifted, asked: Decided) -> Planned:
        """What external records mean."""
        if not len(sifted.ids):
            return Planned(None, sifted.unchanged)
        rows = self._candidates.of_external(sifted.records, sifted.ids, sifted.refused, asked)
        return self._planned(rows, sifted.unchanged)

    def sifted_local(self, records: pa.RecordBatch, asked: Decided) -> Sifted:
        """Local records that were read, without those that are as they were agreed on."""
        ids = record_ids(records, self.bound.local.key)
        image = local_image(self.bound.fields, records)
        same = self._same("local", ids, image) & ~among(ids, asked)
        rest = pa.array(~same)
        return Sifted(records.filter(rest), ids.filter(rest), int(same.sum()))

    def of_local(self, sifted: Sifted, asked: Decided) -> Planned:
        """What local records mean that belong to no pair planned before."""
        fresh = pa.array(~flags(self.decided.holds(sifted.ids)))
        records, ids = sifted.records.filter(fresh), sifted.ids.filter(fresh)
        if not len(ids):
            return Planned(None, sifted.unchanged)
        rows = self._candidates.of_local(records, ids, asked, self._decided_external)
        return self._planned(rows, sifted.unchanged)

    def of_vanished_external(self, ids: pa.Array) -> Planned:
        """What linked external records mean that were not listed: gone, or out of the filter."""
        links = self.meeting.links_of("external", ids)
        known = flags(self.decided.holds(links.local_id))
        gone = links.there & ~known & self._leaving.left(ids, links, "external")
        if not gone.any():
            return Planned(None, 0)
        ids, links = ids.filter(pa.array(gone)), links.filter(gone)
        return self._planned(self._candidates.of_vanished_external(ids, links))

    def of_vanished_local(self, ids: pa.Array) -> Planned:
        """What linked local records mean that were not listed."""
        links = self.meeting.links_of("local", ids)
        known = flags(self._decided_external.holds(links.external_id))
        gone = links.there & ~known & self._leaving.left(ids, links, "local")
        if not gone.any():
            return Planned(None, 0)
        ids, links = ids.filter(pa.array(gone)), links.filter(gone)
        return self._planned(self._candidates.of_vanished_local(ids, links))

    @property
    def meeting(self) -> Meeting:
        """Finds partners."""
        return self._candidates.meeting

    @property
    def _leaving(self) -> Leaving:
        return Leaving(self.meeting)

    @cached_property
    def _candidates(self) -> Candidates:
        return Candidates(self.job, self.bound, self._knows_all_external)

    @property
    def _knows_all_external(self) -> bool:
        return self.external_is_known or (self.replaces and not self.job.only_waiting)

    @cached_property
    def _decided_external(self) -> IdSet:
        """External records of the pairs that have been planned in this run."""
        return IdSet()

    @cached_property
    def _pairing(self) -> Pairing:
        return Pairing(self.job, self.bound, self.replaces, self.cuts)

    def _hashes(self, image: Image) -> pa.Array:
        return image_hashes(self.bound.fields, image.texts)

    def _same(self, side: str, ids: pa.Array, image: Image) -> Flags:
        """Which records of that side are as they were agreed on."""
        hashes = self._hashes(image)
        if self.known:
            return self.known.same(side, ids, hashes)
        links = self.meeting.links_of(side, ids)
        return _same(links.base_hash if side == "external" else links.local_hash, hashes)

    def _planned(self, rows: Rows, unchanged: int = 0) -> Planned:
        plan = self._pairing.plan(rows)
        self.decided.add(rows.local_ids)
        self._decided_external.add(rows.external_ids)
        return Planned(plan, unchanged)


def _same(base: pa.Array, hashes: pa.Array) -> Flags:
    return flags(pc.fill_null(pc.equal(base, hashes), False))
