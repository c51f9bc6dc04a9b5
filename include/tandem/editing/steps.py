"""Transforms as people choose them, one control for each argument, as the items of a file."""

from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field

ALONE: Final = ("trim", "upper", "lower", "guid")
"""Transforms that take no argument."""
ARGUMENTS: Final[dict[str, tuple[str, ...]]] = {
    **dict.fromkeys(ALONE, ()),
    "truncate": ("length",),
    "split": ("separator", "part"),
    "concat": ("fields", "separator"),
    "date": ("zone",),
    "time": ("zone",),
    "with_time": ("field", "zone"),
    "number": ("decimal", "thousands"),
    "format_number": ("decimal", "thousands", "decimals"),
    "custom": ("function",),
}
"""Transform → what is asked for it."""
_ITSELF: Final = {"truncate": "length", "custom": "function"}
"""Transforms whose argument stands at their key, with no name of its own."""
_NUMBERS: Final = ("length", "part", "decimals")
_LISTS: Final = ("fields",)


class TypedStep(BaseModel):
    """A transform, and its arguments as typed; those of other transforms do not matter."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: str = Field("", description="trim, split, …; empty: none.")
    length: str = ""
    separator: str = ""
    part: str = ""
    fields: str = Field("", description="Names with commas between them.")
    field: str = ""
    zone: str = ""
    decimal: str = ""
    thousands: str = ""
    decimals: str = ""
    function: str = ""


def step_value(step: TypedStep) -> Any:
    """The item of the file."""
    names = ARGUMENTS.get(step.kind, ())
    given = {
        name: _value(name, text)
        for name in names
        if (text := getattr(step, name)) and (text.strip() or name == "separator")
    }
    if step.kind in _ITSELF:
        return {step.kind: given.get(_ITSELF[step.kind])}
    return {step.kind: given} if given else step.kind


def typed_step(item: Any) -> TypedStep:
    """What is typed to mean that item; what the editor does not know is a kind of its own."""
    if isinstance(item, str):
        return TypedStep(kind=item)
    if not isinstance(item, dict) or len(item) != 1:
        return TypedStep(kind=str(item))
    kind, argument = next(iter(item.items()))
    if kind in _ITSELF:
        return TypedStep(kind=kind, **{_ITSELF[kind]: str(argument)})
    if not isinstance(argument, dict) or not {*argument} <= {*ARGUMENTS.get(kind, ())}:
        return TypedStep(kind=str(item))
    return TypedStep(kind=kind, **{name: _shown(value) for name, value in argument.items()})


def step_text(item: Any) -> str:
    """The transform in a few words: `split " " 1`."""
    step = typed_step(item)
    given = [getattr(step, name) for name in ARGUMENTS.get(step.kind, ())]
    return " ".join([step.kind, *(text if text.strip() else f'"{text}"' for text in given if text)])


def _value(name: str, text: str) -> Any:
    if name in _LISTS:
        return [part.strip() for part in text.split(",") if part.strip()]
    if name in _NUMBERS and text.strip().isdecimal() and len(text) < 20:
        return int(text.strip())
    return text if name in ("separator", "decimal", "thousands") else text.strip()


def _shown(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
