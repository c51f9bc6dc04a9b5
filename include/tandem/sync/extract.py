"""Read: the records of one entity that changed on either side, page by page, into staged batches.

Nothing is written to either side.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from tandem.connectors.base import DeltaReader, Page
from tandem.connectors.parts import Splitter
from tandem.core.anchors import later
from tandem.core.filters.frame import BatchTest
from tandem.core.id_set import IdSet
from tandem.core.ids import key_columns, record_ids
from tandem.core.mapping import BoundMapping
from tandem.errors import AnchorExpired, StopRun
from tandem.model.changes import Anchor
from tandem.model.schema import ChangeTracking
from tandem.pipeline import ahead
from tandem.staging import BatchWriter, read_batches
from tandem.sync.columns import UNREADABLE
from tandem.sync.job import Job
from tandem.sync.manifests import Extracted, Read
from tandem.sync.sides.reading import (
    Reading,
    external_reading,
    greatest,
    has_news,
    local_reading,
    mapping_hash,
)
from tandem.sync.sides.sweep import is_due, is_watched, keys_of, matters, membership, vanished

_log: Final = logging.getLogger(__name__)


def extract(job: Job, entity: str) -> Extracted:
    """Stage what changed on both sides of the entity since their anchors, or everything."""
    bound = job.bound(entity)
    before = job.state.last_plan(entity)
    replaces = job.replaces(bound.mapping)
    if replaces and job.syncs_window:
        raise StopRun(
            f"{entity} has not been synced yet, and its first sync replaces the local records: "
            "what is outside of a window would be taken for missing.",
            remedy="Run a sync without a window first, or write first_sync: link_and_merge.",
        )
    read = {name: read_side(job, bound, how) for name, how in readings(job, bound).items()}
    for side, found in read.items():
        _log.info("%s: %s %s read of %d records", entity, side, found.mode, found.records)
    return Extracted(
        entity=entity,
        mapping_hash=mapping_hash(bound.mapping),
        after_plan=before and before.plan,
        external=read.get("external"),
        local=read.get("local"),
    )


def readings(job: Job, bound: BoundMapping) -> dict[str, Reading]:
    """How the sides are read that this run looks at, by their names."""
    found = {}
    if bound.is_downloaded and job.downloads:
        found["external"] = external_reading(job, bound)
    if (bound.is_uploaded and job.uploads) or job.replaces(bound.mapping):
        found["local"] = local_reading(job, bound)
    return found


def extract_part(job: Job, bound: BoundMapping, reading: Reading, part: str) -> Read:
    """Stage one part of all that there is on one side."""
    return _Extraction(job, bound, replace(reading, anchor=None)).run_part(part)


def join_parts(
    job: Job, bound: BoundMapping, reading: Reading, parts: Sequence[Read], anchor: Anchor | None
) -> Read:
    """Staged parts as one reading of one side; the anchor is what it was before the first."""
    return _Extraction(job, bound, replace(reading, anchor=None)).run_joined(parts, anchor)


def read_side(job: Job, bound: BoundMapping, reading: Reading) -> Read:
    """Stage what changed on one side since its anchor, or everything."""
    try:
        return _Extraction(job, bound, reading).run()
    except AnchorExpired:
        _log.warning("%s: the anchor has expired; everything is read", bound.mapping.external)
        return _Extraction(job, bound, replace(reading, anchor=None)).run()


class _Extraction:
    """One reading of one side of an entity, on its way into staged batches."""

    def __init__(self, job: Job, bound: BoundMapping, reading: Reading) -> None:
        self._job = job
        self._bound = bound
        self._reading = reading
        self._side = reading.side
        self._entity = bound.mapping.external
        folder = job.try_folder(self._entity, f"extract-{self._side.name}")
        self._records = BatchWriter(folder)
        self._unreadable = BatchWriter(f"{folder}/unreadable")
        self._gone = BatchWriter(f"{folder}/gone")
        self._vanished = BatchWriter(f"{folder}/vanished")
        self._present = IdSet()
        self._token: str | None = None

    def run(self) -> Read:
        """Read what there is to read; where the anchor may move to is known before."""
        waiting_only, watched = self._job.only_waiting, False
        ceiling = None
        if not waiting_only and self._side.is_there:
            watched = is_watched(self._job, self._bound, self._reading)
            ceiling = greatest(self._reading)
            for page in ahead(self._pages() if has_news(self._reading) else iter(())):
                self._take(page)
        return self._accounted(self._next_anchor(ceiling), watched=watched)

    def run_part(self, part: str) -> Read:
        """Read that part of all there is. What only the whole can tell, `run_joined` finds out."""
        connector = self._side.connector
        assert isinstance(connector, Splitter)  # noqa: S101 - it has made the part
        query = self._reading.changes(self._bound.mapping.overlap)
        for page in ahead(connector.read_part(query, part)):
            self._take(page)
        self._records.flush()
        self._unreadable.flush()
        return Read(
            mode=self._reading.mode,
            records=self._records.rows,
            paths=tuple(self._records.paths),
            unreadable_paths=tuple(self._unreadable.paths),
        )

    def run_joined(self, parts: Sequence[Read], anchor: Anchor | None) -> Read:
        """Parts that were read as one reading, with what only the whole can tell."""
        watched = is_watched(self._job, self._bound, self._reading)
        paths = tuple(path for part in parts for path in part.paths)
        unreadable = tuple(path for part in parts for path in part.unreadable_paths)
        key = self._side.entity.key
        for batch in read_batches(paths, key):
            self._present.add(record_ids(batch, key))
        for batch in read_batches(unreadable, ["id"]):
            self._present.add(batch.column("id"))
        whole = self._accounted(anchor, watched=watched)
        return whole.model_copy(
            update={
                "records": sum(part.records for part in parts),
                "paths": paths,
                "unreadable_paths": unreadable,
            }
        )

    def _accounted(self, anchor: Anchor | None, *, watched: bool) -> Read:
        """All that was read, and what is missing."""
        self._read_waiting()
        present = self._all_present() if watched else None
        if present is not None:
            for ids in vanished(self._job, self._entity, self._side.name, present):
                self._vanished.add(_as_ids(ids))
        for writer in (self._records, self._unreadable, self._gone, self._vanished):
            writer.flush()
        return Read(
            mode=self._reading.mode,
            records=self._records.rows,
            paths=tuple(self._records.paths),
            unreadable_paths=tuple(self._unreadable.paths),
            gone_paths=tuple(self._gone.paths),
            vanished_paths=tuple(self._vanished.paths),
            was_empty=present is not None and not len(present),
            anchor=anchor,
        )

    def _pages(self) -> Iterator[Page]:
        query = self._reading.changes(self._bound.mapping.overlap)
        connector = self._side.connector
        if self._reading.tracking is not ChangeTracking.DELTA:
            yield from connector.read(query)
            return
        assert isinstance(connector, DeltaReader)  # noqa: S101 - what `external_reading` looked at
        anchor = self._reading.anchor
        yield from connector.changes(query, anchor.value if anchor else None)
        if entered := self._reading.entered:
            yield from connector.read(replace(entered, fields=query.fields))

    def _take(self, page: Page) -> None:
        records = page.records
        ids = record_ids(records, self._side.entity.key)
        if self._reading.tracking is ChangeTracking.DELTA:
            self._token = page.token or self._token
            inside = self._is_inside(records)
            if self._reading.anchor:
                self._vanished.add(_as_ids(pa.array(page.gone, pa.string())))
                self._vanished.add(_as_ids(ids.filter(pc.invert(inside))))
            records, ids = records.filter(inside), ids.filter(inside)
        self._records.add(self._side.completed(records))
        rows = [{"id": u.id, "reason": u.reason, "payload": u.payload} for u in page.unreadable]
        self._unreadable.add(pa.RecordBatch.from_pylist(rows, schema=UNREADABLE))
        self._present.add(ids)
        self._present.add(pa.array([record.id for record in page.unreadable], pa.string()))
        self._job.progress(self._entity, "extract", self._records.rows_taken)

    @cached_property
    def _is_inside(self) -> BatchTest:
        return membership(self._reading)

    def _read_waiting(self) -> None:
        """Read again what waits for other records or was asked for; what is not there any more
        waits for nothing.
        """
        # What waits, waits for a sync; that of a window looks at it only when all is loaded.
        if not (self._job.syncs_all or (self._job.syncs_window and self._job.only_waiting)):
            return
        waiting = self._waiting()
        missing = waiting.filter(pc.invert(self._present.holds(waiting)))
        if not len(missing):
            return
        found = IdSet()
        if self._reading.anchor or self._job.only_waiting:
            keys = key_columns(missing, self._side.entity)
            query = self._reading.changes(self._bound.mapping.overlap)
            query = replace(query, condition=self._reading.condition)
            for page in self._side.connector.find(query, keys):
                self._records.add(self._side.completed(page.records))
                found.add(record_ids(page.records, self._side.entity.key))
                found.add(pa.array([record.id for record in page.unreadable], pa.string()))
        if self._job.syncs_all:
            self._note_gone(missing.filter(pc.invert(found.holds(missing))))

    def _note_gone(self, gone: pa.Array) -> None:
        """These records waited and are not there any more."""
        if matters(self._bound, self._reading):  # what is linked is planned, and over after that
            links = self._job.state.links(self._entity, self._side.name, gone)
            linked = links[f"{self._side.name}_id"].combine_chunks()
            self._vanished.add(_as_ids(linked))
            gone = gone.filter(pc.invert(pc.is_in(gone, value_set=linked)))
        self._gone.add(_as_ids(gone))

    def _waiting(self) -> pa.Array:
        name = self._side.name
        waiting = self._job.state.waiting(self._entity, "dependency", name)
        if self._reading.again.retries:
            waiting += self._job.state.waiting(self._entity, "record", name)
        asked = self._job.state.rechecks(self._entity, name)["record_id"].to_pylist()
        withheld = []
        if not self._job.only_waiting:
            withheld = self._job.state.pending_deletes(self._entity)[f"{name}_id"].to_pylist()
        known = dict.fromkeys([*waiting, *asked, *(id_ for id_ in withheld if id_)])
        return pa.array(known, pa.string())

    def _all_present(self) -> IdSet | None:
        """The ids of all that is there, where this run gets to know that."""
        if self._reading.anchor is None:
            return self._present
        if self._reading.again.sweeps:
            return keys_of(self._reading)
        if self._reading.tracking is ChangeTracking.DELTA or not is_due(self._job, self._bound):
            return None
        return keys_of(self._reading)

    def _next_anchor(self, ceiling: Anchor | None) -> Anchor | None:
        if self._token is not None:
            return Anchor(kind=ChangeTracking.DELTA, value=self._token)
        return later(self._reading.anchor, ceiling)


def _as_ids(ids: pa.Array) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays([ids], names=["id"])
