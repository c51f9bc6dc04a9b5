"""Writing batches: all at once where the database takes them, by halves where it does not."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import ColumnElement, Connection, Table, and_, exists, insert, select, update
from sqlalchemy.exc import DBAPIError

from tandem import database
from tandem.connectors.base import Written
from tandem.connectors.sql.dialect import Dialect
from tandem.connectors.sql.tables import ROW, staged, table_of
from tandem.core.fit import fit
from tandem.database.errors import first_line, is_about_a_row
from tandem.errors import ConfigurationError
from tandem.model.schema import Entity


@dataclass(frozen=True, slots=True)
class _Checked:
    """The rows of a batch that fit their fields, and why the others do not."""

    records: pa.RecordBatch
    rows: list[int]
    """Their numbers in the batch as it was given."""
    rejected: dict[int, str]

    def written(self, found: dict[int, str], missing: list[int]) -> Written:
        """What became of the batch, by the row numbers that it was given with."""
        refused = {self.rows[row]: reason for row, reason in found.items()}
        return Written({**self.rejected, **refused}, tuple(self.rows[row] for row in missing))


def create_records(
    connection: Connection, entity: Entity, records: pa.RecordBatch, dialect: Dialect
) -> Written:
    """Insert the records; those whose key is there already take these values."""
    checked = _check(entity, records, dialect)
    dialect.check_at_once(connection)
    if _inserted(connection, table_of(entity), checked.records):
        return checked.written({}, [])
    with staged(connection, entity, checked.records, dialect) as stage:
        batch = _Staged(connection, entity, stage, dialect)
        return checked.written(_by_halves(connection, len(checked.rows), batch.upsert), [])


def update_records(
    connection: Connection, entity: Entity, records: pa.RecordBatch, dialect: Dialect
) -> Written:
    """Set the columns given on the records with the keys given."""
    checked = _check(entity, records, dialect)
    dialect.check_at_once(connection)
    with staged(connection, entity, checked.records, dialect) as stage:
        batch = _Staged(connection, entity, stage, dialect)
        missing = batch.missing()
        return checked.written(_by_halves(connection, len(checked.rows), batch.update), missing)


def _check(entity: Entity, records: pa.RecordBatch, dialect: Dialect) -> _Checked:
    """What the column types would refuse, or keep otherwise than it was given."""
    _check_key(entity, records)
    columns = []
    rejected: dict[int, str] = {}
    for name, values in zip(records.schema.names, records.columns, strict=True):
        field = entity.field(name)
        fitted = fit(values, field)
        columns.append(fitted.values)
        rejected = {**fitted.problems, **rejected}
        for reason, bad in dialect.refused(fitted.values, field):
            for row in pc.indices_nonzero(pc.fill_null(bad, fill_value=False)).to_pylist():
                rejected.setdefault(row, f"field {name!r}: {reason}")
    fitting = pa.RecordBatch.from_arrays(columns, names=records.schema.names)
    rows = list(range(records.num_rows))
    if rejected:
        rows = [row for row in rows if row not in rejected]
        fitting = fitting.take(pa.array(rows, pa.int64()))
    return _Checked(fitting, rows, rejected)


def _check_key(entity: Entity, records: pa.RecordBatch) -> None:
    """Without its key a record could be any record."""
    lacking = [name for name in entity.key if name not in records.schema.names]
    if lacking or not entity.key:
        raise ConfigurationError(
            f"Records of {entity.name!r} cannot be written without "
            f"{', '.join(lacking) or 'a primary key'}.",
            remedy="Give the table a primary key, and map or generate its columns.",
        )


def _inserted(connection: Connection, table: Table, records: pa.RecordBatch) -> bool:
    """Whether the whole batch could be inserted; if not, nothing of it was."""
    try:
        with connection.begin_nested():
            database.insert(connection, table, records)
    except DBAPIError as error:
        if not is_about_a_row(error):
            raise
        return False
    return True


def _by_halves(
    connection: Connection, count: int, attempt: Callable[[int, int], None]
) -> dict[int, str]:
    """Write `count` staged rows; where the database refuses, by halves, down to the bad rows."""
    rejected: dict[int, str] = {}
    waiting = [(0, count)]
    while waiting:
        start, stop = waiting.pop()
        try:
            with connection.begin_nested():
                attempt(start, stop)
        except DBAPIError as error:
            if not is_about_a_row(error):
                raise
            middle = (start + stop) // 2
            if middle == start:
                rejected[start] = first_line(error.orig or error)
            else:
                waiting += [(middle, stop), (start, middle)]
    return rejected


class _Staged:
    """The statements that write a staged batch."""

    def __init__(
        self, connection: Connection, entity: Entity, stage: Table, dialect: Dialect
    ) -> None:
        self._connection = connection
        self._stage = stage
        self._table = table_of(entity)
        self._names = [column.name for column in stage.columns if column.name != ROW]
        self._changed = [name for name in self._names if name not in entity.key]
        self._values = {
            name: dialect.assigned(stage.c[name], entity.field(name)) for name in self._names
        }
        self._partners = and_(
            *(
                dialect.equal(self._table.c[name], entity.field(name)) == stage.c[name]
                for name in entity.key
            )
        )

    def missing(self) -> list[int]:
        """The rows whose record is not there."""
        row = self._stage.c[ROW]
        return list(self._connection.scalars(select(row).where(self._alone()).order_by(row)))

    def update(self, start: int, stop: int) -> None:
        """Give the records that are there the values of these rows."""
        if self._changed:
            values: dict[Any, Any] = {
                self._table.c[name]: self._values[name] for name in self._changed
            }
            statement = update(self._table).values(values)
            self._connection.execute(statement.where(self._partners, self._rows(start, stop)))

    def upsert(self, start: int, stop: int) -> None:
        """Do the same, and insert the records that are not there."""
        self.update(start, stop)
        new = select(*self._values.values()).where(self._alone(), self._rows(start, stop))
        columns = [self._table.c[name] for name in self._names]
        self._connection.execute(insert(self._table).from_select(columns, new))

    def _alone(self) -> ColumnElement[bool]:
        """That no record has the staged row's key."""
        return ~exists().where(self._partners).select_from(self._table).correlate(self._stage)

    def _rows(self, start: int, stop: int) -> ColumnElement[bool]:
        row = self._stage.c[ROW]
        return and_(row >= start, row < stop)
