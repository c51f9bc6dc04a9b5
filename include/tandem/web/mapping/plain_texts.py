"""Plain values of a mapping, as they may stand in a file, in the words of the page."""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from tandem.core.filters.words import sentence
from tandem.editing.steps import step_text
from tandem.editing.typed import scalar_text
from tandem.model.filters import Condition
from tandem.model.schema import Entity, Field, Kind

_CONDITION: Final[TypeAdapter[Condition]] = TypeAdapter(Condition)


def text_at(values: Any, key: str) -> str:
    """The value at the key; empty if there is none."""
    found = values.get(key) if isinstance(values, Mapping) else None
    return "" if found is None else str(found)


def scalar_at(values: Mapping[str, Any], key: str) -> str | None:
    """The value at the key as it is typed; None if there is none."""
    found = values.get(key)
    return None if found is None else scalar_text(found)


def names_at(values: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """The names of the list at the key."""
    found = values.get(key)
    return tuple(map(str, found)) if isinstance(found, list) else ()


def lookup_text(lookup: Any) -> str:
    """`Accounts.ID`; empty if it is none."""
    return ".".join(filter(None, (text_at(lookup, "entity"), text_at(lookup, "field"))))


def refers_to(external: Field | None) -> str:
    """The entities that the field leads to, as the system says."""
    targets = external.lookup if external else ()
    return " or ".join(dict.fromkeys(target.entity for target in targets))


def steps_text(steps: Any) -> str:
    """The transforms in a few words."""
    return ", ".join(map(step_text, steps)) if isinstance(steps, list) else ""


def filter_text(condition: Any, entity: Entity) -> str:
    """The filter as a sentence; empty: all records."""
    if condition is None:
        return ""
    try:
        kinds: Mapping[str, Kind] = {one.name: one.kind for one in entity.fields}
        return sentence(_CONDITION.validate_python(condition), kinds)
    except ValidationError:
        return "a filter that is wrong"
