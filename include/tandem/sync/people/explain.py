"""Why a record did, or did not, sync: everything that is known of it, and what would be done now.

Nothing is written.
"""

from dataclasses import dataclass, fields, replace
from typing import Final, cast

import pyarrow as pa

from tandem.core.mapping import BoundMapping
from tandem.state.protocols import StateReader
from tandem.sync.extract import extract
from tandem.sync.job import Job
from tandem.sync.people.asked import AskedFor
from tandem.sync.people.planned_records import PlannedRecord
from tandem.sync.people.preview import records_of
from tandem.sync.people.remembered import Remembered, link_of, remembered_of
from tandem.sync.people.verdicts import OnSide, verdict
from tandem.sync.schema import pin_expected_schemas
from tandem.sync.sides.held import Side
from tandem.sync.sides.reading import Reading, external_reading, local_reading
from tandem.sync.transform import transform

_SOME: Final = 10
"""Records of the plan that are shown: several if it is a lookup's turn too."""


@dataclass(frozen=True, slots=True)
class Explanation(Remembered):
    """What is known of one record, or pair of records, and what both systems say."""

    external: OnSide
    local: OnSide
    verdict: str
    """What a sync would do now, and why, in a sentence."""
    plan: tuple[PlannedRecord, ...]

    @property
    def is_known(self) -> bool:
        """Whether it is there, or was."""
        return self.external.is_there or self.local.is_there or self.is_noted


def explain(job: Job, entity: str, record_id: str) -> Explanation:
    """Everything about the record with that id, on whichever side.

    ConfigurationError if the entity's mapping is broken.
    """
    pin_expected_schemas(job)
    try:
        return _Explainer(job, job.bound(entity), record_id).explained()
    finally:
        job.staging.remove()


@dataclass(frozen=True)
class _Explainer:
    job: Job
    bound: BoundMapping
    record_id: str

    @property
    def _entity(self) -> str:
        return self.bound.mapping.external

    def explained(self) -> Explanation:
        state, entity = self.job.state, self._entity
        link = link_of(state, entity, self.record_id)
        readings = external_reading(self.job, self.bound), local_reading(self.job, self.bound)
        ids = (link.external_id, link.local_id) if link else (self.record_id, self.record_id)
        external, local = (_on_side(r, id_) for r, id_ in zip(readings, ids, strict=True))
        there = external.is_there or local.is_there
        if not link:
            external, local = _only_where_it_is(external, local)
        noted = remembered_of(
            state,
            link,
            (entity, self.record_id),
            (external.id, local.id) if there else ids,  # one that is gone may have been on either
        )
        plan = self._plan(external, local)
        said = verdict(self.job, self.bound, plan, (external, local), is_linked=link is not None)
        known = {field.name: getattr(noted, field.name) for field in fields(noted)}
        return Explanation(**known, external=external, local=local, verdict=said, plan=plan)

    def _plan(self, external: OnSide, local: OnSide) -> tuple[PlannedRecord, ...]:
        """What a run that is asked for nothing but these records would do."""
        ids = {"external": external.id, "local": local.id}
        state = cast(StateReader, AskedFor(self.job.state, ids))
        job = replace(self.job, state=state, kind="sync", only_waiting=True, looks_only=True)
        return tuple(records_of(job, transform(job, extract(job, self._entity)), limit=_SOME))


def _on_side(reading: Reading, id_: str) -> OnSide:
    side = reading.side
    held = side.of_ids(pa.array([id_]))
    if id_ in held.unreadable:
        return OnSide(id_, True, None, None, held.unreadable[id_])
    if not held.records.num_rows:
        return OnSide(id_, False, None, None)
    inside = reading.condition is None or _matches(side, id_, reading)
    values = {n: v for n, v in held.records.to_pylist()[0].items() if not n.startswith("@")}
    return OnSide(id_, True, inside, values)


def _matches(side: Side, id_: str, reading: Reading) -> bool:
    return bool(side.of_ids(pa.array([id_]), reading.condition).records.num_rows)


def _only_where_it_is(external: OnSide, local: OnSide) -> tuple[OnSide, OnSide]:
    """Without a link the id that a person gave is an id of one side."""
    if not local.is_there:
        return external, replace(local, id=None)
    return (external, local) if external.is_there else (replace(external, id=None), local)
