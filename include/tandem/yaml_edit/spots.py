"""The way through a document to the value that is to be edited, and whether it may be."""

from dataclasses import dataclass
from typing import Any, Final

from tandem.model.problems import Place
from tandem.yaml_edit.lines import Lines
from tandem.yaml_edit.tree import Item, Node, Tree

_SIMPLE: Final = " -"


class Unsafe(Exception):
    """The text cannot be spliced there without harm; the message says why."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A value in its text."""

    lines: Lines
    node: Node
    parent: Node | None = None
    """The list or mapping that it is in; None: it is the whole document."""
    index: int = 0

    @property
    def owner(self) -> Item | None:
        """The item of its parent that it is the value of."""
        return self.parent.items[self.index] if self.parent else None

    @property
    def inside(self) -> str:
        """Its own characters."""
        return self.lines.text[self.node.start : self.node.end]


@dataclass(frozen=True, slots=True)
class Splice:
    """Some characters are replaced by others."""

    start: int
    end: int
    text: str = ""


def spot_at(lines: Lines, tree: Tree, value: Any, place: Place) -> Spot:
    """Where the value at that place stands; `value` is what the document says."""
    spot = Spot(lines, tree.root)
    for part in place:
        refuse_repeated(tree, spot.node)
        index = _position(value, part)
        value = value[index] if isinstance(value, list) else list(value.values())[index]
        spot = Spot(lines, spot.node.items[index].value, spot.node, index)
    return spot


def _position(value: Any, part: int | str) -> int:
    if isinstance(value, list):
        return int(part)
    keys = list(value)
    return keys.index(part) if part in keys else [str(key) for key in keys].index(str(part))


def refuse_repeated(tree: Tree, changed: Node) -> None:
    """Unsafe if what is to be changed within is repeated elsewhere by its anchor."""
    name = changed.anchor
    if name and any(node.kind == "alias" and node.anchor == name for node in tree.anchored):
        raise Unsafe(f"what &{name} names is repeated by *{name}, and would change there too")


def refuse_used_anchors(tree: Tree, start: int, end: int) -> None:
    """Unsafe if an anchor that is defined between these positions is used elsewhere."""
    inside = [node for node in tree.anchored if start <= node.start < end]
    defined = {node.anchor for node in inside if node.kind != "alias"}
    for node in tree.anchored:
        if node.kind == "alias" and node.anchor in defined and node not in inside:
            raise Unsafe(f"&{node.anchor}, which is defined in it, is used by *{node.anchor}")


def refuse_odd_start(lines: Lines, item: Item) -> None:
    """Unsafe if a block item does not begin with a plain dash or key, at most behind dashes."""
    if lines.before(item.start).strip(_SIMPLE) or lines.text.startswith("?", item.start):
        raise Unsafe("it is written in an unusual way")
