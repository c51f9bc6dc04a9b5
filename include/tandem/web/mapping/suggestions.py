"""Suggestions: which local field an external one most likely belongs to."""

from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import Field

from tandem.core.drift.words import type_in_words
from tandem.core.suggestions.lookups import targets_in_words
from tandem.core.suggestions.suggest import ACCEPTABLE, Suggestion
from tandem.errors import ConfigurationError
from tandem.mapping_files.plain import plain
from tandem.model.integration import FieldMapping
from tandem.model.schema import Schema
from tandem.sync.people.suggest import Suggested, accepting_edits, suggested
from tandem.sync.system_schema import SIDES, Side
from tandem.web.access import AtDesk, Edits, Reads, Visit
from tandem.web.answers import Shown, answer
from tandem.web.desk import Desk
from tandem.web.mapping.drafts import Drafted, OpenDraft, drafted_answer, opened

router = APIRouter(tags=["mapping"])


class Asking(Drafted):
    """Which suggestions are asked for."""

    local: str | None = Field(
        None, description="Local entity for one that is not mapped; null: the likeliest."
    )


class Accepting(Asking):
    """Which of them become lines of the mapping."""

    fields: tuple[str, ...] = Field((), description="External fields whose suggestion is accepted.")
    columns: tuple[str, ...] = Field((), description="External fields that get a new local column.")


class Partner(Shown):
    """A local entity that an external one may belong to."""

    local: str
    score: float
    reason: str


class FieldSuggestion(Shown):
    """A local field for an external one."""

    external: str
    external_type: str
    local: str
    local_type: str
    score: float
    """From 0 to 1."""
    reason: str
    is_likely: bool
    line: dict[str, Any]
    """What comes into the file."""


class NewColumn(Shown):
    """A local column that would be made for an external field."""

    external: str
    external_type: str
    local: str
    looks_up: str | None
    line: dict[str, Any]


class Several(Shown):
    """A field that refers to one of several entities: a lookup has one target."""

    external: str
    targets: str


class Suggestions(Shown):
    """What could be mapped of an external entity."""

    external: str
    local: str
    is_mapped: bool
    has_partner: bool
    """Whether there is a local entity to map to."""
    partners: tuple[Partner, ...]
    """Local entities that it may belong to, the likeliest first; none if it is mapped."""
    locals: tuple[str, ...]
    """Local entities that are not mapped: what could be chosen."""
    fields: tuple[FieldSuggestion, ...]
    new_columns: tuple[NewColumn, ...]
    """For fields that have no likely partner."""
    to_several: tuple[Several, ...]
    """Fields without a partner for which no column is proposed either."""
    mapped: int
    """External fields that have a line already."""
    of: int
    """External fields that there are."""

    @property
    def likely(self) -> int:
        """How many suggestions are right nearly always."""
        return sum(one.is_likely for one in self.fields)


@router.post("/integrations/{name}/mapping/suggestions", response_model=Suggestions)
def show_suggestions(request: Request, visit: Reads, desk: AtDesk, body: Asking) -> Response:
    """The likeliest local field for each external one that is not mapped yet, with score and
    reason, by what both systems had when they were last read.
    """
    drafted = opened(desk, visit, body)
    found, local = _suggested(desk, visit, drafted, body)
    shown = _shown(found, drafted, local)
    return answer(request, shown, "mapping/tools/suggestions.html", visit=visit)


@router.post("/integrations/{name}/mapping/suggestions/accept")
def accept_suggestions(request: Request, visit: Edits, desk: AtDesk, body: Accepting) -> Response:
    """Take suggestions into the draft: as lines of the entity's mapping, or as a new mapping.
    Nothing is saved yet.
    """
    drafted = opened(desk, visit, body)
    found, _ = _suggested(desk, visit, drafted, body)
    lines = found.chosen(body.fields, body.columns, ACCEPTABLE)
    if not lines:
        raise ConfigurationError("No suggestion is chosen.", remedy="Choose at least one.")
    after = drafted.after(accepting_edits(drafted.usable(), found, lines))
    return drafted_answer(request, visit, after, entity=body.entity, changed=[found.external.name])


def _suggested(
    desk: Desk, visit: Visit, drafted: OpenDraft, body: Asking
) -> tuple[Suggested, Schema]:
    """Them, and what the local side has."""
    if body.entity is None:
        raise ConfigurationError("No entity is open.", remedy="Choose one from the list.")
    external, local = (_schema(desk, visit, side) for side in SIDES)
    found = suggested(drafted.usable(), external, local, body.entity, body.local)
    return found, local


def _schema(desk: Desk, visit: Visit, side: Side) -> Schema:
    with desk.state(visit.name) as state:
        snapshot = state.schema_snapshot(side)
    if snapshot is None:
        raise ConfigurationError(
            f"It is not known yet what the {side} system has.", remedy="Read it: Update Schema."
        )
    return snapshot.schema


def _shown(found: Suggested, drafted: OpenDraft, local: Schema) -> Suggestions:
    taken = {one.local for one in drafted.usable().entities}
    external = {line.external for line in found.mapped if line.external}
    return Suggestions(
        external=found.external.name,
        local=found.local.name,
        is_mapped=found.at is not None,
        has_partner=found.has_partner,
        partners=tuple(
            Partner(local=one.local, score=one.score, reason=one.reason) for one in found.partners
        ),
        locals=tuple(sorted(local.by_name.keys() - taken)),
        fields=tuple(_field(one) for one in found.fields),
        new_columns=tuple(_column(found, line) for line in found.new_columns(ACCEPTABLE)),
        to_several=tuple(
            Several(external=field.name, targets=targets_in_words(field))
            for field in found.to_several(ACCEPTABLE)
        ),
        mapped=len(external & found.external.by_name.keys()),
        of=len(found.external.fields),
    )


def _field(one: Suggestion) -> FieldSuggestion:
    return FieldSuggestion(
        external=one.external.name,
        external_type=type_in_words(one.external),
        local=one.local.name,
        local_type=type_in_words(one.local),
        score=one.score,
        reason=one.reason,
        is_likely=one.score >= ACCEPTABLE,
        line=plain(one.mapping),
    )


def _column(found: Suggested, line: FieldMapping) -> NewColumn:
    name = str(line.external)
    return NewColumn(
        external=name,
        external_type=type_in_words(found.external.field(name)),
        local=str(line.local),
        looks_up=line.lookup.entity if line.lookup else None,
        line=plain(line),
    )
