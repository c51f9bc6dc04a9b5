"""What somebody does in the mapping editor, as changes of the file."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from pydantic import BaseModel

from tandem.editing.changes import Add, Change, Remove, Set
from tandem.editing.typed import plain_value
from tandem.errors import ConfigurationError
from tandem.model.integration import EntityMapping, FieldMapping, Integration
from tandem.model.problems import Place

_OF_INTEGRATIONS: Final = frozenset(("description", "schedule", "on_conflict", "provision"))
_OF_MAPPINGS: Final = frozenset(EntityMapping.model_fields) - {"external", "fields"}
_OF_LINES: Final = frozenset(FieldMapping.model_fields)
_LONGEST: Final = 10
"""Digits of a position; nobody has that many lines."""
_FILTERS: Final = frozenset(("download_filter", "upload_filter"))


def integration_changes(value: Mapping[str, Any], typed: Mapping[str, Any]) -> list[Change]:
    """The integration's own settings become what was typed; where the file says that already, it
    stays as it is written.
    """
    _refuse_unknown(typed, _OF_INTEGRATIONS)
    return [
        one
        for one in _sets(value, (), typed, Integration)
        if plain_value(one.key, value.get(one.key)) != one.value
    ]


def mapping_changes(value: Mapping[str, Any], at: int, typed: Mapping[str, Any]) -> list[Change]:
    """The settings of that entity mapping become what was typed."""
    _refuse_unknown(typed, _OF_MAPPINGS - _FILTERS)
    return list(_sets(value["entities"][at], ("entities", at), typed, EntityMapping))


def line_changes(value: Mapping[str, Any], place: Place, typed: Mapping[str, Any]) -> list[Change]:
    """What was typed for the line at that place of the file.

    A line whose local field is emptied is taken out, unless it has another end to go to.
    """
    _refuse_unknown(typed, _OF_LINES)
    found = _part(value["entities"][place[1]]["fields"], place[3])
    if found is None:
        raise ConfigurationError("This line is not there any more.", remedy="Open the page again.")
    changes = list(_sets(found, place, typed, FieldMapping))
    ends = {key: found.get(key) for key in ("external", "local", "constant")}
    ends |= {one.key: one.value for one in changes if one.key in ends}
    empties = any(one.key in ends and one.value is None for one in changes)
    if empties and sum(end is not None for end in ends.values()) < 2:
        return [Remove(place=place)]
    return list(changes)


def new_line(at: int, external: str | None, typed: Mapping[str, Any]) -> list[Change]:
    """A line of that external field (None: of a constant) is added at the end of a mapping."""
    _refuse_unknown(typed, _OF_LINES)
    line = {"external": external} if external else {}
    plain = {key: plain_value(key, one) for key, one in typed.items()}
    line |= {
        key: one for key, one in plain.items() if one not in (None, _default(FieldMapping, key))
    }
    ends = [line.get(key) for key in ("external", "local", "constant")]
    if sum(end is not None for end in ends) < 2:
        return []
    return [Add(place=("entities", at, "fields"), items=[line])]


def choice_change(value: Any, place: Iterable[str | int], chosen: str) -> Change:
    """The name at that place becomes another one. Positions may be texts.

    ConfigurationError if something else than a name stands there.
    """
    trail: list[Any] = [value]
    parts: list[str | int] = []
    for part in place:
        parts.append(_position(part) if isinstance(value, list) else part)
        value = _part(value, parts[-1])
        trail.append(value)
    is_item = bool(parts) and isinstance(parts[-1], int)
    if not parts or not isinstance(value, str | None) or (is_item and len(parts) == 1):
        raise ConfigurationError("Nothing can be chosen there.", remedy="Open the page again.")
    *owner, key = parts
    if isinstance(key, str):
        return Set(place=tuple(owner), key=key, value=chosen)
    names = [chosen if at == key else name for at, name in enumerate(trail[-2])]
    return Set(place=tuple(owner[:-1]), key=str(owner[-1]), value=names)


def _position(part: str | int) -> str | int:
    text = str(part)
    return int(text) if text.isdecimal() and len(text) < _LONGEST else part


def _part(value: Any, part: str | int) -> Any:
    try:
        return value[part]
    except (LookupError, TypeError):
        return None


def _refuse_unknown(typed: Mapping[str, Any], known: Iterable[str]) -> None:
    unknown = sorted({*typed} - {*known})
    if unknown:
        raise ConfigurationError(
            f"There is no setting {unknown[0]!r}.", remedy=f"There are {', '.join(sorted(known))}."
        )


def _sets(
    found: Mapping[str, Any], place: Place, typed: Mapping[str, Any], model: type[BaseModel]
) -> Iterable[Set]:
    """A default is not written down where nothing stands yet."""
    for key, one in typed.items():
        value = plain_value(key, one)
        if key in found or value != _default(model, key):
            yield Set(place=place, key=key, value=value)


def _default(model: type[BaseModel], key: str) -> Any:
    default = model.model_fields[key].default
    return None if default == () else default
