"""A filter while somebody builds it: plain values as in the file, unfinished ones among them.

The root is always a group, so that conditions can be added to it. Places are positions, from the
root on: `(1, 0)` is the first part of the root's second one.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from pydantic import ValidationError

from tandem.editing.filter_values import shape_of, typed
from tandem.errors import ConfigurationError
from tandem.model.filters import Comparison
from tandem.model.schema import Kind

Part = dict[str, Any]
"""`{and: […]}`, `{or: […]}` or a comparison."""
At = tuple[int, ...]

BLANK: Final[Part] = {"field": "", "operator": "eq", "value": ""}
_JOINS: Final = ("and", "or")
_POSITION: Final = re.compile(r"\d{1,9}")
_DEEPEST: Final = 12
"""Groups within groups; nobody means more."""


def tree_of(value: Any) -> Part:
    """The root group of a filter as a file has it, or a form, whose lists are numbered objects.

    ConfigurationError if it is no such thing.
    """
    if value is None:
        return {"and": []}
    part = _part(value, _DEEPEST)
    return part if joined(part) else {"and": [part]}


def joined(part: Part) -> tuple[str, list[Part]] | None:
    """How the parts of a group are joined, and the parts; None for a comparison."""
    return next(((join, part[join]) for join in _JOINS if join in part), None)


def other_join(join: str) -> str:
    """`or` for `and`, `and` for `or`."""
    return "or" if join == "and" else "and"


def added(root: Part, at: At) -> Part:
    """With a blank comparison at the end of that group."""
    return _with(root, at, lambda group: _appended(group, BLANK)) or root


def grouped(root: Part, at: At) -> Part:
    """With a group of one blank comparison at the end of that group, joined the other way."""

    def with_group(group: Part) -> Part:
        join, _ = _group(group)
        return _appended(group, {other_join(join): [BLANK]})

    return _with(root, at, with_group) or root


def removed(root: Part, at: At) -> Part:
    """Without that part, and without groups that have no parts then; the root stays."""
    found = _with(root, at, lambda _: None)
    return found if found else {_group(root)[0]: []}


def switched(root: Part, at: At) -> Part:
    """With the parts of that group joined the other way."""

    def other(group: Part) -> Part:
        join, parts = _group(group)
        return {other_join(join): parts}

    return _with(root, at, other) or root


def comparisons(root: Part, at: At = ()) -> Iterator[tuple[At, Part]]:
    """All comparisons with their places."""
    found = joined(root)
    if found is None:
        yield at, root
        return
    for number, part in enumerate(found[1]):
        yield from comparisons(part, (*at, number))


def as_in_file(root: Part, kinds: Mapping[str, Kind]) -> Part | None:
    """What the file says of it: values of the kinds of their fields; None for no filter at all.

    A group of one part is that part.
    """
    found = joined(root)
    if found is None:
        return _comparison(root, kinds)
    join, parts = found
    written = [part for part in (as_in_file(one, kinds) for one in parts) if part]
    if len(written) > 1:
        return {join: written}
    return written[0] if written else None


def unfinished(root: Part, kinds: Mapping[str, Kind]) -> dict[At, str]:
    """What is missing, by place: a filter with such a part is none."""
    found = ((at, _missing(_comparison(one, kinds))) for at, one in comparisons(root))
    return {at: why for at, why in found if why}


def place_of(root: Part, at: At) -> tuple[str | int, ...]:
    """Where a part is in what `as_in_file` gives."""
    found = joined(root)
    if found is None or not at:
        return ()
    join, parts = found
    inner = place_of(parts[at[0]], at[1:])
    written = [number for number, part in enumerate(parts) if _is_written(part)]
    return inner if len(written) == 1 else (join, written.index(at[0]), *inner)


def _is_written(part: Part) -> bool:
    found = joined(part)
    return found is None or any(map(_is_written, found[1]))


def _missing(one: Part) -> str:
    if not one["field"]:
        return "Choose a field."
    try:
        Comparison.model_validate(one)
    except ValidationError as error:
        wanted = _WANTED.get(shape_of(one["operator"]))
        return wanted or f"{error.errors(include_url=False)[0]['msg']}."
    return ""


_WANTED: Final[Mapping[str, str]] = {
    "list": "Give at least one value.",
    "two": "Give two values.",
    "count": "Give a whole number above 0.",
}


def _comparison(one: Part, kinds: Mapping[str, Kind]) -> Part:
    field, operator = one.get("field", ""), one.get("operator", "")
    value = typed(one.get("value"), operator, kinds.get(field))
    written = {"field": field, "operator": operator}
    return written if value is None else {**written, "value": value}


def _part(value: Any, deepest: int) -> Part:
    if not isinstance(value, dict) or not deepest:
        raise _no_filter()
    join = next((join for join in _JOINS if join in value), None)
    if join is None:
        return _checked_comparison(value)
    parts = value[join] or []
    if isinstance(parts, dict):
        if not all(isinstance(key, str) and _POSITION.fullmatch(key) for key in parts):
            raise _no_filter()
        parts = [parts[key] for key in sorted(parts, key=int)]
    if not isinstance(parts, list) or len(value) > 1:
        raise _no_filter()
    return {join: [_part(part, deepest - 1) for part in parts]}


def _checked_comparison(value: Part) -> Part:
    names = ("field", "operator")
    if not (
        value.keys() <= {*names, "value"} and all(isinstance(value.get(n), str) for n in names)
    ):
        raise _no_filter()
    return value


def _group(part: Part) -> tuple[str, list[Part]]:
    found = joined(part)
    if found is None:
        raise _gone()
    return found


def _appended(group: Part, part: Part) -> Part:
    join, parts = _group(group)
    return {join: [*parts, part]}


def _with(root: Part, at: At, change: Callable[[Part], Part | None]) -> Part | None:
    """The tree after that change of one part; None of it: that part goes."""
    if not at:
        return change(root)
    join, parts = _group(root)
    if not 0 <= at[0] < len(parts):
        raise _gone()
    part = _with(parts[at[0]], at[1:], change)
    left = [*parts[: at[0]], *([part] if part else []), *parts[at[0] + 1 :]]
    return {join: left} if left else None


def _no_filter() -> ConfigurationError:
    return ConfigurationError(
        "This is no filter.",
        remedy="It is {field, operator, value}, or {and: […]} or {or: […]} of such.",
    )


def _gone() -> ConfigurationError:
    return ConfigurationError(
        "That part of the filter is not there any more.", remedy="Open the filter again."
    )
