"""Deletions that were withheld: listed, and carried out once a person approves them."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, cast

import pyarrow as pa

from tandem.state.protocols import StateReader, StateStore
from tandem.state.rechecks import RECHECKS
from tandem.state.transactions import TransactionEntry
from tandem.sync.approved import Deletion
from tandem.sync.job import Run
from tandem.sync.people.asked import Became, became, run_asked
from tandem.sync.people.rejected import ALL
from tandem.sync.report import RunReport

Place = tuple[str, str, str | None]
"""Entity, side and local id of a deletion."""


@dataclass(frozen=True, slots=True)
class Withheld:
    """A deletion that waits for a person."""

    id: int
    """Of its transaction: another one once the record was changed and withheld again."""
    entity: str
    side: str
    """The side that the record would be deleted on."""
    external_id: str | None
    local_id: str | None
    run_id: str
    """The run that withheld it."""
    at: datetime
    record: Mapping[str, Any] | None
    """What would be deleted, field → value as JSON has it; None: an older version withheld it."""


def withheld(
    state: StateReader, entities: Sequence[str] = (), *, limit: int = ALL
) -> list[Withheld]:
    """Deletions that wait for approval, newest first."""
    asked: list[str | None] = [*entities] or [None]
    found = [entry for one in asked for entry in state.withheld_deletes(one, limit=limit)]
    newest = sorted(found, key=lambda entry: entry.id, reverse=True)[:limit]
    return [_withheld(entry) for entry in newest]


def approve(run: Run, chosen: Sequence[Withheld]) -> tuple[RunReport, list[Became]]:
    """Carry out these deletions at once, and no others; what became of each.

    A record that is no longer as it was when it was withheld is not deleted: it waits again, or
    goes the way of an edit, and the text says so. Nor is one that was withheld anew since (which
    gives it another id).
    """
    pending = _pending(run, chosen)
    covered = [one for one in chosen if one.id in pending]
    approvals = frozenset(
        Deletion(one.entity, one.side, one.external_id, one.local_id, pending[one.id])
        for one in covered
    )
    state = cast(StateStore, _Only(run.state, covered))
    narrowed = replace(run, state=state, approvals=approvals)
    report = run_asked(narrowed, [one.entity for one in chosen])
    return report, _outcomes(run, chosen, report)


class _Only:
    """A `StateStore` in which these deletions are looked at again, and nothing else waits.

    Asked for is the record that is gone, or out of the filter: planned because of the other one,
    as a pair, it would be no deletion.
    """

    def __init__(self, state: StateStore, chosen: Sequence[Withheld]) -> None:
        self._state = state
        self._ids: dict[tuple[str, str], list[str]] = defaultdict(list)
        for one in chosen:
            gone = "external" if one.side == "local" else "local"
            id_ = one.external_id if gone == "external" else one.local_id
            if id_ is not None:
                self._ids[one.entity, gone].append(id_)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._state, name)

    def waiting(self, _entity: str, _error_class: str, _side: str = "external") -> list[str]:
        return []

    def rechecks(self, entity: str, side: str) -> pa.Table:
        ids = self._ids[entity, side]
        return pa.table(
            [pa.array(ids, pa.string()), pa.nulls(len(ids), pa.string())], schema=RECHECKS
        )


def _pending(run: Run, chosen: Sequence[Withheld]) -> dict[int, str | None]:
    """The transactions that wait now, of these entities: id → the record that would be deleted."""
    return {
        entry.id: entry.request
        for entity in {one.entity for one in chosen}
        for entry in run.state.withheld_deletes(entity, limit=ALL)
    }


def _withheld(entry: TransactionEntry) -> Withheld:
    return Withheld(
        id=entry.id,
        entity=entry.entity,
        side=entry.side,
        external_id=entry.external_id,
        local_id=entry.local_id,
        run_id=entry.run_id,
        at=entry.updated_at,
        record=json.loads(entry.request) if entry.request else None,
    )


@dataclass(frozen=True, slots=True)
class _After:
    """How it stands after the run, looked up for all together: they may be many."""

    deleted: frozenset[Place]
    waits: Mapping[Place, int]
    """What waits for approval, and in which transaction."""
    stopped: Mapping[str, str]
    """Entity → why it was not finished."""


def _outcomes(run: Run, chosen: Sequence[Withheld], report: RunReport) -> list[Became]:
    by_place: dict[tuple[str, str], list[str | None]] = defaultdict(list)
    for one in chosen:
        by_place[one.entity, one.side].append(one.local_id)
    after = _After(
        deleted=frozenset(
            (*place, id_)
            for place, ids in by_place.items()
            for id_ in run.state.deleted(*place, run.run_id, pa.array(ids, pa.string())).to_pylist()
        ),
        waits={
            (entry.entity, entry.side, entry.local_id): entry.id
            for entity in {one.entity for one in chosen}
            for entry in run.state.withheld_deletes(entity, limit=ALL)
        },
        stopped={
            entity.entity: entity.message or entity.status
            for entity in report.entities
            if entity.status not in ("success", "partial")
        },
    )
    return [_outcome(run, one, after) for one in chosen]


def _outcome(run: Run, one: Withheld, after: _After) -> Became:
    place = (one.entity, one.side, one.local_id)
    ids = (one.entity, one.external_id, one.local_id)
    if place in after.deleted:
        return Became(*ids, settled=True, text=f"{one.side} record deleted")
    if after.waits.get(place, one.id) != one.id:
        text = "not deleted: it was withheld anew; see what it is now"
        return Became(*ids, settled=False, text=text)
    if why := after.stopped.get(one.entity):
        return Became(*ids, settled=False, text=f"not finished: {why}")
    if place in after.waits:
        return Became(*ids, settled=False, text="not deleted: it still waits")
    found = became(run, *ids)
    return replace(found, text=f"not deleted: {found.text}")
