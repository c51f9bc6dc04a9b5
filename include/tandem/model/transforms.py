"""The transforms that a field mapping can name, as the user writes them."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    model_validator,
)

from tandem.model.config import Config

TransformName = Literal["trim", "upper", "lower", "guid", "date", "time"]

_Text = Annotated[str, StringConstraints(min_length=1, max_length=200)]
_Mark = Annotated[str, StringConstraints(max_length=1)]


def _as_zone(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_+/-]{0,63}", text):
        raise ValueError(f"{text[:60]!r} is no time zone; write for example Europe/Prague")
    return text


_Zone = Annotated[str, AfterValidator(_as_zone)]


class Split(Config):
    """One part of a text."""

    separator: _Text = Field(description="What stands between the parts.")
    part: int = Field(description="Which part; the first is 1.", ge=1)


class Concat(Config):
    """Texts joined."""

    fields: tuple[_Text, ...] = Field(
        description="What follows the line's own field: fields of the side being read.",
        min_length=1,
    )
    separator: str = Field("", description="What stands between the texts.", max_length=200)


class WithTime(Config):
    """A date joined with a time of day."""

    field: _Text = Field(description="The time of day: a field of the side being read.")
    zone: _Zone | None = Field(
        None,
        description="Time zone of that clock, for example Europe/Prague: the value becomes an "
        "instant. Omitted: it stays a local date-time.",
    )


class InZone(Config):
    """The date, or the time of day, that clocks of a zone show at an instant."""

    zone: _Zone = Field(description="Time zone, for example Europe/Prague.")


class NumberFormat(Config):
    """How a text writes numbers."""

    decimal: Annotated[str, StringConstraints(min_length=1, max_length=1)] = Field(
        ".", description="What stands before the decimals."
    )
    thousands: _Mark = Field("", description="What stands between groups of three digits.")

    @model_validator(mode="after")
    def _tells_marks_apart(self) -> "NumberFormat":
        marks = [mark for mark in (self.decimal, self.thousands) if mark]
        if len(set(marks)) < len(marks):
            raise ValueError(f"decimal and thousands are both {self.decimal!r}; write two marks")
        if any(mark.isdigit() or mark in "+-" for mark in marks):
            raise ValueError("decimal and thousands cannot be digits or signs; write '.' or ','")
        return self


class WrittenNumber(NumberFormat):
    """How a number is written."""

    decimals: int | None = Field(
        None,
        description="Digits after the decimal mark, rounded half away from zero. Omitted: as many "
        "as the number has.",
        ge=0,
        le=20,
    )


class Step(Config):
    """A transform that takes arguments: one key."""

    truncate: int | None = Field(
        None, description="Cut to so many characters; how many values were cut is logged.", ge=1
    )
    split: Split | None = Field(None, description="One part of a text; null where it is missing.")
    concat: Concat | None = Field(
        None, description="Joined with other fields of the record; nulls are left out."
    )
    with_time: WithTime | None = Field(None, description="A date joined with a time of day.")
    date: InZone | None = Field(None, description="The date of an instant in a zone.")
    time: InZone | None = Field(None, description="The time of day of an instant in a zone.")
    number: NumberFormat | None = Field(None, description="The number that a text writes.")
    format_number: WrittenNumber | None = Field(None, description="A number as text.")
    custom: _Text | None = Field(None, description="A function of transforms.py, by its name.")

    @model_validator(mode="before")
    @classmethod
    def _takes_arguments(cls, value: Any) -> Any:
        keys = set(value) if isinstance(value, dict) else set()
        for name in sorted(keys & set(get_args(TransformName)) - set(cls.model_fields)):
            raise ValueError(f"transform {name!r} takes no argument; write it alone: [{name}]")
        return value

    @model_validator(mode="after")
    def _has_one_key(self) -> "Step":
        if sum(getattr(self, key) is not None for key in type(self).model_fields) != 1:
            raise ValueError(
                "a transform has one key; write each as an item of its own, for example "
                "[{split: {separator: ' ', part: 1}}, {truncate: 40}]"
            )
        return self

    @property
    def name(self) -> str:
        """The key."""
        return next(key for key in type(self).model_fields if getattr(self, key) is not None)

    @property
    def argument(self) -> Any:
        """What stands at the key."""
        return getattr(self, self.name)


def _shape(value: Any) -> str:
    """Which kind of item it is, so that errors speak of that one only."""
    return "step" if isinstance(value, dict | Step) else "name"


def _without_argument(value: Any) -> Any:
    if isinstance(value, str) and value in set(Step.model_fields) - set(get_args(TransformName)):
        raise ValueError(f"transform {value!r} takes an argument; write {{{value}: …}}")
    return value


Transform = Annotated[
    Annotated[TransformName, BeforeValidator(_without_argument), Tag("name")]
    | Annotated[Step, Tag("step")],
    Discriminator(_shape),
]

BOTH_WAYS = frozenset(("trim", "upper", "lower", "guid"))
"""Transforms that leave a value that can be sent back as it is."""

LOSES = frozenset(("truncate", "split", "concat", "date", "time", "with_time"))
"""Transforms that make the same of different values, or need others: no key passes them."""


def name_of(transform: "TransformName | Step") -> str:
    """The name of a transform, with or without arguments."""
    return transform.name if isinstance(transform, Step) else transform


def fields_read_by(transforms: "tuple[TransformName | Step, ...]") -> tuple[str, ...]:
    """The fields that transforms read beside the line's own, on the side being read."""
    names: list[str] = []
    for step in transforms:
        if isinstance(step, Step) and step.concat:
            names += step.concat.fields
        elif isinstance(step, Step) and step.with_time:
            names.append(step.with_time.field)
    return tuple(dict.fromkeys(names))


@dataclass(frozen=True, slots=True)
class UserTransform:
    """A function that the user has registered."""

    name: str
    place: str
    """The file that it stands in."""
    function: Callable[[Any], Any]
    """`pandas.Series` → `pandas.Series` of the same length."""
    broken: str = ""
    """Why it cannot be called, since its file cannot be loaded."""


UserTransforms = Mapping[str, UserTransform]
