"""Many ids in one statement: a temporary table that others are compared with."""

import pyarrow as pa
from sqlalchemy import Column, Connection, MetaData, Select, Table, Text, select, text

from tandem import database

_wanted = Table("tandem_wanted", MetaData(), Column("id", Text))


def ids_in(connection: Connection, ids: pa.Array) -> Select[tuple[str]]:
    """A subquery that gives these ids; good until the next call on this connection."""
    connection.execute(text("DROP TABLE IF EXISTS tandem_wanted"))
    connection.execute(text("CREATE TEMPORARY TABLE tandem_wanted (id TEXT)"))
    database.insert(connection, _wanted, pa.RecordBatch.from_arrays([ids], names=["id"]))
    return select(_wanted.c.id)
