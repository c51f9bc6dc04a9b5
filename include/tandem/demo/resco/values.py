"""From the values of a request to those that are kept, whichever service they came by."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from tandem.demo.errors import bad_request
from tandem.demo.resco.attributes import TARGET, Attribute, Entity, Kind
from tandem.demo.values import Stored, from_json

BIND: Final = "@odata.bind"
_GUID: Final = "[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}"
_REFERENCE: Final = re.compile(rf"(?:(\w+):)?\{{?({_GUID})\}}?(?::.*)?", re.DOTALL)
_BOUND: Final = re.compile(rf"(?:.*/)?(\w+)\('?({_GUID})'?\)")


def from_body(entity: Entity, payload: Any) -> dict[str, Stored]:
    """The columns that a JSON object gives.

    How OData takes lookups is not documented: the forms in which it may show them are all taken,
    and `@odata.bind` of the protocol. ServiceError (400) for what there is none of.
    """
    if not isinstance(payload, dict):
        raise bad_request("The body is not a JSON object.")
    found: dict[str, Stored] = {}
    for name, value in payload.items():
        if name.endswith(BIND):
            attribute = _attribute(entity, name.removesuffix(BIND))
            found |= _columns(entity, attribute, _unbound(value, name))
        elif "@" not in name:
            found |= _columns(entity, _attribute(entity, name), value)
    return found


def from_texts(entity: Entity, texts: Mapping[str, str]) -> dict[str, Stored]:
    """The columns that the elements of an XML record give; an empty one is null.

    Texts as Resco's own client writes them: booleans `True` and `False`, lookups
    `logicalname:guid`, times in UTC, numbers without regard to a culture.
    """
    found: dict[str, Stored] = {}
    for name, text in texts.items():
        attribute = _attribute(entity, name)
        found |= _columns(entity, attribute, value_of(attribute, text))
    return found


def value_of(attribute: Attribute, text: str) -> Any:
    """The value that a text of XML stands for, as JSON would have it; ServiceError if none."""
    if text == "":
        return None
    try:
        return _VALUES.get(attribute.kind, str)(text)
    except (ValueError, KeyError, InvalidOperation) as error:
        raise _does_not_fit(attribute) from error


def reference(attribute: Attribute, text: str) -> tuple[str | None, str]:
    """The target (None: not told) and the guid of a lookup's text."""
    match = _REFERENCE.fullmatch(text)
    if not match or match[1] not in (None, *attribute.targets):
        raise _does_not_fit(attribute)
    return match[1], match[2].lower()


_VALUES: Final[Mapping[Kind, Callable[[str], Any]]] = {
    Kind.BOOLEAN: lambda text: {"true": True, "false": False, "1": True, "0": False}[text.lower()],
    Kind.INTEGER: int,
    Kind.PICKLIST: int,
    Kind.PICKLIST_MAP: int,
    Kind.ROW_VERSION: int,
    Kind.FLOAT: Decimal,
    Kind.DECIMAL: Decimal,
    Kind.MONEY: Decimal,
}


def _attribute(entity: Entity, name: str) -> Attribute:
    for attribute in entity.attributes:
        if name in (attribute.name, entity.column(attribute)):
            return attribute
    raise bad_request(f"Entity {entity.name!r} has no attribute {name!r}.", name)


def _columns(entity: Entity, attribute: Attribute, value: Any) -> dict[str, Stored]:
    if attribute.computed:
        return {}
    name = entity.column(attribute)
    if attribute.kind is Kind.LOOKUP:
        return _lookup(attribute, name, value)
    if attribute.kind is Kind.DATE_TIME and isinstance(value, str):
        value = _whole_seconds(attribute, value)
    if value is not None and attribute.options and value not in _values(attribute):
        raise _does_not_fit(attribute)
    return {name: from_json(value, entity.stored.paths[name], ieee754=False)}


def _values(attribute: Attribute) -> list[int]:
    return [option.value for option in attribute.options]


def _whole_seconds(attribute: Attribute, text: str) -> str:
    """In UTC and without a fraction, as the service gives times; one without a zone is in UTC."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise _does_not_fit(attribute) from error
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC).replace(microsecond=0).isoformat()


def _lookup(attribute: Attribute, name: str, value: Any) -> dict[str, Stored]:
    if value is None:
        return {name: None, **({name + TARGET: None} if attribute.polymorphic else {})}
    if not isinstance(value, str):
        raise _does_not_fit(attribute)
    target, key = reference(attribute, value)
    if not attribute.polymorphic:
        return {name: key}
    if target is None:
        raise bad_request(
            f"Lookup {attribute.name!r} can refer to {' or '.join(attribute.targets)}: "
            "say which, as in logicalname:guid.",
            attribute.name,
        )
    return {name: key, name + TARGET: target}


def _unbound(value: Any, name: str) -> str | None:
    if value is None:
        return None
    match = _BOUND.fullmatch(value) if isinstance(value, str) else None
    if not match:
        raise bad_request(f"{name!r} takes the URL of a record.", name)
    return f"{match[1]}:{match[2]}"


def _does_not_fit(attribute: Attribute) -> Exception:
    return bad_request(
        f"Attribute {attribute.name!r}: the value does not fit {attribute.kind}.", attribute.name
    )
