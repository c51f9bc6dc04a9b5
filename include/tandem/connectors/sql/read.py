"""Reading records: one statement, one moment, some rows at a time."""

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
from sqlalchemy import ColumnElement, Connection, Select, Table, func, select, tuple_

from tandem.connectors.base import Page, Query
from tandem.connectors.pages import page_of
from tandem.connectors.sql.conditions import where
from tandem.connectors.sql.dialect import Dialect
from tandem.connectors.sql.tables import staged, table_of
from tandem.model.schema import Field


def read_pages(connection: Connection, query: Query, dialect: Dialect, rows: int) -> Iterator[Page]:
    """The records that satisfy the query, in the order of their key unless it asks for another."""
    table = table_of(query.entity)
    statement = _ordered(_selected(query, table, dialect), query, table, dialect)
    yield from _pages(connection, statement, query, dialect, rows)


def find_pages(
    connection: Connection, query: Query, keys: pa.RecordBatch, dialect: Dialect, rows: int
) -> Iterator[Page]:
    """The records whose fields equal one of the rows of `keys`."""
    table = table_of(query.entity)
    with staged(connection, query.entity, keys, dialect) as wanted:
        names = keys.schema.names
        mine = [dialect.equal(table.c[name], query.entity.field(name)) for name in names]
        theirs = select(*(wanted.c[name] for name in names))
        among = mine[0].in_(theirs) if len(mine) == 1 else tuple_(*mine).in_(theirs)
        statement = _selected(query, table, dialect).where(among)
        yield from _pages(connection, statement, query, dialect, rows)


def page_at(
    connection: Connection, query: Query, dialect: Dialect, by: Field, place: int
) -> Iterator[Page]:
    """The record at that place among those that satisfy the query, in the order of that field."""
    table = table_of(query.entity)
    order = dialect.ordered(table.c[by.name], by)
    statement = _selected(query, table, dialect).order_by(order).offset(place).limit(1)
    yield from _pages(connection, statement, query, dialect, 1)


def count_records(connection: Connection, query: Query, dialect: Dialect) -> int:
    """How many records satisfy the condition."""
    table = table_of(query.entity)
    statement = select(func.count()).select_from(table)
    if query.condition is not None:
        statement = statement.where(_condition(query, table, dialect))
    return connection.execute(statement).scalar_one()


def _selected(query: Query, table: Table, dialect: Dialect) -> Select[Any]:
    fields = [query.entity.field(name) for name in _names(query)]
    columns = [dialect.read(table.c[field.name], field).label(None) for field in fields]
    statement = select(*columns)
    if query.condition is not None:
        statement = statement.where(_condition(query, table, dialect))
    return statement if query.limit is None else statement.limit(query.limit)


def _ordered(statement: Select[Any], query: Query, table: Table, dialect: Dialect) -> Select[Any]:
    """Equal values, and everything that has no other order, follow the key."""
    if query.descending_by is not None:
        field = query.entity.field(query.descending_by)
        greatest = dialect.ordered(table.c[field.name], field).desc().nulls_last()
        statement = statement.order_by(greatest)
    return statement.order_by(*(table.c[name] for name in query.entity.key))


def _condition(query: Query, table: Table, dialect: Dialect) -> ColumnElement[bool]:
    assert query.condition is not None  # noqa: S101  its callers have looked
    return where(query.condition, query, table, dialect)


def _names(query: Query) -> list[str]:
    """The fields asked for, and the key, which names records that are unreadable."""
    return list(dict.fromkeys([*query.fields, *query.entity.key]))


def _pages(
    connection: Connection, statement: Select[Any], query: Query, dialect: Dialect, rows: int
) -> Iterator[Page]:
    for columns in dialect.stream(connection, statement, _names(query), rows):
        yield page_of(columns, query.entity, query.fields)
