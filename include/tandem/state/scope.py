"""What everything here is about: one integration, or one entity mapping of it, on a connection."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final

import pyarrow as pa
from sqlalchemy import ColumnElement, Connection, Select, Table, literal, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from tandem import database
from tandem.state.among import among, among_found

Conditions = Sequence[ColumnElement[bool]]

INSTANT = pa.timestamp("us", "UTC")

_INSERTS: Final[dict[str, Any]] = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}


@dataclass(frozen=True, slots=True)
class Scope:
    """The rows of one integration, seen through one connection."""

    connection: Connection
    integration: str
    entity: str | None = None
    """External entity; None: all of them."""

    @property
    def place(self) -> dict[str, str]:
        """The columns that every row of the scope has in common."""
        place = {"integration": self.integration, "entity": self.entity}
        return {name: value for name, value in place.items() if value is not None}

    def mine(self, table: Table, **values: str | None) -> list[ColumnElement[bool]]:
        """That a row is of this scope, and has these values; None: any value."""
        chosen = {name: value for name, value in values.items() if value is not None}
        return [table.c[name] == value for name, value in {**self.place, **chosen}.items()]

    def of_record(self, table: Table, record_id: str | None) -> list[ColumnElement[bool]]:
        """That a row is about the external or local record with that id; None: any."""
        if record_id is None:
            return []
        return [or_(table.c.external_id == record_id, table.c.local_id == record_id)]

    def among(self, column: ColumnElement[Any], ids: pa.Array) -> ColumnElement[bool]:
        """That the column is one of these ids; rows are found by it."""
        return among(self.connection, column, ids)

    def among_found(self, table: Table, **ids: pa.Array) -> ColumnElement[bool]:
        """That one of these columns is one of its ids; rows are found by other conditions."""
        some = {name: values.drop_null() for name, values in ids.items()}
        return or_(*(among_found(self.connection, table.c[name], some[name]) for name in some))

    def any(self, *conditions: ColumnElement[bool]) -> bool:
        """Whether there is a row that satisfies them. One row is looked at, however many are."""
        query = select(literal(1)).where(*conditions).limit(1)
        return self.connection.execute(query).first() is not None

    def rows(self, query: Select[Any], schema: pa.Schema) -> pa.Table:
        """What the query finds; its columns are those of the schema, in that order."""
        found = self.connection.execute(query).all()
        columns = list(zip(*found, strict=True)) or [()] * len(schema)
        return pa.table([list(column) for column in columns], schema=schema)

    def insert(self, table: Table, rows: pa.Table, **same: Any) -> None:
        """Insert the rows, with these values, and those of the scope, in each of them."""
        for batch in rows.to_batches():
            constants = {
                name: pa.repeat(_scalar(value), batch.num_rows)
                for name, value in {**self.place, **same}.items()
            }
            given = {name: batch.column(name) for name in batch.schema.names}
            columns = pa.RecordBatch.from_pydict({**constants, **given})
            database.insert(self.connection, table, columns)

    def newest(
        self, entry: Any, table: Table, conditions: Conditions, *, by: Sequence[str], limit: int
    ) -> Iterator[dict[str, Any]]:
        """The columns that are fields of the dataclass `entry`; the greatest `by` first."""
        columns = [table.c[field.name] for field in fields(entry)]
        query = select(*columns).where(*conditions).order_by(*(table.c[n].desc() for n in by))
        for row in self.connection.execute(query.limit(limit)).mappings():
            yield dict(row)


def insert_new(connection: Connection, table: Table, values: Mapping[str, Any]) -> bool:
    """Insert the row unless one with its key is there; whether it was inserted."""
    insert = _INSERTS[connection.dialect.name](table).values(values)
    counted = insert.on_conflict_do_nothing().execution_options(preserve_rowcount=True)
    return connection.execute(counted).rowcount == 1


def wait_for_locks(connection: Connection) -> None:
    """Until the transaction ends, wait as long for other runs' batches as SQLite does."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL lock_timeout = '30s'")


def _scalar(value: Any) -> pa.Scalar:
    return pa.scalar(value, INSTANT) if isinstance(value, datetime) else pa.scalar(value)
