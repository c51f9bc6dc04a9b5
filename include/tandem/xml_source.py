"""XML that others wrote, as a tree: within limits, and without anything that could expand."""

from dataclasses import dataclass
from typing import Final
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

DEEPEST: Final = 40
MOST_ELEMENTS: Final = 500_000
"""Twenty times as many as Dataverse's metadata has; a thousand entities of three hundred mapped
fields are fewer."""
_CHUNK: Final = 65_536


class NotXml(ValueError):
    """It is not well-formed XML; the text says where."""


class RefusedXml(ValueError):
    """It has a DOCTYPE, or goes beyond all measure; the text says which."""


def xml_tree(body: bytes) -> Element:
    """The root element. Raises NotXml and RefusedXml."""
    # S314: safe without defusedxml, because a DOCTYPE is refused and nothing else can expand.
    parser = ElementTree.XMLParser(target=_Builder())  # noqa: S314
    try:
        for start in range(0, len(body), _CHUNK):
            parser.feed(body[start : start + _CHUNK])
        root: Element = parser.close()
    except RefusedXml:
        raise
    except (ElementTree.ParseError, LookupError, ValueError) as error:
        raise NotXml(f"it is not well-formed XML ({error})") from None
    return root


class _Builder(ElementTree.TreeBuilder):
    def __init__(self) -> None:
        super().__init__()
        self._count = _Count()

    def doctype(self, _name: str, _pubid: str | None, _system: str | None) -> None:
        raise RefusedXml("it has a DOCTYPE, which could expand to anything")

    def start(self, tag: str, attrs: dict[str, str], /) -> Element:
        self._count.begin()
        return super().start(tag, attrs)

    def end(self, tag: str, /) -> Element:
        self._count.depth -= 1
        return super().end(tag)


@dataclass(slots=True)
class _Count:
    depth: int = 0
    all: int = 0

    def begin(self) -> None:
        self.depth += 1
        self.all += 1
        if self.depth > DEEPEST or self.all > MOST_ELEMENTS:
            raise RefusedXml(f"it has more than {DEEPEST} levels or {MOST_ELEMENTS:,} elements")
