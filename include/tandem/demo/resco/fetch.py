"""FetchXML: which records, of which attributes, in which order, and from where on.

The elements are those of Microsoft's FetchXML (Microsoft Learn, FetchXml reference), as far as
Resco's own templates and clients use them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from xml.etree.ElementTree import Element

from tandem.demo.canonical import guid_text, instant_text
from tandem.demo.conditions import Sql, condition
from tandem.demo.errors import ServiceError, bad_request
from tandem.demo.expressions import (
    Call,
    Compare,
    Expression,
    In,
    Join,
    Literal,
    Not,
    Path,
)
from tandem.demo.model import Edm, ServiceModel
from tandem.demo.options import Ordering
from tandem.demo.paging import token_values
from tandem.demo.read import Listing
from tandem.demo.resco.attributes import EDM, Attribute, Entity, Kind
from tandem.demo.resco.values import reference, value_of
from tandem.demo.resco.xml import local_name

PAGE_SIZE: Final = 1_000
MAX_COUNT: Final = 5_000
"""The largest page of FetchXML (Microsoft Learn, Page results using FetchXml)."""
COMPARISONS: Final = ("eq", "ne", "gt", "ge", "lt", "le")
NOTHING: Final = Literal(None, None)


@dataclass(frozen=True, slots=True)
class Query:
    """One Fetch."""

    entity: Entity
    attributes: tuple[Attribute, ...]
    listing: Listing


def read_query(fetch: Element, entities: dict[str, Entity], model: ServiceModel) -> Query:
    """The query that a `fetch` element states; ServiceError (400) for what it cannot be."""
    body = next((item for item in fetch if local_name(item) == "entity"), None)
    if local_name(fetch) != "fetch" or body is None:
        raise bad_request("The body is no FetchXML: a fetch with an entity.")
    name = body.get("name", "")
    if name not in entities:
        raise bad_request(f"There is no entity {name!r}.", name)
    reader = _Reader(entities[name])
    conditions = [reader.filter(item) for item in body if local_name(item) == "filter"]
    where = (
        condition(_joined("and", conditions), reader.entity.stored, model)
        if conditions
        else Sql("1")
    )
    _refuse_others(body)
    return Query(
        reader.entity,
        reader.attributes(body),
        _listing(fetch, where, reader.orderings(body)),
    )


def _refuse_others(body: Element) -> None:
    for item in body:
        if local_name(item) not in ("attribute", "all-attributes", "order", "filter"):
            raise bad_request(f"{local_name(item)!r} is not supported here.", local_name(item))


def _listing(fetch: Element, where: Sql, orderings: tuple[Ordering, ...]) -> Listing:
    cookie = fetch.get("paging-cookie", "")
    page = _whole_number(fetch, "page", 1)
    size = min(_whole_number(fetch, "count", PAGE_SIZE), MAX_COUNT)
    return Listing(
        where=where,
        orderings=orderings,
        limit=size,
        start=token_values(cookie, orderings) if cookie else None,
        skip=0 if cookie else (page - 1) * size,
    )


def _whole_number(element: Element, name: str, default: int) -> int:
    text = element.get(name, str(default))
    if not (text.isascii() and text.isdigit() and int(text[:9])):
        raise bad_request(f"{name!r} takes a whole number above zero.", name)
    return int(text[:9])


class _Reader:
    def __init__(self, entity: Entity) -> None:
        self.entity = entity

    def attributes(self, body: Element) -> tuple[Attribute, ...]:
        """Those that are asked for, and always the id; all if none or all are."""
        names = [item.get("name", "") for item in body if local_name(item) == "attribute"]
        for name in names:
            self._attribute(name)
        return tuple(
            item for item in self.entity.attributes if not names or item.name in (*names, "id")
        )

    def orderings(self, body: Element) -> tuple[Ordering, ...]:
        """What is asked for, then the id, so that no two rows tie."""
        asked = [
            Ordering(
                self.entity.column(self._attribute(item.get("attribute", ""))),
                item.get("descending", "").lower() == "true",
            )
            for item in body
            if local_name(item) == "order"
        ]
        by_id = any(ordering.path == "id" for ordering in asked)
        return (*asked, *(() if by_id else (Ordering("id"),)))

    def filter(self, element: Element) -> Expression:
        """A `filter` with its conditions and the filters within."""
        operator = element.get("type", "and")
        if operator not in ("and", "or"):
            raise bad_request(f"A filter is of type and or or, not {operator!r}.", "type")
        parts: list[Expression] = []
        for item in element:
            if local_name(item) == "filter":
                parts.append(self.filter(item))
            elif local_name(item) == "condition":
                parts.append(self._condition(item))
            else:
                raise bad_request(f"{local_name(item)!r} cannot be in a filter.")
        return _joined(operator, parts)

    def _condition(self, element: Element) -> Expression:
        attribute = self._attribute(element.get("attribute", ""))
        path = Path(self.entity.column(attribute))
        operator = element.get("operator", "")
        if operator in ("null", "not-null"):
            return Compare("eq" if operator == "null" else "ne", path, NOTHING)
        if operator in ("in", "not-in"):
            values = [item.text or "" for item in element if local_name(item) == "value"]
            literals = tuple(_literal(attribute, value) for value in values)
            found: Expression = In(path, literals) if literals else _never(path)
            return found if operator == "in" else _negated(found, path)
        value = element.get("value", "")
        if operator in ("like", "not-like"):
            found = _like(path, value)
            return found if operator == "like" else _negated(found, path)
        if operator not in COMPARISONS:
            message = f"Operator {operator!r} is not supported."
            raise ServiceError(501, "NotImplemented", message, operator)
        literal = _literal(attribute, value)
        if operator == "ne":  # As in SQL, a null is not unequal to a value.
            return _joined("and", [Compare("ne", path, literal), Compare("ne", path, NOTHING)])
        return Compare(operator, path, literal)

    def _attribute(self, name: str) -> Attribute:
        if name not in self.entity.by_name:
            raise bad_request(f"Entity {self.entity.name!r} has no attribute {name!r}.", name)
        return self.entity.by_name[name]


def _joined(operator: str, parts: list[Expression]) -> Expression:
    if not parts:
        raise bad_request("A filter needs a condition.")
    return parts[0] if len(parts) == 1 else Join(operator, tuple(parts))


def _never(path: Path) -> Expression:
    return _joined("and", [Compare("eq", path, NOTHING), Compare("ne", path, NOTHING)])


def _negated(expression: Expression, path: Path) -> Expression:
    return _joined("and", [Not(expression), Compare("ne", path, NOTHING)])


def _like(path: Path, pattern: str) -> Expression:
    """With % at the ends alone; letters are told apart by case, unlike in SQL Server."""
    text = pattern.strip("%")
    if any(mark in text for mark in "%_["):
        raise ServiceError(501, "NotImplemented", f"Pattern {pattern!r} is not supported.", "like")
    literal = Literal(Edm.STRING, text)
    functions = {(True, True): "contains", (True, False): "endswith", (False, True): "startswith"}
    function = functions.get((pattern.startswith("%"), pattern.endswith("%")))
    return Call(function, (path, literal)) if function else Compare("eq", path, literal)


def _literal(attribute: Attribute, text: str) -> Literal:
    if attribute.kind is Kind.LOOKUP:
        return Literal(Edm.GUID, reference(attribute, text)[1])
    value = value_of(attribute, text)
    if value is None:
        return Literal(Edm.STRING, "") if attribute.kind is Kind.STRING else NOTHING
    canonical = _CANONICAL.get(attribute.kind)
    try:
        return Literal(EDM[attribute.kind], canonical(value) if canonical else value)
    except ValueError as error:
        message = f"Attribute {attribute.name!r}: the value does not fit {attribute.kind}."
        raise bad_request(message, attribute.name) from error


_CANONICAL: Final[dict[Kind, Callable[..., str | int | float]]] = {
    Kind.UNIQUE_IDENTIFIER: guid_text,
    Kind.DATE_TIME: lambda text: instant_text(text),
    Kind.BOOLEAN: int,
    Kind.FLOAT: float,
}
