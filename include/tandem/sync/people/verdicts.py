"""What a sync would do to a record, and why, in a sentence."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tandem.core.mapping import BoundMapping
from tandem.model.changes import Action
from tandem.sync.job import Job
from tandem.sync.people.planned_records import PlannedRecord


@dataclass(frozen=True, slots=True)
class OnSide:
    """The record of one side, as it is now."""

    id: str | None
    is_there: bool
    in_filter: bool | None
    """None where it is not there, or cannot be read."""
    values: dict[str, Any] | None
    problem: str | None = None
    """Why it cannot be read."""


def verdict(
    job: Job,
    bound: BoundMapping,
    plan: Sequence[PlannedRecord],
    sides: tuple[OnSide, OnSide],
    *,
    is_linked: bool,
) -> str:
    """The sentence; `sides` are the external and the local record."""
    if plan:
        return _in_words(plan[0], replaces=job.replaces(bound.mapping))
    if is_linked:
        return _quiet(*sides)
    for side, travels in zip(sides, (bound.is_downloaded, bound.is_uploaded), strict=True):
        if side.is_there and not travels:
            return (
                f"Nothing: {bound.mapping.external} is {bound.mapping.direction}, so records "
                "that are only here stay here."
            )
        if side.is_there and side.in_filter is False:
            return "Nothing: the filter of the mapping does not let it through."
    return "Nothing: there is no such record on either side."


def _quiet(external: OnSide, local: OnSide) -> str:
    if external.is_there and local.is_there:
        return "Nothing: both records are as they were agreed on."
    gone = [name for name, side in (("external", external), ("local", local)) if not side.is_there]
    return f"Nothing: the {' and the '.join(gone)} record is gone, and the mapping ignores that."


def _in_words(record: PlannedRecord, *, replaces: bool) -> str:
    sides = {"both": "both records", None: ""}
    where = sides.get(record.writes_to, f"the {record.writes_to} record")
    if record.action == Action.REJECT.value:
        return f"Reject it: {record.reason}."
    if record.action == Action.CONFLICT.value:
        return f"Nothing before a person decides: {record.reason}."
    if replaces and record.writes_to == "local" and record.action == Action.DELETE.value:
        return "Remove it, once approved: the first sync replaces local records (replace_local)."
    because = f": {record.reason}" if record.reason else ""
    if record.action == Action.UNCHANGED.value:
        return f"Nothing to write{because}."
    if record.action == Action.UPDATE.value and not record.changes and not record.reason:
        return f"Nothing: {where} has these values already."
    if record.action == Action.LINK.value:
        writes = f", and update {where}" if where else ""
        return f"Link both records, which have the same primary key{writes}{because}."
    return f"{record.action.capitalize()} {where}{because}."
