"""Edits of a YAML text that leave every character that they are not about as it is.

The text is spliced where the parser says that a value stands; it is never written anew. After each
edit it is read again, and has to say exactly what it said before, but for the edit.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import pairwise
from typing import Any, Final

from tandem.errors import ConfigurationError
from tandem.model.edits import Edit, Insertion, Removal, Replacement, edited_value
from tandem.model.problems import Place
from tandem.yaml_edit.details import details
from tandem.yaml_edit.inserting import insertion
from tandem.yaml_edit.lines import Lines
from tandem.yaml_edit.removing import removal
from tandem.yaml_edit.replacing import replacement
from tandem.yaml_edit.spots import Splice, Unsafe, refuse_repeated, refuse_used_anchors, spot_at
from tandem.yaml_edit.tree import Node, Tree
from tandem.yaml_edit.writing import Style, one_line
from tandem.yaml_source import YamlSource, shortened

__all__ = ["Edit", "Insertion", "Removal", "Replacement", "UnsafeEdit", "edited"]

_BOM: Final = "\ufeff"


class UnsafeEdit(ConfigurationError):
    """An edit that could damage the file: it has to be made by hand."""


def edited(text: str, edits: Sequence[Edit]) -> str:
    """The text after these edits, one after the other: each place is one of the text before it.

    Comments, quotes, order, indentation, line ends, anchors and the byte order mark stay; what
    goes with a removed item, and how new values are written, say `removing` and `inserting`.
    UnsafeEdit says what to do by hand where that cannot be kept, or where the place is not there.
    """
    mark = _BOM if text.startswith(_BOM) else ""
    text = text.removeprefix(_BOM)
    source = YamlSource(text)
    for edit in edits:
        text, source = _in_detail(text, source, edit)
    return mark + text


def _in_detail(text: str, source: YamlSource, edit: Edit) -> tuple[str, YamlSource]:
    """Of a list or mapping, replace only what differs, where that can be done.

    Keys that it gets come last, whatever their order.
    """
    finer = _finer(source, edit)
    new, made = text, source
    with suppress(UnsafeEdit):
        for detail in finer:
            new, made = _edited(new, made, detail)
        if finer and made.value == edited_value(source.value, [edit]):
            return new, made
    return _edited(text, source, edit)


def _finer(source: YamlSource, edit: Edit) -> list[Edit]:
    if not isinstance(edit, Replacement):
        return []
    old = source.value
    with suppress(LookupError, TypeError):
        for part in edit.place:
            old = old[part]
        return details(edit.place, old, edit.value)
    return []


def _edited(text: str, source: YamlSource, edit: Edit) -> tuple[str, YamlSource]:
    try:
        if source.problems:
            raise Unsafe(source.problems[0].text)
        wanted = edited_value(source.value, [edit])
        new = _spliced(text, _splices(Lines(text), source.value, edit))
        made = YamlSource(new)
        if made.problems or not _is_same(made.value, wanted):
            raise Unsafe("the file would say something else afterwards")
    except (LookupError, RecursionError, Unsafe) as error:
        line = source.line(edit.place)
        cause = error.args[0] if error.args else "there is no such place"
        raise UnsafeEdit(
            f"Line {line} cannot be edited without harm to the file: {cause}.",
            remedy=f"Do it by hand: {_by_hand(edit)}.",
        ) from error
    return new, made


def _splices(lines: Lines, value: Any, edit: Edit) -> list[Splice]:
    tree = Tree(lines.text)
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
    for splice in reversed(kept):
        text = text[: splice.start] + splice.text + text[splice.end :]
    return text


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
        return f"remove {place}"
    value = shortened(one_line(edit.value))
    if isinstance(edit, Replacement):
        return f"make {place} {value}"
    return (
        f"add {value} to {place}"
        if isinstance(edit.at, int)
        else f"add {edit.at}: {value} to {place}"
    )


def shown_place(place: Place) -> str:
    """A place as people write it: `entities[0].fields[3].external`; positions count from 0."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)
    return "".join(parts).removeprefix(".") or "the document"
