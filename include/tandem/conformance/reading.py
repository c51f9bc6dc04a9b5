"""What every connector does when it is read."""

# ruff: noqa: S101

import pytest

from tandem.conformance.samples import by_key, key_for, keys_of, put_records, samples_of
from tandem.conformance.subject import Subject, batch_of, filled, records_of
from tandem.connectors.base import Query, TooManyToCount
from tandem.core.values import arrow_type
from tandem.errors import ConfigurationError
from tandem.model.filters import Comparison
from tandem.model.schema import Entity, Field, Kind


def test_check_says_in_one_line_whom_it_met(subject: Subject) -> None:
    line = subject.connector.check()
    assert line.strip()
    assert "\n" not in line


def test_schema_describes_the_entity_with_its_key(subject: Subject) -> None:
    entity = subject.described()
    assert entity.key
    for name in entity.key:
        assert not entity.field(name).nullable, f"key field {name} must not be nullable"


def test_empty_entity_has_no_records(subject: Subject) -> None:
    entity = subject.described()
    assert subject.read(subject.query(entity)) == []
    assert subject.connector.count(subject.query(entity)) == 0


def test_columns_come_as_asked_in_order_and_type(subject: Subject) -> None:
    entity = subject.described()
    put_records(subject, entity, 3)
    names = tuple(field.name for field in reversed(filled(entity)))
    for page in subject.connector.read(subject.query(entity, *names)):
        columns = page.records.schema
        assert tuple(columns.names[: len(names)]) == names
        assert [columns.field(n).type for n in names] == [
            arrow_type(entity.field(n)) for n in names
        ]


def test_fields_that_are_not_asked_for_do_not_come(subject: Subject) -> None:
    entity = subject.described()
    put_records(subject, entity, 3)
    name = filled(entity)[-1].name
    for page in subject.connector.read(subject.query(entity, name)):
        assert [n for n in page.records.schema.names if not n.startswith("@")] == [name]


def test_values_come_back_exactly(subject: Subject) -> None:
    entity = subject.described()
    put = put_records(subject, entity)
    found = by_key(subject.read(subject.query(entity)), entity)
    expected = by_key(put, entity)
    assert found.keys() == expected.keys()
    for key, record in expected.items():
        assert found[key] == record


def test_all_pages_are_read(subject: Subject) -> None:
    entity = subject.described()
    put = put_records(subject, entity, subject.several_pages)
    pages = list(subject.connector.read(subject.query(entity)))
    assert len(pages) > 1, "several_pages has to be more than one page"
    assert by_key(records_of(pages), entity) == by_key(put, entity)


def test_a_read_that_is_given_up_leaves_the_connector_usable(subject: Subject) -> None:
    entity = subject.described()
    put = put_records(subject, entity, subject.several_pages)
    pages = iter(subject.connector.read(subject.query(entity)))
    next(pages)
    del pages
    assert len(subject.read(subject.query(entity))) == len(put)


def test_reading_again_gives_the_same(subject: Subject) -> None:
    entity = subject.described()
    put_records(subject, entity)
    query = subject.query(entity)
    assert subject.read(query) == subject.read(query)


def test_count_is_the_number_of_records(subject: Subject) -> None:
    entity = subject.described()
    put_records(subject, entity, 23)
    assert subject.connector.count(subject.query(entity)) == 23


def test_count_is_right_or_says_how_far_it_went(subject: Subject) -> None:
    entity = subject.described()
    put = put_records(subject, entity, subject.several_pages)
    for field in filled(entity):
        condition = Comparison(field=field.name, operator="not_null")
        wanted = sum(record[field.name] is not None for record in put)
        query = subject.query(entity, condition=condition, limit=1)
        try:
            counted = subject.connector.count(query)
        except TooManyToCount as error:
            assert error.found <= error.looked_at < len(put)  # noqa: PT017 - it need not be raised
        else:
            assert counted == wanted


def test_records_are_found_by_key(subject: Subject) -> None:
    entity = subject.described()
    put = put_records(subject, entity)
    _assert_found_by_key(subject, entity, put)


def test_records_are_found_by_composite_key(subject: Subject) -> None:
    if subject.composite is None:
        pytest.skip("the subject has no entity with a composite key")
    entity = subject.described(subject.composite)
    put = put_records(subject, entity)
    assert by_key(subject.read(subject.query(entity)), entity) == by_key(put, entity)
    _assert_found_by_key(subject, entity, put)


def test_records_are_found_by_another_field(subject: Subject) -> None:
    entity = subject.described()
    put = put_records(subject, entity)
    for field in _searchable(entity):
        values = samples_of(field, subject)[:2]
        keys = batch_of(entity, [{field.name: value} for value in values])
        found = records_of(list(subject.connector.find(subject.query(entity), keys)))
        expected = [record for record in put if record[field.name] in values]
        assert by_key(found, entity) == by_key(expected, entity), field.name


def test_nothing_is_found_by_no_keys(subject: Subject) -> None:
    entity = subject.described()
    put = put_records(subject, entity, 3)
    none = keys_of(put, entity).slice(0, 0)
    assert records_of(list(subject.connector.find(subject.query(entity), none))) == []


def test_the_greatest_come_first_and_no_more_than_asked(subject: Subject) -> None:
    entity = subject.described()
    if not entity.capabilities.sort:
        pytest.skip("the entity cannot be ordered")
    put = put_records(subject, entity)
    for field in _orderable(entity):
        values = sorted(r[field.name] for r in put if r[field.name] is not None)
        query = subject.query(entity, field.name, descending_by=field.name, limit=4)
        found = [record[field.name] for record in subject.read(query)]
        assert found == values[::-1][:4], field.name


def test_unreadable_record_is_put_aside_and_the_others_come(subject: Subject) -> None:
    if subject.spoil is None:
        pytest.skip("the subject cannot spoil a record")
    entity = subject.described()
    put = put_records(subject, entity, 9)
    subject.spoil(entity.name)
    pages = list(subject.connector.read(subject.query(entity)))
    found = [record for page in pages for record in page.records.to_pylist()]
    assert by_key(found, entity) == by_key(put, entity)
    unreadable = [record for page in pages for record in page.unreadable]
    assert len(unreadable) == 1
    assert unreadable[0].id
    assert unreadable[0].reason
    assert unreadable[0].payload


def test_unknown_entity_is_an_error_with_a_remedy(subject: Subject) -> None:
    unknown = Entity(
        name="no_such_entity", key=("id",), fields=(Field(name="id", kind=Kind.STRING),)
    )
    _assert_refused(subject, subject.query(unknown, "id"))


def test_unknown_field_is_an_error_with_a_remedy(subject: Subject) -> None:
    entity = subject.described()
    put_records(subject, entity, 1)
    _assert_refused(subject, subject.query(entity, "no_such_field"))


def test_close_gives_back_what_was_opened(subject: Subject) -> None:
    subject.connector.check()
    subject.connector.close()


def _assert_found_by_key(subject: Subject, entity: Entity, put: list[dict[str, object]]) -> None:
    some, absent = put[::3], key_for(entity, len(put) + 1)
    keys = keys_of([*some, absent], entity)
    found = records_of(list(subject.connector.find(subject.query(entity), keys)))
    assert by_key(found, entity) == by_key(some, entity)


def _assert_refused(subject: Subject, query: Query) -> None:
    with pytest.raises(ConfigurationError) as caught:
        list(subject.connector.read(query))
    assert caught.value.problem
    assert caught.value.remedy


def _searchable(entity: Entity) -> list[Field]:
    kinds = (Kind.STRING, Kind.GUID, Kind.INT64)
    return [f for f in filled(entity) if f.name not in entity.key and f.kind in kinds]


def _orderable(entity: Entity) -> list[Field]:
    kinds = (Kind.INT64, Kind.DECIMAL, Kind.DATE, Kind.INSTANT)
    return [f for f in filled(entity) if f.kind in kinds]
