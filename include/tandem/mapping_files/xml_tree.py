"""XML that others wrote, as a tree: within limits, and without anything that could expand."""

from dataclasses import dataclass
from typing import Final
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from tandem.errors import ConfigurationError

_DEEPEST: Final = 40
_MOST: Final = 500_000
"""Elements; an organisation with a thousand entities of three hundred fields has fewer."""
_CHUNK: Final = 65_536


def parsed(body: bytes) -> Element:
    """The root; ConfigurationError: it is no XML, has a DOCTYPE, or goes beyond all measure."""
    # S314: safe without defusedxml, because a DOCTYPE is refused and nothing else can expand.
    parser = ElementTree.XMLParser(target=_Builder())  # noqa: S314
    try:
        for start in range(0, len(body), _CHUNK):
            parser.feed(body[start : start + _CHUNK])
        root: Element = parser.close()
    except (ElementTree.ParseError, LookupError, ValueError) as error:
        raise refused(f"it is not well-formed XML ({error})") from None
    return root


class _Builder(ElementTree.TreeBuilder):
    def __init__(self) -> None:
        super().__init__()
        self._count = _Count()

    def doctype(self, _name: str, _pubid: str | None, _system: str | None) -> None:
        raise refused("it has a DOCTYPE, which could expand to anything")

    def start(self, tag: str, attrs: dict[str, str], /) -> Element:
        self._count.begin()
        return super().start(tag, attrs)

    def end(self, tag: str, /) -> Element:
        self._count.depth -= 1
        return super().end(tag)


@dataclass
class _Count:
    depth: int = 0
    all: int = 0

    def begin(self) -> None:
        self.depth += 1
        self.all += 1
        if self.depth > _DEEPEST or self.all > _MOST:
            raise refused(f"it has more than {_DEEPEST} levels or {_MOST:,} elements")


def refused(why: str) -> ConfigurationError:
    """The file cannot be read."""
    return ConfigurationError(
        f"The mapping file cannot be read: {why}.",
        remedy="Export it again, with Export or Export Entity of the mapping editor.",
    )
