"""Which linked records are not listed any more, and which records a condition lets through."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tandem.connectors.related import test_of
from tandem.core.filters.frame import BatchTest
from tandem.core.id_set import IdSet
from tandem.core.ids import record_ids
from tandem.core.mapping import BoundMapping
from tandem.pipeline import ahead
from tandem.sync.job import Job
from tandem.sync.sides.reading import Reading


def matters(bound: BoundMapping, reading: Reading) -> bool:
    """Whether it matters that linked records of that side are gone, or out of the filter."""
    travels = bound.is_downloaded if reading.side.name == "external" else bound.is_uploaded
    mapping = bound.mapping
    exits = reading.condition is not None and mapping.filter_exit == "delete"
    return travels and (mapping.deletes == "propagate" or exits)


def is_watched(job: Job, bound: BoundMapping, reading: Reading) -> bool:
    """Whether this run has to find out which linked records of that side are gone."""
    watched = job.syncs_all and matters(bound, reading)
    return watched and job.state.has_links(bound.mapping.external)


def is_due(job: Job, bound: BoundMapping) -> bool:
    """Whether this run compares all keys, where the system does not tell what was deleted."""
    every = bound.mapping.sweep_every
    return every == 1 or job.state.runs_logged(bound.mapping.external) % every == 0


def keys_of(reading: Reading) -> IdSet:
    """The ids of all records that the reading's condition lets through."""
    side, found = reading.side, IdSet()
    query = replace(side.query(reading.condition), fields=side.entity.key)
    for page in ahead(side.connector.read(query)):
        found.add(record_ids(page.records, side.entity.key))
        found.add(pa.array([record.id for record in page.unreadable], pa.string()))
    return found


def vanished(job: Job, entity: str, side: str, present: IdSet) -> Iterator[pa.Array]:
    """Ids of that side's linked records that are not among these."""
    for links in job.state.all_links(entity):
        ids = links[f"{side}_id"].combine_chunks()
        yield ids.filter(pc.invert(present.holds(ids)))


def membership(reading: Reading) -> BatchTest:
    """Which records the reading's condition lets through: where the system does not apply it."""
    if reading.condition is None:
        return lambda records: pa.array(np.ones(records.num_rows, np.bool_))
    return test_of(reading.condition, reading.side.query(), reading.side.connector.read)
