"""Records as they are inside a writing transaction: locked, and read as any reader reads them.

Comparing what was read before with what is read now needs no notion of equality of the
database's own, which differs by type, collation and affinity. Between the comparison and the
write nobody can change the records: PostgreSQL locks the rows (SELECT … FOR UPDATE; in READ
COMMITTED it waits for other writers and then sees what they left, "Explicit Locking", 13.3.2),
SQLite has one writer at a time ("Isolation In SQLite").
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, Select, select

from tandem.connectors.base import ETAG, ROW
from tandem.connectors.pages import RawColumn, fitted_column, page_of
from tandem.connectors.seen import differing, with_marks
from tandem.connectors.sql.batch import Batch
from tandem.connectors.sql.dialect import Dialect
from tandem.connectors.sql.tables import partners, staged, table_of
from tandem.database import set_text_forms
from tandem.model.schema import Entity


@dataclass(frozen=True, slots=True)
class Found:
    """What is there of a batch, by row numbers."""

    missing: tuple[int, ...]
    changed: tuple[int, ...]
    """Rows whose record is otherwise than expected, or cannot be read."""


def found(
    connection: Connection,
    entity: Entity,
    batch: Batch,
    expected: pa.RecordBatch | None,
    dialect: Dialect,
) -> Found:
    """Lock the batch's records, until the transaction ends, and compare them.

    `expected` has the fields to compare, for all rows of the batch as it was given.
    """
    names = [] if expected is None else [n for n in expected.schema.names if n != ETAG]
    there: list[int] = []
    same: list[int] = []
    for columns in _streamed(connection, entity, batch, names, dialect, lock=True):
        marked = with_marks(entity)
        there += fitted_column(columns[ROW], marked.field(ROW)).values.to_pylist()
        now = page_of(columns, marked, (ROW, *names)).records
        rows = now.column(ROW)
        if expected is not None:
            seen = expected.select(names).take(rows)
            rows = rows.filter(pc.invert(differing(now, seen, entity)))
        same += rows.to_pylist()
    missing = set(batch.rows.to_pylist()) - set(there)
    return Found(tuple(sorted(missing)), tuple(sorted(set(there) - set(same))))


def made(
    connection: Connection, entity: Entity, batch: Batch, names: Sequence[str], dialect: Dialect
) -> pa.RecordBatch:
    """The batch's records as they are now: ROW, the key and these fields."""
    marked = with_marks(entity)
    fields = tuple(dict.fromkeys((ROW, *entity.key, *names)))
    streamed = _streamed(connection, entity, batch, fields[1:], dialect, lock=False)
    pages = [page_of(columns, marked, fields).records for columns in streamed]
    empty = page_of({name: [] for name in fields}, marked, fields).records
    return pa.concat_batches([empty, *pages])


def _streamed(
    connection: Connection,
    entity: Entity,
    batch: Batch,
    names: Sequence[str],
    dialect: Dialect,
    *,
    lock: bool,
) -> list[dict[str, RawColumn]]:
    """ROW, the key and the fields of those records that are there."""
    if not len(batch.rows):
        return []
    set_text_forms(connection)
    fields = [entity.field(name) for name in dict.fromkeys((*entity.key, *names))]
    with staged(connection, entity, batch.records.select(entity.key), dialect, batch.rows) as stage:
        table = table_of(entity)
        columns = [dialect.read(table.c[field.name], field).label(None) for field in fields]
        statement: Select[tuple[object, ...]] = (
            select(stage.c[ROW], *columns)
            .where(partners(entity, table, stage, dialect))
            # In one order, so that writers wait for each other instead of blocking each other.
            .order_by(*(table.c[name] for name in entity.key))
        )
        if lock:
            statement = statement.with_for_update(of=table)
        columns_read = [ROW, *(field.name for field in fields)]
        return list(dialect.stream(connection, statement, columns_read, len(batch.rows)))
