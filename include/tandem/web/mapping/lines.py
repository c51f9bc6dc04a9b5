"""Dialogs about one line of a mapping: its lookup, options, transforms and what else it has."""

from typing import Any, Literal

from fastapi import APIRouter, Request, Response
from pydantic import Field

from tandem.core.drift.words import type_in_words
from tandem.editing.steps import ALONE, ARGUMENTS, TypedStep, typed_step
from tandem.editing.typed import scalar_text
from tandem.errors import ConfigurationError
from tandem.model.schema import Field as SchemaField
from tandem.model.schema import Schema
from tandem.web.access import AtDesk, Reads
from tandem.web.answers import Shown, answer
from tandem.web.mapping.drafts import Drafted, opened, panes
from tandem.web.mapping.panes import Panes
from tandem.web.mapping.shown import FieldChoice, OpenEntity, ShownLine

router = APIRouter(tags=["mapping"])

Part = Literal["lookup", "values", "transform", "details"]


class WhichLine(Drafted):
    """A line, and what of it is looked at."""

    line: int | None = Field(None, description="Its position; null: a new one, with a constant.")
    part: Part = "details"
    lookup_entity: str | None = Field(
        None, description="The entity whose fields can be chosen; null: that of the lookup."
    )
    steps: dict[int, TypedStep] | None = Field(
        None, description="The transforms as they are being put together; null: those there are."
    )


class Partner(Shown):
    """An external option and the local one that it becomes, as they are typed."""

    external: str
    local: str
    label: str
    """What people call the external one."""


class LineParts(Shown):
    """All that a line has."""

    entity: str
    line: ShownLine | None
    lookup_entity: str
    lookup_field: str
    lookup_composite: str
    entities: tuple[str, ...]
    """Those that are mapped, and so can be looked up."""
    fields: tuple[FieldChoice, ...]
    """Of the entity that is looked up."""
    composites: tuple[str, ...]
    partners: tuple[Partner, ...]
    """Those of the line, then options without a partner."""
    local_options: tuple[str, ...]
    unmapped: str
    steps: tuple[TypedStep, ...]


@router.post("/integrations/{name}/mapping/line", response_model=LineParts)
def show_line(request: Request, visit: Reads, desk: AtDesk, body: WhichLine) -> Response:
    """All that a line of the entity's mapping has, and what could be chosen for it."""
    shown = panes(desk, visit, opened(desk, visit, body), [body.entity or ""])
    return answer(
        request,
        _parts(shown, body),
        f"mapping/line_{body.part}.html",
        visit=visit,
        kinds=ARGUMENTS,
        alone=ALONE,
    )


def _parts(shown: Panes, body: WhichLine) -> LineParts:
    entity = shown.entity(body.entity or "")
    mapping = shown.opened.mapping(body.entity or "")
    if entity is None or mapping is None:
        raise ConfigurationError("This entity is not mapped.", remedy="Map it first.")
    line = _line(entity, body.line)
    value = {} if body.line is None else mapping["fields"][body.line]
    theirs = _field(shown.external, entity.name, line.external if line else "")
    ours = _field(shown.local, str(mapping.get("local")), line.local if line else "")
    lookup = value.get("lookup")
    lookup = lookup if isinstance(lookup, dict) else {"entity": _told_entity(theirs)}
    looked_up = lookup.get("entity") if body.lookup_entity is None else body.lookup_entity
    looked_up = str(looked_up or "")
    return LineParts(
        entity=entity.name,
        line=line,
        lookup_entity=looked_up,
        lookup_field=str(lookup.get("field") or _key(shown, looked_up)),
        lookup_composite=str(lookup.get("composite") or ""),
        entities=tuple(str(one.get("external")) for one in shown.opened.value["entities"]),
        fields=_fields(shown, looked_up),
        composites=entity.settings.composite_lookups if entity.settings else (),
        partners=tuple(_partners(value.get("values"), theirs)),
        local_options=ours.options if ours else (),
        unmapped=str(value.get("unmapped") or "reject"),
        steps=_steps(body, value),
    )


def _line(entity: OpenEntity, at: int | None) -> ShownLine | None:
    line = next((one for one in entity.lines if at is not None and one.at == at), None)
    if line is None and at is not None:
        raise ConfigurationError("This line is not there any more.", remedy="Open the page again.")
    return line


def _field(schema: Schema, entity: str, name: str) -> SchemaField | None:
    found = schema.by_name.get(entity)
    return found.by_name.get(name) if found else None


def _told_entity(external: SchemaField | None) -> str:
    """The one that the field refers to, as the external system says."""
    targets = external.lookup if external else ()
    return targets[0].entity if targets else ""


def _key(shown: Panes, entity: str) -> str:
    """What a lookup goes by unless something else is chosen."""
    found = shown.external.by_name.get(entity)
    return found.key[0] if found and len(found.key) == 1 else ""


def _fields(shown: Panes, entity: str) -> tuple[FieldChoice, ...]:
    found = shown.external.by_name.get(entity)
    fields = found.fields if found else ()
    return tuple(FieldChoice(name=one.name, type=type_in_words(one)) for one in fields)


def _partners(values: Any, external: SchemaField | None) -> list[Partner]:
    known = values if isinstance(values, dict) else {}
    options = external.options if external else ()
    labels = dict(zip(options, external.option_labels, strict=False)) if external else {}
    there = [
        Partner(external=scalar_text(one), local=scalar_text(other), label=labels.get(str(one), ""))
        for one, other in known.items()
    ]
    names = {str(one) for one in known}
    left = [one for one in options if one not in names]
    return [*there, *(Partner(external=one, local="", label=labels.get(one, "")) for one in left)]


def _steps(body: WhichLine, value: dict[str, Any]) -> tuple[TypedStep, ...]:
    if body.steps is not None:
        return tuple(body.steps[key] for key in sorted(body.steps) if body.steps[key].kind)
    steps = value.get("transform")
    return tuple(map(typed_step, steps)) if isinstance(steps, list) else ()
