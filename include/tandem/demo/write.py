"""Creating, changing and deleting entities (OData Protocol 4.01, 11.4)."""

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from tandem.demo.canonical import instant_text
from tandem.demo.conditions import column
from tandem.demo.errors import ServiceError, bad_request, not_found, not_implemented
from tandem.demo.model import ComplexProperty, Edm, EntitySet, Property
from tandem.demo.preconditions import Precondition
from tandem.demo.read import etag_sql, key_condition
from tandem.demo.store import next_version, table
from tandem.demo.values import Stored, from_json

Key = tuple[Stored, ...]


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes to one entity set within one transaction; the caller commits."""

    connection: sqlite3.Connection
    entity_set: EntitySet
    clock: Callable[[], datetime]
    new_id: Callable[[], UUID]

    def create(self, values: Mapping[str, Stored]) -> Key:
        """Insert an entity and give its key; a guid key that is not sent is made up."""
        row = self._generated_keys() | dict(values) | self._stamps()
        for path, property_ in self.entity_set.paths.items():
            if not property_.nullable and row.get(path) is None:
                raise bad_request(f"Property {path!r} is required.", path)
        columns = ", ".join(column(path) for path in row)
        places = ", ".join("?" * len(row))
        self._execute(
            f"INSERT INTO {table(self.entity_set)} ({columns}) VALUES ({places})",  # noqa: S608 names of the model
            tuple(row.values()),
        )
        return tuple(row[path] for path in self.entity_set.key)

    def update(self, key: Key, values: Mapping[str, Stored], condition: Precondition) -> None:
        """Set the properties given. Key properties are ignored (11.4.3).

        An entity that is not there is not created: the service has no upsert and says so
        (`Upsertable`, 11.4.3.2). It is a 404 whatever the precondition, which counts only where
        the request could do without it (RFC 9110, 13.2.1).
        """
        self._check(key, condition)
        keys = self.entity_set.key
        row = {path: value for path, value in values.items() if path not in keys} | self._stamps()
        if row:
            changes = ", ".join(f"{column(path)} = ?" for path in row)
            self._execute(
                f"UPDATE {table(self.entity_set)} SET {changes} "  # noqa: S608 names of the model
                f"WHERE {key_condition(self.entity_set)}",
                (*row.values(), *key),
            )

    def delete(self, key: Key, condition: Precondition) -> None:
        """Remove the entity.

        One that others refer to stays: 409, as from a database with foreign keys. The client
        deletes those first, or clears their reference.
        """
        self._check(key, condition)
        self._execute(
            f"DELETE FROM {table(self.entity_set)} WHERE {key_condition(self.entity_set)}",  # noqa: S608 names of the model
            key,
        )

    def _check(self, key: Key, condition: Precondition) -> None:
        version = self.entity_set.row_version
        found = self.connection.execute(
            f"SELECT {etag_sql(version) if version else 'NULL'} FROM {table(self.entity_set)} "  # noqa: S608 names of the model
            f"WHERE {key_condition(self.entity_set)}",
            key,
        ).fetchone()
        if found is None:
            raise not_found(f"{self.entity_set.name!r} has no entity with this key.")
        condition.check(found[0])

    def _execute(self, statement: str, parameters: tuple[Stored, ...]) -> None:
        try:
            self.connection.execute(statement, parameters)
        except sqlite3.IntegrityError as error:
            message = (
                "The entity exists already."
                if error.sqlite_errorcode == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY
                else "The entity refers to one that is missing, or is referred to."
            )
            raise ServiceError(409, "Conflict", message) from error

    def _generated_keys(self) -> dict[str, Stored]:
        guids = [p for p in self.entity_set.key if self.entity_set.paths[p].type is Edm.GUID]
        return {path: str(self.new_id()) for path in guids} if len(self.entity_set.key) == 1 else {}

    def _stamps(self) -> dict[str, Stored]:
        stamps: dict[str, Stored] = {}
        if self.entity_set.row_version:
            stamps[self.entity_set.row_version] = next_version(self.connection, self.entity_set)
        if self.entity_set.modified_at:
            now = self.clock().astimezone(UTC).isoformat()
            stamps[self.entity_set.modified_at] = instant_text(now)
        return stamps


def read_json(body: bytes, *, unique_names: bool = False) -> Any:
    """A JSON document, its numbers exact; ServiceError (400) if it is none.

    `unique_names`: it is none either if an object has a name twice.
    """
    hook = _object if unique_names else None
    try:
        return json.loads(body, parse_float=Decimal, object_pairs_hook=hook)
    except (ValueError, RecursionError) as error:
        raise bad_request("The body is not valid JSON.") from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise bad_request("An object of the body has a name twice.")
    return found


def parse_body(payload: Any, entity_set: EntitySet, *, ieee754: bool) -> dict[str, Stored]:
    """The property values in the JSON of a request, by path, as they are kept.

    Computed properties and annotations are ignored. ServiceError (400) if it is no object, or
    names or holds what the entity type does not have.
    """
    if not isinstance(payload, dict):
        raise bad_request("The body is not a JSON object.")
    return {
        path: from_json(value, property_, ieee754=ieee754)
        for path, property_, value in _members(payload, entity_set)
        if not property_.computed
    }


def _members(
    payload: dict[str, Any], entity_set: EntitySet
) -> Iterator[tuple[str, Property, object]]:
    properties = {property_.name: property_ for property_ in entity_set.properties}
    for name, value in _without_annotations(payload):
        property_ = properties.get(name)
        if property_ is None:
            raise bad_request(f"{entity_set.type_name!r} has no property {name!r}.", name)
        if isinstance(property_, ComplexProperty):
            yield from _parts(property_, value, entity_set)
        else:
            yield name, property_, value


def _parts(
    whole: ComplexProperty, value: object, entity_set: EntitySet
) -> Iterator[tuple[str, Property, object]]:
    if not isinstance(value, dict):
        raise bad_request(f"Property {whole.name!r} takes an object.", whole.name)
    for name, part in _without_annotations(value):
        path = f"{whole.name}/{name}"
        if path not in entity_set.paths:
            raise bad_request(f"{whole.type.name!r} has no property {name!r}.", path)
        yield path, entity_set.paths[path], part


def _without_annotations(payload: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in payload.items():
        if name.endswith("@odata.bind"):
            raise not_implemented("@odata.bind is not supported; set the foreign key.", name)
        if "@" not in name:
            yield name, value
