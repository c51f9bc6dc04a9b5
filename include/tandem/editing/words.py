"""Edits of a draft in words."""

from typing import Any

from tandem.editing.draft import Draft
from tandem.model.edits import Edit, Insertion, Removal
from tandem.yaml_edit.making import shown_place
from tandem.yaml_edit.writing import one_line

_SHOWN = 60


def last_change(draft: Draft) -> str:
    """What the last change of the draft did: `entities[0].local becomes account`; empty if there
    is none.
    """
    if not draft.steps:
        return ""
    first, *others = draft.steps[-1]
    more = f", and {len(others)} more" if others else ""
    return f"{_edit(first)}{more}"


def _edit(edit: Edit) -> str:
    place = shown_place(edit.place)
    if isinstance(edit, Removal):
        return f"{place} is removed"
    if isinstance(edit, Insertion):
        place = place if isinstance(edit.at, int) else shown_place((*edit.place, edit.at))
        return f"{place} gets {_value(edit.value)}"
    return f"{place} becomes {_value(edit.value)}"


def _value(value: Any) -> str:
    text = one_line(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
