"""What conditions mean."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from tandem.core.filters.conditions import check_condition, satisfies
from tandem.errors import ConfigurationError
from tandem.model.filters import AllOf, AnyOf, Comparison
from tandem.model.schema import Entity, Field, Kind

NOW = datetime(2026, 3, 18, 15, 30, tzinfo=UTC)  # a Wednesday
ENTITY = Entity(name="item", fields=tuple(Field(name=kind.value, kind=kind) for kind in Kind))


def holds(field: str, operator: str, value: object, found: object) -> bool:
    comparison = Comparison(field=field, operator=operator, value=value)
    return satisfies(comparison, {field: found}, ENTITY, NOW)


@pytest.mark.parametrize(
    "operator", ["ne", "not_in", "not_contains", "not_begins_with", "not_ends_with"]
)
def test_null_satisfies_the_negated_operators(operator: str) -> None:
    assert holds("string", operator, ("a",) if operator == "not_in" else "a", None)


@pytest.mark.parametrize(
    ("operator", "value"),
    [("eq", "a"), ("in", ("a",)), ("gt", "a"), ("between", ("a", "b")), ("contains", "")],
)
def test_null_satisfies_no_other_operator(operator: str, value: object) -> None:
    assert not holds("string", operator, value, None)


def test_text_compares_by_code_points_and_case() -> None:
    assert not holds("string", "eq", "a", "A")
    assert holds("string", "lt", "a", "Z")
    assert not holds("string", "contains", "b%", "abc")


def test_numbers_compare_exactly() -> None:
    assert holds("decimal", "eq", Decimal("1.50"), Decimal("1.5"))
    assert holds("int64", "gt", 2**53, 2**53 + 1)
    assert holds("int64", "lt", Decimal("1.5"), 1)


def test_guid_is_written_in_any_way() -> None:
    found = "6f9619ff-8b86-d011-b42d-00cf4fc964ff"
    assert holds("guid", "eq", "{6F9619FF-8B86-D011-B42D-00CF4FC964FF}", found)


def test_instant_without_a_zone_is_in_utc() -> None:
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    assert holds("instant", "eq", "2026-01-01T12:00:00", noon)
    assert holds("instant", "eq", "2026-01-01T13:00:00+01:00", noon)
    assert holds("instant", "le", date(2026, 1, 2), noon)


@pytest.mark.parametrize(
    ("operator", "count", "first", "last"),
    [
        ("today", None, "2026-03-18", "2026-03-18"),
        ("yesterday", None, "2026-03-17", "2026-03-17"),
        ("tomorrow", None, "2026-03-19", "2026-03-19"),
        ("last_x_days", 2, "2026-03-16", "2026-03-18"),
        ("next_x_days", 2, "2026-03-18", "2026-03-20"),
        ("last_x_hours", 20, "2026-03-17", "2026-03-18"),
        ("this_week", None, "2026-03-16", "2026-03-22"),
        ("this_month", None, "2026-03-01", "2026-03-31"),
        ("this_year", None, "2026-01-01", "2026-12-31"),
    ],
)
def test_relative_operator_covers_these_days(
    operator: str, count: int | None, first: str, last: str
) -> None:
    for text, expected in (
        (first, True),
        (last, True),
        (_before(first), False),
        (_after(last), False),
    ):
        assert holds("date", operator, count, date.fromisoformat(text)) is expected, text


@pytest.mark.parametrize(
    ("operator", "count", "first", "last"),
    [
        ("today", None, "2026-03-18T00:00:00", "2026-03-18T23:59:59.999999"),
        ("last_x_days", 2, "2026-03-16T00:00:00", "2026-03-18T15:30:00"),
        ("next_x_days", 2, "2026-03-18T15:30:00", "2026-03-20T23:59:59.999999"),
        ("last_x_hours", 2, "2026-03-18T13:30:00", "2026-03-18T15:30:00"),
        ("this_month", None, "2026-03-01T00:00:00", "2026-03-31T23:59:59.999999"),
    ],
)
def test_relative_operator_covers_these_instants(
    operator: str, count: int | None, first: str, last: str
) -> None:
    start, end = (datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (first, last))
    step = datetime.resolution
    for moment, expected in (
        (start, True),
        (end, True),
        (start - step, False),
        (end + step, False),
    ):
        assert holds("instant", operator, count, moment) is expected, moment


def test_days_before_the_calendar_begins_mean_its_beginning() -> None:
    assert holds("date", "last_x_days", 10**7, date(1, 1, 1))


def test_and_needs_all_or_needs_one() -> None:
    yes = Comparison(field="int64", operator="eq", value=1)
    no = Comparison(field="int64", operator="eq", value=2)
    record = {"int64": 1}
    assert satisfies(AnyOf(conditions=(no, yes)), record, ENTITY, NOW)
    assert not satisfies(AllOf(conditions=(no, yes)), record, ENTITY, NOW)


@pytest.mark.parametrize(
    ("field", "operator", "value"),
    [
        ("int64", "contains", "1"),
        ("string", "today", None),
        ("binary", "eq", "00"),
        ("int64", "eq", "many"),
        ("int64", "eq", True),
        ("decimal", "gt", "NaN"),
        ("date", "eq", "2026-02-30"),
        ("date", "eq", datetime(2026, 1, 1, tzinfo=UTC)),
        ("guid", "eq", "6f9619ff"),
        ("boolean", "eq", "maybe"),
        ("local_datetime", "eq", "2026-01-01T00:00:00Z"),
        ("unknown", "null", None),
    ],
)
def test_what_does_not_fit_the_field_is_a_configuration_error(
    field: str, operator: str, value: object
) -> None:
    comparison = Comparison(field=field, operator=operator, value=value)
    with pytest.raises(ConfigurationError) as caught:
        check_condition(AnyOf(conditions=(comparison,)), ENTITY, NOW)
    assert caught.value.remedy


def _before(day: str) -> str:
    return date.fromordinal(date.fromisoformat(day).toordinal() - 1).isoformat()


def _after(day: str) -> str:
    return date.fromordinal(date.fromisoformat(day).toordinal() + 1).isoformat()
