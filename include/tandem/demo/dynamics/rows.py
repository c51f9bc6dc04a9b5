"""How requests name rows, and finding those (Microsoft Learn, "Use an alternate key")."""

import re
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tandem.demo.conditions import column
from tandem.demo.dynamics.errors import bad_url, does_not_exist, no_segment
from tandem.demo.dynamics.schema import BY_SET, NAMESPACE
from tandem.demo.dynamics.tables import Table
from tandem.demo.expressions import Literal
from tandem.demo.model import Edm
from tandem.demo.parser import parse_key
from tandem.demo.values import Stored

NOT_IN_KEYS: Final = frozenset("/<>*%&:\\?+")
"""Microsoft Learn, "Define alternate keys": values with these cannot be used in URLs."""


@dataclass(frozen=True, slots=True)
class Place:
    """A row by its id, or by an alternate key."""

    table: Table
    values: Mapping[str, Stored]
    """One id column and its value, or the columns of an alternate key and theirs."""

    @property
    def id(self) -> str | None:
        """The id, if that is what names the row."""
        value = self.values.get(self.table.key)
        return None if value is None else str(value)


def parse_place(segment: str) -> Place:
    """What `accounts(…)` names; `segment` is decoded. ServiceError: 404, or 400 for a bad key."""
    match = re.fullmatch(r"(\w+)\((.*)\)", segment, re.DOTALL)
    if not match or match[1] not in BY_SET:
        raise no_segment(segment.partition("(")[0])
    table = BY_SET[match[1]]
    literals = parse_key(match[2])
    if len(literals) == 1 and literals.keys() & {"", table.key}:
        (literal,) = literals.values()
        if literal.type is not Edm.GUID:
            raise bad_url("Guid should contain 32 digits with 4 dashes.")
        return Place(table, {table.key: str(literal.value)})
    return Place(table, _alternate(table, literals))


def _alternate(table: Table, literals: Mapping[str, Literal]) -> dict[str, Stored]:
    if not any(set(names) == literals.keys() for names in table.alternate_keys):
        raise bad_url(
            f"The key in the request URI is not valid for resource "
            f"'{NAMESPACE}.{table.logical_name}'. Ensure that the names and number of key "
            "properties match the declared or alternate key properties for the resource "
            f"'{NAMESPACE}.{table.logical_name}'."
        )
    if any(NOT_IN_KEYS & set(str(literal.value)) for literal in literals.values()):
        raise bad_url("A potentially dangerous Request.Path value was detected from the client.")
    return {name: _stored(literal) for name, literal in literals.items()}


def _stored(literal: Literal) -> Stored:
    value = literal.value
    return value if value is None or isinstance(value, str | int | float) else str(value)


def find(connection: sqlite3.Connection, place: Place) -> tuple[str, str] | None:
    """Id and etag of the row; None if there is none."""
    table = place.table
    where = " AND ".join(f"{column(name)} = ?" for name in place.values)
    found = connection.execute(
        f"""SELECT {column(table.key)}, 'W/"' || "versionnumber" || '"' """  # noqa: S608 names of the model
        f"""FROM "{table.set_name}" WHERE {where}""",
        tuple(place.values.values()),
    ).fetchone()
    return (str(found[0]), str(found[1])) if found else None


def missing(place: Place, code: str | None = None) -> Exception:
    """404 for a place where there is no row."""
    shown = place.id or ", ".join(f"{name}={value}" for name, value in place.values.items())
    if code is None:
        return does_not_exist(place.table.logical_name, shown)
    return does_not_exist(place.table.logical_name, shown, code)
