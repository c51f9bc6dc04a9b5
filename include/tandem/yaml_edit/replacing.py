"""Which characters become which others when a value is replaced.

A new value is written where the old one was, in its form: in its quotes, in braces or on lines of
its own. Comments behind it and around it stay; those within it go with it.
"""

from typing import Any

from tandem.errors import printable
from tandem.yaml_edit.lines import Lines
from tandem.yaml_edit.spots import Splice, Spot
from tandem.yaml_edit.tree import Item, Node
from tandem.yaml_edit.writing import Style, block, flow, is_full, one_line, quoted, wants_block


def replacement(spot: Spot, value: Any, style: Style) -> list[Splice]:
    """Make this the value."""
    lines, node = spot.lines, spot.node
    was_block = node.kind in ("list", "mapping") and not node.flow
    if spot.parent and spot.parent.flow:
        return [_in_line(spot, flow(value))]
    if was_block and is_full(value) and (node.kind == "list") is isinstance(value, list):
        first = node.items[0].start
        indent = lines.line_end + " " * lines.column(first)
        return [Splice(first, node.end, indent.join(block(value, style)))]
    if spot.owner is None:
        return [Splice(node.start, node.end, lines.line_end.join(_lines(value, style)))]
    if was_block or wants_block(value, style):
        return _in_other_form(lines, spot.owner, value, style)
    if isinstance(value, str) and node.style in ("'", '"'):
        return [_in_line(spot, _in_quotes(value, node.style))]
    return [_in_line(spot, one_line(value))]


def _lines(value: Any, style: Style) -> list[str]:
    return block(value, style) if wants_block(value, style) else [one_line(value)]


def _in_quotes(text: str, quote: str) -> str:
    if quote == "'" and printable(text) == text and not {"\n", "\t"} & set(text):
        return "'" + text.replace("'", "''") + "'"
    return quoted(text)


def _in_line(spot: Spot, text: str) -> Splice:
    """The same place, on the same line."""
    node, owner = spot.node, spot.owner
    if node.end > node.start or owner is None:
        return Splice(node.start, node.end, text)
    has_colon = owner.key is None or owner.mark > owner.key.end
    return Splice(owner.mark, owner.mark, f" {text}" if has_colon else f": {text}")


def _in_other_form(lines: Lines, owner: Item, value: Any, style: Style) -> list[Splice]:
    """The old value goes with its lines, the new one begins on the owner's or below it."""
    node = owner.value
    if owner.key is None and lines.of(node.start) == lines.of(owner.start):
        return [Splice(node.start, node.end, _behind_dash(lines, owner, value, style))]
    old = _old(lines, owner, node)
    if not wants_block(value, style):
        return [Splice(owner.mark, owner.mark, f" {one_line(value)}"), old]
    below = lines.stop(lines.of(old.end if old.end <= node.end else owner.mark))
    indent = style.list_indent if owner.key and isinstance(value, list) else 2
    start = lines.line_end + " " * (lines.column(owner.start) + indent)
    return [old, Splice(below, below, start + start.join(block(value, style)))]


def _behind_dash(lines: Lines, owner: Item, value: Any, style: Style) -> str:
    pad = " " if owner.value.start == owner.mark else ""
    indent = " " * (lines.column(owner.value.start) + len(pad))
    return pad + (lines.line_end + indent).join(_lines(value, style))


def _old(lines: Lines, owner: Item, node: Node) -> Splice:
    """What goes: behind the key, or whole lines below it."""
    if lines.of(node.start) == lines.of(owner.mark):
        return Splice(owner.mark, max(node.end, owner.mark))
    first, last = lines.of(node.start), lines.of(node.end)
    return Splice(lines.start(first), lines.start(last + 1))
