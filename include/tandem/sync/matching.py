"""Which local records external ones may meet: by link, by primary key, by local key."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import pyarrow as pa
import pyarrow.compute as pc

from tandem.connectors.base import Query
from tandem.core.ids import record_ids
from tandem.core.mapping import BoundMapping, Mapped
from tandem.core.matching import key_texts
from tandem.core.plan import Candidates
from tandem.sync.changed_mapping.believed import Believed
from tandem.sync.job import Job
from tandem.sync.sides.held import relations_of
from tandem.sync.sides.reading import owned

_MATCHES = pa.schema([("external_id", pa.string()), ("local_id", pa.string())])
_FOUND = pa.schema([("key", pa.string()), ("local_id", pa.string())])


@dataclass(frozen=True)
class Matching:
    """What is known elsewhere of the records of one entity."""

    job: Job
    bound: BoundMapping

    def candidates(
        self, resolved: Mapped, new_ids: pa.Array, clashes: Mapping[int, str]
    ) -> Candidates:
        """Links, matches and owners for one batch, whose lookups are resolved."""
        state = self.job.state
        links = self._believed.links("external", resolved.external_ids)
        unlinked = pc.invert(pc.is_in(resolved.external_ids, value_set=links["external_id"]))
        matches = self._matches(resolved, unlinked)
        new = new_ids.filter(unlinked)
        wanted = pa.concat_arrays([new, matches["local_id"].combine_chunks()])
        taken = pa.concat_tables([state.links(name, "local", wanted) for name in self._sharing])
        return Candidates(links, matches, taken, self.bound.maps_local_key, clashes)

    @cached_property
    def _believed(self) -> Believed:
        return Believed(self.job, self.bound)

    def has_local_records(self, names: Sequence[str] = ()) -> bool:
        """Whether there is anything to match; fields that do not exist yet have no values."""
        existing = self.job.schemas["existing"].by_name.get(self.bound.local.name)
        if existing is None or not set(names) <= existing.by_name.keys():
            return False
        return self._any_local_record

    @cached_property
    def _any_local_record(self) -> bool:
        one = replace(self._query(self.bound.local.key), limit=1)
        return any(page.records.num_rows for page in self.job.local.read(one))

    @cached_property
    def _sharing(self) -> list[str]:
        """External entities that are mapped to the same local one: a record has one owner."""
        mappings = self.job.integration.active_entities
        return [m.external for m in mappings if m.local == self.bound.mapping.local]

    def _matches(self, resolved: Mapped, unlinked: pa.Array) -> pa.Table:
        """Local records that have the primary key, or the local key, of records without link.

        A lookup in a key is compared as the local side holds it: resolved.
        """
        keys = dict.fromkeys([self.bound.match_fields])
        if self.bound.maps_local_key:
            keys[self.bound.local.key] = None
        found = [self._found_by(names, resolved, unlinked) for names in keys if names]
        return pa.concat_tables([_MATCHES.empty_table(), *found])

    def _found_by(self, names: tuple[str, ...], resolved: Mapped, unlinked: pa.Array) -> pa.Table:
        texts = key_texts(resolved.columns, names)
        chosen = pc.and_(unlinked, texts.is_valid())
        if not pc.any(chosen).as_py() or not self.has_local_records(names):
            return _MATCHES.empty_table()
        keys = pa.RecordBatch.from_arrays(
            [resolved.columns[name].filter(chosen) for name in names], names=list(names)
        )
        pages = self.job.local.find(self._query((*self.bound.local.key, *names)), keys)
        tables = [self._keyed(page.records, names) for page in pages]
        local = pa.concat_tables([_FOUND.empty_table(), *tables])
        own = pa.table({"external_id": resolved.external_ids, "key": texts}).filter(chosen)
        return own.join(local, "key", join_type="inner").select(_MATCHES.names)

    def _keyed(self, records: pa.RecordBatch, names: tuple[str, ...]) -> pa.Table:
        key = key_texts({name: records.column(name) for name in names}, names)
        return pa.table({"key": key, "local_id": record_ids(records, self.bound.local.key)})

    def _query(self, fields: Sequence[str]) -> Query:
        """Of records that are this mapping's, where several share the local entity."""
        mine = owned(self.job.integration, self.bound.mapping)
        leads = relations_of(self.job, self.bound, "local")
        names = tuple(dict.fromkeys(fields))
        return Query(self.bound.local, names, self.job.now(), mine, relations=leads)
