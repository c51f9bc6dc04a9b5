"""Why a record did, or did not, sync: everything that is known of it, and what would be done now.

Nothing is written.
"""

from dataclasses import dataclass, replace
from typing import Any, Final, cast

import pyarrow as pa

from tandem.core.decided import in_words
from tandem.core.mapping import BoundMapping
from tandem.state.conflicts import ConflictEntry
from tandem.state.deferred import DeferredEntry
from tandem.state.links import LinkEntry
from tandem.state.protocols import StateReader
from tandem.state.rejected import RejectedEntry
from tandem.state.run_log import LogEntry
from tandem.state.transactions import TransactionEntry
from tandem.sync.extract import extract
from tandem.sync.job import Job
from tandem.sync.people.asked import AskedFor
from tandem.sync.people.planned_records import PlannedRecord
from tandem.sync.people.preview import records_of
from tandem.sync.people.verdicts import OnSide, verdict
from tandem.sync.schema import pin_expected_schemas
from tandem.sync.sides.held import Side
from tandem.sync.sides.reading import Reading, external_reading, local_reading
from tandem.sync.transform import transform

_SOME: Final = 10
"""Transactions and decided conflicts that are shown."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """What is known of one record, or pair of records."""

    entity: str
    record_id: str
    external: OnSide
    local: OnSide
    link: LinkEntry | None
    verdict: str
    """What a sync would do now, and why, in a sentence."""
    plan: tuple[PlannedRecord, ...]
    waiting: tuple[str, ...]
    """What it waits for, a sentence each."""
    rejected: tuple[RejectedEntry, ...]
    conflicts: tuple[ConflictEntry, ...]
    deferred: tuple[DeferredEntry, ...]
    transactions: tuple[TransactionEntry, ...]
    runs: tuple[LogEntry, ...]
    """The last runs of its entity."""

    @property
    def is_known(self) -> bool:
        """Whether it is there, or was."""
        there = self.external.is_there or self.local.is_there
        return there or self.link is not None or bool(self.transactions or self.rejected)


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
        link = next(iter(self.job.state.link_of(self._entity, self.record_id)), None)
        readings = external_reading(self.job, self.bound), local_reading(self.job, self.bound)
        ids = (link.external_id, link.local_id) if link else (self.record_id, self.record_id)
        external, local = (_on_side(r, id_) for r, id_ in zip(readings, ids, strict=True))
        if not link:
            external, local = _only_where_it_is(external, local)
        plan = self._plan(external, local)
        state, entity = self.job.state, self._entity
        known = [id_ for id_ in (external.id, local.id) if id_] or [self.record_id]
        return Explanation(
            entity=entity,
            record_id=self.record_id,
            external=external,
            local=local,
            link=link,
            verdict=verdict(
                self.job, self.bound, plan, (external, local), is_linked=link is not None
            ),
            plan=plan,
            waiting=tuple(self._waiting(external.id, local.id)),
            rejected=tuple(
                e
                for id_ in known
                for status in ("waiting", "archived")
                for e in state.rejected_records(entity, status=status, record_id=id_)
            ),
            conflicts=_once(
                c
                for i in known
                for c in state.conflicts(entity, status=None, record_id=i, limit=_SOME)
            ),
            deferred=_once(d for i in known for d in state.deferred_lookups(entity, record_id=i)),
            transactions=self._transactions(external.id, local.id),
            runs=tuple(self._runs()),
        )

    def _plan(self, external: OnSide, local: OnSide) -> tuple[PlannedRecord, ...]:
        """What a run that is asked for nothing but these records would do."""
        ids = {"external": external.id, "local": local.id}
        state = cast(StateReader, AskedFor(self.job.state, ids))
        job = replace(self.job, state=state, kind="sync", only_waiting=True, looks_only=True)
        return tuple(records_of(job, transform(job, extract(job, self._entity)), limit=_SOME))

    def _waiting(self, external_id: str | None, local_id: str | None) -> list[str]:
        found = []
        for side, id_ in (("external", external_id), ("local", local_id)):
            asked = self.job.state.rechecks(self._entity, side).to_pylist()
            for row in asked:
                if id_ is not None and row["record_id"] == id_:
                    policy = f", {in_words(row['policy'])}" if row["policy"] else ""
                    found.append(f"The next run reads the {side} record by its id{policy}.")
        for row in self.job.state.pending_deletes(self._entity).to_pylist():
            ids = {row["external_id"], row["local_id"]} - {None}
            if ids & {external_id, local_id}:
                found.append(f"The deletion of the {row['side']} record waits for approval.")
        return found

    def _transactions(
        self, external_id: str | None, local_id: str | None
    ) -> tuple[TransactionEntry, ...]:
        found = {
            t.id: t
            for name, id_ in (("external_id", external_id), ("local_id", local_id))
            if id_
            for t in self.job.state.transactions(self._entity, **{name: id_}, limit=_SOME)
        }
        return tuple(sorted(found.values(), key=lambda t: -t.id)[:_SOME])

    def _runs(self) -> list[LogEntry]:
        logged = self.job.state.log_entries(limit=200)
        return [entry for entry in logged if entry.entity == self._entity][:4]


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


def _once(entries: Any) -> tuple[Any, ...]:
    found: list[Any] = []
    for entry in entries:
        if entry not in found:
            found.append(entry)
    return tuple(found)
