"""What a change of a draft does, in words."""

from collections.abc import Iterator
from typing import Any, Final

from tandem.editing.draft import Draft
from tandem.model.edits import Edit, Insertion, Removal
from tandem.model.problems import Place
from tandem.yaml_edit.writing import one_line

_SHOWN: Final = 60
"""Characters of a value."""


def last_change(draft: Draft, before: Any) -> str:
    """What the last change of the draft does to the file, which said `before` until then:
    `Accounts, name: local becomes title`; empty if nothing is changed.
    """
    if not draft.steps:
        return ""
    first, *others = draft.steps[-1]
    more = f", and {len(others)} more" if others else ""
    return f"{_edit(first, before)}{more}"


def _edit(edit: Edit, value: Any) -> str:
    if isinstance(edit, Insertion):
        key = edit.at if isinstance(edit.at, str) else edit.place[-1]
        owner = edit.place if isinstance(edit.at, str) else edit.place[:-1]
        return f"{_where(value, owner)}{key} gets {_shown(edit.value)}"
    key = edit.place[-1]
    where = _where(value, edit.place[:-1] if isinstance(key, str) else edit.place)
    what = f"{where}{key}" if isinstance(key, str) else where.removesuffix(": ")
    return f"{what} goes" if isinstance(edit, Removal) else f"{what} becomes {_shown(edit.value)}"


def _where(value: Any, place: Place) -> str:
    names = list(_names(value, place))
    return f"{', '.join(names)}: " if names else ""


def _names(value: Any, place: Place) -> Iterator[str]:
    """What people call the parts of the file that lead there; `entities` and `fields` are clear."""
    for part in place:
        value = _part(value, part)
        if isinstance(part, int):
            named = isinstance(value, dict) and (value.get("external") or value.get("local"))
            yield str(named or part + 1)
        elif part not in ("entities", "fields"):
            yield part


def _part(value: Any, part: str | int) -> Any:
    try:
        return value[part]
    except (LookupError, TypeError):
        return None


def _shown(value: Any) -> str:
    named = isinstance(value, dict) and (value.get("external") or value.get("local"))
    text = str(named) if named else one_line(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
