"""XML as the REST services take and give it.

The namespace is that of the requests that Resco's own TypeScript client sends. It reads answers by
local names alone, and no document names their root elements: those are made up.
"""

from typing import Final
from xml.etree.ElementTree import Element, ParseError, SubElement, fromstring, tostring

from tandem.demo.call import Reply
from tandem.demo.errors import ServiceError, bad_request

EXECUTE: Final = "http://schemas.resco.net/XRM/Execute"
MEDIA_TYPE: Final = "application/xml"


def parse(body: bytes) -> Element:
    """The root of a document; ServiceError (400) if it is none, or declares a document type.

    Without one there are no entities but the five of XML: nothing to expand or fetch.
    """
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise bad_request("The body is not UTF-8.") from error
    if "<!DOCTYPE" in text:
        raise bad_request("The body declares a document type.")
    try:
        return fromstring(text)  # noqa: S314 it declares nothing
    except ParseError as error:
        raise bad_request("The body is not XML.") from error


def local_name(element: Element) -> str:
    """The name of an element without its namespace."""
    return element.tag.rpartition("}")[2]


def reply(root: Element, status: int = 200) -> Reply:
    """A document as the answer."""
    document: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return Reply(status, document, {"content-type": f"{MEDIA_TYPE}; charset=utf-8"})


def root(name: str, **attributes: str) -> Element:
    """The root of an answer."""
    return Element(name, {"xmlns": EXECUTE, **attributes})


def child(parent: Element, name: str, text: str = "", **attributes: str) -> Element:
    """An element at the end of another; without text it is empty."""
    element = SubElement(parent, name, attributes)
    element.text = text or None
    return element


def fault(parent: Element, error: ServiceError) -> None:
    """What went wrong with one request; no document lists the codes, these are those of HTTP."""
    element = child(parent, "Fault")
    child(element, "Code", str(error.status))
    child(element, "Reason", error.message)
    child(element, "Detail", error.target or "")
