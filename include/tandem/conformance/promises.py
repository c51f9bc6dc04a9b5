"""What the schema says, held against what the system does."""

# ruff: noqa: S101

from collections.abc import Callable

import pytest

from tandem.conformance.samples import (
    by_key,
    key_for,
    keys_of,
    put_records,
    records_for,
    samples_of,
)
from tandem.conformance.subject import Record, Subject, batch_of, filled
from tandem.conformance.writers import key_of, named, writer_of
from tandem.connectors.base import DeltaReader, Writer, Written
from tandem.errors import is_one_line
from tandem.model.filters import Comparison
from tandem.model.schema import Deletes, Entity, Field, Kind


def test_schema_agrees_with_itself(subject: Subject) -> None:
    schema = subject.connector.schema()
    assert len(schema.by_name) == len(schema.entities)
    for entity in schema.entities:
        assert is_one_line(entity.name)
        assert len(entity.by_name) == len(entity.fields)
        _assert_able(subject, entity)
        for field in entity.fields:
            _assert_field(field, entity)


def test_lookups_lead_to_fields_that_are_there(subject: Subject) -> None:
    schema = subject.connector.schema()
    for field in (field for entity in schema.entities for field in entity.fields):
        for target in field.lookup:
            if target.entity in schema.by_name and target.field:
                assert target.field in schema.entity(target.entity).by_name


def test_what_new_records_need_not_be_given_can_be_left_out(subject: Subject) -> None:
    writer, entity = writer_of(subject, able=("creates",))
    new = _least(subject, entity, 3)
    assert named(writer.create(entity, batch_of(entity, new))) == Written()
    found = subject.read(subject.query(entity))
    assert len(found) == len(new)
    full = [field.name for field in filled(entity) if not field.nullable]
    assert [name for record in found for name in full if record[name] is None] == []


def test_what_new_records_have_to_be_given_cannot_be_left_out(subject: Subject) -> None:
    writer, entity = writer_of(subject, able=("creates",))
    required = [f.name for f in filled(entity) if f.is_required and f.name not in entity.key]
    if not required:
        pytest.skip("the schema requires no field but the key")
    ours = entity.by_name.keys() - (set() if entity.capabilities.client_keys else set(entity.key))
    for name in required:
        records = records_for(subject, entity, 2)
        new = [{n: v for n, v in r.items() if n in ours and n != name} for r in records]
        assert list(writer.create(entity, batch_of(entity, new)).rejected) == [0, 1]
    assert subject.read(subject.query(entity)) == []


def test_what_only_new_records_take_stays_as_it_is(subject: Subject) -> None:
    writer, entity = writer_of(subject, able=("updates",))
    immutable = [
        field for field in entity.fields if field.immutable and field.name not in entity.key
    ]
    if not immutable:
        pytest.skip("no field is for new records only")
    put = put_records(subject, entity, 2)
    names = [field.name for field in immutable]
    query = subject.query(entity, *entity.key, *names)
    before = subject.read(query)
    for field in immutable:
        changed = {**key_of(entity, put[0]), field.name: _other_value(subject, field)}
        writer.update(entity, batch_of(entity, [changed]))
    assert subject.read(query) == before


@pytest.mark.parametrize("operation", ["creates", "updates", "removes"])
def test_what_cannot_be_done_is_refused_and_changes_nothing(
    subject: Subject, operation: str
) -> None:
    entity = subject.described()
    if not isinstance(subject.connector, Writer):
        pytest.skip("the connector does not write")
    if getattr(entity.capabilities, operation):
        pytest.skip(f"the schema does not rule out that it {operation}")
    put = put_records(subject, entity, 2)
    written = _ATTEMPTS[operation](subject, subject.connector, entity, put)
    assert list(written.rejected) == [0]
    assert len(subject.read(subject.query(entity))) == len(put)


def test_conditions_can_be_put_on_all_fields_that_take_them(subject: Subject) -> None:
    entity = subject.described()
    if not entity.capabilities.filter:
        pytest.skip("the system evaluates no conditions")
    put = put_records(subject, entity)
    for field in entity.fields:
        if field.filterable and field.kind is not Kind.JSON:
            names = (*entity.key, field.name)
            condition = Comparison(field=field.name, operator="null")
            unset = subject.read(subject.query(entity, *names, condition=condition))
            assert [record[field.name] for record in unset] == [None] * len(unset)
            if field.name in put[0]:
                wanted = [record for record in put if record[field.name] is None]
                assert by_key(unset, entity).keys() == by_key(wanted, entity).keys()
    assert len(put) == len(subject.read(subject.query(entity)))


def _assert_able(subject: Subject, entity: Entity) -> None:
    able = entity.capabilities
    assert set(entity.key) <= entity.by_name.keys()
    assert set(able.version_fields) <= entity.by_name.keys()
    assert not able.client_keys or able.creates
    assert entity.key or not (able.writes or able.removes)
    assert isinstance(subject.connector, Writer) or not (able.writes or able.removes)
    assert isinstance(subject.connector, DeltaReader) or not able.delta
    assert entity.key or able.deletes is Deletes.NONE


def _assert_field(field: Field, entity: Entity) -> None:
    assert is_one_line(field.name)
    assert not (field.nullable and field.name in entity.key)
    assert field.lookup or not field.by_navigation
    assert len(set(field.options)) == len(field.options)


def _least(subject: Subject, entity: Entity, count: int) -> list[Record]:
    """New records with nothing but what they have to have, or else one field."""
    key = entity.key if entity.capabilities.client_keys else ()
    required = [f.name for f in filled(entity) if f.is_required and f.name not in entity.key]
    names = [*key, *required] or [f.name for f in filled(entity) if f.name not in entity.key][:1]
    return [{n: record[n] for n in names} for record in records_for(subject, entity, count)]


def _other_value(subject: Subject, field: Field) -> object:
    return samples_of(field, subject)[-1]


def _create(subject: Subject, writer: Writer, entity: Entity, _put: list[Record]) -> Written:
    new = {**records_for(subject, entity, 1)[0], **key_for(entity, 99)}
    return writer.create(entity, batch_of(entity, [new]))


def _update(_subject: Subject, writer: Writer, entity: Entity, put: list[Record]) -> Written:
    return writer.update(entity, batch_of(entity, put[:1]))


def _delete(_subject: Subject, writer: Writer, entity: Entity, put: list[Record]) -> Written:
    return writer.delete(entity, keys_of(put[:1], entity))


_ATTEMPTS: dict[str, Callable[[Subject, Writer, Entity, list[Record]], Written]] = {
    "creates": _create,
    "updates": _update,
    "removes": _delete,
}
