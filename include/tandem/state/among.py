"""Many values in one statement, passed as one parameter: each is looked up by the index."""

import json
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
from sqlalchemy import (
    ARRAY,
    JSON,
    BigInteger,
    ColumnElement,
    Connection,
    FromClause,
    Integer,
    Text,
    any_,
    cast,
    column,
    func,
    literal,
    select,
)


def among(connection: Connection, column: ColumnElement[Any], ids: pa.Array) -> ColumnElement[bool]:
    """That the column is one of these ids.

    A temporary table would do as well, but PostgreSQL knows nothing of its size and reads the
    whole of a large table instead (0.3 s a million rows, for one id).
    """
    if connection.dialect.name == "postgresql":
        return column == any_(_array(column, ids))
    return among_found(connection, column, ids)


def among_found(
    connection: Connection, column: ColumnElement[Any], ids: pa.Array
) -> ColumnElement[bool]:
    """The same, where the rows are found by another condition: the ids are put into a hash table.

    PostgreSQL compares with each item of an array, unless it finds rows by it or knows it
    beforehand (0.7 s for 10,000 of 10,000).
    """
    if connection.dialect.name == "postgresql":
        return column.in_(select(func.unnest(_array(column, ids)).column_valued()))
    rows = func.json_each(json.dumps(ids.to_pylist())).table_valued("value")
    return column.in_(select(rows.c.value))


def _array(column: ColumnElement[Any], ids: pa.Array) -> ColumnElement[Any]:
    kind = BigInteger() if isinstance(column.type, Integer) else Text()
    return literal(ids.to_pylist(), ARRAY(kind))


def given_rows(connection: Connection, rows: pa.Table) -> FromClause:
    """These rows, of integers and texts, as a table to join with; its columns have their names."""
    names: Sequence[str] = rows.schema.names
    text = json.dumps(rows.to_pylist())
    if connection.dialect.name == "postgresql":
        kinds = [
            BigInteger() if pa.types.is_integer(kind) else Text() for kind in rows.schema.types
        ]
        columns = [column(name, kind) for name, kind in zip(names, kinds, strict=True)]
        records = func.json_to_recordset(cast(literal(text, Text()), JSON(none_as_null=True)))
        return records.table_valued(*columns).render_derived(name="given", with_types=True)
    values = func.json_each(text).table_valued("value")
    columns_of = [func.json_extract(values.c.value, f"$.{name}").label(name) for name in names]
    return select(*columns_of).subquery("given")
