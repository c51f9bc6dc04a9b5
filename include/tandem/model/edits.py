"""Edits of an integration file as data, and what they make of its plain values."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tandem.model.problems import Place


@dataclass(frozen=True, slots=True)
class Removal:
    """The item of a list, or the key of a mapping with its value, goes."""

    place: Place


@dataclass(frozen=True, slots=True)
class Replacement:
    """The value there becomes another one."""

    place: Place
    value: Any
    """A plain value, as `YamlSource` gives them; the order of keys may stay what it was."""


@dataclass(frozen=True, slots=True)
class Insertion:
    """A list gets an item at a position, or a mapping a key that it did not have, as its last."""

    place: Place
    """Of the list or mapping."""
    at: int | str
    """Position or key."""
    value: Any


Edit = Removal | Replacement | Insertion


def edited_value(value: Any, edits: Sequence[Edit]) -> Any:
    """The value after these edits, one after the other; the one given stays as it is.

    Each place is one of what the edits before it made. LookupError if it is not there.
    """
    for edit in edits:
        value = _edited(value, edit.place, edit)
    return value


def _edited(value: Any, place: Place, edit: Edit) -> Any:
    if not place:
        return _at_place(value, edit)
    first, rest = _known(value, place[0]), place[1:]
    copy = value.copy()
    if not rest and isinstance(edit, Removal):
        del copy[first]
    else:
        copy[first] = _edited(value[first], rest, edit)
    return copy


def _at_place(value: Any, edit: Edit) -> Any:
    if isinstance(edit, Replacement):
        return edit.value
    if not isinstance(edit, Insertion):
        raise LookupError("the whole document cannot be removed")
    if isinstance(value, list) and isinstance(edit.at, int) and 0 <= edit.at <= len(value):
        return [*value[: edit.at], edit.value, *value[edit.at :]]
    if isinstance(value, dict) and edit.at not in value:
        return {**value, edit.at: edit.value}
    raise LookupError(f"nothing can be added at {edit.at!r}")


def _known(value: Any, part: int | str) -> Any:
    """The position, or the key that reads like this part."""
    if isinstance(value, list) and isinstance(part, int) and 0 <= part < len(value):
        return part
    if isinstance(value, dict):
        if part in value:
            return part
        for key in value:
            if str(key) == part:
                return key
    raise LookupError(f"there is no {part!r}")
