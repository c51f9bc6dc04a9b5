"""The JSON of a record to write as values to keep, and what Business Central refuses in it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tandem.demo.business_central.control import Control
from tandem.demo.business_central.errors import refused
from tandem.demo.business_central.fields import ROW_VERSION
from tandem.demo.business_central.pages import Page, blank
from tandem.demo.call import Call
from tandem.demo.errors import ServiceError, bad_request
from tandem.demo.headers import JSON, parse_media_type
from tandem.demo.model import Edm, EnumType, Property
from tandem.demo.values import Stored, from_json
from tandem.demo.write import read_json

Values = dict[str, Stored]


@dataclass(frozen=True, slots=True)
class Payload:
    """What was sent: values of the record, and records to make with it (deep insert)."""

    values: Values
    lines: Mapping[str, list[Any]]
    """Navigation property → the JSON of each."""


def parse_payload(call: Call, page: Page, control: Control) -> Payload:
    """The payload of a request; ServiceError if it is none."""
    media_type = parse_media_type(call.headers.get("content-type", ""))
    if media_type.name != JSON:
        raise ServiceError(415, "BadRequest", f"The body has to be {JSON}.")
    document = read_json(call.body) if isinstance(call.body, bytes) else call.body.value
    return payload(document, page, control, ieee754=media_type.ieee754)


def payload(document: Any, page: Page, control: Control, *, ieee754: bool = False) -> Payload:
    """The payload in a JSON value."""
    if not isinstance(document, dict):
        raise bad_request("Invalid Request Body")
    many = {item.name for item in page.navigations if item.many}
    lines = {name: value for name, value in document.items() if name in many}
    if not all(isinstance(value, list) for value in lines.values()):
        raise bad_request("Invalid Request Body")
    values = {
        name: _stored(page, property_, value, control, ieee754)
        for name, property_, value in _members(document, page)
    }
    return Payload(values, lines)


def _members(document: dict[str, Any], page: Page) -> Iterator[tuple[str, Property, Any]]:
    for name, value in document.items():
        property_ = page.entity_set.paths.get(name)
        if property_ is not None and name != ROW_VERSION.name:
            yield name, property_, value
        elif name.endswith("@odata.bind") or ("@" not in name and page.navigation(name) is None):
            type_ = page.entity_set.type_name
            message = (
                f"The property '{name}' does not exist on type '{type_}'. "
                "Make sure to only use property names that are defined by the type."
            )
            raise bad_request(message, name)


def _stored(
    page: Page,
    property_: Property,
    value: Any,
    control: Control,
    ieee754: bool,  # noqa: FBT001
) -> Stored:
    if value is None:
        if control.refuse_null or property_.name in page.required:
            raise required(property_.name)
        return blank(property_)
    if isinstance(property_.type, EnumType) and value not in property_.type.members:
        raise _no_option(property_.type, value)
    limit = property_.max_length
    if property_.type is Edm.STRING and limit and isinstance(value, str) and len(value) > limit:
        message = (
            f"The length of the string is {len(value)}, but it must be less than or equal to "
            f"{limit} characters. Value: {value}"
        )
        raise refused("Application_StringExceededLength", message)
    return from_json(value, property_, ieee754=ieee754)


def required(name: str) -> ServiceError:
    """The record cannot be without this."""
    message = f"Field '{name}' must not be blank or empty."
    return refused("BadRequest_RequiredParamNotProvided", message)


def _no_option(type_: EnumType, value: Any) -> ServiceError:
    # As the example of a failed batch in "Using OData transactional $batch requests" has it.
    members = ",".join(type_.members).replace("_x0020_", " ").replace("_x002D_", "-")
    return refused("Unknown", f"'{value}' is not an option. The existing options are: {members}")
