"""One organisation: its records, who may change them how, and its row versions.

One counter gives the row versions of all entities, as `rowversion` of SQL Server does in a
database (Microsoft Learn, rowversion and MIN_ACTIVE_ROWVERSION): a transaction takes its number
when it writes and is seen when it commits, so a lower number can turn up after a higher one.
"""

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from tandem.demo.canonical import instant_text
from tandem.demo.clock import Clock
from tandem.demo.conditions import column
from tandem.demo.errors import ServiceError, bad_request, not_found
from tandem.demo.preconditions import Precondition
from tandem.demo.resco.attributes import TARGET, Attribute, Entity
from tandem.demo.resco.controls import Controls
from tandem.demo.resco.entities import USER
from tandem.demo.resco.late import Late
from tandem.demo.resco.values import from_body
from tandem.demo.store import Store, next_version, table
from tandem.demo.values import Stored
from tandem.demo.write import Writer

Values = Mapping[str, Stored]
"""Columns → values as they are kept."""

ONE_COUNTER: Final = """
CREATE TRIGGER IF NOT EXISTS "one counter" AFTER UPDATE ON row_versions BEGIN
  UPDATE row_versions SET value = NEW.value WHERE value < NEW.value;
END;
"""
"""What one entity's number was raised to is the number of all."""
ANY: Final = Precondition()


@dataclass(frozen=True)
class Organization:
    """The records and all that can be done with them, whichever service it is asked by."""

    name: str
    user: str
    """Name of the user that the credentials belong to."""
    store: Store
    entities: Mapping[str, Entity]
    clock: Clock
    new_id: Callable[[], UUID]
    controls: Controls

    def prepare(self) -> None:
        """Give all entities one counter."""
        with self.store.writing() as connection:
            connection.execute(ONE_COUNTER)

    def entity(self, name: str) -> Entity:
        """The entity of that name; ServiceError (404) if there is none."""
        if name not in self.entities:
            raise not_found(f"There is no entity {name!r}.")
        return self.entities[name]

    def max_row_version(self, connection: sqlite3.Connection) -> int:
        """The last number that was given, as @@DBTS of SQL Server: its row may not be seen yet."""
        found = connection.execute("SELECT max(value) FROM row_versions").fetchone()
        return int(found[0])

    def min_active_row_version(self, connection: sqlite3.Connection) -> int:
        """The lowest number of a transaction that is open; the next one where none is.

        All rows with lower numbers are seen already (Microsoft Learn, MIN_ACTIVE_ROWVERSION).
        """
        return min(self.controls.held, default=self.max_row_version(connection) + 1)

    def user_id(self, connection: sqlite3.Connection) -> str | None:
        """The id of the user, if the organisation has him."""
        query = f'SELECT "id" FROM "{USER}" WHERE "name" = ?'  # noqa: S608 name of the model
        found = connection.execute(query, (self.user,)).fetchone()
        return found[0] if found else None

    def create(self, connection: sqlite3.Connection, entity: Entity, values: Values) -> str:
        """Insert a record and give its id, made up if none is sent.

        The owner is the user, the status the first of the map, where they are not sent.
        """
        self._check_targets(connection, entity, values)
        row = dict(self._defaults(connection, entity)) | dict(values)
        (key,) = self._writer(connection, entity).create(row)
        return str(key)

    def update(
        self,
        connection: sqlite3.Connection,
        entity: Entity,
        key: str,
        values: Values,
        condition: Precondition = ANY,
    ) -> None:
        """Set what is given; ServiceError (404) if the record is not there."""
        self._check_targets(connection, entity, values)
        self._writer(connection, entity).update((key,), values, condition)

    def delete(
        self,
        connection: sqlite3.Connection,
        entity: Entity,
        key: str,
        condition: Precondition = ANY,
    ) -> None:
        """Remove the record; ServiceError (409) if others refer to it.

        What Resco Cloud does with those is a setting of each lookup; the strictest is taken.
        """
        self._writer(connection, entity).delete((key,), condition)
        for other, lookup in self._polymorphic():
            name = column(other.column(lookup))
            query = f"SELECT 1 FROM {table(other.stored)} WHERE {name} = ?"  # noqa: S608 names of the model
            if connection.execute(query, (key,)).fetchone():
                raise ServiceError(409, "Conflict", f"{other.name!r} refers to the record.")

    def find(
        self, connection: sqlite3.Connection, entity: Entity, keys: tuple[str, ...], values: Values
    ) -> str | None:
        """The id of the one record that has these values in these attributes; None if none has.

        ServiceError if a value is missing, or if several records have them.
        """
        columns = [entity.column(self._attribute(entity, name)) for name in keys]
        if any(values.get(name) is None for name in columns):
            raise bad_request(f"The primary key is {';'.join(keys)}: it needs a value in each.")
        conditions = " AND ".join(f"{column(name)} = ?" for name in columns)
        rows = connection.execute(
            f'SELECT "id" FROM {table(entity.stored)} WHERE {conditions} LIMIT 2',  # noqa: S608 names of the model
            [values[name] for name in columns],
        ).fetchall()
        if len(rows) > 1:
            raise ServiceError(409, "Conflict", "Several records have this primary key.")
        return rows[0][0] if rows else None

    @contextmanager
    def held(self, name: str, body: Mapping[str, Any], key: str | None = None) -> Iterator[int]:
        """A transaction that is open while the block lasts: its row version is taken, not seen.

        It changes the record as a PATCH with this body would, or creates one if no key is given,
        when the block ends well.
        """
        entity = self.entity(name)
        values = from_body(entity, body)
        with self.store.writing() as connection:
            version = next_version(connection, entity.stored)
        self.controls.held.append(version)
        try:
            yield version
            with self.store.writing() as connection:
                self._late(connection, entity, version, values, key)
        finally:
            self.controls.held.remove(version)

    def _late(
        self,
        connection: sqlite3.Connection,
        entity: Entity,
        version: int,
        values: Values,
        key: str | None,
    ) -> None:
        late = Late(connection, entity.stored, self._now, self.new_id, version)
        if key is None:
            late.create(dict(self._defaults(connection, entity)) | dict(values))
        else:
            late.update((key,), values, ANY)

    def _defaults(
        self, connection: sqlite3.Connection, entity: Entity
    ) -> Iterator[tuple[str, Stored]]:
        yield "createdon", instant_text(self._now().isoformat())
        for name in ("statuscode", "ownerid"):
            if attribute := entity.by_name.get(name):
                options = attribute.options
                yield (
                    entity.column(attribute),
                    options[0].value if options else self.user_id(connection),
                )

    def _check_targets(
        self, connection: sqlite3.Connection, entity: Entity, values: Values
    ) -> None:
        """Raise a ServiceError (409) if a lookup refers to what is not there."""
        for lookup in entity.lookups:
            name = entity.column(lookup)
            if (key := values.get(name)) is None:
                continue
            target = str(values.get(name + TARGET, lookup.targets[0]))
            query = f'SELECT 1 FROM "{target}" WHERE "id" = ?'  # noqa: S608 name of the model
            if not connection.execute(query, (key,)).fetchone():
                message = f"Lookup {lookup.name!r}: {target!r} has no record with this id."
                raise ServiceError(409, "Conflict", message, lookup.name)

    def _writer(self, connection: sqlite3.Connection, entity: Entity) -> Writer:
        return Writer(connection, entity.stored, self._now, self.new_id)

    def _now(self) -> datetime:
        """Times are given in whole seconds (Resco wiki, Resco CRM Connector)."""
        return self.clock().astimezone(UTC).replace(microsecond=0)

    def _attribute(self, entity: Entity, name: str) -> Attribute:
        if name not in entity.by_name:
            raise bad_request(f"Entity {entity.name!r} has no attribute {name!r}.", name)
        return entity.by_name[name]

    def _polymorphic(self) -> Iterator[tuple[Entity, Attribute]]:
        for entity in self.entities.values():
            yield from ((entity, lookup) for lookup in entity.lookups if lookup.polymorphic)
