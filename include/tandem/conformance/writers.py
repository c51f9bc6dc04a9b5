"""What the tests of writing share."""

# ruff: noqa: S101

from dataclasses import replace

import pyarrow as pa
import pytest

from tandem.conformance.samples import by_key, records_for, refused_value
from tandem.conformance.subject import Record, Subject, batch_of, filled
from tandem.connectors.base import ETAG, ROW, Writer, Written
from tandem.connectors.patterns import rows_written
from tandem.model.schema import Entity


def writer_of(
    subject: Subject, name: str | None = None, able: tuple[str, ...] = ("updates",)
) -> tuple[Writer, Entity]:
    """The connector, if it writes the entity so; else the test is skipped."""
    entity = subject.described(name)
    if not isinstance(subject.connector, Writer):
        pytest.skip("the connector does not write")
    for operation in able:
        if not getattr(entity.capabilities, operation):
            pytest.skip(f"the schema says that the system does not do this: {operation}")
    return subject.connector, entity


def writer_with_keys(subject: Subject, name: str | None = None) -> tuple[Writer, Entity]:
    """The connector, if we may choose the keys of new records; else the test is skipped."""
    writer, entity = writer_of(subject, name, ("creates",))
    if not entity.capabilities.client_keys:
        pytest.skip("the system chooses the keys of new records")
    return writer, entity


def named(written: Written) -> Written:
    """The answer without what the system made of the records: the rows that were not written."""
    return replace(written, records=None)


def other_values(subject: Subject, entity: Entity) -> Record:
    """Values that the first records do not have."""
    other = records_for(subject, entity, 30)[-1]
    return {name: value for name, value in other.items() if name not in entity.key}


def key_of(entity: Entity, record: Record) -> Record:
    """The key fields of the record."""
    return {name: record[name] for name in entity.key}


def seen_of(subject: Subject, entity: Entity, records: list[Record]) -> pa.RecordBatch:
    """What an engine has seen of these records: their etags where there are any, else fields."""
    keys = batch_of(entity, [key_of(entity, record) for record in records])
    pages = subject.connector.find(subject.query(entity), keys)
    found = {tuple(r[n] for n in entity.key): r for p in pages for r in p.records.to_pylist()}
    seen = [found[tuple(record[n] for n in entity.key)] for record in records]
    if any(record.get(ETAG) for record in seen):
        return pa.RecordBatch.from_pydict({ETAG: [record[ETAG] for record in seen]})
    fields = [field.name for field in filled(entity) if field.name not in entity.key]
    return batch_of(entity, [{name: record[name] for name in fields} for record in seen])


def spoil(entity: Entity, record: Record) -> None:
    """Give the record a value that the system has to refuse; else the test is skipped."""
    bad = refused_value(entity)
    if bad is None:
        pytest.skip("the schema tells of no value that has to be refused")
    record[bad[0]] = bad[1]


def assert_refused(written: Written, row: int) -> None:
    """That this row was rejected with a reason in one line, and the others were written."""
    assert list(written.rejected) == [row]
    assert written.rejected[row].strip()
    assert "\n" not in written.rejected[row]
    assert named(written) == Written(written.rejected)


def assert_there(subject: Subject, entity: Entity, records: list[Record]) -> None:
    """That the system has these records and no others; of two with one key the later counts."""
    found = by_key(subject.read(subject.query(entity)), entity)
    expected = by_key(records, entity)
    assert found.keys() == expected.keys()
    for key, record in expected.items():
        assert found[key] == record


def assert_told(subject: Subject, entity: Entity, written: Written, batch: pa.RecordBatch) -> None:
    """That the answer says of all rows that were written what a reader finds afterwards."""
    rows = rows_written(written, batch.num_rows)
    if written.records is None:
        told = [{ROW: row, **batch.slice(row, 1).to_pylist()[0]} for row in rows]
    else:
        told = written.records.to_pylist()
    assert sorted(record[ROW] for record in told) == rows
    found = {tuple(record[n] for n in entity.key): record for record in _records(subject, entity)}
    for record in told:
        known = found[tuple(record[name] for name in entity.key)]
        given = set(batch.schema.names) | set(entity.key) | ({ETAG} & known.keys())
        assert record.keys() == {ROW, *given}
        mine = {name: value for name, value in record.items() if name != ROW}
        assert by_key([mine], entity) == by_key([{name: known[name] for name in mine}], entity)
        assert record.get(ETAG) == known.get(ETAG)


def _records(subject: Subject, entity: Entity) -> list[Record]:
    pages = subject.connector.read(subject.query(entity))
    return [record for page in pages for record in page.records.to_pylist()]
