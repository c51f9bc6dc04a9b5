"""Which characters go when an item goes.

With the lines of a block item go the comments on them and in between, those that follow it and
are indented deeper, and a comment block directly above it, in its column, if it heads this item
only: if an empty line, another comment or the end of the list follows. A comment above several
items heads the group, and stays as long as one of them is there; one at the top of the document
stays, and one with a line of YAML that is switched off or with something to do. An empty line goes
too where two would be left in a row, or one at the end of the document.
"""

import re
from typing import Final

from tandem.yaml_edit.lines import Lines
from tandem.yaml_edit.spots import Splice, Spot, refuse_odd_start
from tandem.yaml_edit.tree import Item, Node

_IS_KEPT: Final = re.compile(r"#\s*(-(\s|$)|[\w\"']+:(\s|$)|.*\b(TODO|FIXME|XXX)\b)")
"""A list item or key that is switched off, or something to do."""


def removal(holder: Spot, index: int) -> list[Splice]:
    """Remove an item of this list or mapping."""
    lines, parent = holder.lines, holder.node
    item = parent.items[index]
    if parent.flow:
        return [_from_flow(lines, parent, index)]
    refuse_odd_start(lines, item)
    shares_line = bool(lines.before(item.start).strip())
    if len(parent.items) == 1:
        return _emptied(holder, item, shares_line=shares_line)
    return [_shared_line(lines, parent) if shares_line else _own_lines(lines, parent, index)]


def line_above(lines: Lines, item: Item) -> int:
    """The last line above with more than a comment; -1 if there is none."""
    line = lines.of(item.start) - 1
    while line >= 0 and (lines.is_blank(line) or lines.comment_column(line) is not None):
        line -= 1
    return line


def first_comment(lines: Lines, item: Item, floor: int) -> int:
    """Where the comment block directly above begins, in the item's column and below `floor`.

    The item's own line if there is none.
    """
    column, line = lines.column(item.start), lines.of(item.start)
    while line - 1 > floor and lines.comment_column(line - 1) == column:
        line -= 1
    return line


def trailing(lines: Lines, parent: Node, index: int) -> int:
    """The first line behind an item and the comments that follow it and are indented deeper."""
    item = parent.items[index]
    column = lines.column(item.start)
    line = last = lines.of(item.end) + 1
    while lines.is_blank(line) or (lines.comment_column(line) or 0) > column:
        line += 1
        if not lines.is_blank(line - 1):
            last = line
    return last


def _own_lines(lines: Lines, parent: Node, index: int) -> Splice:
    """The lines that go with a block item."""
    item, items = parent.items[index], parent.items
    floor = lines.of(items[index - 1].end) if index else line_above(lines, item)
    last = trailing(lines, parent, index)
    heads_others = index + 1 < len(items) and lines.of(items[index + 1].start) == last
    first = lines.of(item.start)
    if floor >= 0 and not heads_others:
        first = _heading(lines, item, floor)
    first, last = _with_blank_lines(lines, first, last, floor, is_first=not index)
    return Splice(lines.start(first), lines.start(last))


def _heading(lines: Lines, item: Item, floor: int) -> int:
    """Where the comment that heads an item begins; the item's own line if there is none."""
    first, own = first_comment(lines, item, floor), lines.of(item.start)
    is_kept = any(_IS_KEPT.match(lines.content(line).lstrip()) for line in range(first, own))
    return own if is_kept else first


def _with_blank_lines(
    lines: Lines, first: int, last: int, floor: int, *, is_first: bool
) -> tuple[int, int]:
    above, below = first, last
    while above - 1 > floor and lines.is_blank(above - 1):
        above -= 1
    while lines.is_blank(below):
        below += 1
    if above < first and (below > last or last >= lines.count):
        return above, last
    follows_key = is_first and first - 1 == floor
    return (first, below) if follows_key and below < lines.count else (first, last)


def _shared_line(lines: Lines, parent: Node) -> Splice:
    """The first of several items, which begins behind the dash of another."""
    item, behind = parent.items[0], parent.items[1].start
    last = trailing(lines, parent, 0)
    if lines.of(behind) == last:
        return Splice(item.start, behind)
    before = lines.before(item.start)
    return Splice(item.start - len(before) + len(before.rstrip()), lines.stop(last - 1))


def _emptied(holder: Spot, item: Item, *, shares_line: bool) -> list[Splice]:
    """The only item goes, and the brackets of an empty list or mapping come."""
    lines, empty = holder.lines, "[]" if holder.node.kind == "list" else "{}"
    if shares_line:
        return [Splice(item.start, item.end, empty)]
    own = _own_lines(lines, holder.node, 0)
    if holder.owner is None:
        return [Splice(own.start, own.end, empty + lines.line_end)]
    return [Splice(holder.owner.mark, holder.owner.mark, f" {empty}"), own]


def _from_flow(lines: Lines, parent: Node, index: int) -> Splice:
    items, item = parent.items, parent.items[index]
    behind = item.end if item.comma is None else item.comma + 1
    before, rest = lines.before(item.start), lines.after(behind)
    if not before.strip() and (not rest.strip() or rest.lstrip().startswith("#")):
        return _own_lines_in_flow(lines, parent, index, lines.of(behind) + 1)
    if rest.lstrip().startswith("#") and before.rstrip().endswith(("[", "{")):
        return Splice(item.start, lines.stop(lines.of(behind)))
    if len(items) == 1:
        return Splice(item.start, behind)
    if index == len(items) - 1:
        last = items[index - 1].end
        return Splice(item.start if "#" in lines.text[last : item.start] else last, item.end)
    following = items[index + 1].start
    if not lines.text[behind:following].strip(" "):
        return Splice(item.start, following)
    return Splice(item.start - len(before) + len(before.rstrip()), behind)


def _own_lines_in_flow(lines: Lines, parent: Node, index: int, last: int) -> Splice:
    """The lines of an item in brackets that shares them with none, with its heading."""
    items, item = parent.items, parent.items[index]
    floor = lines.of(items[index - 1].comma or items[index - 1].end if index else parent.start)
    heads_others = index + 1 < len(items) and lines.of(items[index + 1].start) == last
    first = lines.of(item.start) if heads_others else _heading(lines, item, floor)
    return Splice(lines.start(first), lines.start(last))
