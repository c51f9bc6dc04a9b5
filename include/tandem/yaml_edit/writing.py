"""Plain values as YAML, the way integration files are written by hand.

Mappings and lists stand on one line in braces and brackets, as long as they fit there and hold no
list of mappings. Texts are in quotes where a reader of YAML 1.1 or 1.2 would take them for
something else.
"""

import json
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

import yaml

from tandem.errors import printable
from tandem.yaml_source import TWO_MEANINGS, YamlSource

_OCTAL: Final = re.compile(r"[-+]?0o[0-7]+")
"""A number for YAML 1.2 alone."""
_SIMPLE: Final = re.compile(r"[^\W\d][\w/.-]*")
"""Means the same to all readers, unless it is one of the words below."""
_WORDS: Final = TWO_MEANINGS | {"true", "false", "null"}


@dataclass(frozen=True, slots=True)
class Style:
    """How a document is laid out."""

    list_indent: int = 2
    """How far the dashes of a list stand behind the key that it belongs to."""
    item_indent: int = 2
    """How far the items stand behind their dashes."""
    width: int = 100


def flow(value: Any, *, as_key: bool = False) -> str:
    """The value on one line, to stand within braces or brackets."""
    return _flow(value, within=True, as_key=as_key)


def one_line(value: Any) -> str:
    """The value on one line, to stand behind a key or a dash."""
    return _flow(value, within=False)


def block(value: Any, style: Style) -> list[str]:
    """The lines of a mapping or list that is not empty, at column 0."""
    if isinstance(value, dict):
        return [line for key, part in value.items() for line in entry(key, part, style)]
    return [line for part in value for line in item(part, style)]


def entry(key: Any, value: Any, style: Style) -> list[str]:
    """The lines of one key with its value."""
    name = _scalar(key, within=False, as_key=True)
    if not wants_block(value, style):
        return [f"{name}: {one_line(value)}"]
    indent = style.list_indent if isinstance(value, list) else 2
    return [f"{name}:", *(" " * indent + line for line in block(value, style))]


def item(value: Any, style: Style, *, as_block: bool | None = None) -> list[str]:
    """The lines of one item of a list; `as_block` decides in place of its length."""
    dash = "-".ljust(style.item_indent)
    if not is_full(value) or not (wants_block(value, style) if as_block is None else as_block):
        return [dash + one_line(value)]
    first, *others = block(value, style)
    return [dash + first, *(" " * len(dash) + line for line in others)]


def wants_block(value: Any, style: Style) -> bool:
    """Whether the value is better written on several lines."""
    return is_full(value) and (_lists_mappings(value) or len(one_line(value)) > style.width)


def is_full(value: Any) -> bool:
    """Whether it is a list or mapping with something in it."""
    return isinstance(value, dict | list) and bool(value)


def _lists_mappings(value: Any) -> bool:
    if isinstance(value, list):
        return any(isinstance(part, dict) or _lists_mappings(part) for part in value)
    return isinstance(value, dict) and any(map(_lists_mappings, value.values()))


def _flow(value: Any, *, within: bool, as_key: bool = False) -> str:
    if isinstance(value, dict):
        parts = (f"{flow(key, as_key=True)}: {flow(part)}" for key, part in value.items())
        return f"{{{', '.join(parts)}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(flow, value))}]"
    return _scalar(value, within=within, as_key=as_key)


def _scalar(value: Any, *, within: bool, as_key: bool = False) -> str:
    if isinstance(value, str):
        return value if _is_plain(value, within, as_key) else quoted(value)
    return _SCALARS[type(value)](value)


def quoted(text: str) -> str:
    """The text in double quotes."""
    return printable(json.dumps(text, ensure_ascii=False))


def _decimal(value: Decimal) -> str:
    return str(value) if {".", "E"} & set(str(value)) else f"{value}."


_SCALARS: Final[dict[type, Callable[[Any], str]]] = {
    type(None): lambda _: "null",
    bool: lambda value: "true" if value else "false",
    int: str,
    Decimal: _decimal,
    date: date.isoformat,
    datetime: datetime.isoformat,
}
"""Kind → how it is written so that `YamlSource` reads the very same."""


@lru_cache(maxsize=10_000)
def _is_plain(text: str, within: bool, as_key: bool) -> bool:  # noqa: FBT001 - private
    """Whether every reader takes the text for itself without quotes: they are asked."""
    if text.lower() in _WORDS or _OCTAL.fullmatch(text) or printable(text) != text:
        return False
    if _SIMPLE.fullmatch(text):
        return True
    as_value = (f"{{value: {text}}}", f"[{text}]") if within else (f"value: {text}",)
    written = ((f"{{{text}: x}}",) if within else (f"{text}: x",)) if as_key else as_value
    meant = ({text: "x"},) if as_key else ({"value": text}, [text])
    return all(_reads(form) in meant for form in written)


def _reads(form: str) -> Any:
    """What both readers make of it; None if it is nothing, or not the same."""
    with suppress(yaml.YAMLError, ValueError, TypeError):
        source = YamlSource(form)
        if not source.problems and yaml.safe_load(form) == source.value:
            return source.value
    return None
