"""Conditions mean the same in every system: what `tandem.core.filters.conditions` says."""

# ruff: noqa: S101

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final

import pytest

from tandem.conformance.samples import key_for, put_records, records_for, samples_of
from tandem.conformance.subject import NOW, Record, Subject, batch_of, filled
from tandem.core.filters.conditions import RELATIVE, satisfies
from tandem.core.filters.relations import NO_RELATIONS, Relation, Relations
from tandem.errors import ConfigurationError
from tandem.model.filters import A_COUNT, AllOf, AnyOf, Comparison, Condition
from tandem.model.schema import Entity, Field, Kind

_ORDERED: Final = frozenset(
    (
        Kind.STRING, Kind.INT64, Kind.DECIMAL, Kind.FLOAT64, Kind.DATE, Kind.TIME, Kind.INSTANT,
        Kind.LOCAL_DATETIME,
    )
)  # fmt: skip
_COMPARED: Final = _ORDERED | {Kind.GUID, Kind.BOOLEAN}
_DATES: Final = frozenset((Kind.DATE, Kind.INSTANT, Kind.LOCAL_DATETIME))
_PARTS: Final = ("", "P", "plain", "a", "O'N", "100% _", "\\", "🐎", "\n", " ")

_KINDS: Final[dict[str, frozenset[Kind]]] = {
    **dict.fromkeys(("eq", "ne", "in", "not_in"), _COMPARED),
    **dict.fromkeys(("gt", "ge", "lt", "le", "between"), _ORDERED),
    **dict.fromkeys(("contains", "begins_with", "ends_with"), frozenset((Kind.STRING,))),
    **dict.fromkeys(
        ("not_contains", "not_begins_with", "not_ends_with"), frozenset((Kind.STRING,))
    ),
    **dict.fromkeys(("null", "not_null"), frozenset(Kind)),
    **dict.fromkeys(RELATIVE, _DATES),
}
"""Operator → the kinds of field that it is tried with."""


@pytest.mark.parametrize("operator", sorted(_KINDS.keys() - RELATIVE))
def test_operator_means_what_it_should(subject: Subject, operator: str) -> None:
    entity = subject.described()
    put = put_records(subject, entity)
    for field in _fields(entity, operator):
        for condition in _comparisons(subject, field, operator):
            _assert_same(subject, entity, put, condition)


@pytest.mark.parametrize("operator", sorted(RELATIVE))
def test_relative_date_counts_from_the_querys_now_in_utc(subject: Subject, operator: str) -> None:
    entity = subject.described()
    put = _put_dates(subject, entity)
    value = 3 if operator in A_COUNT else None
    fields = _fields(entity, operator)
    if not fields:
        pytest.skip("the entity has no dates")
    for field in fields:
        condition = Comparison(field=field.name, operator=operator, value=value)
        _assert_same(subject, entity, put, condition)


def test_conditions_are_joined_by_and_and_or(subject: Subject) -> None:
    entity = subject.described()
    put = put_records(subject, entity)
    fields = _fields(entity, "eq")
    parts = [
        Comparison(field=field.name, operator="ne", value=_written(samples_of(field, subject)[0]))
        for field in fields
        if field.name not in entity.key and field.kind is not Kind.FLOAT64
    ]
    some = AnyOf(conditions=tuple(parts[:2]))
    _assert_same(subject, entity, put, AllOf(conditions=(some, *parts[2:4])))
    _assert_same(subject, entity, put, AnyOf(conditions=(AllOf(conditions=(some,)), *parts[2:])))


def test_find_keeps_to_the_condition(subject: Subject) -> None:
    entity = subject.described()
    put = put_records(subject, entity)
    field = _fields(entity, "eq")[-1]
    value = _written(samples_of(field, subject)[0])
    condition = Comparison(field=field.name, operator="ne", value=value)
    keys = batch_of(entity, [{name: r[name] for name in entity.key} for r in put[:12]])
    pages = subject.connector.find(subject.query(entity, condition=condition), keys)
    found = [record for page in pages for record in page.records.to_pylist()]
    expected = [r for r in put[:12] if satisfies(condition, r, entity, NOW)]
    assert _keys(found, entity) == _keys(expected, entity)


@pytest.mark.parametrize("operator", ["eq", "ne", "in", "not_in", "gt", "null", "not_null"])
def test_condition_looks_at_a_field_of_a_lookups_target(subject: Subject, operator: str) -> None:
    entity = subject.described()
    (key,) = entity.key
    lookup = _lookup(entity)
    put = records_for(subject, entity, 24)
    for number, record in enumerate(put):
        targets = [None, put[number * 7 % 24][key], key_for(entity, 999)[key]]
        record[lookup.name] = _held(targets[number % 3], lookup)
    subject.put(entity.name, batch_of(entity, put))
    relations = {lookup.name: Relation(entity, key)}
    for field in (field for field in _fields(entity, operator) if field != lookup):
        name = f"{lookup.name}.{field.name}"
        by_key = {_held(record[key], lookup): record[field.name] for record in put}
        seen = [record | {name: by_key.get(record[lookup.name])} for record in put]
        for comparison in list(_comparisons(subject, field, operator))[:2]:
            condition = comparison.model_copy(update={"field": name})
            _assert_same(subject, entity, seen, condition, relations)


def test_condition_on_an_unknown_target_is_an_error(subject: Subject) -> None:
    entity = subject.described()
    condition = Comparison(field=f"{entity.key[0]}.no_such_field", operator="null", value=None)
    with pytest.raises(ConfigurationError):
        list(subject.connector.read(subject.query(entity, condition=condition)))


def test_condition_on_an_unknown_field_is_an_error(subject: Subject) -> None:
    entity = subject.described()
    condition = Comparison(field="no_such_field", operator="null", value=None)
    with pytest.raises(ConfigurationError):
        list(subject.connector.read(subject.query(entity, condition=condition)))


def test_value_that_does_not_fit_the_field_is_an_error(subject: Subject) -> None:
    entity = subject.described()
    for field in _fields(entity, "gt"):
        if field.kind is not Kind.STRING:
            condition = Comparison(field=field.name, operator="gt", value="no such value")
            with pytest.raises(ConfigurationError):
                list(subject.connector.read(subject.query(entity, condition=condition)))


def _lookup(entity: Entity) -> Field:
    """A field that can hold keys of the entity."""
    kind = entity.field(entity.key[0]).kind
    own = [field for field in filled(entity) if field.name not in entity.key]
    able = [f for f in own if f.kind is kind or (f.kind is Kind.STRING and not f.max_length)]
    if not able:
        pytest.skip("no field of the entity can hold a key")
    return able[0]


def _held(key: Any, lookup: Field) -> Any:
    return key if key is None or lookup.kind is not Kind.STRING else str(key)


def _fields(entity: Entity, operator: str) -> list[Field]:
    return [field for field in filled(entity) if field.kind in _KINDS[operator]]


def _comparisons(subject: Subject, field: Field, operator: str) -> Iterator[Comparison]:
    for value in _values(operator, samples_of(field, subject)):
        yield Comparison(field=field.name, operator=operator, value=_written(value))


def _values(operator: str, samples: list[Any]) -> list[Any]:
    if operator in ("null", "not_null"):
        return [None]
    if operator in ("in", "not_in"):
        return [tuple(samples[:2]), tuple(samples[-1:])]
    if operator == "between":
        low, high = min(samples), max(samples)
        return [(low, high), (samples[0], samples[-1]), (high, low)]
    if operator.endswith(("contains", "_with")):
        return list(_PARTS)
    return samples


def _written(value: Any) -> Any:
    """The value as a filter takes it: as users write it in YAML."""
    if isinstance(value, tuple):
        return tuple(_written(part) for part in value)
    return (
        value.isoformat()
        if isinstance(value, time)
        else (repr(value) if isinstance(value, float) else value)
    )


def _put_dates(subject: Subject, entity: Entity) -> list[Record]:
    """Records whose dates lie at the edges of every window, and beyond; to the second where the
    system keeps no more.
    """
    days = (-400, -77, -17, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 14, 300)
    midnight = NOW.replace(hour=0, minute=0, second=0, microsecond=0)
    moments = [midnight + timedelta(days=day, microseconds=n) for day in days for n in (-1, 0)]
    moments += [NOW - timedelta(hours=3, microseconds=n) for n in (-1, 0, 1)]
    moments += [NOW + timedelta(microseconds=n) for n in (-1, 0, 1)]
    records = records_for(subject, entity, len(moments) + 1)
    for record, moment in zip(records, moments, strict=False):
        for field in filled(entity):
            if field.kind in _DATES and field.name not in entity.key:
                exact = _as(field.kind, moment)
                whole = _as(field.kind, moment.replace(microsecond=0))
                record[field.name] = exact if subject.holds(field, exact) else whole
    subject.put(entity.name, batch_of(entity, records))
    return records


def _as(kind: Kind, moment: datetime) -> Any:
    if kind is Kind.DATE:
        return moment.date()
    return moment.astimezone(UTC) if kind is Kind.INSTANT else moment.replace(tzinfo=None)


def _assert_same(
    subject: Subject,
    entity: Entity,
    put: list[Record],
    condition: Condition,
    relations: Relations = NO_RELATIONS,
) -> None:
    query = subject.query(entity, *entity.key, condition=condition)
    query = replace(query, relations=relations)
    expected = [record for record in put if satisfies(condition, record, entity, NOW, relations)]
    assert _keys(subject.read(query), entity) == _keys(expected, entity), condition
    assert subject.connector.count(query) == len(expected), condition


def _keys(records: list[Record], entity: Entity) -> list[tuple[Any, ...]]:
    return sorted(tuple(record[name] for name in entity.key) for record in records)
