"""The statements that write a staged batch, and how they are tried."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Table,
    and_,
    delete,
    exists,
    insert,
    select,
    tuple_,
    update,
)
from sqlalchemy.exc import DBAPIError

from tandem.connectors.base import ROW
from tandem.connectors.sql.dialect import Dialect
from tandem.connectors.sql.tables import partners, table_of
from tandem.database.errors import first_line, is_about_a_row
from tandem.model.schema import Entity

Attempt = Callable[[int, int], None]
"""Writes the staged rows from one number to another, both included; all or none."""


def by_halves(connection: Connection, rows: Sequence[int], attempt: Attempt) -> dict[int, str]:
    """Write the staged rows; where the database refuses, by halves, down to the bad rows.

    Their numbers and the database's reasons. `rows` ascends; the stage has no row between them.
    """
    rejected: dict[int, str] = {}
    waiting = [(0, len(rows))] if rows else []
    while waiting:
        start, stop = waiting.pop()
        reason = refusal(connection, partial(attempt, rows[start], rows[stop - 1]))
        middle = (start + stop) // 2
        if reason is not None and middle == start:
            rejected[rows[start]] = reason
        elif reason is not None:
            waiting += [(middle, stop), (start, middle)]
    return rejected


def refusal(connection: Connection, write: Callable[[], object]) -> str | None:
    """Why the database refuses what `write` does, which then has not happened; else None."""
    try:
        with connection.begin_nested():
            write()
    except DBAPIError as error:
        if not is_about_a_row(error):
            raise
        return first_line(error.orig or error)
    return None


class Statements:
    """What can be done with the rows of a stage."""

    def __init__(
        self, connection: Connection, entity: Entity, stage: Table, dialect: Dialect
    ) -> None:
        self._connection = connection
        self._stage = stage
        self._table = table_of(entity)
        self._names = [column.name for column in stage.columns if column.name != ROW]
        self._values = {
            name: dialect.assigned(stage.c[name], entity.field(name)) for name in self._names
        }
        self._entity = entity
        self._dialect = dialect

    def update(self, first: int, last: int) -> None:
        """Give the records that are there the values of these rows."""
        values: dict[Any, Any] = {
            self._table.c[name]: self._values[name]
            for name in self._names
            if name not in self._entity.key
        }
        if values:
            statement = update(self._table).values(values)
            self._connection.execute(statement.where(self._partners(), self._rows(first, last)))

    def insert(self, first: int, last: int) -> None:
        """Insert these rows."""
        self._insert(self._rows(first, last))

    def upsert(self, first: int, last: int) -> None:
        """Update the records that are there, and insert those that are not."""
        self.update(first, last)
        there = exists().where(self._partners()).select_from(self._table).correlate(self._stage)
        self._insert(and_(self._rows(first, last), ~there))

    def delete(self, first: int, last: int) -> None:
        """Delete the records of these rows."""
        wanted = select(*(self._stage.c[n] for n in self._entity.key)).where(
            self._rows(first, last)
        )
        keys = [self._entity.field(name) for name in self._entity.key]
        mine = [self._dialect.equal(self._table.c[key.name], key) for key in keys]
        among = mine[0].in_(wanted) if len(mine) == 1 else tuple_(*mine).in_(wanted)
        self._connection.execute(delete(self._table).where(among))

    def insert_one(self, row: int) -> tuple[Any, ...]:
        """Insert this row; the key that the database gave it."""
        statement = insert(self._table).from_select(*self._from(self._rows(row, row)))
        keys = statement.returning(*(self._table.c[name] for name in self._entity.key))
        return tuple(self._connection.execute(keys).one())

    def _insert(self, rows: ColumnElement[bool]) -> None:
        self._connection.execute(insert(self._table).from_select(*self._from(rows)))

    def _from(self, rows: ColumnElement[bool]) -> tuple[Any, Any]:
        columns = [self._table.c[name] for name in self._names]
        return columns, select(*self._values.values()).where(rows)

    def _partners(self) -> ColumnElement[bool]:
        return partners(self._entity, self._table, self._stage, self._dialect)

    def _rows(self, first: int, last: int) -> ColumnElement[bool]:
        return self._stage.c[ROW].between(first, last)
