"""Records of a plan, for people: what is done to each and why, field by field."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import pyarrow as pa

from tandem.core.mapping import BoundMapping
from tandem.model.changes import Action
from tandem.sync import columns
from tandem.sync.expected import NEW
from tandem.sync.job import Job
from tandem.sync.sides.held import local_side

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """One field of one side."""

    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class PlannedRecord:
    """What is done to one record, or one pair of records."""

    action: str
    writes_to: str | None
    """`local`, `external`, `both`, or None where nothing is written."""
    external_id: str | None
    """None where the external system will choose it."""
    local_id: str | None
    reason: str | None = None
    needs_approval: bool = False
    changes: Mapping[str, Mapping[str, Change]] = field(default_factory=dict)
    """Side → its fields that are written; a lookup of a record that is new there says `(new)`."""
    clashes: Mapping[str, Mapping[str, str | None]] = field(default_factory=dict)
    """Field that both sides changed → `base`, `local`, `external` and the `winner`, if any."""


def of_unreadable(rows: pa.RecordBatch, side: str) -> list[PlannedRecord]:
    """Records of that side that could not even be read."""
    return [
        PlannedRecord(
            action=Action.REJECT.value,
            writes_to=None,
            external_id=row["id"] if side == "external" else None,
            local_id=row["id"] if side == "local" else None,
            reason=row["reason"],
        )
        for row in rows.to_pylist()
    ]


def of_downloads(job: Job, bound: BoundMapping, plan: pa.RecordBatch) -> list[PlannedRecord]:
    """Rows of a plan of records that are only downloaded."""
    ids = plan.column(columns.LOCAL_ID)
    before = local_side(job, bound).of_ids(ids).beside(ids).to_pylist()
    return [
        _download(row, was, columns.value_fields(plan), columns.deferred_fields(plan))
        for row, was in zip(plan.to_pylist(), before, strict=True)
    ]


def _download(row: Record, was: Record, fields: list[str], deferrable: list[str]) -> PlannedRecord:
    waits = [name for name in deferrable if row[columns.deferred_column(name)] is not None]
    writes = row[columns.ACTION] in _LOCAL_WRITES
    changed = _differences(was, {n: row[n] for n in fields if n not in waits}) if writes else {}
    missing = (f"{n}: waits for {row[columns.deferred_column(n)]}" for n in waits)
    return PlannedRecord(
        action=row[columns.ACTION],
        writes_to="local" if writes else None,
        external_id=row[columns.EXTERNAL_ID],
        local_id=row[columns.LOCAL_ID],
        reason=row[columns.REASON] or "; ".join(missing) or None,
        changes={"local": changed} if changed else {},
    )


def of_pairs(bound: BoundMapping, plan: pa.RecordBatch, *, held_back: bool) -> list[PlannedRecord]:
    """Rows of a plan of pairs; `held_back` says that a person has to approve them."""
    parsed = [_clashes(text) for text in plan.column(columns.CLASHES).to_pylist()]
    new = _new_references(bound)
    return [
        PlannedRecord(
            action=row[columns.ACTION],
            writes_to=_writes_to(row),
            external_id=row[columns.EXTERNAL_ID] or row[columns.MOVED_FROM],
            local_id=row[columns.LOCAL_ID],
            reason=_reason(row),
            needs_approval=held_back,
            changes=_changes(row, new),
            clashes=clashes,
        )
        for row, clashes in zip(plan.to_pylist(), parsed, strict=True)
    ]


_LOCAL_WRITES: Final = {Action.CREATE.value, Action.UPDATE.value, Action.LINK.value}
_SIDES: Final = {
    "local": (columns.TO_LOCAL, columns.LOCAL, columns.LOCAL_GIVEN, columns.LOCAL_SEEN),
    "external": (
        columns.TO_EXTERNAL,
        columns.EXTERNAL,
        columns.EXTERNAL_GIVEN,
        columns.EXTERNAL_SEEN,
    ),
}


def _writes_to(row: Record) -> str | None:
    local, external = row[columns.TO_LOCAL], row[columns.TO_EXTERNAL]
    if local and external:
        return "both"
    return "local" if local else "external" if external else None


def _reason(row: Record) -> str | None:
    if row[columns.REASON]:
        return str(row[columns.REASON])
    if row[columns.UNLINKS]:
        return "both records are gone: their link is forgotten"
    if row[columns.WAITS]:
        return "a lookup waits for its partner"
    if row[columns.MOVED_FROM] and row[columns.EXTERNAL_ID]:
        return f"takes the place of external record {row[columns.MOVED_FROM]}, which is gone"
    return None


def _changes(row: Record, new: Mapping[str, list[str]]) -> dict[str, dict[str, Change]]:
    found = {}
    for side, (does, values, given, seen) in _SIDES.items():
        if row[does] == "delete":
            was = {n: v for n, v in row[seen].items() if not n.startswith("@")}
            found[side] = {n: Change(v, None) for n, v in was.items() if v is not None}
        elif row[does]:
            after = {n: v for n, v in row[values].items() if row[given][n]}
            if side == "external":
                after |= _still_new(row, new, after)
            found[side] = _differences(row[seen], after)
    return {side: fields for side, fields in found.items() if fields}


def _differences(was: Record, after: Record) -> dict[str, Change]:
    changes = {name: Change(was.get(name), value) for name, value in after.items()}
    return {name: change for name, change in changes.items() if change.before != change.after}


def _new_references(bound: BoundMapping) -> dict[str, list[str]]:
    """Field of a lookup that is uploaded → the external fields that it fills."""
    lookups = (one for one in bound.uploads if one.reference)
    return {one.name: [external.name for external in one.externals] for one in lookups}


def _still_new(row: Record, new: Mapping[str, list[str]], after: Record) -> Record:
    """External fields of lookups whose partner has no id before it is created."""
    texts = row[columns.EXTERNAL_AFTER]
    fields = [names for one, names in new.items() if NEW in (texts[one] or "")]
    return {name: NEW for names in fields for name in names if name in after}


def _clashes(text: str | None) -> dict[str, dict[str, str | None]]:
    found: dict[str, dict[str, str | None]] = json.loads(text) if text else {}
    return found
