"""Edits of a YAML text that leave every character that they are not about as it is.

The text is spliced where the parser says that a value stands; it is never written anew. After the
edits it is read again, and has to say exactly what it said before, but for them.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Final

from tandem.model.edits import Edit, Insertion, Removal, Replacement, edited_value
from tandem.model.problems import Place
from tandem.yaml_edit.batches import apart, batches, moved
from tandem.yaml_edit.details import details
from tandem.yaml_edit.making import Document, UnsafeEdit, made, shown_place

__all__ = [
    "Edit",
    "Insertion",
    "Removal",
    "Removed",
    "Replacement",
    "UnsafeEdit",
    "edited",
    "removed",
    "shown_place",
]

_BOM: Final = "\ufeff"


@dataclass(frozen=True, slots=True)
class Removed:
    """A text after removals, and those that have to be made by hand."""

    text: str
    unsafe: tuple[UnsafeEdit, ...]


def edited(text: str, edits: Sequence[Edit]) -> str:
    """The text after these edits, one after the other: each place is one of the text before it.

    Comments, quotes, order, indentation, line ends, anchors and the byte order mark stay; what
    goes with a removed item, and how new values are written, say `removing` and `inserting`.
    UnsafeEdit says what to do by hand where that cannot be kept, or where the place is not there;
    its line is one of the text that was given.
    """
    mark = _BOM if text.startswith(_BOM) else ""
    before = Document.of(text.removeprefix(_BOM))
    with suppress(UnsafeEdit, LookupError, TypeError):
        wanted = edited_value(before.source.value, edits)
        new = _at_once(before, _in_detail(before.source.value, edits))
        if new.source.value == wanted:
            return mark + new.text
    return mark + _one_by_one(before, edits).text


def removed(text: str, places: Sequence[Place]) -> Removed:
    """The text without what stands at these places of it, none of which is within another.

    What cannot be removed without harm stays, and is told.
    """
    mark = _BOM if text.startswith(_BOM) else ""
    before = document = Document.of(text.removeprefix(_BOM))
    left, gone, unsafe = sorted(places, reverse=True), set[Place](), list[UnsafeEdit]()
    while left:
        now = apart(left)
        document, refused = _without(document, [(place, moved(place, gone)) for place in now])
        unsafe += [
            error.located(Removal(place), before.source.line(place)) for place, error in refused
        ]
        gone |= {*now} - {place for place, _ in refused}
        left = [place for place in left if place not in now]
    return Removed(mark + document.text, tuple(sorted(unsafe, key=lambda error: error.line)))


def _without(
    document: Document, places: list[tuple[Place, Place]]
) -> tuple[Document, list[tuple[Place, UnsafeEdit]]]:
    """Without all of them, from the end, or else without each that can go."""
    try:
        return made(document, [Removal(now) for _, now in places]), []
    except UnsafeEdit as error:
        if len(places) == 1:
            return document, [(places[0][0], error)]
    half = len(places) // 2
    document, behind = _without(document, places[:half])
    document, before = _without(document, places[half:])
    return document, [*behind, *before]


def _at_once(document: Document, edits: Sequence[Edit]) -> Document:
    for batch in batches(edits):
        document = made(document, batch)
    return document


def _in_detail(value: Any, edits: Sequence[Edit]) -> list[Edit]:
    """Of a list or mapping, replace only what differs. Keys that it gets come last."""
    found: list[Edit] = []
    for edit in edits:
        found += _finer(value, edit) or [edit]
        value = edited_value(value, [edit])
    return found


def _finer(value: Any, edit: Edit) -> list[Edit]:
    if not isinstance(edit, Replacement):
        return []
    with suppress(LookupError, TypeError):
        for part in edit.place:
            value = value[part]
        return details(edit.place, value, edit.value)
    return []


def _one_by_one(before: Document, edits: Sequence[Edit]) -> Document:
    """In detail where that can be done, or else as a whole."""
    document = before
    for edit in edits:
        try:
            document = _one(document, edit)
        except UnsafeEdit as error:
            line = _line_before(before.text, document.text, error.line)
            raise error.located(edit, line) from error
    return document


def _one(document: Document, edit: Edit) -> Document:
    finer = _finer(document.source.value, edit)
    with suppress(UnsafeEdit):
        new = _at_once(document, finer)
        if finer and new.source.value == edited_value(document.source.value, [edit]):
            return new
    return made(document, [edit])


def _line_before(before: str, after: str, line: int) -> int:
    """Which line of the text it was before edits, or the one that has become it."""
    if before == after:
        return line
    texts = before.splitlines(), after.splitlines()
    for kind, first, last, begin, end in SequenceMatcher(None, *texts, False).get_opcodes():
        if begin < line <= end:
            return first + line - begin if kind == "equal" else min(first + 1, max(last, 1))
    return line
