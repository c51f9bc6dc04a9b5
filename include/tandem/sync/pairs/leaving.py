"""Which linked records are gone, or have left the filter."""

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from tandem.core.images import external_image, image_hashes, local_image, was_inside
from tandem.core.merge import Flags, flags
from tandem.sync.pairs.meeting import Links, Meeting
from tandem.sync.pairs.unmet import among
from tandem.sync.sides.held import filter_of


@dataclass(frozen=True, slots=True)
class Leaving:
    """Looks again for linked records of one entity mapping that were not listed."""

    meeting: Meeting

    def left(self, ids: pa.Array, links: Links, name: str) -> Flags:
        """Which of these linked records are gone or, where that counts, have left the filter."""
        mapping = self.meeting.bound.mapping
        side = self.meeting.external if name == "external" else self.meeting.local
        held = side.of_ids(ids)
        there = flags(held.holds(ids)) | among(ids, held.unreadable)
        left = ~there & (mapping.deletes == "propagate")
        condition = filter_of(self.meeting.bound, name)
        if condition and mapping.filter_exit == "delete":
            exited = (
                there
                & ~flags(side.of_ids(ids, condition).holds(ids))
                & self._was_inside(links, name)
            )
            left |= exited & self._rests(links, name)
        return left

    def _was_inside(self, links: Links, name: str) -> Flags:
        """Which were in the filter when both sides agreed last: one that never was cannot leave."""
        if not self.meeting.bound.is_uploaded:
            return links.there
        return flags(was_inside(self.meeting.believed.bases(links.external_id), name))

    def _rests(self, links: Links, name: str) -> Flags:
        """Where the other side has not edited its record: an edit keeps it."""
        if not self.meeting.bound.is_uploaded:
            return links.there
        fields = self.meeting.bound.fields
        if name == "external":
            records = self.meeting.local.of_ids(links.local_id).beside(links.local_id)
            base, image = links.local_hash, local_image(fields, records)
        else:
            records = self.meeting.external.of_ids(links.external_id).beside(links.external_id)
            base, image = links.base_hash, external_image(fields, records)
        hashes = image_hashes(fields, image.texts)
        return flags(pc.fill_null(pc.equal(hashes, base), fill_value=False))
