"""The opposite of a condition holds of just those records of which it does not."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tandem.core.filters.conditions import satisfies
from tandem.core.filters.negation import can_be_negated, negated
from tandem.model.filters import AllOf, AnyOf, Comparison
from tandem.model.schema import Entity, Field, Kind

NOW = datetime(2026, 5, 1, tzinfo=UTC)
ENTITY = Entity(
    name="Accounts",
    key=("name",),
    fields=(
        Field(name="name", kind=Kind.STRING),
        Field(name="size", kind=Kind.INT64),
        Field(name="day", kind=Kind.DATE),
        Field(name="share", kind=Kind.FLOAT64),
    ),
)
TEXTS = st.sampled_from(["", "a", "A", "ab", "b", "O'Neil", "ž"])
NUMBERS = st.integers(-2, 2)
DAYS = st.sampled_from([date(2026, 1, 1), date(2026, 1, 2), date(2027, 1, 1)])
VALUES = {"name": TEXTS, "size": NUMBERS, "day": DAYS}
ORDERS = ["eq", "ne", "gt", "ge", "lt", "le"]
PARTS = [f"{no}{part}" for no in ("", "not_") for part in ("contains", "begins_with", "ends_with")]


def comparison(field, operator, value=None):
    return Comparison(field=field, operator=operator, value=value)


def comparisons_of(field):
    values = VALUES[field]
    some = st.lists(values, min_size=1, max_size=3).map(tuple)
    kinds = [
        st.builds(comparison, st.just(field), st.sampled_from(ORDERS), values),
        st.builds(comparison, st.just(field), st.sampled_from(["in", "not_in"]), some),
        st.builds(comparison, st.just(field), st.just("between"), st.tuples(values, values)),
        st.builds(comparison, st.just(field), st.sampled_from(["null", "not_null"])),
    ]
    if field == "name":
        kinds.append(st.builds(comparison, st.just(field), st.sampled_from(PARTS), values))
    return st.one_of(kinds)


def nested(inner):
    some = st.lists(inner, min_size=1, max_size=3).map(tuple)
    return st.one_of(
        some.map(lambda parts: AllOf(conditions=parts)),
        some.map(lambda parts: AnyOf(conditions=parts)),
    )


CONDITIONS = st.recursive(st.sampled_from(sorted(VALUES)).flatmap(comparisons_of), nested)
RECORDS = st.fixed_dictionaries({name: st.none() | values for name, values in VALUES.items()})


@given(condition=CONDITIONS, record=RECORDS)
@settings(max_examples=500, deadline=None)
def test_just_one_of_a_condition_and_its_opposite_holds(condition, record):
    assert can_be_negated(condition, ENTITY)
    holds = satisfies(condition, record, ENTITY, NOW)
    assert satisfies(negated(condition), record, ENTITY, NOW) is not holds


@pytest.mark.parametrize(
    "condition",
    [
        comparison("day", "today"),
        comparison("day", "last_x_days", 3),
        AllOf(conditions=(comparison("name", "eq", "a"), comparison("day", "this_year"))),
        comparison("account_ID.city", "eq", "Brno"),
        comparison("share", "gt", 1),
    ],
)
def test_what_changes_by_itself_or_knows_nan_has_no_opposite(condition):
    assert not can_be_negated(condition, ENTITY)


def test_equal_floats_have_an_opposite():
    assert can_be_negated(comparison("share", "eq", 1), ENTITY)
