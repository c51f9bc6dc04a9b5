"""Plan: staged external records become staged decisions, in local fields. Writes to no side."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from tandem.connectors.base import ETAG, Query
from tandem.core.fit import fit
from tandem.core.ids import record_ids
from tandem.core.mapping import BoundMapping, Mapped, local_ids, map_match_fields, map_records
from tandem.core.plan import Candidates, Decisions, plan_download
from tandem.core.repeats import repeated
from tandem.core.values import canonical_text, record_hashes
from tandem.errors import ConfigurationError
from tandem.model.changes import Action, Counts
from tandem.pipeline import in_parallel
from tandem.staging import BatchWriter, read_batches
from tandem.sync import columns
from tandem.sync.job import Job
from tandem.sync.lookups import local_partners
from tandem.sync.manifests import Extracted, Planned


def transform(job: Job, extracted: Extracted) -> Planned:
    """Stage what is to be done about each record that was read."""
    planner = _Planner(job, job.bound(extracted.entity), extracted)
    planner.refuse_to_replace()
    writer = BatchWriter(job.try_folder(extracted.entity, "transform"))
    unchanged = 0
    batches = enumerate(read_batches(extracted.paths))
    for plan in in_parallel(planner.plan, batches, workers=2):
        changes = planner.to_load(plan)
        unchanged += plan.num_rows - changes.num_rows
        writer.add(changes)
        job.progress(extracted.entity, "transform", unchanged + writer.rows_taken)
    writer.flush()
    return Planned(
        entity=extracted.entity,
        mode=extracted.mode,
        mapping_hash=extracted.mapping_hash,
        records=extracted.records,
        counts=Counts(unchanged=unchanged),
        paths=tuple(writer.paths),
        unreadable_paths=extracted.unreadable_paths,
        anchor=extracted.anchor,
    )


_MATCHES = pa.schema([("external_id", pa.string()), ("local_id", pa.string())])
_FOUND = pa.schema([("key", pa.string()), ("local_id", pa.string())])


@dataclass(frozen=True)
class _Planner:
    """Plans the batches of one entity; knows what the whole run holds."""

    job: Job
    bound: BoundMapping
    extracted: Extracted

    def refuse_to_replace(self) -> None:
        """A first sync that would have to delete local records does not begin."""
        mapping = self.bound.mapping
        replaces = mapping.first_sync == "replace_local" and not self._has_links
        if replaces and self._has_local_records:
            raise ConfigurationError(
                f"first_sync: replace_local would delete what {mapping.local!r} holds, "
                "and deleting is not there yet.",
                remedy="Write first_sync: link_and_merge, or empty the table yourself.",
            )

    def plan(self, numbered: tuple[int, pa.RecordBatch]) -> pa.RecordBatch:
        """The decisions about one batch: local fields, then the columns of `sync.columns`."""
        number, records = numbered
        records = self._last_of_each(number, records)
        mapped = map_records(self.bound, records)
        values, deferred, waiting = self._resolve(mapped)
        problems = {**self._clashes(mapped), **waiting, **mapped.problems}
        hashes = record_hashes(list(mapped.columns.values()))
        resolved = replace(mapped, columns=values)
        new_ids = local_ids(self.bound, resolved, self._scope)
        candidates = self._candidates(resolved, new_ids)
        decisions = plan_download(mapped.external_ids, new_ids, hashes, problems, candidates)
        plan = _batch(mapped, values, deferred, hashes, decisions, _etags(records))
        waits = pa.array([row in waiting for row in range(plan.num_rows)], pa.bool_())
        return plan.append_column(columns.WAITS, waits)

    def to_load(self, plan: pa.RecordBatch) -> pa.RecordBatch:
        """The rows that `load` has to deal with: what is unchanged only if it was put aside."""
        changed = pc.not_equal(plan.column(columns.ACTION), Action.UNCHANGED.value)
        aside = pc.is_in(plan.column(columns.EXTERNAL_ID), value_set=self._rejected)
        return plan.filter(pc.or_(changed, aside))

    @cached_property
    def _rejected(self) -> pa.Array:
        entity, state = self.bound.mapping.external, self.job.state
        ids = [*state.waiting(entity, "record"), *state.waiting(entity, "dependency")]
        return pa.array(ids, pa.string())

    @property
    def _scope(self) -> str:
        return f"{self.job.integration.name}/{self.bound.mapping.external}"

    @cached_property
    def _has_links(self) -> bool:
        return self.job.state.has_links(self.bound.mapping.external)

    @cached_property
    def _has_local_records(self) -> bool:
        """Whether there is anything to match; fields that do not exist yet have no values."""
        existing = self.job.schemas["existing"].by_name.get(self.bound.local.name)
        if existing is None or not set(self.bound.match_fields) <= existing.by_name.keys():
            return False
        one = replace(self._local_query(), limit=1)
        return any(page.records.num_rows for page in self.job.local.read(one))

    def _local_query(self) -> Query:
        fields = tuple(dict.fromkeys([*self.bound.local.key, *self.bound.match_fields]))
        return Query(self.bound.local, fields, self.job.now())

    # What repeats within the run

    @cached_property
    def _rereads(self) -> pd.DataFrame:
        """Records that were read more than once, since others wrote during the walk."""
        key = self.bound.external.key
        paths = self.extracted.paths
        return repeated(lambda: (record_ids(b, key) for b in read_batches(paths, key)))

    def _last_of_each(self, number: int, records: pa.RecordBatch) -> pa.RecordBatch:
        """The rows of a batch that count: of a record that was read twice, the later reading."""
        earlier = self._rereads[self._rereads.duplicated("text", keep="last")]
        drop = earlier.loc[earlier["batch"] == number, "row"]
        if drop.empty:
            return records
        keep = np.ones(records.num_rows, np.bool_)
        keep[drop] = False
        return records.filter(pa.array(keep))

    @cached_property
    def _shared_keys(self) -> frozenset[str]:
        """Primary keys that several external records of this run have."""
        if not self.bound.match_fields or self.bound.matches_by_external_key:
            return frozenset()
        paths, fields = self.extracted.paths, self.bound.external_fields

        def keys() -> Iterator[pa.Array]:
            for number, records in enumerate(read_batches(paths, fields)):
                kept = self._last_of_each(number, records)
                yield _match_texts(map_match_fields(self.bound, kept), self.bound)

        return frozenset(repeated(keys)["text"])

    def _clashes(self, mapped: Mapped) -> dict[int, str]:
        if not self._shared_keys:
            return {}
        texts = _match_texts(mapped.columns, self.bound).to_pylist()
        linked = self._linked(mapped)
        return {
            row: f"several external records have its primary key {text!r}"
            for row, text in enumerate(texts)
            if text in self._shared_keys and not linked[row]
        }

    def _linked(self, mapped: Mapped) -> list[bool]:
        known = self.job.state.links(self.bound.mapping.external, "external", mapped.external_ids)
        return list(pc.is_in(mapped.external_ids, value_set=known["external_id"]).to_pylist())

    # What is known of the records elsewhere

    def _candidates(self, resolved: Mapped, new_ids: pa.Array) -> Candidates:
        entity, state = self.bound.mapping.external, self.job.state
        links = state.links(entity, "external", resolved.external_ids)
        unlinked = pc.invert(pc.is_in(resolved.external_ids, value_set=links["external_id"]))
        matches = self._matches(resolved, unlinked)
        new = new_ids.filter(unlinked)
        wanted = pa.concat_arrays([new, matches["local_id"].combine_chunks()])
        taken = pa.concat_tables([state.links(name, "local", wanted) for name in self._sharing])
        return Candidates(links, matches, taken, self.bound.maps_local_key)

    @cached_property
    def _sharing(self) -> list[str]:
        """External entities that are mapped to the same local one: a record has one owner."""
        mappings = self.job.integration.active_entities
        return [m.external for m in mappings if m.local == self.bound.mapping.local]

    def _matches(self, resolved: Mapped, unlinked: pa.Array) -> pa.Table:
        """Local records with the primary key of external ones that have no link.

        A lookup in it is compared as the local side holds it: resolved.
        """
        names = self.bound.match_fields
        if not names or not pc.any(unlinked).as_py() or not self._has_local_records:
            return _MATCHES.empty_table()
        texts = _match_texts(resolved.columns, self.bound)
        chosen = pc.and_(unlinked, texts.is_valid())
        keys = pa.RecordBatch.from_arrays(
            [resolved.columns[name].filter(chosen) for name in names], names=list(names)
        )
        if not keys.num_rows:
            return _MATCHES.empty_table()
        pages = self.job.local.find(self._local_query(), keys)
        local = pa.concat_tables([_FOUND.empty_table(), *(self._found(p.records) for p in pages)])
        own = pa.table({"external_id": resolved.external_ids, "key": texts}).filter(chosen)
        return own.join(local, "key", join_type="inner").select(_MATCHES.names)

    def _found(self, records: pa.RecordBatch) -> pa.Table:
        key = _joined([records.column(name) for name in self.bound.match_fields])
        return pa.table({"key": key, "local_id": record_ids(records, self.bound.local.key)})

    # Lookups

    def _resolve(
        self, mapped: Mapped
    ) -> tuple[dict[str, pa.Array], dict[str, pa.Array], dict[int, str]]:
        """Local values with lookups resolved; values that wait; rows that cannot wait."""
        values, deferred, problems = dict(mapped.columns), {}, {}
        for download in self.bound.downloads:
            lookup, local = download.mapping.lookup, download.local
            if lookup is None:
                continue
            texts = canonical_text(mapped.columns[local.name])
            partners = local_partners(self.job, lookup, texts)
            waits = pc.and_(texts.is_valid(), partners.is_null())
            fitted = fit(partners, local, required=False)
            values[local.name] = fitted.values
            deferred[local.name] = pc.if_else(waits, texts, pa.scalar(None, pa.string()))
            problems.update(fitted.problems)
            if not local.nullable:
                problems.update(_must_wait(local.name, lookup.entity, texts, waits))
        return values, deferred, problems


def _must_wait(field: str, target: str, texts: pa.Array, waits: pa.Array) -> dict[int, str]:
    why = f"field {field!r}: waits for {target}"
    return {row: f"{why} {texts[row].as_py()}" for row in pc.indices_nonzero(waits).to_pylist()}


def _match_texts(fields: Mapping[str, pa.Array], bound: BoundMapping) -> pa.Array:
    """The primary key of each record as one text; null where a part is null or blank."""
    return _joined([fields[name] for name in bound.match_fields])


def _joined(parts: list[pa.Array]) -> pa.Array:
    texts = [canonical_text(part) for part in parts]
    filled = [pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text) for text in texts]
    return pc.binary_join_element_wise(*filled, "\x1f")


def _etags(records: pa.RecordBatch) -> pa.Array:
    if ETAG in records.schema.names:
        return records.column(ETAG)
    return pa.nulls(records.num_rows, pa.string())


def _batch(
    mapped: Mapped,
    values: Mapping[str, pa.Array],
    deferred: Mapping[str, pa.Array],
    hashes: pa.Array,
    decisions: Decisions,
    etags: pa.Array,
) -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict(
        {
            **values,
            columns.ACTION: decisions.actions,
            columns.EXTERNAL_ID: mapped.external_ids,
            columns.LOCAL_ID: decisions.local_ids,
            columns.BASE_HASH: decisions.base_hashes,
            columns.HASH: hashes,
            columns.EXTERNAL_VERSION: etags,
            columns.REASON: decisions.reasons,
            **{columns.deferred_column(name): texts for name, texts in deferred.items()},
        }
    )
