"""PostgreSQL: read by COPY, which gives texts that Arrow parses column by column."""

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
from sqlalchemy import ColumnElement, Connection, Select, Text, case, cast, collate, func

from tandem.connectors.pages import RawColumn
from tandem.connectors.sql import postgresql_catalogue as catalogue
from tandem.connectors.sql.dialect import Dialect, Rights
from tandem.connectors.sql.tables import Named
from tandem.connectors.sql.types import parse_type
from tandem.database.errors import driver_error, raise_driver_error
from tandem.model.schema import Entity, Field, Kind

_PART_BYTES: Final = 32 * 1024 * 1024
"""Rows with large values are read fewer at a time."""
_TEXTS: Final = frozenset(("TEXT", "VARCHAR", "CHARACTER VARYING"))

_INTERFERENCE: Final = """
SELECT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = t.oid AND NOT tgisinternal)
    OR EXISTS (SELECT FROM pg_rewrite WHERE ev_class = t.oid)
FROM (SELECT to_regclass(%(table)s)::oid AS oid) AS t
"""


class PostgreSql(Dialect):
    """PostgreSQL through psycopg."""

    declared: ClassVar = {
        **Dialect.declared,
        Kind.GUID: "UUID",
        Kind.BINARY: "BYTEA",
        Kind.JSON: "JSON",  # JSONB would rewrite the text
    }
    staged: ClassVar = {**declared, Kind.JSON: "TEXT"}
    concurrent_writes: ClassVar = 2

    def check_at_once(self, connection: Connection) -> None:
        connection.exec_driver_sql("SET CONSTRAINTS ALL IMMEDIATE")

    def refuse_no_place(self, connection: Connection) -> None:
        catalogue.refuse_no_schema(connection)

    def declared_types(self, connection: Connection) -> dict[tuple[str, str], str]:
        """In place of a domain, the type that it is made of."""
        return catalogue.declared_types(connection)

    def rights(self, connection: Connection) -> Rights:
        return catalogue.rights(connection)

    def options(self, connection: Connection) -> dict[tuple[str, str], tuple[str, ...]]:
        return catalogue.options(connection)

    def read(self, column: ColumnElement[Any], field: Field) -> ColumnElement[Any]:
        if field.type_name.endswith("[]"):
            return cast(func.to_jsonb(column), Text)
        if field.kind is Kind.BOOLEAN:
            return cast(column, Text)
        return self.text(column, field) if field.kind is Kind.STRING else column

    def text(self, column: ColumnElement[Any], field: Field) -> ColumnElement[Any]:
        """The text that the database shows. That of a CHAR is cast, which takes off its padding;
        others are not, since some types have one text for a cast and another to show.
        """
        name = parse_type(field.type_name).name
        if name in _TEXTS:
            return column
        if "CHAR" in name:
            return cast(column, Text)
        return case((column.is_not(None), func.format("%s", column)))

    def equal(self, column: ColumnElement[Any], field: Field) -> ColumnElement[Any]:
        return self.text(column, field) if field.kind in (Kind.STRING, Kind.JSON) else column

    def ordered(self, column: ColumnElement[Any], field: Field) -> ColumnElement[Any]:
        """Texts by code points, whatever the database's collation."""
        same = self.equal(column, field)
        return collate(same, "C") if field.kind in (Kind.STRING, Kind.JSON) else same

    def contains(self, text: ColumnElement[Any], part: ColumnElement[Any]) -> ColumnElement[bool]:
        return func.strpos(text, part) > 0

    def assigned(self, column: ColumnElement[Any], field: Field) -> ColumnElement[Any]:
        """A cast would cut a VARCHAR; an assignment refuses what does not fit."""
        if field.kind not in (Kind.STRING, Kind.JSON) or "CHAR" in field.type_name.upper():
            return column
        return cast(column, Named(field.type_name))

    def refused(self, values: pa.Array, field: Field) -> list[tuple[str, pa.Array]]:
        if field.kind not in (Kind.STRING, Kind.JSON):
            return []
        texts = values.buffers()[2]
        if texts is None or b"\0" not in texts.to_pybytes():  # one look at the whole column
            return []
        return [("PostgreSQL has no text with a NUL character", pc.match_substring(values, "\0"))]

    def keeps(self, connection: Connection, entity: Entity, names: Sequence[str]) -> bool:
        """Unless a trigger or a rule interferes, or a type has its own form of a value."""
        if not all(_keeps_exactly(entity.field(name)) for name in names):
            return False
        table = connection.dialect.identifier_preparer.quote_identifier(entity.name)
        return not connection.exec_driver_sql(_INTERFERENCE, {"table": table}).scalar_one()

    def stream(
        self, connection: Connection, statement: Select[Any], names: Sequence[str], rows: int
    ) -> Iterator[dict[str, RawColumn]]:
        driver: Any = connection.connection.driver_connection
        command = f"COPY ({_with_literals(connection, statement)}) TO STDOUT (FORMAT csv)"
        lines: list[bytes] = []
        size = 0
        try:
            with driver.cursor().copy(command) as copy:
                for line in copy:
                    lines.append(line)
                    size += len(line)
                    if len(lines) == rows or size > _PART_BYTES:
                        yield _columns(lines, names)
                        lines, size = [], 0
        except driver_error(connection) as error:
            raise_driver_error(connection, error)
        if lines:
            yield _columns(lines, names)


def _keeps_exactly(field: Field) -> bool:
    """Whether the type gives back every value of the kind as it came.

    Others cut seconds (TIMESTAMP(0)), round (REAL, NUMERIC(5, -2)), take off blanks (CHAR), or
    write a value in their own way (JSONB, INTERVAL).
    """
    declared = parse_type(field.type_name)
    if field.kind in (Kind.STRING, Kind.JSON):
        return declared.name in (*_TEXTS, "JSON") or bool(field.options)
    if field.kind is Kind.DECIMAL:
        return (declared.scale or 0) >= 0
    if field.kind is Kind.FLOAT64:
        return declared.name == "DOUBLE PRECISION"
    return declared.size is None


def _with_literals(connection: Connection, statement: Select[Any]) -> str:
    """COPY takes no parameters; the driver writes them into the text as literals."""
    from psycopg import ClientCursor  # only where this database is used

    compiled = statement.compile(
        dialect=connection.dialect, compile_kwargs={"render_postcompile": True}
    )
    driver: Any = connection.connection.driver_connection
    return ClientCursor(driver).mogrify(str(compiled), compiled.params)


def _columns(lines: list[bytes], names: Sequence[str]) -> dict[str, RawColumn]:
    """Texts as they came. Null is the empty text without quotes."""
    data = b"".join(lines)
    table = pa_csv.read_csv(
        pa.py_buffer(data),
        pa_csv.ReadOptions(column_names=names, use_threads=False, block_size=len(data) + 1),
        pa_csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
        pa_csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()),
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )
    return {name: table.column(name).combine_chunks() for name in names}
