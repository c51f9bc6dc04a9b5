"""What people type into an editor as the plain values that stand in a file, and back."""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from math import isfinite
from typing import Any, Final

from tandem.errors import ConfigurationError
from tandem.yaml_edit.writing import one_line
from tandem.yaml_source import YamlSource

_QUOTES: Final = ('"', "'")


def scalar(typed: str) -> bool | int | Decimal | str:
    """A value as it stands in YAML: `0` is a number and `"0"` a text; what is no number, truth
    value or text in quotes is a text without them.
    """
    text = typed.strip(" \t\r\n")
    source = YamlSource(text)
    value = source.value
    if not source.problems and isinstance(value, bool | int | Decimal):
        return value
    if not source.problems and isinstance(value, str) and text.startswith(_QUOTES):
        return value
    return text


def scalar_text(value: Any) -> str:
    """What is typed to mean that value."""
    if isinstance(value, str):
        return value if value and scalar(value) == value else one_line([value])[1:-1]
    return one_line(value)


def plain_value(key: str, typed: Any) -> Any:
    """The plain value that a setting gets by what was typed for it; None: the setting goes.

    Values that are not texts, such as programs send, stay what they are. ConfigurationError if
    what was typed cannot be written down.
    """
    return _AS_TYPED.get(key, _text)(_plain(typed))


def _plain(sent: Any, deepest: int = 10) -> Any:
    """What JSON sends as `YamlSource` gives it: a number with a point is a Decimal."""
    if isinstance(sent, list) and deepest:
        return [_plain(one, deepest - 1) for one in sent]
    if isinstance(sent, dict) and deepest:
        return {key: _plain(one, deepest - 1) for key, one in sent.items()}
    if isinstance(sent, float) and isfinite(sent):
        return Decimal(repr(sent))
    if isinstance(sent, float | list | dict):
        raise ConfigurationError(
            "This value cannot be written into the file.", remedy="Write a number or a text."
        )
    return sent


def _text(typed: Any) -> Any:
    return (typed.strip() or None) if isinstance(typed, str) else typed


def _whole_number(typed: Any) -> Any:
    text = _text(typed)
    return int(text) if isinstance(text, str) and text.isdecimal() and len(text) < 20 else text


def _constant(typed: Any) -> Any:
    text = _text(typed)
    return scalar(text) if isinstance(text, str) else text


def _names(typed: Any) -> Any:
    if not isinstance(typed, list) or not all(isinstance(one, str) for one in typed):
        return typed
    return list(dict.fromkeys(name for one in typed if (name := _text(one)))) or None


def _lookup(typed: Any) -> Any:
    if not isinstance(typed, Mapping):
        return typed
    return {key: text for key, one in typed.items() if (text := _text(one))} or None


def _partners(typed: Any) -> Any:
    """Of `{external: [a, b], local: [c, d]}` one entry for each that has both."""
    if not isinstance(typed, Mapping) or not {*typed} <= {"external", "local"}:
        return typed
    columns = (typed.get("external", ()), typed.get("local", ()))
    if not all(isinstance(column, list | tuple) for column in columns):
        return typed
    return _once((_constant(one), _constant(other)) for one, other in zip(*columns, strict=False))


def _once(pairs: Iterable[tuple[Any, Any]]) -> dict[Any, Any] | None:
    found: dict[Any, Any] = {}
    for external, local in pairs:
        if external is None or local is None:
            continue
        if isinstance(external, list | dict):
            raise ConfigurationError("An option is a number or a text.", remedy="Write one.")
        if external in found:
            raise ConfigurationError(
                f"Option {scalar_text(external)} is there twice.", remedy="Give it one value."
            )
        found[external] = local
    return found or None


_AS_TYPED: Final[dict[str, Callable[[Any], Any]]] = {
    "sweep_every": _whole_number,
    "constant": _constant,
    "default": _constant,
    "primary_key": _names,
    "composite_lookups": _names,
    "lookup": _lookup,
    "values": _partners,
    "transform": lambda typed: typed or None,
}
"""Setting → how it is typed; all others are texts, or no texts at all."""
