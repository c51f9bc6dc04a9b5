"""Tables as statements name them, and temporary ones that hold a batch."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pyarrow as pa
from sqlalchemy import Column, ColumnElement, Connection, MetaData, Table, and_
from sqlalchemy.schema import CreateTable, DropTable
from sqlalchemy.sql.elements import quoted_name
from sqlalchemy.types import UserDefinedType

from tandem.connectors.base import ROW
from tandem.connectors.sql.dialect import Dialect
from tandem.database import insert
from tandem.model.schema import Entity


class Named(UserDefinedType[Any]):
    """A type by the name that the database has for it; values pass as they are."""

    cache_ok = True

    def __init__(self, name: str) -> None:
        self.name = name

    def get_col_spec(self, **_options: object) -> str:
        """The name, where SQL wants a type."""
        return self.name


def named(name: str) -> quoted_name:
    """A name that is always quoted, so that reserved words and any spelling will do."""
    return quoted_name(name, quote=True)


def table_of(entity: Entity) -> Table:
    """The entity's table or view."""
    columns: list[Column[Any]] = [
        Column(named(field.name), primary_key=field.name in entity.key) for field in entity.fields
    ]
    return Table(named(entity.name), MetaData(), *columns)


def partners(entity: Entity, table: Table, stage: Table, dialect: Dialect) -> ColumnElement[bool]:
    """That a record of the table has the key of a staged row."""
    pairs = [(dialect.equal(table.c[n], entity.field(n)), stage.c[n]) for n in entity.key]
    return and_(*(mine == theirs for mine, theirs in pairs))


@contextmanager
def staged(
    connection: Connection,
    entity: Entity,
    records: pa.RecordBatch,
    dialect: Dialect,
    rows: pa.Array | None = None,
) -> Iterator[Table]:
    """The records as a temporary table, with their ROW; only inside a transaction.

    `rows` are their numbers; left out, they are counted from 0.
    """
    if rows is None:
        rows = pa.array(range(records.num_rows), pa.int64())
    numbered = pa.RecordBatch.from_arrays(
        [rows, *records.columns], names=[ROW, *records.schema.names]
    )
    columns: list[Column[Any]] = [
        Column(named(name), Named(dialect.staged[entity.field(name).kind]))
        for name in records.schema.names
    ]
    key = Column(named(ROW), Named("INTEGER"), primary_key=True)
    table = Table(named("tandem_staged"), MetaData(), key, *columns, prefixes=["TEMPORARY"])
    connection.execute(CreateTable(table))
    insert(connection, table, numbered)
    yield table
    connection.execute(DropTable(table))
