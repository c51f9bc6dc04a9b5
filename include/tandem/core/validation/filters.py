"""Filters: fields that are not there, values and operators that do not fit, and who evaluates."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from tandem.core.filters.conditions import operands_of
from tandem.core.filters.relations import Compared, Relations, compared, relations
from tandem.core.names.choices import by_likeness, similar
from tandem.core.validation.checked import Checked, Side
from tandem.errors import ConfigurationError
from tandem.model.filters import AllOf, Comparison, Condition, lookup_path
from tandem.model.problems import Place, Problem, Remedy, Severity
from tandem.model.schema import Entity

_ANY_DAY: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""Whether values and operators fit does not depend on the day."""


def filter_problems(checked: Checked) -> Iterator[Problem]:
    """What is wrong with the filters of both sides."""
    filters: tuple[tuple[Side, str, Condition | None], ...] = (
        ("external", "download_filter", checked.mapping.download_filter),
        ("local", "upload_filter", checked.mapping.upload_filter),
    )
    for side, key, condition in filters:
        entity = checked.entity(side)
        if condition is None or entity is None:
            continue
        known = relations(checked.integration, checked.mapping, checked.schemas[side], side)
        for place, comparison in _comparisons(condition, checked.place(key)):
            yield from _comparison_problems(checked, place, comparison, entity, known)


def _comparisons(condition: Condition, place: Place) -> Iterator[tuple[Place, Comparison]]:
    if isinstance(condition, Comparison):
        yield place, condition
        return
    key = "and" if isinstance(condition, AllOf) else "or"
    for at, part in enumerate(condition.conditions):
        yield from _comparisons(part, (*place, key, at))


def _comparison_problems(
    checked: Checked, place: Place, comparison: Comparison, entity: Entity, known: Relations
) -> Iterator[Problem]:
    try:
        looked_at = compared(comparison.field, entity, known)
    except ConfigurationError as error:
        yield checked.found(
            Severity.ERROR,
            "filter_field_unknown",
            (*place, "field"),
            _filter(error.problem),
            Remedy.CHOOSE_ANOTHER,
            "Choose another field, or remove the condition."
            if "has no field" in error.problem
            else error.remedy,
            _fields_like(comparison.field, entity, known),
        )
        return
    try:
        operands_of(comparison, looked_at.field, _ANY_DAY)
    except ConfigurationError as error:
        part = "operator" if "operator" in error.problem else "value"
        yield checked.found(
            Severity.ERROR, f"filter_{part}", (*place, part), error.problem, advice=error.remedy
        )
    yield from _evaluated_here(checked, place, looked_at, entity)


def _fields_like(name: str, entity: Entity, known: Relations) -> tuple[str, ...]:
    """Fields of the entity; of a lookup's target where the name begins with that lookup."""
    lookup, field = lookup_path(name) or ("", "")
    if name in entity.by_name or lookup not in known:
        return similar(name, entity.by_name)
    return tuple(f"{lookup}.{found}" for found in by_likeness(field, known[lookup].entity.by_name))


def _filter(text: str) -> str:
    return text if text.startswith("Filter") else f"Filter: {text[0].lower()}{text[1:]}"


def _evaluated_here(
    checked: Checked, place: Place, looked_at: Compared, entity: Entity
) -> Iterator[Problem]:
    if looked_at.field.filterable and entity.capabilities.filter:
        return
    yield checked.found(
        Severity.NOTE,
        "filter_evaluated_here",
        (*place, "field"),
        f"Filter: the system does not evaluate conditions on {looked_at.field.name!r}; all its "
        "records are read, and chosen from here.",
        Remedy.NONE,
    )
