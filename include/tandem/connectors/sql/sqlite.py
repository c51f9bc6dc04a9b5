"""SQLite: it has no types but numbers, texts and bytes, so declared names say what is meant."""

import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar, Final

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import ColumnElement, Connection, Engine, collate, event, func

from tandem.connectors.sql.dialect import Dialect
from tandem.connectors.sql.types import COMMON
from tandem.core.values import decimal_text
from tandem.model.schema import Entity, Field, Kind

_DECIMAL: Final = "tandem_decimal"
_NUMERAL: Final = r"^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$"

_DECLARED_TYPES: Final = (
    "SELECT t.name, c.name, c.type FROM sqlite_master AS t, pragma_table_xinfo(t.name) AS c"
    " WHERE t.type IN ('table', 'view')"
)

_NUMBERED: Final = (
    "SELECT t.name, c.name FROM sqlite_master AS t, pragma_table_info(t.name) AS c"
    " WHERE t.type = 'table' AND c.pk = 1 AND upper(c.type) = 'INTEGER'"
    " AND NOT EXISTS (SELECT 1 FROM pragma_index_list(t.name) WHERE origin = 'pk')"
)

_SHADOWS: Final = "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'shadow'"
_LISTS_TABLES: Final = (3, 37)
"""The SQLite that `pragma_table_list` came with."""

_TRIGGERS: Final = (
    "SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND lower(tbl_name) = lower(?)"
)
_OURS: Final = {
    Kind.DECIMAL: "DECIMAL_TEXT",
    Kind.DATE: "DATE_TEXT",
    Kind.TIME: "TIME_TEXT",
    Kind.INSTANT: "INSTANT_TEXT",
    Kind.LOCAL_DATETIME: "LOCAL_DATETIME_TEXT",
    Kind.GUID: "GUID_TEXT",
    Kind.JSON: "JSON_TEXT",
}
"""A declared type that contains TEXT keeps texts as they are ("Datatypes in SQLite", 3.1)."""


_NORMAL: Final[dict[Kind, Any]] = {
    Kind.INSTANT: func.tandem_instant,
    Kind.LOCAL_DATETIME: func.tandem_instant,
    Kind.TIME: func.tandem_time,
}
"""Functions of ours that bring the texts of other writers into our form, so that they compare."""


class Sqlite(Dialect):
    """SQLite 3.35 and later."""

    kinds: ClassVar = {
        **COMMON,
        # CURRENT_TIMESTAMP and SQLite's own functions take a text without a zone as UTC.
        "DATETIME": Kind.INSTANT,
        "TIMESTAMP": Kind.INSTANT,
        **{name: kind for kind, name in _OURS.items()},
    }
    declared: ClassVar = {
        Kind.STRING: "TEXT",
        Kind.BOOLEAN: "BOOLEAN",
        Kind.INT64: "INTEGER",
        Kind.FLOAT64: "REAL",
        Kind.BINARY: "BLOB",
        **_OURS,
    }
    staged: ClassVar = declared

    def prepare(self, engine: Engine) -> None:
        event.listen(engine, "connect", _add_functions)

    def declared_types(self, connection: Connection) -> dict[tuple[str, str], str]:
        rows = connection.exec_driver_sql(_DECLARED_TYPES)
        return {(table, column): declared for table, column, declared in rows}

    def numbered(self, connection: Connection) -> frozenset[tuple[str, str]]:
        """An INTEGER PRIMARY KEY is the row's number, unless it has an index of its own: so it is
        WITHOUT ROWID, and where it is declared DESC ("CREATE TABLE", 5).
        """
        rows = connection.exec_driver_sql(_NUMBERED)
        return frozenset((table, column) for table, column in rows)

    def internal(self, connection: Connection) -> frozenset[str]:
        """What full-text search and other virtual tables keep their data in."""
        if (connection.dialect.server_version_info or ()) < _LISTS_TABLES:
            return frozenset()
        return frozenset(connection.exec_driver_sql(_SHADOWS).scalars())

    def equal(self, column: ColumnElement[Any], field: Field) -> ColumnElement[Any]:
        if field.kind is Kind.DECIMAL:
            return collate(column, _DECIMAL)
        if field.kind is Kind.STRING:
            return collate(column, "BINARY")
        if field.kind is Kind.GUID and not _is_ours(field):
            return func.lower(column)
        if field.kind in _NORMAL and not _is_ours(field):
            return func.coalesce(_NORMAL[field.kind](column), column)
        return column

    def text(self, column: ColumnElement[Any], field: Field) -> ColumnElement[Any]:
        return self.equal(column, field) if field.kind is Kind.GUID else column

    def operand(self, value: Any) -> Any:
        """Numbers as text: the column's affinity makes a number of it, without a float between."""
        if isinstance(value, datetime):
            return _instant_text(value)
        if isinstance(value, time):
            return value.isoformat("microseconds")
        if isinstance(value, bool | float):
            return value
        return f"{value:f}" if isinstance(value, Decimal) else str(value)

    def refused(self, values: pa.Array, field: Field) -> list[tuple[str, pa.Array]]:
        if field.kind is Kind.FLOAT64:
            return [("SQLite has no NaN", pc.is_nan(values))]
        if _keeps_text(field.type_name):
            return []
        if field.kind is Kind.DECIMAL:
            return [("a NUMERIC column keeps 15 digits; declare DECIMAL_TEXT", _rounded(values))]
        if field.kind in (Kind.STRING, Kind.JSON):
            turned = pc.match_substring_regex(values, _NUMERAL)
            return [(f"a {field.type_name} column makes a number of it; declare TEXT", turned)]
        return []

    def keeps(self, connection: Connection, entity: Entity, names: Sequence[str]) -> bool:  # noqa: ARG002
        """Unless a trigger interferes: what a column would change, `refused` names."""
        return not connection.exec_driver_sql(_TRIGGERS, (entity.name,)).scalar_one()


def _is_ours(field: Field) -> bool:
    return field.type_name.upper() == _OURS.get(field.kind)


def _keeps_text(declared: str) -> bool:
    """Whether a text stays one: the affinities TEXT and BLOB ("Datatypes in SQLite", 3.1)."""
    name = declared.upper()
    parts = ("CHAR", "CLOB", "TEXT", "BLOB")
    return not name or ("INT" not in name and any(part in name for part in parts))


def _rounded(values: pa.Array) -> pa.Array:
    """Which decimals a float of 15 digits cannot hold."""
    digits = pc.replace_substring_regex(decimal_text(values), r"^-?0*\.?0*|\.|-", "")
    return pc.greater(pc.utf8_length(digits), 15)


def _add_functions(connection: sqlite3.Connection, _record: object) -> None:
    connection.create_collation(_DECIMAL, _compare_decimals)
    connection.create_function("tandem_instant", 1, _normal_instant, deterministic=True)
    connection.create_function("tandem_time", 1, _normal_time, deterministic=True)


def _compare_decimals(one: str, other: str) -> int:
    try:
        difference = Decimal(one).compare(Decimal(other))
        return int(difference)
    except (InvalidOperation, ValueError):  # what is no number is greater than all numbers
        return (one > other) - (one < other)


def _normal_instant(value: object) -> str | None:
    try:
        return _instant_text(datetime.fromisoformat(str(value)))
    except ValueError:
        return None


def _normal_time(value: object) -> str | None:
    try:
        return time.fromisoformat(str(value)).isoformat("microseconds")
    except ValueError:
        return None


def _instant_text(moment: datetime) -> str:
    utc = moment.astimezone(UTC) if moment.tzinfo else moment
    return utc.replace(tzinfo=None).isoformat(" ", "microseconds")
