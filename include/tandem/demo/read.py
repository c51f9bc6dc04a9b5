"""Reading entities: SQLite makes the JSON, one `json_object` a row."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from tandem.demo.conditions import Sql, column
from tandem.demo.model import ComplexProperty, EntitySet
from tandem.demo.options import Ordering
from tandem.demo.paging import after, order_by
from tandem.demo.store import table
from tandem.demo.values import Stored, json_sql


@dataclass(frozen=True, slots=True)
class Selection:
    """Which properties of a set to return, and how."""

    entity_set: EntitySet
    paths: tuple[str, ...]
    ieee754: bool = False
    context: str | None = None
    """Context URL of a single entity; none inside a collection."""
    control: str = "@odata."
    """What the names of control information begin with."""

    @property
    def sql(self) -> str:
        """An SQL expression whose value is the entity as JSON text."""
        return _json_object([*self._annotations(), *self._members()])

    def _annotations(self) -> list[str]:
        context = [f"'{self.control}context', {_quoted(self.context)}"] if self.context else []
        version = self.entity_set.row_version
        etag = [f"'{self.control}etag', {etag_sql(version)}"] if version else []
        return context + etag

    def _members(self) -> list[str]:
        members = []
        for property_ in self.entity_set.properties:
            if isinstance(property_, ComplexProperty):
                inner = [
                    self._member(part.name, f"{property_.name}/{part.name}")
                    for part in property_.type.properties
                    if f"{property_.name}/{part.name}" in self.paths
                ]
                members += [f"'{property_.name}', {_json_object(inner)}"] if inner else []
            elif property_.name in self.paths:
                members.append(self._member(property_.name, property_.name))
        return members

    def _member(self, name: str, path: str) -> str:
        value = json_sql(self.entity_set.paths[path], column(path), ieee754=self.ieee754)
        return f"'{name}', {value}"


@dataclass(frozen=True, slots=True)
class Listing:
    """Which rows of a collection make the next page."""

    where: Sql
    orderings: tuple[Ordering, ...]
    limit: int
    start: Sequence[Stored] | None = None
    """Values of the ordering's columns in the last row of the page before."""
    skip: int = 0


@dataclass(frozen=True, slots=True)
class Rows:
    """A page: each entity as JSON text, and where the next page starts (None: nowhere)."""

    texts: list[str]
    end: tuple[Stored, ...] | None


def page(connection: sqlite3.Connection, selection: Selection, listing: Listing) -> Rows:
    """At most `listing.limit` entities; one more row is read to see whether others follow."""
    entity_set = selection.entity_set
    where = _where(listing, entity_set)
    columns = ", ".join(column(item.path) for item in listing.orderings)
    rows = connection.execute(
        f"SELECT {selection.sql}, {columns} FROM {table(entity_set)} "  # noqa: S608 names of the model, values bound
        f"WHERE {where.text} "
        f"ORDER BY {order_by(listing.orderings)} LIMIT ? OFFSET ?",
        (*where.parameters, listing.limit + 1, listing.skip),
    ).fetchall()
    more = len(rows) > listing.limit
    del rows[listing.limit :]
    return Rows([row[0] for row in rows], rows[-1][1:] if more and rows else None)


def _where(listing: Listing, entity_set: EntitySet) -> Sql:
    if listing.start is None:
        return listing.where
    start = after(listing.orderings, listing.start, entity_set)
    # A filter on the column that the pages walk along would tempt SQLite to enter the index
    # there, and so to walk from the first page again; the plus keeps it from that.
    walked = column(listing.orderings[0].path) in listing.where.text
    text = f"{start.text} AND {'+' if walked else ''}({listing.where.text})"
    return Sql(text, start.parameters + listing.where.parameters)


def count(connection: sqlite3.Connection, entity_set: EntitySet, where: Sql) -> int:
    """How many entities satisfy the condition."""
    statement = f"SELECT count(*) FROM {table(entity_set)} WHERE {where.text}"  # noqa: S608 names of the model, values bound
    return int(connection.execute(statement, where.parameters).fetchone()[0])


def entity(
    connection: sqlite3.Connection, selection: Selection, key: Sequence[Stored]
) -> tuple[str, str | None] | None:
    """One entity as JSON text, and its etag."""
    version = selection.entity_set.row_version
    etag = etag_sql(version) if version else "NULL"
    found: tuple[str, str | None] | None = connection.execute(
        f"SELECT {selection.sql}, {etag} FROM {table(selection.entity_set)} "  # noqa: S608 names of the model, values bound
        f"WHERE {key_condition(selection.entity_set)}",
        tuple(key),
    ).fetchone()
    return found


def key_condition(entity_set: EntitySet) -> str:
    """The condition that names one entity; its parameters are the key values in order."""
    return " AND ".join(f"{column(path)} = ?" for path in entity_set.key)


def etag_sql(version: str) -> str:
    """SQL for the etag of a row: weak, as the JSON may differ while the values do not."""
    return f"""'W/"' || {column(version)} || '"'"""


def _json_object(members: Sequence[str]) -> str:
    return f"json_object({', '.join(members)})"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
