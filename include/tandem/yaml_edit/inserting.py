"""Where a new item of a list, or a new key of a mapping, is written, and how.

It is written as its neighbour is: in braces or on lines of its own, with its indentation, and with
an empty line in between where all others have one.
"""

from dataclasses import replace
from itertools import pairwise
from typing import Any

from tandem.yaml_edit.lines import Lines
from tandem.yaml_edit.removing import first_comment, line_above, trailing
from tandem.yaml_edit.replacing import replacement
from tandem.yaml_edit.spots import Splice, Spot
from tandem.yaml_edit.tree import Node
from tandem.yaml_edit.writing import Style, entry, flow, item


def insertion(spot: Spot, at: int | str, value: Any, style: Style) -> list[Splice]:
    """Add an item at a position of the list, or a key at the end of the mapping."""
    node, is_list = spot.node, spot.node.kind == "list"
    in_flow = spot.parent is None or spot.parent.flow or "#" in spot.inside
    if not node.items and not in_flow:
        return replacement(spot, [value] if is_list else {at: value}, style)
    index = int(at) if is_list else len(node.items)
    if node.flow:
        text = flow(value) if is_list else f"{flow(at, as_key=True)}: {flow(value)}"
        return _into_flow(spot.lines, node, index, text)
    new = _item(spot.lines, node, index, value, style) if is_list else entry(at, value, style)
    return [_into_block(spot.lines, node, index, new)]


def _item(lines: Lines, node: Node, index: int, value: Any, style: Style) -> list[str]:
    """The lines of a new item, in the form of the one before it, or else behind it."""
    like = node.items[max(index - 1, 0)]
    if lines.of(like.value.start) == lines.of(like.start) and like.value.end > like.mark:
        style = replace(style, item_indent=like.value.start - like.start)
    is_collection = like.value.kind in ("list", "mapping")
    fits = not is_collection or not like.value.flow or len(flow(value)) <= style.width
    return item(value, style, as_block=not (like.value.flow and fits) if is_collection else None)


def _into_block(lines: Lines, node: Node, index: int, new: list[str]) -> Splice:
    indent = " " * lines.column(node.items[0].start)
    text = (lines.line_end + indent).join(new)
    if index:
        return _behind(lines, node, index, _separated(lines, node) + indent + text)
    first = node.items[0]
    if lines.before(first.start).strip():
        return Splice(first.start, first.start, text + lines.line_end + indent)
    above = lines.start(first_comment(lines, first, line_above(lines, first)))
    return Splice(above, above, indent + text + lines.line_end)


def _behind(lines: Lines, node: Node, index: int, text: str) -> Splice:
    line = trailing(lines, node, index - 1)
    at = lines.start(line)
    if lines.stop(line - 1) == len(lines.text):
        return Splice(at, at, lines.line_end + text)
    return Splice(at, at, text + lines.line_end)


def _separated(lines: Lines, node: Node) -> str:
    """An empty line, if there is one between any two items."""
    gaps = [
        any(lines.is_blank(n) for n in range(lines.of(a.end) + 1, lines.of(b.start)))
        for a, b in pairwise(node.items)
    ]
    return lines.line_end if gaps and all(gaps) else ""


def _into_flow(lines: Lines, node: Node, index: int, text: str) -> list[Splice]:
    if not node.items:
        return [_into_empty_flow(lines, node.end - 1, text)]
    if index < len(node.items):
        behind = node.items[index].start
        before = lines.before(behind)
        gap = " " if before.strip() else lines.line_end + before
        return [Splice(behind, behind, f"{text},{gap}")]
    last = node.items[-1]
    end = last.end if last.comma is None else last.comma + 1
    comma = [] if last.comma is not None else [Splice(end, end, ",")]
    before, rest = lines.before(last.start), lines.after(end)
    if not before.strip() and (not rest.strip() or rest.lstrip().startswith("#")):
        stop = lines.stop(lines.of(end))
        final = "" if comma else ","
        return [*comma, Splice(stop, stop, f"{lines.line_end}{before}{text}{final}")]
    return [*comma, Splice(end, end, f" {text}")]


def _into_empty_flow(lines: Lines, end: int, text: str) -> Splice:
    """Before the closing bracket; on a line of its own if that has one."""
    before = lines.before(end)
    if before.strip():
        return Splice(end, end, text)
    return Splice(end, end, f"  {text}{lines.line_end}{before}")
