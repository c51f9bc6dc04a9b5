"""Conditions in words, for people: `city is “Brno” and (revenue is at least 1000 or …)`."""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final, get_args

from tandem.core.filters.conditions import DATES, takes
from tandem.model.filters import AllOf, AnyOf, Comparison, Condition, Operator
from tandem.model.schema import Kind

_WORDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "eq": "is",
        "ne": "is not",
        "gt": "is greater than",
        "ge": "is at least",
        "lt": "is less than",
        "le": "is at most",
        "in": "is one of",
        "not_in": "is none of",
        "between": "is between",
        "contains": "contains",
        "not_contains": "does not contain",
        "begins_with": "begins with",
        "not_begins_with": "does not begin with",
        "ends_with": "ends with",
        "not_ends_with": "does not end with",
        "null": "is empty",
        "not_null": "is not empty",
        "today": "is today",
        "yesterday": "is yesterday",
        "tomorrow": "is tomorrow",
        "last_x_hours": "is within the last hours",
        "last_x_days": "is within the last days",
        "next_x_days": "is within the next days",
        "this_week": "is this week",
        "this_month": "is this month",
        "this_year": "is this year",
    }
)
_OF_DATES: Final = {
    "gt": "is after",
    "ge": "is on or after",
    "lt": "is before",
    "le": "is on or before",
}
_OF_COUNTS: Final = {
    "last_x_hours": ("is within the last", "hour"),
    "last_x_days": ("is within the last", "day"),
    "next_x_days": ("is within the next", "day"),
}
_OF_TWO_VALUES: Final = ("eq", "ne", "null", "not_null")
"""All that anybody asks of a boolean."""

NO_KINDS: Final[Mapping[str, Kind]] = MappingProxyType({})


def operators_of(kind: Kind | None) -> tuple[Operator, ...]:
    """The operators that are of use with fields of that kind; all where it is not known."""
    known: tuple[Operator, ...] = get_args(Operator)
    if kind is None:
        return known
    return tuple(
        name
        for name in known
        if takes(kind, name) and (kind is not Kind.BOOLEAN or name in _OF_TWO_VALUES)
    )


def operator_words(operator: str, kind: Kind | None = None) -> str:
    """The operator in words, as they stand between a field and its value; itself if it is none."""
    dated = kind in DATES and operator in _OF_DATES
    return _OF_DATES[operator] if dated else _WORDS.get(operator, operator)


def sentence(condition: Condition, kinds: Mapping[str, Kind] = NO_KINDS) -> str:
    """The condition in words; `kinds` tells those of its fields as far as they are known."""
    if isinstance(condition, AllOf | AnyOf):
        word = " and " if isinstance(condition, AllOf) else " or "
        return word.join(_part(part, kinds) for part in condition.conditions)
    return " ".join(filter(None, (condition.field, *_compared(condition, kinds))))


def _part(condition: Condition, kinds: Mapping[str, Kind]) -> str:
    told = sentence(condition, kinds)
    is_group = not isinstance(condition, Comparison) and len(condition.conditions) > 1
    return f"({told})" if is_group else told


def _compared(one: Comparison, kinds: Mapping[str, Kind]) -> tuple[str, str]:
    if one.operator in _OF_COUNTS:
        words, unit = _OF_COUNTS[one.operator]
        return words, unit if one.value == 1 else f"{one.value} {unit}s"
    words = operator_words(one.operator, kinds.get(one.field))
    if one.value is None:
        return words, ""
    if not isinstance(one.value, tuple):
        return words, _value(one.value)
    *first, last = map(_value, one.value)
    joint = "and" if one.operator == "between" else "or"
    return words, f"{', '.join(first)} {joint} {last}" if first else last


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        moment = value if value.tzinfo is None else value.astimezone(UTC).replace(tzinfo=None)
        return moment.isoformat(sep=" ") + (" UTC" if value.tzinfo else "")
    return f"“{value}”" if isinstance(value, str) else str(value)
