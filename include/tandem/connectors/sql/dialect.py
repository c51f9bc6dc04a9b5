"""How a database's SQL differs from others', seen from what the connector has to say."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import pyarrow as pa
from sqlalchemy import ColumnElement, Connection, Engine, Select, Text, cast, func

from tandem.connectors.pages import RawColumn
from tandem.connectors.sql.types import COMMON
from tandem.model.schema import Entity, Field, Kind


@dataclass(frozen=True, slots=True)
class Rights:
    """What a user may read and write, by table and by column."""

    select: frozenset[tuple[str, str]]
    """Tables and columns, as also in the next two."""
    insert: frozenset[tuple[str, str]]
    update: frozenset[tuple[str, str]]
    delete: frozenset[str]
    """Tables."""
    unreadable: frozenset[str]
    """Tables and views of which the user may read nothing."""


class Dialect:
    """A database that SQLAlchemy knows and nothing more is known of."""

    kinds: ClassVar[Mapping[str, Kind]] = COMMON
    """Names of declared types → kinds; all others hold strings."""
    declared: ClassVar[Mapping[Kind, str]] = {
        Kind.STRING: "TEXT",
        Kind.BOOLEAN: "BOOLEAN",
        Kind.INT64: "BIGINT",
        Kind.DECIMAL: "NUMERIC",
        Kind.FLOAT64: "DOUBLE PRECISION",
        Kind.DATE: "DATE",
        Kind.TIME: "TIME",
        Kind.INSTANT: "TIMESTAMP WITH TIME ZONE",
        Kind.LOCAL_DATETIME: "TIMESTAMP",
        Kind.GUID: "CHAR(36)",
        Kind.BINARY: "BLOB",
        Kind.JSON: "TEXT",
    }
    """Kinds → the types that we declare columns with."""
    staged: ClassVar[Mapping[Kind, str]] = declared
    """Kinds → types that hold every value of the kind, for a temporary table."""

    concurrent_writes: ClassVar[int] = 1
    """Transactions that can write to one table without waiting for each other."""

    def prepare(self, engine: Engine) -> None:
        """Give new connections of the engine what the other methods count on."""

    def check_at_once(self, connection: Connection) -> None:
        """See that constraints are checked by each statement, not at the end."""

    def refuse_no_place(self, connection: Connection) -> None:
        """ConfigurationError where the connection leads to no place that has tables."""

    def internal(self, connection: Connection) -> frozenset[str]:  # noqa: ARG002
        """Tables in which the database keeps what belongs to other tables."""
        return frozenset()

    def declared_types(self, connection: Connection) -> dict[tuple[str, str], str]:  # noqa: ARG002
        """Declared types by table and column, where SQLAlchemy does not keep their text."""
        return {}

    def rights(self, connection: Connection) -> Rights | None:  # noqa: ARG002
        """What the connection's user may do; None where the database knows no rights."""
        return None

    def options(self, connection: Connection) -> dict[tuple[str, str], tuple[str, ...]]:  # noqa: ARG002
        """Table and column → the texts that the column's type or a constraint lists, where that
        can be read reliably.
        """
        return {}

    def numbered(self, connection: Connection) -> frozenset[tuple[str, str]]:  # noqa: ARG002
        """Tables and columns that the database fills with numbers, though it states no default."""
        return frozenset()

    def read(self, column: ColumnElement[Any], field: Field) -> ColumnElement[Any]:  # noqa: ARG002
        """The column as `stream` reads it."""
        return column

    def text(self, column: ColumnElement[Any], field: Field) -> ColumnElement[Any]:
        """The column as text."""
        return column if field.kind is Kind.STRING else cast(column, Text)

    def equal(self, column: ColumnElement[Any], field: Field) -> ColumnElement[Any]:  # noqa: ARG002
        """The column in a form whose values are equal if the records' are."""
        return column

    def ordered(self, column: ColumnElement[Any], field: Field) -> ColumnElement[Any]:
        """The column in a form that sorts as the values of its kind do."""
        return self.equal(column, field)

    def contains(self, text: ColumnElement[Any], part: ColumnElement[Any]) -> ColumnElement[bool]:
        """Whether a text contains another, upper and lower case apart."""
        return func.instr(text, part) > 0

    def operand(self, value: Any) -> Any:
        """A value of a condition as the driver takes it."""
        return value

    def assigned(self, column: ColumnElement[Any], field: Field) -> ColumnElement[Any]:  # noqa: ARG002
        """A staged column as the field's own column takes it."""
        return column

    def refused(self, values: pa.Array, field: Field) -> list[tuple[str, pa.Array]]:  # noqa: ARG002
        """What the column would not keep exactly: a reason, and for each row whether it holds."""
        return []

    def keeps(self, connection: Connection, entity: Entity, names: Sequence[str]) -> bool:  # noqa: ARG002
        """Whether what is written to these fields is what will be read from them."""
        return False

    def stream(
        self, connection: Connection, statement: Select[Any], names: Sequence[str], rows: int
    ) -> Iterator[dict[str, RawColumn]]:
        """The result's columns, some rows at a time, never all of it in memory."""
        result = connection.execute(statement.execution_options(yield_per=rows))
        for part in result.partitions():
            yield dict(zip(names, zip(*part, strict=True), strict=True))
