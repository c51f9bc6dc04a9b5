"""Read: the records of one entity that changed, page by page, into staged batches."""

import hashlib
import logging
from dataclasses import dataclass
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from tandem.connectors.base import Page, Query
from tandem.core.anchors import anchor_at, later, read_on, tracking_by, version_field
from tandem.core.ids import key_columns, record_ids
from tandem.core.mapping import BoundMapping
from tandem.model.changes import Anchor
from tandem.model.filters import AnyOf, Comparison, Condition, all_of, moves_with_time
from tandem.model.integration import EntityMapping
from tandem.model.schema import ChangeTracking
from tandem.pipeline import ahead
from tandem.staging import BatchWriter, read_batches
from tandem.sync.columns import UNREADABLE
from tandem.sync.job import Job
from tandem.sync.manifests import Extracted

_log: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reading:
    """How an entity is read in this run."""

    tracking: ChangeTracking
    field: str | None
    """The external field that orders changes."""
    anchor: Anchor | None
    """Where to read on; None: everything."""

    @property
    def mode(self) -> str:
        """`full` or `incremental`, for people."""
        return "incremental" if self.anchor else "full"


def extract(job: Job, entity: str) -> Extracted:
    """Stage what changed in the external entity since its anchor, or everything."""
    bound = job.bound(entity)
    reading = reading_of(job, bound)
    ceiling = _greatest(job, bound, reading)
    folder = job.try_folder(entity, "extract")
    records, unreadable = BatchWriter(folder), BatchWriter(f"{folder}/unreadable")
    after_run = job.state.last_loaded(entity)
    for page in ahead(job.external.read(_changes(job, bound, reading))):
        records.add(page.records)
        unreadable.add(pa.RecordBatch.from_pylist(_rows(page), schema=UNREADABLE))
        job.progress(entity, "extract", records.rows_taken)
    gone = BatchWriter(f"{folder}/gone")
    gone.add(_reread_waiting(job, bound, reading, records))
    for writer in (records, unreadable, gone):
        writer.flush()
    _log.info("%s: %s read of %d records", entity, reading.mode, records.rows)
    return Extracted(
        entity=entity,
        mode=reading.mode,
        mapping_hash=mapping_hash(bound.mapping),
        records=records.rows,
        paths=tuple(records.paths),
        unreadable_paths=tuple(unreadable.paths),
        gone_paths=tuple(gone.paths),
        after_run=after_run,
        anchor=later(reading.anchor, ceiling),
    )


def reading_of(job: Job, bound: BoundMapping) -> Reading:
    """From where the entity is read: its anchor, unless the run or the mapping asks for all."""
    field = version_field(bound.mapping, bound.external)
    tracking = tracking_by(bound.external, field)
    if tracking is ChangeTracking.SNAPSHOT:
        return Reading(tracking, None, None)
    if bound.mapping.download_filter and moves_with_time(bound.mapping.download_filter):
        # A record enters such a filter without changing.
        return Reading(ChangeTracking.SNAPSHOT, None, None)
    anchor = None
    if job.kind == "sync" and job.mode == "auto":
        anchor = job.state.anchor(bound.mapping.external, "external", mapping_hash(bound.mapping))
    return Reading(tracking, field, anchor if anchor and anchor.kind is tracking else None)


def mapping_hash(mapping: EntityMapping) -> str:
    """Changes when the mapping asks for other records or other values than before."""
    asked = mapping.model_dump_json(
        include={"external", "local", "fields", "primary_key", "version_number", "download_filter"}
    )
    return hashlib.blake2b(asked.encode(), digest_size=16).hexdigest()


def _changes(job: Job, bound: BoundMapping, reading: Reading) -> Query:
    """What is to be read: what the filter lets through and, unless it is all, changed since."""
    since = _since(reading, bound)
    return _query(job, bound, reading, all_of(bound.mapping.download_filter, since))


def _reread_waiting(
    job: Job, bound: BoundMapping, reading: Reading, records: BatchWriter
) -> pa.RecordBatch:
    """Read again what waits for other records; the ids of those that are there no more.

    A full read has read them already: what it did not find waits for nothing.
    """
    waiting = pa.array(job.state.waiting(bound.mapping.external, "dependency"), pa.string())
    found = []
    if reading.anchor and len(waiting):
        again = _query(job, bound, reading, bound.mapping.download_filter)
        for page in job.external.find(again, key_columns(waiting, bound.external)):
            records.add(page.records)
            found.append(record_ids(page.records, bound.external.key))
    elif len(waiting):
        paths = records.written()
        found = [record_ids(b, bound.external.key) for b in read_batches(paths, bound.external.key)]
    there = pa.chunked_array(found, pa.string())
    gone = waiting.filter(pc.invert(pc.is_in(waiting, value_set=there)))
    return pa.RecordBatch.from_arrays([gone], names=["id"])


def _since(reading: Reading, bound: BoundMapping) -> Condition | None:
    """Changed since the anchor, or without version: those are read in every run."""
    if reading.anchor is None or reading.field is None:
        return None
    since = read_on(reading.anchor, reading.field, bound.mapping.overlap)
    if not bound.external.field(reading.field).nullable:
        return since
    unversioned = Comparison(field=reading.field, operator="null")
    return AnyOf(conditions=(since, unversioned))


def _query(job: Job, bound: BoundMapping, reading: Reading, condition: Condition | None) -> Query:
    fields = dict.fromkeys(bound.external_fields)
    if reading.field:
        fields[reading.field] = None
    return Query(bound.external, tuple(fields), job.now(), condition)


def _greatest(job: Job, bound: BoundMapping, reading: Reading) -> Anchor | None:
    """The anchor at the greatest version that the system has now, before anything is read.

    What changes during a long walk has a greater version, so the next run reads it again.
    """
    if reading.field is None:
        return None
    query = Query(
        entity=bound.external,
        fields=(reading.field,),
        now=job.now(),
        condition=Comparison(field=reading.field, operator="not_null"),
        descending_by=reading.field,
        limit=1,
    )
    for page in job.external.read(query):
        if page.records.num_rows:
            greatest = pc.max(page.records.column(reading.field))
            return anchor_at(reading.tracking, greatest)
    return None


def _rows(page: Page) -> list[dict[str, str]]:
    return [{"id": u.id, "reason": u.reason, "payload": u.payload} for u in page.unreadable]
