"""How the values of a condition are chosen or typed, by the kind of its field."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, Literal

from tandem.core.filters.conditions import DATES
from tandem.editing.filter_values import shape_of
from tandem.model.schema import Field, Kind
from tandem.web.answers import Shown

_OPTIONS: Final = 40
"""Options that are shown one by one where several can be chosen."""

Input = Literal["text", "number", "date", "datetime-local", "time", "choice"]


class Choice(Shown):
    """One thing that can be chosen."""

    value: str
    label: str


def choices_of(field: Field | None, texts: list[str]) -> tuple[Choice, ...]:
    """The values of a field that lists them, and those that are chosen already."""
    if field is None:
        return ()
    if field.kind is Kind.BOOLEAN:
        return (Choice(value="true", label="true"), Choice(value="false", label="false"))
    if not field.options:
        return ()
    labels = field.option_labels or field.options
    known = dict(zip(field.options, labels, strict=True))
    more = {text: f"{text} (unknown)" for text in texts if text and text not in known}
    return tuple(
        Choice(value=value, label=label if label == value else f"{label} ({value})")
        for value, label in {**known, **more}.items()
    )


def input_of(
    kind: Kind | None, texts: list[str], operator: str, choices: tuple[Choice, ...]
) -> Input:
    """What suits the values, and can hold those that are there."""
    shape = shape_of(operator)
    if shape == "count":
        return "number"
    if choices and (shape == "one" or (shape == "list" and len(choices) <= _OPTIONS)):
        return "choice"
    if kind in DATES or kind is Kind.TIME:
        return _PICKED[kind] if all(_can_be_picked(text, kind) for text in texts) else "text"
    return "number" if kind in (Kind.INT64, Kind.DECIMAL, Kind.FLOAT64) else "text"


_PICKED: Final[Mapping[Kind, Input]] = {
    Kind.DATE: "date",
    Kind.TIME: "time",
    Kind.INSTANT: "datetime-local",
    Kind.LOCAL_DATETIME: "datetime-local",
}


def _can_be_picked(text: str, kind: Kind) -> bool:
    """Whether the browser's own control can hold it: nothing below seconds, no other zone."""
    form = {Kind.DATE: "%Y-%m-%d", Kind.TIME: "%H:%M:%S"}.get(kind, "%Y-%m-%dT%H:%M:%S")
    shown = shown_text(text, kind)
    for one in (form, form.removesuffix(":%S")):
        try:
            datetime.strptime(shown, one)  # noqa: DTZ007 - only its form matters
        except ValueError:
            continue
        return True
    return not text


def shown_text(text: str, kind: Kind | None) -> str:
    """An instant in UTC, whose zone the page says, as the browser's control has it."""
    return text.removesuffix("+00:00").removesuffix("Z") if kind is Kind.INSTANT else text
