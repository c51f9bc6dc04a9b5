"""Many ids in one statement, passed as one parameter."""

import json
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Connection,
    Delete,
    Select,
    Table,
    Text,
    any_,
    delete,
    func,
    literal,
    literal_column,
    select,
    true,
)


def among(connection: Connection, column: ColumnElement[Any], ids: pa.Array) -> ColumnElement[bool]:
    """That the column is one of these ids. For small tables: PostgreSQL may read them whole."""
    if connection.dialect.name == "postgresql":
        return column == any_(_array(ids))
    rows = func.json_each(json.dumps(ids.to_pylist())).table_valued("value")
    return column.in_(select(rows.c.value))


def rows_among(
    connection: Connection,
    columns: Sequence[ColumnElement[Any]],
    conditions: Sequence[ColumnElement[bool]],
    column: ColumnElement[Any],
    ids: pa.Array,
) -> Select[Any]:
    """The rows whose column is one of these ids, each found by the index.

    PostgreSQL would rather read all that satisfies the other conditions, which costs what
    exists instead of what is asked for (0.3 s a million rows); a lateral join leaves no choice.
    """
    if connection.dialect.name != "postgresql":
        return select(*columns).where(*conditions, among(connection, column, ids))
    wanted = func.unnest(_array(ids)).table_valued("id", name="wanted").render_derived()
    one = select(*columns).where(*conditions, column == wanted.c.id).offset(0).lateral("found")
    return select(one).select_from(wanted.join(one, true()))


def delete_among(
    connection: Connection,
    table: Table,
    conditions: Sequence[ColumnElement[bool]],
    column: ColumnElement[Any],
    ids: pa.Array,
) -> Delete:
    """Delete the rows whose column is one of these ids, each found by the index."""
    if connection.dialect.name != "postgresql":
        return delete(table).where(*conditions, among(connection, column, ids))
    place: ColumnElement[Any] = literal_column("ctid")
    found = rows_among(connection, [place], conditions, column, ids)
    return delete(table).where(place == any_(func.array(found.scalar_subquery())))


def _array(ids: pa.Array) -> ColumnElement[Any]:
    return literal(ids.to_pylist(), ARRAY(Text))
