"""Edits made on one tree: the text is spliced once, and has to say what it should afterwards."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from tandem.errors import ConfigurationError
from tandem.model.edits import Edit, Insertion, Removal, Replacement, edited_value
from tandem.model.problems import Place
from tandem.yaml_edit.inserting import insertion
from tandem.yaml_edit.lines import Lines
from tandem.yaml_edit.removing import removal
from tandem.yaml_edit.replacing import replacement
from tandem.yaml_edit.spots import Splice, Unsafe, refuse_repeated, refuse_used_anchors, spot_at
from tandem.yaml_edit.tree import Node, Tree
from tandem.yaml_edit.writing import Style, block, is_full, one_line
from tandem.yaml_source import YamlSource

_SHORT: Final = 60
"""Characters that still read well within a sentence."""


class UnsafeEdit(ConfigurationError):
    """An edit that could damage the file: it has to be made by hand."""

    def __init__(self, edit: Edit, line: int, cause: str, file: object = None) -> None:
        self.edit = edit
        self.line = line
        self.cause = cause
        where = f"{file}:{line}: this" if file else f"Line {line}"
        super().__init__(
            f"{where} cannot be edited without harm to the file: {cause}.",
            remedy=f"Do it by hand: {_by_hand(edit)}",
        )

    def located(self, edit: Edit, line: int) -> "UnsafeEdit":
        """The same, of an edit and a line of another state of the text."""
        return UnsafeEdit(edit, line, self.cause)

    def within(self, file: object) -> "UnsafeEdit":
        """The same, with the name of the file."""
        return UnsafeEdit(self.edit, self.line, self.cause, file)


@dataclass(frozen=True)
class Document:
    """A text, and what it says."""

    text: str
    source: YamlSource

    @classmethod
    def of(cls, text: str) -> "Document":
        """The text, read."""
        return cls(text, YamlSource(text))


def made(document: Document, edits: Sequence[Edit]) -> Document:
    """The document after edits that are apart (see `batches`): all places are of it as it is.

    UnsafeEdit names the first of them that does harm.
    """
    try:
        return _made(document, edits)
    except (LookupError, RecursionError, Unsafe) as error:
        if len(edits) > 1:
            half = len(edits) // 2
            return made(made(document, edits[:half]), edits[half:])
        cause = error.args[0] if error.args else "there is no such place"
        raise UnsafeEdit(edits[0], _line(document.source, edits[0]), cause) from error


def _made(document: Document, edits: Sequence[Edit]) -> Document:
    if document.source.problems:
        raise Unsafe(document.source.problems[0].text)
    value = document.source.value
    wanted = edited_value(value, edits)
    lines, tree = Lines(document.text), Tree(document.text)
    splices = [splice for edit in edits for splice in _splices(lines, tree, value, edit)]
    new = Document.of(_spliced(document.text, splices))
    if new.source.problems or not _is_same(new.source.value, wanted):
        raise Unsafe("the file would say something else afterwards")
    return new


def _line(source: YamlSource, edit: Edit) -> int:
    place = edit.place
    while place:
        try:
            return source.line(place)
        except LookupError:
            place = place[:-1]
    return 1


def _splices(lines: Lines, tree: Tree, value: Any, edit: Edit) -> list[Splice]:
    spot = spot_at(lines, tree, value, edit.place)
    style = Style(list_indent=next(_list_indents(lines, tree.root), 2))
    if isinstance(edit, Removal):
        splices = removal(spot_at(lines, tree, value, edit.place[:-1]), spot.index)
    elif isinstance(edit, Insertion):
        refuse_repeated(tree, spot.node)
        splices = insertion(spot, edit.at, edit.value, style)
    else:
        splices = replacement(spot, edit.value, style)
    for splice in splices:
        refuse_used_anchors(tree, splice.start, splice.end)
    return splices


def _spliced(text: str, splices: Sequence[Splice]) -> str:
    kept = sorted(splices, key=lambda splice: (splice.start, splice.end))
    if any(first.end > second.start for first, second in pairwise(kept)):
        raise Unsafe("its parts overlap")
    parts, at = [], 0
    for splice in kept:
        parts += [text[at : splice.start], splice.text]
        at = splice.end
    return "".join((*parts, text[at:]))


def _list_indents(lines: Lines, node: Node) -> Iterator[int]:
    """How far lists are indented behind their keys in this document."""
    for item in node.items if not node.flow else ():
        value = item.value
        if value.kind == "list" and item.key and not value.flow:
            yield lines.column(value.items[0].start) - lines.column(item.start)
        yield from _list_indents(lines, value)


def _is_same(one: Any, other: Any) -> bool:
    """Equal in kind and order too: 1 is neither true nor 1.0."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return list(one) == list(other) and all(_is_same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(_is_same, one, other))
    return bool(one == other)


def _by_hand(edit: Edit) -> str:
    place = shown_place(edit.place)
    if isinstance(edit, Removal):
        return f"remove {place}."
    if isinstance(edit, Replacement):
        return f"replace {place} by{_shown(edit.value)}"
    value = edit.value if isinstance(edit.at, int) else {edit.at: edit.value}
    return f"add to {place}{_shown(value)}"


def _shown(value: Any) -> str:
    """The value as it is to be written: all of it, on lines of its own if it is long."""
    if not is_full(value) or len(one_line(value)) <= _SHORT:
        return f": {one_line(value)}"
    return "\n  ".join([":", *block(value, Style(width=_SHORT))])


def shown_place(place: Place) -> str:
    """A place as people write it: `entities[0].fields[3].external`; positions count from 0."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)
    return "".join(parts).removeprefix(".") or "the document"
