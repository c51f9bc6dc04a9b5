"""What every connector does that can tell what changed: less common cases than in `changing`."""

# ruff: noqa: S101

import pytest

from tandem.conformance.samples import by_key, keys_of, put_records, records_for
from tandem.conformance.subject import Record, Subject, batch_of, records_of
from tandem.conformance.writers import writer_of
from tandem.connectors.base import DeltaReader, Page
from tandem.core.ids import record_ids
from tandem.errors import AnchorExpired
from tandem.model.filters import Comparison
from tandem.model.schema import Entity


def test_an_empty_entity_has_a_token_too(subject: Subject) -> None:
    reader, entity = _reader(subject)
    token = _token(list(reader.changes(subject.query(entity), None)))
    put = put_records(subject, entity, 3)
    pages = list(reader.changes(subject.query(entity), token))
    assert _by_key(pages, entity) == by_key(put, entity)
    assert _token(pages)


def test_all_pages_of_changes_are_read(subject: Subject) -> None:
    reader, entity = _reader(subject)
    records = records_for(subject, entity, 12 + subject.several_pages)
    subject.put(entity.name, batch_of(entity, records[:12]))
    token = _token(list(reader.changes(subject.query(entity), None)))
    subject.put(entity.name, batch_of(entity, records[12:]))
    pages = list(reader.changes(subject.query(entity), token))
    assert _by_key(pages, entity) == by_key(records[12:], entity)
    assert _gone(pages) == set()
    assert _token(pages)


def test_an_old_token_tells_the_same_again(subject: Subject) -> None:
    reader, entity = _reader(subject)
    old = _token(list(reader.changes(subject.query(entity), None)))
    put = put_records(subject, entity, 7)
    for _ in range(2):
        pages = list(reader.changes(subject.query(entity), old))
        assert _by_key(pages, entity) == by_key(put, entity)


def test_changes_know_no_condition(subject: Subject) -> None:
    reader, entity = _reader(subject)
    nobody = Comparison(field=entity.key[0], operator="null")
    query = subject.query(entity, condition=nobody)
    put = put_records(subject, entity, 4)
    pages = list(reader.changes(query, None))
    assert _by_key(pages, entity) == by_key(put, entity)
    more = records_for(subject, entity, 6)[4:]
    subject.put(entity.name, batch_of(entity, more))
    assert _by_key(list(reader.changes(query, _token(pages))), entity) == by_key(more, entity)


def test_deleted_record_that_is_created_again_is_not_gone(subject: Subject) -> None:
    reader, entity = _reader(subject)
    writer, _ = writer_of(subject, able=("removes",))
    put = put_records(subject, entity, 4)
    token = _token(list(reader.changes(subject.query(entity), None)))
    writer.delete(entity, keys_of(put[:2], entity))
    subject.put(entity.name, batch_of(entity, put[:1]))
    pages = list(reader.changes(subject.query(entity), token))
    assert _gone(pages) == set(record_ids(keys_of(put[1:2], entity), entity.key).to_pylist())
    assert by_key(put[:1], entity).items() <= _by_key(pages, entity).items()


def test_token_that_the_system_has_forgotten_is_told(subject: Subject) -> None:
    reader, entity = _reader(subject)
    if subject.expire is None:
        pytest.skip("the subject cannot make tokens expire")
    token = _token(list(reader.changes(subject.query(entity), None)))
    subject.expire(entity.name)
    with pytest.raises(AnchorExpired):
        list(reader.changes(subject.query(entity), token))


def _reader(subject: Subject) -> tuple[DeltaReader, Entity]:
    entity = subject.described()
    if not isinstance(subject.connector, DeltaReader) or not entity.capabilities.delta:
        pytest.skip("the connector does not tell what changed in this entity")
    return subject.connector, entity


def _token(pages: list[Page]) -> str:
    """The token of a reading: on its last page, and on no other."""
    assert [page.token for page in pages[:-1] if page.token] == []
    assert pages[-1].token
    return pages[-1].token


def _gone(pages: list[Page]) -> set[str]:
    return {known for page in pages for known in page.gone}


def _by_key(pages: list[Page], entity: Entity) -> dict[tuple[object, ...], Record]:
    """The records by key, without etags."""
    records = [{n: v for n, v in r.items() if n in entity.by_name} for r in records_of(pages)]
    return by_key(records, entity)
