"""Writing batches: all at once where the database takes them, by halves where it does not."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import pyarrow as pa
from sqlalchemy import Connection

from tandem import database
from tandem.connectors.base import ROW, Written
from tandem.connectors.pages import fitted_column
from tandem.connectors.patterns import by_pattern, rows_written
from tandem.connectors.sql.batch import Batch, Checked, check_key, checked
from tandem.connectors.sql.current import found, made
from tandem.connectors.sql.dialect import Dialect
from tandem.connectors.sql.statements import Statements, by_halves, refusal
from tandem.connectors.sql.tables import staged, table_of
from tandem.model.schema import Entity


def create_records(
    connection: Connection,
    entity: Entity,
    records: pa.RecordBatch,
    dialect: Dialect,
    *,
    replacing: bool,
) -> Written:
    """Insert the records; those that are there already take these values, if told so."""
    dialect.check_at_once(connection)
    if not entity.capabilities.client_keys and entity.key:
        return _create_without_keys(connection, entity, records, dialect)
    check_key(entity, records)
    fitting = checked(entity, records, dialect)
    if _inserted(connection, entity, fitting.batch):
        written = Written(fitting.rejected)
    elif replacing:
        written = _upsert(connection, entity, fitting, dialect)
    else:
        written = _create_new(connection, entity, records, fitting, dialect)
    return written


def update_records(
    connection: Connection,
    entity: Entity,
    records: pa.RecordBatch,
    dialect: Dialect,
    *,
    seen: pa.RecordBatch | None = None,
    given: pa.RecordBatch | None = None,
) -> Written:
    """Set the columns given on the records that are there, and are as they were seen."""
    dialect.check_at_once(connection)
    check_key(entity, records)

    def update(some: pa.RecordBatch, as_seen: pa.RecordBatch | None) -> Written:
        fitting = checked(entity, some, dialect)
        now = found(connection, entity, fitting.batch, as_seen, dialect)
        batch = fitting.batch.without({*now.missing, *now.changed})
        with staged(connection, entity, batch.records, dialect, batch.rows) as stage:
            statements = Statements(connection, entity, stage, dialect)
            refused = by_halves(connection, batch.rows.to_pylist(), statements.update)
        return Written({**fitting.rejected, **refused}, now.missing, now.changed)

    return by_pattern(records, seen, given, update)


def delete_records(
    connection: Connection,
    entity: Entity,
    keys: pa.RecordBatch,
    dialect: Dialect,
    *,
    seen: pa.RecordBatch | None = None,
) -> Written:
    """Delete the records that are there, and are as they were seen."""
    dialect.check_at_once(connection)
    check_key(entity, keys)
    fitting = checked(entity, keys.select(entity.key), dialect)
    now = found(connection, entity, fitting.batch, seen, dialect)
    batch = fitting.batch.without({*now.missing, *now.changed})
    refused = _delete(connection, entity, batch, dialect)
    return Written({**fitting.rejected, **refused}, now.missing, now.changed)


def _inserted(connection: Connection, entity: Entity, batch: Batch) -> bool:
    """Whether the whole batch could be inserted; if not, nothing of it was."""
    table = table_of(entity)
    return refusal(connection, lambda: database.insert(connection, table, batch.records)) is None


def _upsert(connection: Connection, entity: Entity, fitting: Checked, dialect: Dialect) -> Written:
    batch = fitting.batch
    with staged(connection, entity, batch.records, dialect, batch.rows) as stage:
        statements = Statements(connection, entity, stage, dialect)
        refused = by_halves(connection, batch.rows.to_pylist(), statements.upsert)
    return Written({**fitting.rejected, **refused})


def _create_new(
    connection: Connection,
    entity: Entity,
    records: pa.RecordBatch,
    fitting: Checked,
    dialect: Dialect,
) -> Written:
    """Insert what is not there; what is there has either these values, or others."""
    expected = records.select([n for n in records.schema.names if n not in entity.key])
    before = found(connection, entity, fitting.batch, expected, dialect)
    new = fitting.batch.among(before.missing)
    with staged(connection, entity, new.records, dialect, new.rows) as stage:
        statements = Statements(connection, entity, stage, dialect)
        refused = by_halves(connection, new.rows.to_pylist(), statements.insert)
    # Another writer, or another row of this batch, may have been the first to have that key.
    after = found(connection, entity, new.among(refused), expected, dialect)
    rejected = {row: why for row, why in refused.items() if row in after.missing}
    changed = tuple(sorted((*before.changed, *after.changed)))
    return Written({**fitting.rejected, **rejected}, changed=changed)


def _create_without_keys(
    connection: Connection, entity: Entity, records: pa.RecordBatch, dialect: Dialect
) -> Written:
    """Insert records whose key the database makes: one by one, so that each key has its row."""
    ours = [n for n in records.schema.names if n not in entity.key or not entity.field(n).read_only]
    fitting = checked(entity, records.select(ours), dialect)
    batch, rejected = fitting.batch, dict(fitting.rejected)
    keys: dict[int, tuple[Any, ...]] = {}
    with staged(connection, entity, batch.records, dialect, batch.rows) as stage:
        statements = Statements(connection, entity, stage, dialect)

        def insert(row: int) -> None:
            keys[row] = statements.insert_one(row)

        for row in batch.rows.to_pylist():
            reason = refusal(connection, partial(insert, row))
            if reason is not None:
                rejected[row] = reason
    created = _keyed(entity, keys)
    return Written(rejected, records=made(connection, entity, created, ours, dialect))


def _keyed(entity: Entity, keys: dict[int, tuple[Any, ...]]) -> Batch:
    columns = {
        name: fitted_column([key[part] for key in keys.values()], entity.field(name)).values
        for part, name in enumerate(entity.key)
    }
    return Batch(pa.RecordBatch.from_pydict(columns), pa.array(keys, pa.int64()))


def _delete(
    connection: Connection, entity: Entity, batch: Batch, dialect: Dialect
) -> dict[int, str]:
    """Again and again, as long as that helps: records may refer to others of their batch."""
    waiting = batch.rows.to_pylist()
    with staged(connection, entity, batch.records, dialect, batch.rows) as stage:
        statements = Statements(connection, entity, stage, dialect)
        while True:
            refused = by_halves(connection, waiting, statements.delete)
            if len(refused) in (0, len(waiting)):
                return refused
            waiting = sorted(refused)


def answered(
    connection: Connection,
    entity: Entity,
    records: pa.RecordBatch,
    written: Written,
    returning: Sequence[str],
    dialect: Dialect,
) -> Written:
    """The answer with what the database made of the records, where that may be something else or
    further fields are asked for.
    """
    given = records.schema.names
    names = list(dict.fromkeys([*given, *returning]))
    rows = rows_written(written, records.num_rows)
    if not rows or (names == given and dialect.keeps(connection, entity, names)):
        return written
    keys = _keys_made(entity, written) or checked(entity, records.select(entity.key), dialect).batch
    return replace(written, records=made(connection, entity, keys.among(rows), names, dialect))


def _keys_made(entity: Entity, written: Written) -> Batch | None:
    """The keys that the database made."""
    if written.records is None:
        return None
    return Batch(written.records.select(entity.key), written.records.column(ROW))
