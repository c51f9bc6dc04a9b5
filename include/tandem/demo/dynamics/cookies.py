"""Paging cookies: the `$skiptoken` of a next link, an XML document that is encoded twice.

Microsoft Learn, "Page results using OData": do not decode, encode or otherwise change it.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import quote, unquote
from xml.etree.ElementTree import Element, ParseError, SubElement, fromstring, tostring

from tandem.demo.dynamics.errors import REQUEST
from tandem.demo.errors import ServiceError
from tandem.demo.model import Edm, EntitySet, Property
from tandem.demo.options import Ordering
from tandem.demo.values import Stored

_OUTER: Final = re.compile(
    r'<cookie pagenumber="(\d+)" pagingcookie="([^"]*)" istracking="(True|False)" />'
)


def cookie(page: int, last: Mapping[str, str | None], *, tracking: bool = False) -> str:
    """The value of `$skiptoken` as it stands in the URL."""
    inner = Element("cookie", {"page": str(page - 1)})
    for name, value in last.items():
        SubElement(inner, name, {"lastnull": "1"} if value is None else {"last": value})
    paging = _lower(tostring(inner, encoding="unicode", short_empty_elements=True))
    outer = f'<cookie pagenumber="{page}" pagingcookie="{paging}" istracking="{tracking}" />'
    return quote(outer, safe="=/")


def _lower(text: str) -> str:
    return re.sub("%..", lambda found: found[0].lower(), quote(text, safe=""))


def parse_cookie(token: str) -> tuple[int, dict[str, str | None]]:
    """Page number and last values in a `$skiptoken` that the URL has been rid of encoding once."""
    found = _OUTER.fullmatch(token)
    try:
        inner = fromstring(unquote(found[2])) if found else None  # noqa: S314 our own, or refused
    except ParseError:
        inner = None
    if found is None or inner is None:
        raise ServiceError(400, REQUEST, "Malformed XML in the Paging Cookie")
    values = {each.tag: each.get("last") for each in inner}
    return int(found[1]), values


def last_row(
    orderings: Sequence[Ordering], values: Sequence[Stored], entity_set: EntitySet
) -> dict[str, str | None]:
    """The values of the ordering's columns in the last row, as a cookie has them."""
    pairs = zip((ordering.path for ordering in orderings), values, strict=True)
    return {path: _told(value, entity_set.paths[path]) for path, value in pairs}


def _told(value: Stored, property_: Property) -> str | None:
    if value is None:
        return None
    return f"{{{value}}}".upper() if property_.type is Edm.GUID else str(value)


def start(
    orderings: Sequence[Ordering], values: Mapping[str, str | None], entity_set: EntitySet
) -> list[Stored]:
    """The same, as they are kept; ServiceError (400) if the cookie is for another ordering."""
    if [ordering.path for ordering in orderings] != list(values):
        raise ServiceError(400, REQUEST, "Malformed XML in the Paging Cookie")
    return [_kept(value, entity_set.paths[path]) for path, value in values.items()]


def _kept(value: str | None, property_: Property) -> Stored:
    if value is None:
        return None
    match property_.type:
        case Edm.INT32 | Edm.INT64 | Edm.BOOLEAN:
            return int(value)
        case Edm.DOUBLE:
            return float(value)
        case Edm.GUID:
            return value.strip("{}").lower()
    return value
