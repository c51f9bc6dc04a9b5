"""Changing a draft: what one control of the page means, and taking it back."""

from typing import Any, Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from tandem.editing.changes import Change, Remove, edits_of
from tandem.editing.settings import choice_change, line_changes, mapping_changes, new_line
from tandem.editing.steps import TypedStep, step_value
from tandem.errors import ConfigurationError
from tandem.model.edits import Edit, edited_value
from tandem.sync.people.drafted import changed_mappings
from tandem.sync.people.starting import column_for, starting_edits
from tandem.web.access import AtDesk, Edits, Reads, Visit
from tandem.web.answers import answer
from tandem.web.mapping.drafts import Drafted, draft_shown, drafted_answer, edited, opened, panes
from tandem.web.mapping.panes import Panes, differing
from tandem.web.mapping.shown import Edited, OpenEntity, ShownLine

router = APIRouter(tags=["mapping"])


class Opening(Drafted):
    """Which entity is opened."""

    all: bool = Field(False, description="Tell the states of all entities, and not of it only.")


class Choice(BaseModel):
    """A name in place of another one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    place: list[str | int] = Field(description="As problems tell it.")
    value: str


class OneChange(Drafted):
    """A change of the mapping of the entity; one of `settings`, `choose`, `remove`, `map_to`."""

    line: int | None = Field(
        None, description="Position of a line of its mapping; null: the mapping itself, or"
    )
    external: str | None = Field(None, description="the external field that gets a line.")
    constant: bool = Field(False, description="Add a line with a constant.")
    settings: dict[str, Any] = Field(
        {},
        description="Settings of the mapping or the line, and what they become: names as in the "
        "file. Constants, defaults and options are texts as in YAML: 0 is a number there, and "
        '"0" a text. `values` is {external: […], local: […]}. Null or empty: it goes.',
    )
    steps: dict[int, TypedStep] | None = Field(
        None, description="The line's transforms, each under its position."
    )
    choose: Choice | None = Field(None, description="What a problem offers.")
    remove: Literal["line", "mapping"] | None = None
    map_to: str | None = Field(
        None, description="The local entity to which the entity, not mapped so far, is mapped."
    )


@router.post("/integrations/{name}/mapping/entities", response_model=Edited)
def open_entity(request: Request, visit: Reads, desk: AtDesk, body: Opening) -> Response:
    """The mapping of an external entity as the draft makes it."""
    changed = None if body.all or body.entity is None else [body.entity]
    return drafted_answer(
        request, visit, opened(desk, visit, body), entity=body.entity, changed=changed
    )


@router.post("/integrations/{name}/mapping/changes", response_model=Edited)
def change_mapping(request: Request, visit: Edits, desk: AtDesk, body: OneChange) -> Response:
    """Change the draft by one thing that somebody did; the problems are those after it."""
    if body.entity is None:
        raise ConfigurationError("No entity is open.", remedy="Choose one from the list.")
    before = opened(desk, visit, body)
    shown = panes(desk, visit, before, [body.entity])
    after = before.after(_edits(shown, body.entity, body))
    return _answer(request, visit, panes(desk, visit, after, [body.entity]), shown, body)


@router.post("/integrations/{name}/mapping/undo", response_model=Edited)
def undo_change(request: Request, visit: Edits, desk: AtDesk, body: Drafted) -> Response:
    """Take the last change of the draft back."""
    before = opened(desk, visit, body)
    after = before.before_last()
    changed = changed_mappings(before, after)
    seen = body.entity if body.entity in changed or not changed else min(changed)
    return drafted_answer(request, visit, after, entity=seen, changed=changed)


def _answer(request: Request, visit: Visit, now: Panes, before: Panes, body: OneChange) -> Response:
    """Only what is shown otherwise than before, if the lines are the same ones."""
    entity = body.entity or ""
    then, here = before.entity(entity), now.entity(entity)
    if here is None:
        renamed = changed_mappings(before.opened, now.opened) - {entity}
        return drafted_answer(request, visit, now.opened, entity=next(iter(renamed), None))
    model = edited(now, entity, [entity])
    if then is None or not _has_same_lines(then, here):
        return draft_shown(request, visit, model)
    asked = {one.id for one in here.lines if _is_asked_for(one, body)}
    rows = differing(then.lines, here.lines) | asked
    return answer(request, model, "mapping/changed.html", visit=visit, rows=rows)


def _has_same_lines(one: OpenEntity, other: OpenEntity) -> bool:
    ids = [[line.id for line in entity.lines] for entity in (one, other)]
    return ids[0] == ids[1] and one.settings is not None and other.settings is not None


def _is_asked_for(line: ShownLine, body: OneChange) -> bool:
    if body.line is not None:
        return line.at == body.line
    return body.external is not None and line.external == body.external


def _edits(shown: Panes, entity: str, body: OneChange) -> list[Edit]:
    """What was done, as edits of the draft."""
    value, at = shown.opened.value, shown.opened.position(entity)
    if at is None:
        if body.map_to is None:
            raise ConfigurationError(f"{entity} is not mapped.", remedy="Map it first.")
        return starting_edits(
            shown.opened.usable(), shown.external, shown.local, entity, body.map_to.strip()
        )
    return _as_edits(value, _changes(shown, at, body))


def _as_edits(value: Any, changes: list[Change]) -> list[Edit]:
    """Each change is one of what those before it made."""
    edits: list[Edit] = []
    for change in changes:
        edits += edits_of(edited_value(value, edits), change)
    return edits


def _changes(shown: Panes, at: int, body: OneChange) -> list[Change]:
    value = shown.opened.value
    if body.choose:
        return [choice_change(value, body.choose.place, body.choose.value)]
    if body.remove:
        line = ("fields", body.line) if body.remove == "line" and body.line is not None else ()
        return [Remove(place=("entities", at, *line))]
    settings = _with_steps(body)
    if body.line is not None:
        return line_changes(value, ("entities", at, "fields", body.line), settings)
    if body.external or body.constant:
        return new_line(at, body.external, _with_column(shown, body, settings))
    return mapping_changes(value, at, settings)


def _with_steps(body: OneChange) -> dict[str, Any]:
    if body.steps is None:
        return body.settings
    steps = [body.steps[key] for key in sorted(body.steps)]
    return {**body.settings, "transform": [step_value(one) for one in steps if one.kind]}


def _with_column(shown: Panes, body: OneChange, settings: dict[str, Any]) -> dict[str, Any]:
    """A field that is only checked gets the local field that it may be called by."""
    if settings.get("local") or not settings.get("enabled") or not body.external:
        return settings
    theirs = shown.external.by_name.get(body.entity or "")
    mapping = shown.opened.mapping(body.entity or "") or {}
    ours = shown.local.by_name.get(str(mapping.get("local")))
    return {**settings, "local": column_for(theirs, body.external, ours)}
