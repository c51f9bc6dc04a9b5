"""What links say, as it fits the mapping of this job: a run has made them say so before it reads,
for a preview it is worked out as it looks.
"""

from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa
import pyarrow.compute as pc

from tandem.core.changed_mapping.restating import NO_HASH, Restating, restated
from tandem.core.mapping import BoundMapping
from tandem.sync.changed_mapping.restating import needed
from tandem.sync.job import Job


@dataclass(frozen=True)
class Believed:
    """The links of one entity mapping."""

    job: Job
    bound: BoundMapping

    @cached_property
    def restating(self) -> Restating:
        """What has to be said anew still."""
        return needed(self.job, self.bound)

    def links(self, side: str, ids: pa.Array) -> pa.Table:
        """Those of these ids of that side, as `tandem.state.links.LINKS`."""
        links = self.job.state.links(self.bound.mapping.external, side, ids)
        if not self.restating.needed or not len(links):
            return links
        if self.bound.is_uploaded:
            said = self._restated(links["external_id"].combine_chunks())
            return _with(links, base_hash=said["base_hash"], local_hash=said["local_hash"])
        if self.restating.otherwise:
            return _with(links, base_hash=pa.repeat(pa.scalar(NO_HASH, pa.binary()), len(links)))
        return links

    def bases(self, external_ids: pa.Array) -> pa.Array:
        """The base of each of these ids, in their order: JSON text or null."""
        if self.restating.needed:
            return self._restated(external_ids)["base"].combine_chunks()
        return self._bases(external_ids)

    def _restated(self, external_ids: pa.Array) -> pa.Table:
        return restated(self.bound.fields, self._bases(external_ids), self.restating)

    def _bases(self, external_ids: pa.Array) -> pa.Array:
        found = self.job.state.bases(self.bound.mapping.external, external_ids.drop_null())
        places = pc.index_in(external_ids, value_set=found["external_id"])
        return found["base"].combine_chunks().take(places)


def _with(links: pa.Table, **columns: pa.Array) -> pa.Table:
    for name, values in columns.items():
        links = links.set_column(links.schema.get_field_index(name), name, values)
    return links
