"""A YAML document as plain values, with a line number for each of them.

Plain scalars mean what YAML 1.2 says (core schema, section 10.3.2), as editors read them: `No`,
`on` and `007` are texts, not false, true and 7. Numbers with a point become Decimal and never
pass through a float; dates and timestamps (as in YAML 1.1) become dates and datetimes.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

import yaml

_MOST_DIGITS: Final = 40
_LARGEST_EXPONENT: Final = 100
_SHOWN: Final = 60


def shortened(text: str) -> str:
    """The text as messages show it: its first 60 characters."""
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def _integer(text: str) -> int:
    if len(text) > _MOST_DIGITS:
        raise ValueError(f"it has more than {_MOST_DIGITS} digits")
    return int(text)


def _decimal(text: str) -> Decimal:
    """Twelve characters can mean a number of a billion digits, once it is made an integer."""
    exponent = text.lower().partition("e")[2].lstrip("+-").lstrip("0")
    if len(exponent) > 3 or int(exponent or 0) > _LARGEST_EXPONENT or len(text) > 2 * _SHOWN:
        raise ValueError(f"its exponent is beyond {_LARGEST_EXPONENT}, or it is too long")
    return Decimal(text)


def _timestamp(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    try:
        if moment.tzinfo:
            moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("it is beyond the years 1 to 9999 in UTC") from None
    return moment


_PREFIX: Final = "tag:yaml.org,2002:"
_SCALARS: Final[dict[str, tuple[str, str, Callable[[str], Any]]]] = {
    "bool": ("true|True|TRUE|false|False|FALSE", "tTfF", lambda text: text.lower() == "true"),
    "null": ("~|null|Null|NULL|", "~nN", lambda _: None),
    "int": (r"[-+]?(0|[1-9][0-9]*)", "-+0123456789", _integer),
    "float": (r"[-+]?((0|[1-9]\d*)(\.\d*)?|\.\d+)([eE][-+]?\d+)?", "-+.0123456789", _decimal),
    "date": (r"\d{4}-\d\d-\d\d", "0123456789", date.fromisoformat),
    "timestamp": (
        r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?(Z|[-+]\d\d:?\d\d)?",
        "0123456789",
        _timestamp,
    ),
}
"""Kind → what a plain scalar of it looks like, its first characters, and its value."""

TWO_MEANINGS: Final = frozenset(("yes", "no", "on", "off", "y", "n"))
"""Booleans in YAML 1.1, texts in YAML 1.2: refused where both could be meant."""

_FREE_VALUES: Final = frozenset(("value", "values", "constant"))
"""Keys under which a value may be of any kind."""

_MOST_VALUES: Final = 1_000_000
"""Far above any real file; aliases of aliases get there with a few lines."""

Path = tuple[str | int, ...]


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc] # C or Python
    yaml_implicit_resolvers: Final[dict[str, Any]] = {}


for _kind, (_pattern, _first, _) in _SCALARS.items():
    _Loader.add_implicit_resolver(
        _PREFIX + _kind, re.compile(f"^(?:{_pattern})$"), [*_first, *([""] * (_kind == "null"))]
    )


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong on one line, and what to write instead."""

    line: int
    text: str


class YamlSource:
    """A parsed document: its `value`, and the `problems` of YAML's own kind in it."""

    def __init__(self, text: str, *, most_values: int = _MOST_VALUES) -> None:
        """`most_values`: a text that means more, by aliases, is refused."""
        self.problems: list[Problem] = []
        self._most_values = most_values
        self._visited = 0
        self._root = self._compose(text)
        self.value = self._whole_value()

    def line(self, path: Path) -> int:
        """The line of the value at that path, or of what encloses it if it is not there."""
        line = 1
        for line in self._lines(path):  # noqa: B007 - the last one counts
            pass
        return line

    def _lines(self, path: Sequence[str | int]) -> Iterator[int]:
        node = self._root
        for part in path:
            if isinstance(node, yaml.MappingNode):
                found = [(k, v) for k, v in node.value if k.value == str(part)]
                if not found:
                    return
                key, node = found[0]
                yield _line(key)
            elif isinstance(node, yaml.SequenceNode) and isinstance(part, int):
                node = node.value[part]
                yield _line(node)
            else:
                return

    def _compose(self, text: str) -> yaml.Node | None:
        try:
            root: yaml.Node | None = _Loader(text).get_single_node()
        except yaml.MarkedYAMLError as error:
            mark, begin = error.problem_mark or error.context_mark, error.context_mark
            within = f" in what begins on line {begin.line + 1}" if begin else ""
            remedy = "check indentation (spaces, no tabs), brackets and quotes"
            text = f"this is not YAML: {error.problem}{within}; {remedy}"
            self._note(mark.line + 1 if mark else 1, text)
        except yaml.reader.ReaderError as error:
            line = text.count("\n", 0, int(error.position)) + 1
            self._note(line, f"this is not YAML: {error.reason}; remove the character")
        else:
            return root
        return None

    def _whole_value(self) -> Any:
        try:
            return self._value(self._root, ()) if self._root else None
        except RecursionError:
            self._note(1, "aliases (*name) repeat each other without end; write the values out")
            return None

    def _value(self, node: yaml.Node, path: Path) -> Any:
        self._visited += 1
        if self._visited > self._most_values:
            raise RecursionError
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self._value(item, (*path, i)) for i, item in enumerate(node.value)]
        return self._scalar(node, path)

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[Any, Any]:
        values: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self._note(_line(key_node), "a key has to be a single word, number or text")
                continue
            key = self._scalar(key_node, path)
            value = self._value(value_node, (*path, key))
            if key in values:
                remedy = f"remove it, or join it with the one on line {self.line((*path, key))}"
                self._note(
                    _line(key_node), f"key {shortened(key_node.value)!r} is there twice; {remedy}"
                )
            else:
                values[key] = value
        return values

    def _scalar(self, node: yaml.Node, path: Path) -> Any:
        text: str = node.value
        kind = node.tag.removeprefix(_PREFIX)
        if kind not in _SCALARS:
            self._check_text(node, kind, path)
            return text
        try:
            return _SCALARS[kind][2](text)
        except ValueError as error:
            shown = shortened(text)
            self._note(_line(node), f"{shown!r} is no {kind}: {error}; correct it, or quote a text")
            return None

    def _check_text(self, node: yaml.Node, kind: str, path: Path) -> None:
        if kind != "str":
            self._note(
                _line(node), f"tag {shortened(node.tag)!r} is not allowed; write a plain value"
            )
        elif not getattr(node, "style", None) and _has_two_meanings(node.value, path):
            self._note(
                _line(node),
                f"{node.value!r} can be read as a truth value or as a text; "
                f'write true, false or "{node.value}"',
            )

    def _note(self, line: int, text: str) -> None:
        self.problems.append(Problem(line, text))


def _has_two_meanings(text: str, path: Path) -> bool:
    return text.lower() in TWO_MEANINGS and bool(_FREE_VALUES.intersection(path[-2:]))


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
