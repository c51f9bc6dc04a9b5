"""What every connector does that can write."""

# ruff: noqa: S101

from typing import Any

import pytest

from tandem.conformance.samples import by_key, key_for, put_records, records_for, refused_value
from tandem.conformance.subject import Record, Subject, batch_of, filled
from tandem.connectors.base import Writer, Written
from tandem.model.schema import Entity


def test_created_records_are_there_exactly(subject: Subject) -> None:
    writer, entity = _writer(subject)
    records = records_for(subject, entity, 30)
    assert writer.create(entity, batch_of(entity, records)) == Written()
    _assert_there(subject, entity, records)


def test_created_records_with_a_composite_key_are_there(subject: Subject) -> None:
    if subject.composite is None:
        pytest.skip("the subject has no entity with a composite key")
    writer, entity = _writer(subject, subject.composite)
    records = records_for(subject, entity, 30)
    assert writer.create(entity, batch_of(entity, records)) == Written()
    _assert_there(subject, entity, records)
    changed = [{**record, **_other(subject, entity)} for record in records[::4]]
    assert writer.update(entity, batch_of(entity, changed)) == Written()
    _assert_there(subject, entity, [*records, *changed])


def test_create_that_is_repeated_changes_nothing(subject: Subject) -> None:
    writer, entity = _writer(subject)
    records = records_for(subject, entity, 20)
    writer.create(entity, batch_of(entity, records[:12]))
    assert writer.create(entity, batch_of(entity, records)) == Written()
    _assert_there(subject, entity, records)


def test_create_of_a_record_that_is_there_takes_the_new_values(subject: Subject) -> None:
    writer, entity = _writer(subject)
    put = put_records(subject, entity, 5)
    changed = {**put[2], **_other(subject, entity)}
    assert writer.create(entity, batch_of(entity, [changed])) == Written()
    _assert_there(subject, entity, [*put, changed])


def test_update_leaves_other_columns_and_records_alone(subject: Subject) -> None:
    writer, entity = _writer(subject)
    put = put_records(subject, entity, 12)
    for name, value in _other(subject, entity).items():
        change = {**_key(entity, put[7]), name: value}
        assert writer.update(entity, batch_of(entity, [change])) == Written()
        put[7] = {**put[7], **change}
        _assert_there(subject, entity, put)


def test_update_can_set_null(subject: Subject) -> None:
    writer, entity = _writer(subject)
    put = put_records(subject, entity, 3)
    nullable = [f.name for f in filled(entity) if f.nullable]
    change = {**_key(entity, put[0]), **dict.fromkeys(nullable)}
    assert writer.update(entity, batch_of(entity, [change])) == Written()
    _assert_there(subject, entity, [*put, {**put[0], **change}])


def test_update_of_a_record_that_is_not_there_is_missing(subject: Subject) -> None:
    writer, entity = _writer(subject)
    put = put_records(subject, entity, 4)
    unknown = {**put[0], **key_for(entity, 99)}
    changed = {**put[1], **_other(subject, entity)}
    written = writer.update(entity, batch_of(entity, [unknown, changed]))
    assert written == Written(missing=(0,))
    _assert_there(subject, entity, [*put, changed])


def test_created_row_that_is_refused_does_not_stop_the_others(subject: Subject) -> None:
    writer, entity = _writer(subject)
    records = records_for(subject, entity, 9)
    _spoil(entity, records[4])
    written = writer.create(entity, batch_of(entity, records))
    _assert_refused(written, row=4)
    _assert_there(subject, entity, [*records[:4], *records[5:]])


def test_updated_row_that_is_refused_does_not_stop_the_others(subject: Subject) -> None:
    writer, entity = _writer(subject)
    put = put_records(subject, entity, 6)
    changed = [{**record, **_other(subject, entity)} for record in put]
    _spoil(entity, changed[1])
    written = writer.update(entity, batch_of(entity, changed))
    _assert_refused(written, row=1)
    _assert_there(subject, entity, [put[1], changed[0], *changed[2:]])


def test_batch_without_rows_writes_nothing(subject: Subject) -> None:
    writer, entity = _writer(subject)
    put = put_records(subject, entity, 3)
    none = batch_of(entity, put).slice(0, 0)
    assert writer.create(entity, none) == Written()
    assert writer.update(entity, none) == Written()
    _assert_there(subject, entity, put)


def test_batch_of_the_size_that_is_promised_is_written(subject: Subject) -> None:
    writer, entity = _writer(subject)
    records = records_for(subject, entity, min(entity.capabilities.batch_size, 2000))
    assert writer.create(entity, batch_of(entity, records)) == Written()
    _assert_there(subject, entity, records)


def _writer(subject: Subject, name: str | None = None) -> tuple[Writer, Entity]:
    entity = subject.described(name)
    if not isinstance(subject.connector, Writer) or not entity.capabilities.writes:
        pytest.skip("the connector does not write this entity")
    return subject.connector, entity


def _other(subject: Subject, entity: Entity) -> Record:
    """Values that the first records do not have."""
    other = records_for(subject, entity, 30)[-1]
    return {name: value for name, value in other.items() if name not in entity.key}


def _key(entity: Entity, record: Record) -> Record:
    return {name: record[name] for name in entity.key}


def _spoil(entity: Entity, record: dict[str, Any]) -> None:
    bad = refused_value(entity)
    if bad is None:
        pytest.skip("the schema tells of no value that has to be refused")
    record[bad[0]] = bad[1]


def _assert_refused(written: Written, row: int) -> None:
    assert list(written.rejected) == [row]
    assert written.rejected[row].strip()
    assert "\n" not in written.rejected[row]
    assert written.missing == ()


def _assert_there(subject: Subject, entity: Entity, records: list[Record]) -> None:
    """That the system has these records and no others; of two with one key the later counts."""
    found = by_key(subject.read(subject.query(entity)), entity)
    expected = by_key(records, entity)
    assert found.keys() == expected.keys()
    for key, record in expected.items():
        assert found[key] == record
