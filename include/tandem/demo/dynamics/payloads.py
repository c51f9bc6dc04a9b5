"""Rows in the bodies of requests (Microsoft Learn, "Create a table row using the Web API").

Lookups are written by `Navigation@odata.bind` alone, in the case of the navigation property.
"""

import re
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote

from tandem.demo.dynamics.errors import REQUEST, TOO_LONG, bad_payload, bad_url
from tandem.demo.dynamics.organization import ROOT
from tandem.demo.dynamics.rows import find, missing, parse_place
from tandem.demo.dynamics.schema import NAMESPACE
from tandem.demo.dynamics.tables import Lookup, Table
from tandem.demo.errors import ServiceError
from tandem.demo.model import Edm, Property
from tandem.demo.values import Stored, from_json

BIND: Final = "@odata.bind"
Values = dict[str, Stored]


@dataclass(frozen=True, slots=True)
class Payload:
    """A body for a table, its references still as they came."""

    table: Table
    values: Values
    references: Mapping[str, str | None]
    """Navigation property → the URL that it is bound to."""

    def resolved(self, connection: sqlite3.Connection) -> Values:
        """All values, lookups included. ServiceError if a reference leads nowhere."""
        found = dict(self.values)
        for navigation, url in self.references.items():
            found.update(_bound(connection, self.table, navigation, url))
        return found


def parse_payload(body: object, table: Table, *, ieee754: bool = False) -> Payload:
    """The row in a body; ServiceError (400) if the table does not take it."""
    if not isinstance(body, dict):
        raise bad_payload(table, "A row is an object.")
    values: Values = {}
    references: dict[str, str | None] = {}
    for name, value in body.items():
        if name.endswith(BIND):
            references[_navigation(table, name.removesuffix(BIND))] = _reference(table, name, value)
        elif "@" not in name:
            property_ = _property(table, name)
            if not property_.computed:
                values[name] = _value(table, property_, value, ieee754=ieee754)
    return Payload(table, values, references)


def _navigation(table: Table, name: str) -> str:
    if name not in table.by_navigation:
        raise bad_payload(
            table,
            f"An undeclared property '{name}' which only has property annotations in the payload "
            "but no property value was found in the payload. In OData, only declared navigation "
            "properties and declared named streams can be represented as properties without "
            "values.",
        )
    return name


def _reference(table: Table, name: str, value: object) -> str | None:
    if value is not None and not isinstance(value, str):
        raise bad_payload(table, f"The value of '{name}' is not a URL.")
    return value


def _property(table: Table, name: str) -> Property:
    lookups = {lookup.name for lookup in table.lookups} | table.by_navigation.keys()
    is_key = name in table.ids
    if (name in table.by_column or name in lookups) and not is_key:
        message = (
            "CRM do not support direct update of Entity Reference properties, "
            "Use Navigation properties instead."
        )
        raise ServiceError(400, REQUEST, message)
    if name not in table.shown:
        raise bad_payload(
            table,
            f"The property '{name}' does not exist on type '{NAMESPACE}.{table.logical_name}'. "
            "Make sure to only use property names that are defined by the type.",
        )
    return table.entity_set.paths[name]


def _value(table: Table, property_: Property, value: Any, *, ieee754: bool) -> Stored:
    length = property_.max_length
    if length is not None and isinstance(value, str) and len(value) > length:
        message = (
            f"A validation error occurred.  The length of the '{property_.name}' attribute of the "
            f"'{table.logical_name}' entity exceeded the maximum allowed length of '{length}'."
        )
        raise ServiceError(400, TOO_LONG, message)
    choices = table.choices.get(property_.name)
    if choices and isinstance(value, int) and value not in choices:
        message = (
            f"A validation error occurred.  The value {value} of '{property_.name}' on record of "
            f"type '{table.logical_name}' is outside the valid range. Accepted Values: "
            f"{','.join(map(str, choices))}"
        )
        raise ServiceError(400, TOO_LONG, message)
    try:
        return from_json(value, property_, ieee754=ieee754)
    except ServiceError as error:
        message = (
            f"Cannot convert the literal '{value}' to the expected type '{property_.type}'."
            if property_.type is not Edm.STRING
            else f"The property '{property_.name}' takes a string."
        )
        raise bad_payload(table, message) from error


def _bound(
    connection: sqlite3.Connection, table: Table, navigation: str, url: str | None
) -> Values:
    ways = table.by_navigation[navigation]
    lookup = ways[0][0]
    if lookup.set_by_service:
        return {}
    if url is None:
        return _columns(lookup, None, None)
    place = parse_place(unquote(re.sub(rf"^(?:https?://[^/]+)?(?:{ROOT}|/)", "", url)))
    if place.table.logical_name not in {target.table for _, target in ways}:
        raise bad_url(
            f"The entity of '{place.table.set_name}' cannot be set in the navigation property "
            f"'{navigation}' of '{NAMESPACE}.{table.logical_name}'."
        )
    row = find(connection, place)
    if row is None:
        raise missing(place)
    return _columns(lookup, row[0], place.table.logical_name)


def _columns(lookup: Lookup, id_: str | None, type_: str | None) -> Values:
    found: Values = {lookup.column: id_}
    return found | ({lookup.type_column: type_} if len(lookup.targets) > 1 else {})
