"""What every connector does that can write."""

# ruff: noqa: S101

import pyarrow as pa
import pytest

from tandem.conformance.samples import by_key, key_for, put_records, records_for
from tandem.conformance.subject import Subject, batch_of, filled
from tandem.conformance.writers import (
    assert_refused,
    assert_there,
    assert_told,
    key_of,
    named,
    other_values,
    spoil,
    writer_of,
    writer_with_keys,
)
from tandem.connectors.base import ROW, Written


def test_created_records_are_there_exactly(subject: Subject) -> None:
    writer, entity = writer_with_keys(subject)
    records = records_for(subject, entity, 30)
    batch = batch_of(entity, records)
    written = writer.create(entity, batch)
    assert named(written) == Written()
    assert_there(subject, entity, records)
    assert_told(subject, entity, written, batch)


def test_created_records_with_a_composite_key_are_there(subject: Subject) -> None:
    if subject.composite is None:
        pytest.skip("the subject has no entity with a composite key")
    writer, entity = writer_with_keys(subject, subject.composite)
    records = records_for(subject, entity, 30)
    assert named(writer.create(entity, batch_of(entity, records))) == Written()
    assert_there(subject, entity, records)
    changed = [{**record, **other_values(subject, entity)} for record in records[::4]]
    assert named(writer.update(entity, batch_of(entity, changed))) == Written()
    assert_there(subject, entity, [*records, *changed])
    gone = batch_of(entity, [key_of(entity, record) for record in records[1::4]])
    assert writer.delete(entity, gone) == Written()
    there = by_key([*records, *changed], entity)
    for record in records[1::4]:
        del there[tuple(key_of(entity, record).values())]
    assert by_key(subject.read(subject.query(entity)), entity) == there


def test_created_record_gets_a_key_where_the_system_chooses_it(subject: Subject) -> None:
    writer, entity = writer_of(subject, able=("creates",))
    if entity.capabilities.client_keys:
        pytest.skip("we choose the keys of new records")
    put = put_records(subject, entity, 3)
    new = records_for(subject, entity, 12)
    batch = batch_of(entity, [{n: v for n, v in r.items() if n not in entity.key} for r in new])
    written = writer.create(entity, batch)
    assert named(written) == Written()
    assert written.records is not None, "only the answer can tell the keys"
    assert_told(subject, entity, written, batch)
    made = {record[ROW]: key_of(entity, record) for record in written.records.to_pylist()}
    assert_there(subject, entity, [*put, *({**r, **made[row]} for row, r in enumerate(new))])


def test_create_that_is_repeated_changes_nothing(subject: Subject) -> None:
    writer, entity = writer_with_keys(subject)
    records = records_for(subject, entity, 20)
    writer.create(entity, batch_of(entity, records[:12]))
    assert named(writer.create(entity, batch_of(entity, records))) == Written()
    assert_there(subject, entity, records)


def test_create_leaves_a_record_that_is_there_alone(subject: Subject) -> None:
    writer, entity = writer_with_keys(subject)
    put = put_records(subject, entity, 5)
    changed = {**put[2], **other_values(subject, entity)}
    new = records_for(subject, entity, 7)[5:]
    written = writer.create(entity, batch_of(entity, [new[0], changed, new[1]]))
    assert named(written) == Written(changed=(1,))
    assert_there(subject, entity, [*put, *new])


def test_create_that_replaces_gives_a_record_that_is_there_the_new_values(
    subject: Subject,
) -> None:
    writer, entity = writer_with_keys(subject)
    put = put_records(subject, entity, 5)
    changed = {**put[2], **other_values(subject, entity)}
    batch = batch_of(entity, [changed])
    written = writer.create(entity, batch, replace=True)
    if written.changed == (0,):
        assert_there(subject, entity, put)
        pytest.skip("the system cannot replace a record by creating it")
    assert named(written) == Written()
    assert_there(subject, entity, [*put, changed])
    assert_told(subject, entity, written, batch)


def test_update_leaves_other_columns_and_records_alone(subject: Subject) -> None:
    writer, entity = writer_of(subject)
    put = put_records(subject, entity, 12)
    for name, value in other_values(subject, entity).items():
        change = {**key_of(entity, put[7]), name: value}
        batch = batch_of(entity, [change])
        written = writer.update(entity, batch)
        assert named(written) == Written()
        put[7] = {**put[7], **change}
        assert_there(subject, entity, put)
        assert_told(subject, entity, written, batch)


def test_update_leaves_fields_alone_that_are_not_given(subject: Subject) -> None:
    """Also where null stands in their place, or what would be refused."""
    writer, entity = writer_of(subject)
    put = put_records(subject, entity, 9)
    names = [field.name for field in filled(entity) if field.name not in entity.key]
    masks = [{n: (row + at) % 3 > 0 for at, n in enumerate(names)} for row in range(len(put))]
    changed, expected = [], []
    for record, mask in zip(put, masks, strict=True):
        new = {n: v for n, v in other_values(subject, entity).items() if mask[n]}
        changed.append({**record, **dict.fromkeys(names), **new})
        expected.append({**record, **new})
    batch, given = batch_of(entity, changed), pa.RecordBatch.from_pylist(masks)
    assert named(writer.update(entity, batch, given=given)) == Written()
    assert_there(subject, entity, expected)


def test_update_can_set_null(subject: Subject) -> None:
    writer, entity = writer_of(subject)
    put = put_records(subject, entity, 3)
    nullable = [f.name for f in filled(entity) if f.nullable]
    change = {**key_of(entity, put[0]), **dict.fromkeys(nullable)}
    assert named(writer.update(entity, batch_of(entity, [change]))) == Written()
    assert_there(subject, entity, [*put, {**put[0], **change}])


def test_update_of_a_record_that_is_not_there_is_missing(subject: Subject) -> None:
    writer, entity = writer_of(subject)
    put = put_records(subject, entity, 4)
    unknown = {**put[0], **key_for(entity, 99)}
    changed = {**put[1], **other_values(subject, entity)}
    written = writer.update(entity, batch_of(entity, [unknown, changed]))
    assert named(written) == Written(missing=(0,))
    assert_there(subject, entity, [*put, changed])


def test_created_row_that_is_refused_does_not_stop_the_others(subject: Subject) -> None:
    writer, entity = writer_with_keys(subject)
    records = records_for(subject, entity, 9)
    spoil(entity, records[4])
    written = writer.create(entity, batch_of(entity, records))
    assert_refused(written, row=4)
    assert_there(subject, entity, [*records[:4], *records[5:]])


def test_updated_row_that_is_refused_does_not_stop_the_others(subject: Subject) -> None:
    writer, entity = writer_of(subject)
    put = put_records(subject, entity, 6)
    changed = [{**record, **other_values(subject, entity)} for record in put]
    spoil(entity, changed[1])
    written = writer.update(entity, batch_of(entity, changed))
    assert_refused(written, row=1)
    assert_there(subject, entity, [put[1], changed[0], *changed[2:]])


def test_batch_without_rows_writes_nothing(subject: Subject) -> None:
    writer, entity = writer_of(subject, able=("creates", "updates", "removes"))
    put = put_records(subject, entity, 3)
    none = batch_of(entity, put).slice(0, 0)
    keys = batch_of(entity, [key_of(entity, put[0])]).slice(0, 0)
    assert named(writer.create(entity, none)) == Written()
    assert named(writer.update(entity, none)) == Written()
    assert writer.delete(entity, keys) == Written()
    assert_there(subject, entity, put)


def test_batch_of_the_size_that_is_promised_is_written(subject: Subject) -> None:
    writer, entity = writer_with_keys(subject)
    records = records_for(subject, entity, min(entity.capabilities.batch_size, 2000))
    assert named(writer.create(entity, batch_of(entity, records))) == Written()
    assert_there(subject, entity, records)
