"""Parts of a listing: together they are all of it, and no record is in two of them."""

# ruff: noqa: S101

import pytest

from tandem.conformance.samples import by_key, put_records, records_for
from tandem.conformance.subject import Record, Subject, batch_of, records_of
from tandem.connectors.base import ETAG, Query
from tandem.connectors.parts import Splitter
from tandem.model.filters import Comparison
from tandem.model.schema import Entity

PARTS = 3


def test_parts_are_together_the_whole(subject: Subject) -> None:
    connector, query, put = _split(subject)
    parts = connector.split(query, PARTS, least=1)
    _skip_unless_split(parts)
    found = [record for part in parts for record in _read(connector, query, part)]
    assert len(found) == len(put)
    assert by_key(found, query.entity) == by_key(put, query.entity)
    assert len(parts) <= PARTS
    assert all(_read(connector, query, part) for part in parts)


def test_what_is_created_between_the_parts_is_in_one_of_them(subject: Subject) -> None:
    connector, query, put = _split(subject)
    parts = connector.split(query, PARTS, least=1)
    _skip_unless_split(parts)
    more = records_for(subject, query.entity, 3 * len(put))[len(put) :]
    first = _read(connector, query, parts[-1])
    subject.put(query.entity.name, batch_of(query.entity, more))
    rest = [record for part in parts[:-1] for record in _read(connector, query, part)]
    last = _read(connector, query, parts[-1])
    assert by_key(first, query.entity).keys() <= by_key(last, query.entity).keys()
    found = [*rest, *last]
    assert len(found) == len(put) + len(more)
    assert by_key(found, query.entity) == by_key([*put, *more], query.entity)


def test_parts_keep_to_the_condition(subject: Subject) -> None:
    connector, query, put = _split(subject)
    name = next(
        (n for n in query.fields if n not in query.entity.key and put[0][n] is not None), ""
    )
    if not (name and query.entity.field(name).filterable):
        pytest.skip("no field takes a condition")
    condition = Comparison(field=name, operator="not_null")
    asked = subject.query(query.entity, condition=condition)
    parts = connector.split(asked, PARTS, least=1)
    _skip_unless_split(parts)
    found = [record for part in parts for record in _read(connector, asked, part)]
    wanted = [record for record in put if record[name] is not None]
    assert by_key(found, query.entity) == by_key(wanted, query.entity)
    assert len(found) == len(wanted)


def test_what_is_small_is_not_split(subject: Subject) -> None:
    connector, query, put = _split(subject)
    assert connector.split(query, PARTS, least=len(put)) == ()


def test_an_empty_entity_is_not_split(subject: Subject) -> None:
    if not isinstance(subject.connector, Splitter):
        pytest.skip("the connector does not split")
    assert subject.connector.split(subject.query(subject.described()), PARTS, least=1) == ()


def _split(subject: Subject) -> tuple[Splitter, Query, list[Record]]:
    if not isinstance(subject.connector, Splitter):
        pytest.skip("the connector does not split")
    entity: Entity = subject.described()
    put = put_records(subject, entity)
    return subject.connector, subject.query(entity), put


def _skip_unless_split(parts: tuple[str, ...]) -> None:
    if not parts:
        pytest.skip("the entity cannot be split")


def _read(connector: Splitter, query: Query, part: str) -> list[Record]:
    pages = list(connector.read_part(query, part))
    return [{n: v for n, v in r.items() if n != ETAG} for r in records_of(pages)]
