"""Creating, changing, upserting and deleting rows.

Microsoft Learn, "Perform conditional operations using the Web API", "Use Upsert to create or
update a record", "Table relationship behavior".
"""

import sqlite3
from dataclasses import dataclass
from typing import Final

from tandem.demo.conditions import column
from tandem.demo.dynamics.errors import (
    DELETE_RESTRICTED,
    DUPLICATE,
    DUPLICATE_ALTERNATE_KEY,
    NO_CODE,
    changed_meanwhile,
    exists_already,
)
from tandem.demo.dynamics.organization import Organization
from tandem.demo.dynamics.payloads import Payload, Values
from tandem.demo.dynamics.rows import Place, find, missing
from tandem.demo.dynamics.sample import USER_ID
from tandem.demo.dynamics.schema import TABLES
from tandem.demo.dynamics.tables import Lookup, OnDelete, Table
from tandem.demo.errors import ServiceError
from tandem.demo.headers import names_etag
from tandem.demo.preconditions import Precondition
from tandem.demo.write import Writer

ALWAYS: Final = Precondition()


@dataclass(frozen=True, slots=True)
class Rows:
    """Writes within one transaction."""

    organization: Organization
    connection: sqlite3.Connection

    def create(self, payload: Payload) -> str:
        """A new row; its id, which is the body's if it brings one."""
        return self._create(payload.table, payload.resolved(self.connection))

    def write(
        self, place: Place, payload: Payload, if_match: str | None, if_none_match: str | None
    ) -> tuple[str, bool]:
        """Update the row, or create it where the preconditions let it: its id, and whether new."""
        row = find(self.connection, place)
        if row is None:
            if if_match is not None:
                raise missing(place, NO_CODE)
            # Where both tell the columns of a key, the body counts.
            values = dict(place.values) | payload.resolved(self.connection)
            return self._create(place.table, values), True
        id_, etag = row
        if if_none_match is not None and names_etag(if_none_match, etag):
            raise exists_already()
        if if_match is not None and not names_etag(if_match, etag):
            raise changed_meanwhile()
        self._update(place.table, id_, payload.resolved(self.connection))
        return id_, False

    def update(self, table: Table, id_: str, payload: Payload) -> None:
        """Change a row that has to be there."""
        place = Place(table, {table.key: id_})
        if find(self.connection, place) is None:
            raise missing(place)
        self._update(table, id_, payload.resolved(self.connection))

    def delete(self, place: Place, if_match: str | None) -> None:
        """Remove the row, after what becomes of those that refer to it."""
        row = find(self.connection, place)
        if row is None:
            raise missing(place) if if_match is None else missing(place, NO_CODE)
        id_, etag = row
        if if_match is not None and not names_etag(if_match, etag):
            raise changed_meanwhile()
        self._delete(place.table, id_)

    def _create(self, table: Table, values: Values) -> str:
        given = next((values[name] for name in table.ids if values.get(name)), None)
        id_ = str(given or self.organization.new_id())
        ids = dict.fromkeys(table.ids, id_)
        if find(self.connection, Place(table, {table.key: id_})):
            raise exists_already(DUPLICATE)
        row = {**_defaults(table), **values, **ids}
        row["createdon"] = self.organization.now().replace(tzinfo=None).isoformat()
        row |= _computed(table, row)
        self._check_alternate_keys(table, row, id_)
        self._writer(table).create(row)
        return id_

    def _update(self, table: Table, id_: str, values: Values) -> None:
        kept = {name: value for name, value in values.items() if name not in table.ids}
        if "fullname" in table.entity_set.paths and {"firstname", "lastname"} & kept.keys():
            kept |= _computed(table, self._values(table, id_) | kept)
        self._check_alternate_keys(table, kept, id_)
        self._writer(table).update((id_,), kept, ALWAYS)

    def _values(self, table: Table, id_: str) -> Values:
        names = tuple(table.entity_set.paths)
        columns = ", ".join(map(column, names))
        found = self.connection.execute(
            f'SELECT {columns} FROM "{table.set_name}" WHERE {column(table.key)} = ?',  # noqa: S608 names of the model
            (id_,),
        ).fetchone()
        return dict(zip(names, found, strict=True))

    def _check_alternate_keys(self, table: Table, row: Values, id_: str) -> None:
        for names in table.alternate_keys:
            values = {name: row[name] for name in names if row.get(name) is not None}
            found = (
                find(self.connection, Place(table, values)) if len(values) == len(names) else None
            )
            if found and found[0] != id_:
                message = (
                    f"A record that has the attribute values {', '.join(names)} already exists. "
                    f"The entity key {'_'.join(names)} requires that this set of attributes "
                    "contains unique values. Select unique values and try again."
                )
                raise ServiceError(412, DUPLICATE_ALTERNATE_KEY, message)

    def _delete(self, table: Table, id_: str) -> None:
        for other in TABLES:
            for lookup in other.lookups:
                if any(target.table == table.logical_name for target in lookup.targets):
                    self._let_go(other, lookup, id_)
        self._writer(table).delete((id_,), ALWAYS)

    def _let_go(self, other: Table, lookup: Lookup, id_: str) -> None:
        """What becomes of the rows of another table that refer to one that goes."""
        if lookup.set_by_service:
            return
        found = self.connection.execute(
            f'SELECT {column(other.key)} FROM "{other.set_name}" '  # noqa: S608 names of the model
            f"WHERE {column(lookup.column)} = ?",
            (id_,),
        ).fetchall()
        if found and lookup.on_delete is OnDelete.RESTRICT:
            message = (
                "The object you tried to delete is associated with another object and cannot be "
                "deleted."
            )
            raise ServiceError(405, DELETE_RESTRICTED, message)
        for (referrer,) in found:
            if find(self.connection, Place(other, {other.key: referrer})) is None:
                continue  # it went with another
            if lookup.on_delete is OnDelete.CASCADE:
                self._delete(other, referrer)
            else:
                nothing = {lookup.column: None} | (
                    {lookup.type_column: None} if len(lookup.targets) > 1 else {}
                )
                self._writer(other).update((referrer,), nothing, ALWAYS)

    def _writer(self, table: Table) -> Writer:
        organization = self.organization
        return Writer(self.connection, table.entity_set, organization.now, organization.new_id)


def _defaults(table: Table) -> Values:
    """What a new row has that nobody said: the first state, and who asked as owner."""
    found: Values = dict(table.defaults)
    for lookup in table.lookups:
        if lookup.name in ("ownerid", "modifiedby"):
            found[lookup.column] = USER_ID
            if len(lookup.targets) > 1:
                found[lookup.type_column] = "systemuser"
    return found


def _computed(table: Table, row: Values) -> Values:
    """The full name of a contact."""
    if "firstname" not in table.entity_set.paths:
        return {}
    parts = [str(row[name]) for name in ("firstname", "lastname") if row.get(name)]
    return {"fullname": " ".join(parts) or None}
