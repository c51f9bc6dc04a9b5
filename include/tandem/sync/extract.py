"""Read: the records of one entity that changed, page by page, into staged batches."""

import hashlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from tandem.connectors.base import Page, Query
from tandem.core.anchors import anchor_at, later, read_on, tracking_by, version_field
from tandem.core.ids import key_columns
from tandem.core.mapping import BoundMapping
from tandem.model.changes import Anchor
from tandem.model.filters import Comparison, Condition, all_of
from tandem.model.integration import EntityMapping
from tandem.model.schema import ChangeTracking
from tandem.pipeline import ahead
from tandem.staging import BatchWriter
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
    unordered = 0
    for page in ahead(_pages(job, bound, reading)):
        unordered += page.records.column(reading.field).null_count if reading.field else 0
        records.add(page.records)
        unreadable.add(pa.RecordBatch.from_pylist(_rows(page), schema=UNREADABLE))
        job.progress(entity, "extract", records.rows_taken)
    records.flush()
    unreadable.flush()
    _log.info("%s: %s read of %d records", entity, reading.mode, records.rows)
    return Extracted(
        entity=entity,
        mode=reading.mode,
        mapping_hash=mapping_hash(bound.mapping),
        records=records.rows,
        paths=tuple(records.paths),
        unreadable_paths=tuple(unreadable.paths),
        anchor=_next_anchor(entity, reading, ceiling, unordered),
    )


def reading_of(job: Job, bound: BoundMapping) -> Reading:
    """From where the entity is read: its anchor, unless the run or the mapping asks for all."""
    field = version_field(bound.mapping, bound.external)
    tracking = tracking_by(bound.external, field)
    if tracking is ChangeTracking.SNAPSHOT:
        return Reading(tracking, None, None)
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


def _pages(job: Job, bound: BoundMapping, reading: Reading) -> Iterator[Page]:
    mapping = bound.mapping
    since = _since(reading, mapping)
    query = _query(job, bound, reading, all_of(mapping.download_filter, since))
    yield from job.external.read(query)
    waiting = job.state.waiting(mapping.external, "dependency") if reading.anchor else []
    if waiting:
        keys = key_columns(pa.array(waiting), bound.external)
        again = _query(job, bound, reading, mapping.download_filter)
        yield from job.external.find(again, keys)


def _since(reading: Reading, mapping: EntityMapping) -> Comparison | None:
    if reading.anchor is None or reading.field is None:
        return None
    return read_on(reading.anchor, reading.field, mapping.overlap)


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


def _next_anchor(
    entity: str, reading: Reading, ceiling: Anchor | None, unordered: int
) -> Anchor | None:
    if unordered:
        _log.warning(
            "%s: %d records have no %s, so their changes cannot be seen; "
            "everything is read in every run",
            entity, unordered, reading.field,
        )  # fmt: skip
        return None
    return later(reading.anchor, ceiling)


def _rows(page: Page) -> list[dict[str, str]]:
    return [{"id": u.id, "reason": u.reason, "payload": u.payload} for u in page.unreadable]
