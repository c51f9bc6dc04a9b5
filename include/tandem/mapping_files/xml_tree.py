"""A mapping file in XML, as a tree."""

from typing import Final
from xml.etree.ElementTree import Element

from tandem.errors import ConfigurationError
from tandem.mapping_files.spellings import small
from tandem.xml_source import NotXml, RefusedXml, xml_tree
from tandem.yaml_source import shortened

_PRESERVED: Final = "{http://www.w3.org/XML/1998/namespace}space"


def parsed(body: bytes) -> Element:
    """The root; ConfigurationError: it is no XML, has a DOCTYPE, or goes beyond all measure."""
    try:
        return xml_tree(body)
    except (NotXml, RefusedXml) as error:
        raise refused(str(error)) from None


def name_of(element: Element) -> str:
    """The element's name as `spellings` has it, whatever its namespace."""
    return small(element.tag.rpartition("}")[2])


def shown(element: Element) -> str:
    """The element's name as messages show it."""
    return f"<{shortened(element.tag.rpartition('}')[2])}>"


def text_of(element: Element) -> str:
    """The element's text, without blanks around it unless it says that they count."""
    text = element.text or ""
    return text if element.get(_PRESERVED) == "preserve" else text.strip()


def refused(why: str) -> ConfigurationError:
    """The file cannot be read."""
    return ConfigurationError(
        f"The mapping file cannot be read: {why}.",
        remedy="Export it again, with Export or Export Entity of the mapping editor.",
    )
