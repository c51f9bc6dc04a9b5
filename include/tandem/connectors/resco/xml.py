"""Documents of Resco's XML services, read whatever their namespace is called."""

import re
from collections.abc import Iterator
from typing import Final
from xml.etree.ElementTree import Element

from tandem.errors import ConfigurationError
from tandem.xml_source import NotXml, RefusedXml, xml_tree

_NOT_IN_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""XML 1.0, 2.2."""
_ESCAPES: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\r": "&#13;"}
"""A carriage return as such would come to be a line feed (XML 1.0, 2.11)."""


def parsed(body: bytes, what: str) -> Element:
    """The root of a document; ConfigurationError, which says `what` it should be, if it is no XML,
    or one that could do harm.
    """
    try:
        return xml_tree(body)
    except (NotXml, RefusedXml) as error:
        raise ConfigurationError(
            f"{what} cannot be read: {error}.",
            remedy="Check that the host of the connection is that of Resco Cloud.",
        ) from None


def local_name(element: Element) -> str:
    """The element's name without namespace."""
    return element.tag.rpartition("}")[2]


def children(element: Element, name: str = "") -> Iterator[Element]:
    """The elements within, of that name if it is given."""
    return (child for child in element if not name or local_name(child) == name)


def said(element: Element, name: str) -> str:
    """What an element says by that name: by an attribute, or by an element within; or empty."""
    if name in element.attrib:
        return element.attrib[name].strip()
    return next((text_of(child) for child in children(element, name)), "")


def text_of(element: Element) -> str:
    """All its text, without spaces around it."""
    return "".join(element.itertext()).strip()


def escaped(text: str) -> str:
    """The text as it stands in an element or a quoted attribute."""
    for character, escape in _ESCAPES.items():
        text = text.replace(character, escape)
    return text


def uncarried(text: str) -> str:
    """The first character that no XML document can hold, as `U+0001`; empty: there is none."""
    found = _NOT_IN_XML.search(text)
    return f"U+{ord(found[0]):04X}" if found else ""
