"""Whole Arrow batches into a table.

What SQLite has no type for is kept as text: decimals exact and without trailing zeros, dates,
times, and instants as `YYYY-MM-DD HH:MM:SS.ffffff` in UTC, which sort as they should.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
from sqlalchemy import Connection, Table

from tandem.core.values import decimal_text, hexadecimal
from tandem.database.errors import driver_error, raise_driver_error
from tandem.pipeline import ahead

_COPY_ROWS: Final = 5_000
"""Rows that are turned into text at once."""
_COPY_FORM: Final = pa_csv.WriteOptions(include_header=False, quoting_style="all_valid")


def insert(connection: Connection, table: Table, records: pa.RecordBatch) -> None:
    """Insert the batch inside the connection's transaction; its columns are found by name.

    All of it or nothing: what fails is raised before anything of the batch is kept.
    """
    if records.num_rows:
        driver = f"{connection.dialect.name}+{connection.dialect.driver}"
        _INSERTS.get(driver, _insert_rows)(connection, table, records)


def _copy(connection: Connection, table: Table, records: pa.RecordBatch) -> None:
    """PostgreSQL parses by its own column types; null is the empty text without quotes."""
    driver: Any = connection.connection.driver_connection
    # SQLAlchemy doubles % for statements with parameters; this one has none.
    target = _target(connection, table, records).replace("%%", "%")
    statement = f"COPY {target} FROM STDIN (FORMAT csv)"
    try:
        with driver.cursor().copy(statement) as copy:
            for text in ahead(_csv(records)):
                copy.write(text)
    except driver_error(connection) as error:
        raise_driver_error(connection, error)


def _csv(records: pa.RecordBatch) -> Iterator[memoryview]:
    for start in range(0, records.num_rows, _COPY_ROWS):
        some = records.slice(start, _COPY_ROWS)
        columns = [_copied(column) for column in some.columns]
        texts = pa.RecordBatch.from_arrays(columns, names=some.schema.names)
        sink = pa.BufferOutputStream()
        pa_csv.write_csv(texts, sink, _COPY_FORM)
        yield memoryview(sink.getvalue())


def _insert_sqlite(connection: Connection, table: Table, records: pa.RecordBatch) -> None:
    """Rows in the order of their key, so that its index is filled in one sweep."""
    key = [c.name for c in table.primary_key if c.name in records.schema.names]
    if key:
        records = records.sort_by([(name, "ascending") for name in key])
    marks = ", ".join("?" * records.num_columns)
    statement = f"INSERT INTO {_target(connection, table, records)} VALUES ({marks})"  # noqa: S608
    # The driver takes nothing but rows of Python objects.
    rows = list(zip(*(_kept(column).to_pylist() for column in records.columns), strict=True))
    connection.exec_driver_sql(statement, rows)


def _insert_rows(connection: Connection, table: Table, records: pa.RecordBatch) -> None:
    connection.execute(table.insert(), records.to_pylist())


_INSERTS: Final[dict[str, Callable[[Connection, Table, pa.RecordBatch], None]]] = {
    "postgresql+psycopg": _copy,
    "sqlite+pysqlite": _insert_sqlite,
}


def _target(connection: Connection, table: Table, records: pa.RecordBatch) -> str:
    preparer = connection.dialect.identifier_preparer
    columns = ", ".join(preparer.quote_identifier(name) for name in records.schema.names)
    return f"{preparer.format_table(table)} ({columns})"


def _copied(values: pa.Array) -> pa.Array:
    """A column as PostgreSQL's CSV takes it."""
    if pa.types.is_timestamp(values.type):
        # Arrow's own text of a zoned timestamp takes thirty times as long.
        zone = "Z" if values.type.tz else ""
        return pc.binary_join_element_wise(_instant_text(values), zone, "")
    if pa.types.is_binary(values.type):
        return pc.binary_join_element_wise(r"\x", hexadecimal(values), "")
    return values


def _kept(values: pa.Array) -> pa.Array:
    """A column as SQLite keeps it."""
    kind = values.type
    if pa.types.is_timestamp(kind):
        return _instant_text(values)
    if pa.types.is_decimal(kind):
        return decimal_text(values)
    if pa.types.is_date(kind) or pa.types.is_time(kind):
        return values.cast(pa.string())
    return values.cast(pa.int8()) if pa.types.is_boolean(kind) else values


def _instant_text(values: pa.Array) -> pa.Array:
    return values.cast(pa.timestamp("us")).cast(pa.string())
