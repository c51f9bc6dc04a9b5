"""Conflicts side by side, and decided: by a side, or field by field."""

import json
from datetime import datetime
from typing import Final, Literal, Self

from fastapi import APIRouter, Response
from fastapi import Request as HttpRequest
from pydantic import Field, model_validator

from tandem.editing.draft import fingerprint
from tandem.errors import ConfigurationError
from tandem.model.integration import Integration
from tandem.state.conflicts import ConflictEntry
from tandem.state.protocols import StateReader
from tandem.sync.job import Progress
from tandem.sync.people import conflicts as use
from tandem.web.access import AtDesk, Edits
from tandem.web.answers import Shown
from tandem.web.waiting.deciding import Decided, Decision, acting_on, begin, told

router = APIRouter()

Winner = Literal["local", "external"]

KINDS: Final = {
    "edited": "Both sides changed the same fields since they last agreed.",
    "deleted": "One side changed the record, the other one deleted it: there is no field to "
    "choose. The side that you take wins: the record is deleted on both, or restored.",
    "changed": "The record changed again each time it was about to be written. The next run tries "
    "again by itself; or take a side now.",
}


class ConflictField(Shown):
    """A field that both sides changed."""

    name: str
    """The local field."""
    external: str | None
    """The external one; None if the mapping does not say any more."""
    base: str | None
    """What both sides last agreed on."""
    local_value: str | None
    external_value: str | None


class ConflictShown(Shown):
    """A record that waits for a person to decide."""

    entity: str
    external_id: str | None
    local_id: str | None
    kind: str
    """`edited`: both sides; `deleted`: one of them; `changed`: again, while it was written."""
    explanation: str
    since: datetime
    noted: str
    """What tells its values from others; a decision names it."""
    run_id: str
    fields: tuple[ConflictField, ...]


class Conflicts(Shown):
    """Records that both sides changed, newest first."""

    records: tuple[ConflictShown, ...]
    page: int
    more: bool
    """Whether a page follows."""


class PairChosen(Shown):
    """A conflict that somebody chose, by the ids of its records."""

    entity: str
    external_id: str | None = None
    local_id: str | None = None


class SideTaken(Shown):
    """The side that wins all fields of these conflicts."""

    records: tuple[PairChosen, ...] = Field(min_length=1, max_length=1000)
    winner: Winner


class FieldsTaken(Shown):
    """The side that wins each field of a conflict."""

    entity: str
    external_id: str | None = None
    local_id: str | None = None
    noted: str
    """As the conflict was shown: if it tells of other values since, nothing is decided."""
    fields: dict[str, Winner]

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.fields:
            raise ValueError("choose a side for each field")
        return self


def shown_conflicts(
    state: StateReader, integration: Integration, entity: str | None, *, page: int, size: int
) -> Conflicts:
    """A page of the conflicts of that entity; None: of all."""
    start = (page - 1) * size
    found = state.conflicts(entity, limit=start + size + 1)
    return Conflicts(
        records=tuple(_shown(integration, one) for one in found[start : start + size]),
        page=page,
        more=len(found) > start + size,
    )


@router.post(
    "/integrations/{name}/waiting/conflicts/take", response_model=Decision, status_code=202
)
def take_side(request: HttpRequest, visit: Edits, desk: AtDesk, taken: SideTaken) -> Response:
    """Let a side win these conflicts, at once, in the background. Both records are read anew."""
    with desk.state(visit.name) as state:
        found = [_found(state, one) for one in dict.fromkeys(taken.records)]
    chosen = [one for one in found if one is not None]
    if not chosen:
        raise _is_over()

    def do(progress: Progress) -> Decided:
        with acting_on(desk, visit.name, [one.entity for one in chosen], progress) as run:
            return told(*use.decide(run, chosen, taken.winner))

    return begin(request, desk, visit, do)


@router.post(
    "/integrations/{name}/waiting/conflicts/take-fields", response_model=Decision, status_code=202
)
def take_fields(request: HttpRequest, visit: Edits, desk: AtDesk, taken: FieldsTaken) -> Response:
    """Let a side win each field of a conflict, at once, in the background.

    If the records hold other values by then than the conflict showed, it stays one.
    """
    pair = PairChosen(entity=taken.entity, external_id=taken.external_id, local_id=taken.local_id)
    with desk.state(visit.name) as state:
        chosen = _found(state, pair)
    if chosen is None:
        raise _is_over()
    if _noted(chosen) != taken.noted:
        raise ConfigurationError(
            "The conflict tells of other values since it was shown.",
            remedy="Look at its values again, then decide.",
        )

    def do(progress: Progress) -> Decided:
        with acting_on(desk, visit.name, [chosen.entity], progress) as run:
            return told(*use.decide_fields(run, chosen, taken.fields))

    return begin(request, desk, visit, do)


def _noted(entry: ConflictEntry) -> str:
    return fingerprint(json.dumps(entry.fields, sort_keys=True))


def _is_over() -> ConfigurationError:
    return ConfigurationError(
        "No such conflict waits any more.", remedy="Look at the list of conflicts again."
    )


def _found(state: StateReader, pair: PairChosen) -> ConflictEntry | None:
    """The open conflict of that pair of records; None if it is over."""
    known = pair.external_id or pair.local_id
    found = state.conflicts(pair.entity, record_id=known) if known else []
    ids = (pair.external_id, pair.local_id)
    return next((one for one in found if (one.external_id, one.local_id) == ids), None)


def _shown(integration: Integration, entry: ConflictEntry) -> ConflictShown:
    mapping = integration.entity(entry.entity)
    names = {one.local: one.external for one in mapping.fields} if mapping else {}
    return ConflictShown(
        entity=entry.entity,
        external_id=entry.external_id,
        local_id=entry.local_id,
        kind=entry.kind,
        explanation=KINDS.get(entry.kind, ""),
        since=entry.created_at,
        noted=_noted(entry),
        run_id=entry.run_id,
        fields=tuple(
            ConflictField(
                name=name,
                external=names.get(name),
                base=values.get("base"),
                local_value=values.get("local"),
                external_value=values.get("external"),
            )
            for name, values in entry.fields.items()
        ),
    )
