"""Plan: staged external records become staged decisions, in local fields. Writes to no side."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from tandem.connectors.base import ETAG
from tandem.core.fit import fit
from tandem.core.ids import id_text
from tandem.core.mapping import BoundMapping, Mapped, cut_texts, local_ids, map_records
from tandem.core.plan import Decisions, plan_download
from tandem.core.values import record_hashes
from tandem.model.changes import Action, Counts
from tandem.pipeline import in_parallel
from tandem.staging import BatchWriter, read_batches
from tandem.sync import columns
from tandem.sync.changed_mapping.restating import needed
from tandem.sync.job import Job
from tandem.sync.manifests import Extracted, Planned, Read
from tandem.sync.matching import Matching
from tandem.sync.pairs.emptied import Emptied
from tandem.sync.pairs.pair_plans import refuse_unreadable, refuse_without_approval, stage_pairs
from tandem.sync.pairs.two_way import TwoWay
from tandem.sync.sides.held import local_side
from tandem.sync.sides.known import Known, read_known
from tandem.sync.sides.lookups import local_partners
from tandem.sync.sides.whole_run import WholeRun
from tandem.sync.stale import refuse_stale

_MANY: Final = 10_000
_WRITES: Final = pa.array([Action.CREATE.value, Action.UPDATE.value, Action.LINK.value])


def transform(job: Job, extracted: Extracted) -> Planned:
    """Stage what is to be done about each record that was read."""
    refuse_stale(job, extracted.entity, extracted.after_plan)
    bound = job.bound(extracted.entity)
    replaces = job.replaces(bound.mapping)
    if replaces:
        refuse_unreadable(bound, extracted.external)
    two_way = TwoWay(
        job, bound, replaces, _is_whole(job, bound, extracted), _known(job, bound, extracted)
    )
    unchanged, paths = 0, tuple[str, ...]()
    if extracted.external and not bound.is_uploaded:
        unchanged, paths = _downloads(job, bound, extracted.external, two_way)
    staged = stage_pairs(job, extracted, two_way)
    if replaces:
        refuse_without_approval(job, bound, extracted, staged)
    return Planned(
        entity=extracted.entity,
        plan=secrets.token_hex(8),
        mode=extracted.mode,
        mapping_hash=extracted.mapping_hash,
        after_plan=extracted.after_plan,
        counts=Counts(unchanged=unchanged + staged.unchanged_external),
        upload_counts=Counts(unchanged=staged.unchanged_local),
        paths=paths,
        pairs=staged.pairs,
        external=extracted.external,
        local=extracted.local if bound.is_uploaded else None,
        cuts=dict(two_way.cuts),
    )


def _is_whole(job: Job, bound: BoundMapping, extracted: Extracted) -> bool:
    """Whether all external records were read: none that is not among them can be a partner."""
    read = extracted.external
    if read is None or read.mode != "full" or read.unreadable_paths:
        return False
    if job.only_waiting or job.window:
        return False
    return bound.mapping.download_filter is None


def _known(job: Job, bound: BoundMapping, extracted: Extracted) -> Known | None:
    """All links at once, where so many records were read that looking each one up takes longer."""
    if not bound.is_uploaded or needed(job, bound).needed:
        return None
    read = sum(side.records for side in (extracted.external, extracted.local) if side)
    many = read > _MANY and read * 4 > job.state.link_count(extracted.entity)
    return read_known(job.state, extracted.entity) if many else None


def _downloads(
    job: Job, bound: BoundMapping, read: Read, two_way: TwoWay
) -> tuple[int, tuple[str, ...]]:
    """Plan external records that are only downloaded: how many are unchanged, and the plans."""
    planner = _Planner(job, bound, WholeRun(bound, read.paths), Matching(job, bound))
    writer = BatchWriter(job.try_folder(bound.mapping.external, "transform"))
    unchanged, emptied, local = 0, Emptied(), local_side(job, bound)
    for plan, cuts in in_parallel(planner.plan, enumerate(read_batches(read.paths)), workers=2):
        two_way.cuts.update(cuts)
        emptied.add_copies(plan, local)
        changes = planner.to_load(plan)
        unchanged += plan.num_rows - changes.num_rows
        writer.add(changes)
        if two_way.replaces:
            two_way.decided.add(plan.column(columns.LOCAL_ID))
        job.progress(bound.mapping.external, "transform", unchanged + writer.rows_taken)
    emptied.refuse(job, bound)
    return unchanged, tuple(writer.written())


@dataclass(frozen=True)
class _Planner:
    """Plans the batches of one entity."""

    job: Job
    bound: BoundMapping
    whole_run: WholeRun
    matching: Matching

    def plan(self, numbered: tuple[int, pa.RecordBatch]) -> tuple[pa.RecordBatch, dict[str, int]]:
        """The decisions about one batch: local fields, then the columns of `sync.columns`; and how
        many values of what is written are cut, by field.
        """
        number, records = numbered
        records = self.whole_run.last_of_each(number, records)
        mapped = map_records(self.bound, records)
        resolved = self._resolve(mapped)
        local = replace(mapped, columns=resolved.values)
        new_ids = local_ids(self.bound, local, self._scope)
        hashes = record_hashes(list(mapped.columns.values()), seed=self.bound.shape)
        decisions = plan_download(
            replace(mapped, problems={**resolved.problems, **mapped.problems}),
            new_ids,
            hashes,
            resolved.waiting,
            self.matching.candidates(local, new_ids, self.whole_run.clashes(records)),
        )
        decisions = replace(decisions, actions=self._also_asked(mapped.external_ids, decisions))
        written = pc.is_in(decisions.actions, value_set=_WRITES)
        cuts = cut_texts(self.bound.downloads, records, written)
        return _batch(mapped, resolved, hashes, decisions, _etags(records)), cuts

    def _also_asked(self, ids: pa.Array, decisions: Decisions) -> pa.Array:
        """The actions: what somebody asked for is written again, though it did not change."""
        if not len(self._asked):
            return decisions.actions
        same = pc.equal(decisions.actions, Action.UNCHANGED.value)
        again = pc.and_(same, pc.is_in(ids, value_set=self._asked))
        return pc.if_else(again, Action.UPDATE.value, decisions.actions)

    @cached_property
    def _asked(self) -> pa.Array:
        asked = self.job.state.rechecks(self.bound.mapping.external, "external")
        return asked["record_id"].combine_chunks()

    def to_load(self, plan: pa.RecordBatch) -> pa.RecordBatch:
        """The rows that `load` has to deal with: what is unchanged only if it was put aside."""
        changed = pc.not_equal(plan.column(columns.ACTION), Action.UNCHANGED.value)
        if pc.all(changed).as_py():
            return plan
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

    def _resolve(self, mapped: Mapped) -> "_Resolved":
        """The local values with lookups resolved."""
        resolved = _Resolved(dict(mapped.columns), {}, {}, {})
        for download in self.bound.downloads:
            reference, local = download.reference, download.target
            if reference is None:
                continue
            texts = id_text(mapped.columns[local.name])
            partners = local_partners(self.job, reference, texts)
            waits = pc.and_(texts.is_valid(), partners.is_null())
            fitted = fit(partners, local, required=False)
            resolved.values[local.name] = fitted.values
            resolved.deferred[local.name] = pc.if_else(waits, texts, pa.scalar(None, pa.string()))
            resolved.problems.update(fitted.problems)
            if local.name in self.bound.match_fields or not local.nullable:
                resolved.waiting.update(_must_wait(local.name, reference.entity, texts, waits))
        return resolved


@dataclass(frozen=True, slots=True)
class _Resolved:
    values: dict[str, pa.Array]
    deferred: dict[str, pa.Array]
    """Lookup field → the values that have no partner yet."""
    problems: dict[int, str]
    waiting: dict[int, str]
    """Row number → the partner that this record cannot do without."""


def _must_wait(field: str, target: str, texts: pa.Array, waits: pa.Array) -> dict[int, str]:
    why = f"field {field!r}: waits for {target}"
    return {row: f"{why} {texts[row].as_py()}" for row in pc.indices_nonzero(waits).to_pylist()}


def _etags(records: pa.RecordBatch) -> pa.Array:
    if ETAG in records.schema.names:
        return records.column(ETAG)
    return pa.nulls(records.num_rows, pa.string())


def _batch(
    mapped: Mapped, resolved: _Resolved, hashes: pa.Array, decisions: Decisions, etags: pa.Array
) -> pa.RecordBatch:
    deferred: Mapping[str, pa.Array] = {
        columns.deferred_column(name): texts for name, texts in resolved.deferred.items()
    }
    return pa.RecordBatch.from_pydict(
        {
            **resolved.values,
            columns.ACTION: decisions.actions,
            columns.EXTERNAL_ID: mapped.external_ids,
            columns.LOCAL_ID: decisions.local_ids,
            columns.BASE_HASH: decisions.base_hashes,
            columns.HASH: hashes,
            columns.EXTERNAL_VERSION: etags,
            columns.REASON: decisions.reasons,
            columns.WAITS: decisions.waits,
            **deferred,
        }
    )
