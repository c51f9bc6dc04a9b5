"""Plan: staged external records become staged decisions, in local fields. Writes to no side."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from tandem.connectors.base import ETAG, Query
from tandem.core.fit import fit
from tandem.core.ids import record_ids
from tandem.core.mapping import BoundMapping, Mapped, map_records
from tandem.core.plan import Candidates, Decisions, plan_download
from tandem.core.repeats import repeated
from tandem.core.values import canonical_text, record_hashes
from tandem.model.changes import Action, Counts
from tandem.staging import BatchWriter, read_batches
from tandem.sync import columns
from tandem.sync.job import Job
from tandem.sync.lookups import local_partners
from tandem.sync.manifests import Extracted, Planned


def transform(job: Job, extracted: Extracted) -> Planned:
    """Stage what is to be done about each record that was read."""
    planner = _Planner(job, job.bound(extracted.entity), extracted)
    writer = BatchWriter(job.try_folder(extracted.entity, "transform"))
    unchanged = 0
    for number, records in enumerate(read_batches(extracted.paths)):
        plan = planner.plan(number, records)
        changes = plan.filter(pc.not_equal(plan.column(columns.ACTION), Action.UNCHANGED.value))
        unchanged += plan.num_rows - changes.num_rows
        writer.add(changes)
        job.progress(extracted.entity, "transform", unchanged + writer.rows_taken)
    writer.flush()
    return Planned(
        entity=extracted.entity,
        mode=extracted.mode,
        records=extracted.records,
        counts=Counts(unchanged=unchanged),
        paths=tuple(writer.paths),
        unreadable_paths=extracted.unreadable_paths,
        anchor=extracted.anchor,
    )


@dataclass(frozen=True)
class _Planner:
    """Plans the batches of one entity; knows what the whole run holds."""

    job: Job
    bound: BoundMapping
    extracted: Extracted

    def plan(self, number: int, records: pa.RecordBatch) -> pa.RecordBatch:
        """The decisions about one batch: local fields, then the columns of `sync.columns`."""
        records = records.filter(self._last_of_each(number, records.num_rows))
        mapped = map_records(self.bound, records, self._scope)
        values, deferred, waiting = self._resolve(mapped)
        problems = {**self._clashes(mapped), **waiting, **mapped.problems}
        hashes = record_hashes(list(mapped.columns.values()))
        decisions = plan_download(
            mapped.external_ids, mapped.local_ids, hashes, problems, self._candidates(mapped)
        )
        return _batch(mapped, values, deferred, hashes, decisions, _etags(records))

    @property
    def _scope(self) -> str:
        return f"{self.job.integration.name}/{self.bound.mapping.external}"

    @cached_property
    def _has_links(self) -> bool:
        return self.job.state.has_links(self.bound.mapping.external)

    @cached_property
    def _has_local_records(self) -> bool:
        return self.job.local.count(self._local_query()) > 0

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

    def _last_of_each(self, number: int, length: int) -> pa.Array:
        """Which rows of a batch to keep: of a record that was read twice, the later reading."""
        earlier = self._rereads[self._rereads.duplicated("text", keep="last")]
        drop = set(earlier.loc[earlier["batch"] == number, "row"])
        return pa.array([row not in drop for row in range(length)])

    @cached_property
    def _shared_keys(self) -> frozenset[str]:
        """Primary keys that several external records of this run have."""
        if not self.bound.match_fields:
            return frozenset()
        paths, fields = self.extracted.paths, self.bound.external_fields

        def keys() -> Iterator[pa.Array]:
            for number, records in enumerate(read_batches(paths, fields)):
                kept = records.filter(self._last_of_each(number, records.num_rows))
                yield _match_texts(map_records(self.bound, kept, self._scope), self.bound)

        return frozenset(repeated(keys)["text"])

    def _clashes(self, mapped: Mapped) -> dict[int, str]:
        if not self._shared_keys:
            return {}
        texts = _match_texts(mapped, self.bound).to_pylist()
        linked = self._linked(mapped)
        return {
            row: f"several external records have its primary key {text!r}"
            for row, text in enumerate(texts)
            if text in self._shared_keys and not linked[row]
        }

    def _linked(self, mapped: Mapped) -> list[bool]:
        known = self.job.state.links(self.bound.mapping.external, "external", mapped.external_ids)
        return pc.is_in(mapped.external_ids, known["external_id"].combine_chunks()).to_pylist()

    # What is known of the records elsewhere

    def _candidates(self, mapped: Mapped) -> Candidates:
        entity, state = self.bound.mapping.external, self.job.state
        links = state.links(entity, "external", mapped.external_ids).to_pandas()
        unlinked = ~mapped.external_ids.to_pandas().isin(links["external_id"])
        matches = self._matches(mapped, pa.array(unlinked))
        wanted = pa.concat_arrays(
            [
                mapped.local_ids.filter(pa.array(unlinked)),
                pa.array(matches["local_id"], pa.string()),
            ]
        )
        taken = state.links(entity, "local", wanted).to_pandas()
        return Candidates(links, matches, taken, self.bound.maps_local_key)

    def _matches(self, mapped: Mapped, unlinked: pa.Array) -> pd.DataFrame:
        """Local records with the primary key of external ones that have no link."""
        nothing = pd.DataFrame({"external_id": [], "local_id": []}, dtype="str")
        names = self.bound.match_fields
        texts = _match_texts(mapped, self.bound)
        chosen = pc.and_(unlinked, texts.is_valid())
        if not names or not self._has_local_records or not pc.any(chosen).as_py():
            return nothing
        keys = pa.RecordBatch.from_arrays(
            [mapped.columns[name].filter(chosen) for name in names], names=list(names)
        )
        pages = self.job.local.find(self._local_query(), keys)
        local = pd.concat([nothing, *(_found(page.records, self.bound) for page in pages)])
        own = pd.DataFrame(
            {"external_id": mapped.external_ids.to_pandas(), "key": texts.to_pandas()}
        )
        return own.merge(local[["key", "local_id"]], on="key") if len(local) else nothing

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
    rows = pc.indices_nonzero(waits).to_pylist()
    return {
        row: f"field {field!r}: {columns.WAITS_FOR} {texts[row].as_py()} of {target}"
        for row in rows
    }


def _match_texts(mapped: Mapped, bound: BoundMapping) -> pa.Array:
    """The primary key of each record as one text; null where a part is null or blank."""
    if not bound.match_fields:
        return pa.nulls(len(mapped.external_ids), pa.string())
    return _joined([mapped.columns[name] for name in bound.match_fields])


def _joined(parts: list[pa.Array]) -> pa.Array:
    texts = [canonical_text(part) for part in parts]
    filled = [pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text) for text in texts]
    return pc.binary_join_element_wise(*filled, "\x1f")


def _found(records: pa.RecordBatch, bound: BoundMapping) -> pd.DataFrame:
    key = _joined([records.column(name) for name in bound.match_fields])
    ids = record_ids(records, bound.local.key)
    return pd.DataFrame({"key": key.to_pandas(), "local_id": ids.to_pandas()})


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
