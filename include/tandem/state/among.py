"""Many ids in one statement, passed as one parameter: each is looked up by the index."""

import json
from typing import Any

import pyarrow as pa
from sqlalchemy import ARRAY, ColumnElement, Connection, Text, any_, func, literal, select


def among(connection: Connection, column: ColumnElement[Any], ids: pa.Array) -> ColumnElement[bool]:
    """That the column is one of these ids.

    A temporary table would do as well, but PostgreSQL knows nothing of its size and reads the
    whole of a large table instead (0.3 s a million rows, for one id).
    """
    values = ids.to_pylist()
    if connection.dialect.name == "postgresql":
        return column == any_(literal(values, ARRAY(Text)))
    rows = func.json_each(json.dumps(values)).table_valued("value")
    return column.in_(select(rows.c.value))
