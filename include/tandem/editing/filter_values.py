"""Values of a filter: from what somebody types to plain values of the field's kind, and back."""

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final, Literal

from tandem.model.filters import A_COUNT, A_LIST, NO_VALUE
from tandem.model.schema import Kind

Shape = Literal["none", "one", "two", "list", "count"]
"""How many values an operator takes; `count` is a whole number."""

_WHOLE: Final = re.compile(r"[-+]?\d{1,40}")
_NUMBER: Final = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d{1,2})?")


def shape_of(operator: str) -> Shape:
    """How many values the operator takes."""
    if operator in NO_VALUE:
        return "none"
    if operator in A_COUNT:
        return "count"
    if operator in A_LIST:
        return "list"
    return "two" if operator == "between" else "one"


def texts_of(value: Any, operator: str) -> list[str]:
    """The values as texts, as many as the operator takes; of a text for a list each line is one."""
    shape = shape_of(operator)
    values = value if isinstance(value, list | tuple) else [] if value is None else [value]
    texts = list(map(_text, values))
    if shape == "none":
        return []
    if shape == "list":
        return [line for text in texts for line in text.splitlines() if line.strip()]
    wanted = 2 if shape == "two" else 1
    return [*texts, "", ""][:wanted]


def typed(value: Any, operator: str, kind: Kind | None) -> Any:
    """The value as it stands in the file: a plain value, a list of such, or None.

    What is no value of that kind stays text: validation says what is wrong with it.
    """
    shape = shape_of(operator)
    known = Kind.INT64 if shape == "count" else kind
    values = [_of_kind(text, known) for text in texts_of(value, operator)]
    if shape == "none":
        return None
    return values if shape in ("list", "two") else values[0]


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, date) else str(value)


def _of_kind(text: str, kind: Kind | None) -> Any:
    if kind not in _KINDS:
        return text
    with suppress(ValueError, InvalidOperation, KeyError, OverflowError):
        return _KINDS[kind](text.strip())
    return text


def _whole(text: str) -> int:
    if not _WHOLE.fullmatch(text):
        raise ValueError
    return int(text)


def _number(text: str) -> int | Decimal:
    if _WHOLE.fullmatch(text):
        return int(text)
    if not _NUMBER.fullmatch(text) or len(text) > 60:
        raise ValueError
    return Decimal(text)


def _instant(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    moment.astimezone(UTC)  # beyond its years nothing can be compared
    return moment


_KINDS: Final[dict[Kind | None, Callable[[str], Any]]] = {
    Kind.INT64: _whole,
    Kind.DECIMAL: _number,
    Kind.FLOAT64: _number,
    Kind.BOOLEAN: lambda text: {"true": True, "false": False}[text.lower()],
    Kind.DATE: date.fromisoformat,
    Kind.INSTANT: _instant,
    Kind.LOCAL_DATETIME: datetime.fromisoformat,
}
"""Kinds whose values are more than texts in the file."""
