"""Where each value of a YAML document stands in its text, to the character."""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

import yaml

_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_ENDS: Final = (yaml.MappingEndEvent, yaml.SequenceEndEvent)

Kind = Literal["scalar", "alias", "list", "mapping"]


@dataclass(frozen=True, slots=True)
class Node:
    """A value: from its first character (its anchor or tag, if it has one) to behind its last.

    Comments and empty lines behind its last character are none of it.
    """

    kind: Kind
    start: int
    end: int
    flow: bool = False
    """Written within brackets or braces."""
    style: str | None = None
    """Of a scalar: its quote, | or >; None: plain."""
    anchor: str | None = None
    """Of an alias: the anchor that it names."""
    items: tuple["Item", ...] = ()


@dataclass(frozen=True, slots=True)
class Item:
    """An item of a list or an entry of a mapping."""

    start: int
    """Of its dash, its key, or, in brackets, its value."""
    mark: int
    """Behind its dash or colon: where the value may begin."""
    comma: int | None
    """In brackets: the comma behind it, if there is one."""
    key: Node | None
    value: Node

    @property
    def end(self) -> int:
        """Behind its last character."""
        return max(self.mark, self.value.end)


class Tree:
    """The nodes of a text that is known to be one YAML document."""

    def __init__(self, text: str) -> None:
        self._text = text
        tokens = list(yaml.scan(text, Loader=_LOADER))
        self._dashes = _starts(tokens, yaml.BlockEntryToken)
        self._colons = _starts(tokens, yaml.ValueToken)
        self._commas = _starts(tokens, yaml.FlowEntryToken)
        self._events: Iterator[Any] = iter(yaml.parse(text, Loader=_LOADER))
        self._close = 0
        self.anchored: Final[list[Node]] = []
        """Nodes that have an anchor, and aliases."""
        next(self._events), next(self._events)
        self.root: Final = self._node(next(self._events))

    def _node(self, event: Any) -> Node:
        node = self._made(event)
        if node.anchor:
            self.anchored.append(node)
        return node

    def _made(self, event: Any) -> Node:
        start, end, anchor = event.start_mark.index, event.end_mark.index, event.anchor
        if isinstance(event, yaml.AliasEvent):
            return Node("alias", start, end, anchor=anchor)
        if isinstance(event, yaml.ScalarEvent):
            end = self._scalar_end(start, end, event.style)
            return Node("scalar", start, end, style=event.style, anchor=anchor)
        flow = bool(event.flow_style)
        is_list = isinstance(event, yaml.SequenceStartEvent)
        items = [self._item(part, is_list=is_list, flow=flow) for part in self._parts()]
        last = self._close if flow else max((end, *(item.end for item in items[-1:])))
        kind: Kind = "list" if is_list else "mapping"
        return Node(kind, start, last, flow, None, anchor, self._with_commas(items, flow))

    def _parts(self) -> Iterator[Any]:
        """The first events of the items, up to the end of the list or mapping."""
        for event in self._events:
            if isinstance(event, _ENDS):
                self._close = int(getattr(event.end_mark, "index", 0))
                return
            yield event

    def _item(self, event: Any, *, is_list: bool, flow: bool) -> Item:
        if is_list:
            value = self._node(event)
            if flow:
                return Item(value.start, value.start, None, None, value)
            dash = self._dashes[bisect_left(self._dashes, value.start) - 1]
            return Item(dash, dash + 1, None, None, value)
        key, value = self._node(event), self._node(next(self._events))
        mark = self._behind(self._colons, key.end, value.start) or key.end
        return Item(key.start, mark, None, key, value)

    def _with_commas(self, items: list[Item], flow: bool) -> tuple[Item, ...]:  # noqa: FBT001 - private
        if not flow:
            return tuple(items)
        limits = [*(item.start for item in items[1:]), *([self._close] if items else [])]
        return tuple(
            Item(item.start, item.mark, self._comma(item.end, limit), item.key, item.value)
            for item, limit in zip(items, limits, strict=True)
        )

    def _comma(self, begin: int, limit: int) -> int | None:
        behind = self._behind(self._commas, begin, limit)
        return None if behind is None else behind - 1

    def _behind(self, places: list[int], begin: int, limit: int) -> int | None:
        """Behind the first of these characters from `begin` on, before `limit`."""
        at = bisect_left(places, begin)
        return places[at] + 1 if at < len(places) and places[at] < limit else None

    def _scalar_end(self, start: int, end: int, style: str | None) -> int:
        """Block scalars end, for the parser, where the next line with content begins."""
        if style not in ("|", ">"):
            return end
        header = self._text[start:end].splitlines()[0].partition("#")[0]
        found = self._text[start:end]
        if "+" in header:
            return start + len(found.removesuffix("\n").removesuffix("\r"))
        lines = found.splitlines(keepends=True)
        while len(lines) > 1 and not lines[-1].strip():
            lines.pop()
        return start + len("".join(lines).rstrip("\r\n"))


def _starts(tokens: list[Any], kind: type[Any]) -> list[int]:
    return [token.start_mark.index for token in tokens if isinstance(token, kind)]
