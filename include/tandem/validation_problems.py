"""pydantic's complaints about an integration file, in the words of the file."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from tandem.errors import one_of
from tandem.model.integration import Integration
from tandem.yaml_source import Path, Problem, YamlSource, shortened

_ITEMS: Final = {"entities": "entity", "fields": "field", "and": "condition", "or": "condition"}
"""Key of a list → what one item of it is called."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """One thing that is wrong with a value that is laid out as an integration file is."""

    place: Path
    """Of the part of the value that is wrong, or that something is missing from."""
    where: str
    """The same in words: `entity Accounts, field name`; empty for the whole."""
    text: str
    """What is wrong, and what to write instead."""

    def __str__(self) -> str:
        return f"{self.where}: {self.text}" if self.where else self.text


def problems_of(error: ValidationError, source: YamlSource) -> list[Problem]:
    """Everything that is wrong, each problem once."""
    found = complaints(error, source.value)
    return [Problem(source.line(complaint.place), str(complaint)) for complaint in found]


def texts_of(error: ValidationError, value: Any) -> list[str]:
    """The same of a value that was never YAML, laid out as an integration file is."""
    return [str(complaint) for complaint in complaints(error, value)]


def complaints(error: ValidationError, value: Any) -> list[Complaint]:
    """The same, with the places in the value."""
    found: dict[tuple[Path, object], ErrorDetails | None] = {}
    for details in error.errors(include_url=False):
        if details["type"] == "too_short" and details["input"]:
            continue  # its items are wrong, and have been complained about
        place = _place(details["loc"], value)
        if _is_one_of_several_kinds(details, place):
            found[place, "kind"] = None if (place, "kind") in found else details
        else:
            found[place, details["loc"][-1:]] = details
    return [_made(place, details, value) for (place, _), details in found.items()]


def _place(loc: Path, value: Any) -> Path:
    """The part of pydantic's location that is in the file: it also names kinds that were tried."""
    place: list[str | int] = []
    for part in loc:
        if isinstance(value, dict):
            found = part in value
        else:
            found = isinstance(value, list) and isinstance(part, int) and part < len(value)
        if found:
            place.append(part)
            value = value[part]
    return tuple(place)


def _is_one_of_several_kinds(details: ErrorDetails, place: Path) -> bool:
    return place[-1:] != details["loc"][-1:] and details["type"] not in ("missing", "value_error")


def _made(place: Path, details: ErrorDetails | None, document: Any) -> Complaint:
    is_key = details is not None and details["type"] == "extra_forbidden"
    where = ", ".join(_labels(place[:-1] if is_key else place, document))
    return Complaint(place, where, _complaint(details) if details else _OTHER_KIND)


def _labels(place: Path, value: Any) -> Iterator[str]:
    item = ""
    for depth, part in enumerate(place, start=1):
        value = value[part]
        if isinstance(part, int):
            yield shortened(f"{item} {_name(value) or part + 1}".strip())
        elif part not in _ITEMS or depth == len(place):
            yield shortened(str(part))
        item = _ITEMS.get(str(part), "")


def _name(item: Any) -> Any:
    return isinstance(item, dict) and (item.get("external") or item.get("local"))


def _complaint(details: ErrorDetails) -> str:
    kind = details["type"]
    if kind in _WITH_REMEDY:
        return _WITH_REMEDY[kind](details)
    return f"{_shown(details)} {_EXPECTED[kind]}" if kind in _EXPECTED else details["msg"]


def _missing(details: ErrorDetails) -> str:
    key = str(details["loc"][-1])
    purpose = _known(details["loc"])[key].rstrip(".")
    return f"key {key!r} is missing; write {key}: …" + (f" ({purpose})" if purpose else "")


def _unknown_key(details: ErrorDetails) -> str:
    key, known = str(details["loc"][-1]), _known(details["loc"])
    if key in known:
        remedy = "move it into a condition of its own"
        return f"key {shortened(key)!r} cannot stand beside the others; {remedy}"
    close = get_close_matches(key.lower()[:60], known, n=2)
    remedy = f"did you mean {one_of(close)}" if close else f"it takes {one_of(list(known))}"
    return f"unknown key {shortened(key)!r}; {remedy}"


def _no_choice(details: ErrorDetails) -> str:
    choices = re.findall(r"'([^']*)'", details["ctx"]["expected"])
    close = get_close_matches(str(details["input"])[:60], choices, n=1)
    hint = f"did you mean {close[0]}? Else " if close else ""
    return f"{_shown(details)} is not possible here; {hint}write {one_of(choices)}"


def _no_group(details: ErrorDetails) -> str:
    keys = ", ".join(f"{key}: …" for key in _known((*details["loc"], "")))
    return f"{_shown(details)} is not possible here; write keys: {{{keys}}}"


def _shown(details: ErrorDetails) -> str:
    value = details["input"]
    if isinstance(value, dict | list | tuple):
        empty = "" if value else "n empty"
        return f"a{empty} group of keys" if isinstance(value, dict) else f"a{empty} list"
    return "an empty value" if value in (None, "") else repr(shortened(str(value)))


def _bound(limit: str, words: str) -> Callable[[ErrorDetails], str]:
    """That a value is beyond a limit, which pydantic tells."""

    def complaint(details: ErrorDetails) -> str:
        return f"{_shown(details)} {words.format(details['ctx'][limit])}"

    return complaint


_WITH_REMEDY: Final[dict[str, Callable[[ErrorDetails], str]]] = {
    "missing": _missing,
    "extra_forbidden": _unknown_key,
    "literal_error": _no_choice,
    "model_type": _no_group,
    "greater_than_equal": _bound("ge", "is too small; write {} or more"),
    "less_than_equal": _bound("le", "is too large; write {} or less"),
    "string_too_long": _bound("max_length", "is too long; write at most {} characters"),
    "value_error": lambda details: str(details["ctx"]["error"]),
}
_TRUTH: Final = "is not possible here; write true or false"
_DURATION: Final = "is no duration; write for example PT10M"
_WHOLE: Final = "is no whole number; write for example 40"
_EXPECTED: Final = {
    "string_type": "is not a text; write a text, in quotes",
    "string_too_short": "is not possible here; write a name",
    "string_pattern_mismatch": "is no name; write a small letter, then small letters, digits and _",
    "tuple_type": "is not a list; write it in [ ] or with -",
    "dict_type": "is not a group of keys; write {key: value}",
    "too_short": "is not possible here; write at least one item",
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_from_float": _WHOLE,
    "bool_type": _TRUTH,
    "bool_parsing": _TRUTH,
    "time_delta_type": _DURATION,
    "time_delta_parsing": _DURATION,
}
"""pydantic's type of error → what follows the value that was found."""

_OTHER_KIND: Final = (
    "a value of this kind is not possible here; write true or false, a number, a date or a text"
)


def _known(loc: Path) -> dict[str, str]:
    """The keys that are possible where the last part of `loc` stands, with what each is for."""
    models: list[type[BaseModel]] = [Integration]
    for part in loc[:-1]:
        fields = {field.alias or name: field for m in models for name, field in _fields(m)}
        if part in fields:
            models = list(_models(fields[str(part)].annotation))
    return {
        field.alias or name: field.description or "" for m in models for name, field in _fields(m)
    }


def _fields(model: type[BaseModel]) -> Any:
    return model.model_fields.items()


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models(argument)
