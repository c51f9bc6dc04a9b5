"""Deletes, and writes that depend on a record being as it was seen."""

# ruff: noqa: S101

import pytest

from tandem.conformance.samples import key_for, keys_of, put_records
from tandem.conformance.subject import Record, Subject, batch_of
from tandem.conformance.writers import (
    assert_there,
    assert_told,
    key_of,
    named,
    other_values,
    seen_of,
    writer_of,
)
from tandem.connectors.base import Writer, Written
from tandem.model.schema import Entity


def test_deleted_records_are_gone_and_the_others_stay(subject: Subject) -> None:
    writer, entity = writer_of(subject, able=("removes",))
    put = put_records(subject, entity, 12)
    assert writer.delete(entity, keys_of(put[::3], entity)) == Written()
    assert_there(subject, entity, [r for row, r in enumerate(put) if row % 3])


def test_delete_of_a_record_that_is_not_there_is_missing(subject: Subject) -> None:
    writer, entity = writer_of(subject, able=("removes",))
    put = put_records(subject, entity, 4)
    keys = keys_of([put[1], key_for(entity, 99), put[2]], entity)
    assert writer.delete(entity, keys) == Written(missing=(1,))
    assert writer.delete(entity, keys) == Written(missing=(0, 1, 2))
    assert_there(subject, entity, [put[0], put[3]])


def test_record_that_is_as_it_was_seen_is_updated(subject: Subject) -> None:
    writer, entity = writer_of(subject)
    put = put_records(subject, entity)
    seen = seen_of(subject, entity, put)
    changed = [{**record, **other_values(subject, entity)} for record in put]
    batch = batch_of(entity, changed)
    written = writer.update(entity, batch, seen=seen)
    assert named(written) == Written()
    assert_there(subject, entity, changed)
    assert_told(subject, entity, written, batch)


def test_record_that_is_otherwise_than_it_was_seen_is_not_updated(subject: Subject) -> None:
    writer, entity = writer_of(subject)
    put = put_records(subject, entity, 6)
    seen = seen_of(subject, entity, put)
    put[2] = _edited_meanwhile(subject, writer, entity, put[2])
    changed = [{**record, **other_values(subject, entity)} for record in put]
    written = writer.update(entity, batch_of(entity, changed), seen=seen)
    _skip_without_conditions(entity, written)
    assert named(written) == Written(changed=(2,))
    assert_there(subject, entity, [*changed[:2], put[2], *changed[3:]])


def test_record_that_is_otherwise_than_it_was_seen_is_not_deleted(subject: Subject) -> None:
    writer, entity = writer_of(subject, able=("updates", "removes"))
    put = put_records(subject, entity, 6)
    seen = seen_of(subject, entity, put)
    put[4] = _edited_meanwhile(subject, writer, entity, put[4])
    written = writer.delete(entity, keys_of(put, entity), seen=seen)
    _skip_without_conditions(entity, written)
    assert written == Written(changed=(4,))
    assert_there(subject, entity, [put[4]])


def test_record_that_is_as_it_was_seen_is_deleted(subject: Subject) -> None:
    writer, entity = writer_of(subject, able=("removes",))
    put = put_records(subject, entity)
    seen = seen_of(subject, entity, put)
    assert writer.delete(entity, keys_of(put, entity), seen=seen) == Written()
    assert_there(subject, entity, [])


def test_record_that_was_seen_and_is_gone_is_missing(subject: Subject) -> None:
    writer, entity = writer_of(subject, able=("updates", "removes"))
    put = put_records(subject, entity, 3)
    seen = seen_of(subject, entity, put)
    writer.delete(entity, keys_of(put[1:2], entity))
    changed = [{**record, **other_values(subject, entity)} for record in put]
    written = writer.update(entity, batch_of(entity, changed), seen=seen)
    assert named(written) == Written(missing=(1,))
    assert writer.delete(entity, keys_of(put[1:2], entity), seen=seen.slice(1, 1)).missing == (0,)
    assert_there(subject, entity, [changed[0], changed[2]])


def test_what_an_update_answers_is_what_the_next_one_has_seen(subject: Subject) -> None:
    writer, entity = writer_of(subject)
    put = put_records(subject, entity, 2)
    edited = _edited_meanwhile(subject, writer, entity, put[0])
    seen = seen_of(subject, entity, [edited])
    assert named(writer.update(entity, batch_of(entity, put[:1]), seen=seen)) == Written()
    assert_there(subject, entity, put)


def _edited_meanwhile(subject: Subject, writer: Writer, entity: Entity, record: Record) -> Record:
    """The record after somebody changed one of its fields."""
    name, value = next(
        (name, value)
        for name, value in other_values(subject, entity).items()
        if value != record[name]
    )
    change = {**key_of(entity, record), name: value}
    assert named(writer.update(entity, batch_of(entity, [change]))) == Written()
    return {**record, **change}


def _skip_without_conditions(entity: Entity, written: Written) -> None:
    if not entity.capabilities.optimistic_concurrency and named(written) == Written():
        pytest.skip("the system has neither etags nor conditions")
