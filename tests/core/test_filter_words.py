"""Conditions in words."""

from datetime import UTC, date, datetime
from typing import Any, get_args

import pytest
from pydantic import TypeAdapter

from tandem.core.filters.words import operator_words, operators_of, sentence
from tandem.model.filters import Condition, Operator
from tandem.model.schema import Kind

CONDITION: TypeAdapter[Condition] = TypeAdapter(Condition)


def words(condition: dict[str, Any], **kinds: Kind) -> str:
    return sentence(CONDITION.validate_python(condition), kinds)


@pytest.mark.parametrize(
    ("operator", "value", "told"),
    [
        ("eq", "Brno", "x is “Brno”"),
        ("ge", 1000, "x is at least 1000"),
        ("eq", True, "x is true"),
        ("in", ["a", "b", "c"], "x is one of “a”, “b” or “c”"),
        ("not_in", ["a"], "x is none of “a”"),
        ("between", [1, 2], "x is between 1 and 2"),
        ("null", None, "x is empty"),
        ("today", None, "x is today"),
        ("last_x_days", 1, "x is within the last day"),
        ("next_x_days", 3, "x is within the next 3 days"),
        ("last_x_hours", 12, "x is within the last 12 hours"),
        ("lt", date(2026, 1, 31), "x is less than 2026-01-31"),
        ("eq", datetime(2026, 1, 31, 8, tzinfo=UTC), "x is 2026-01-31 08:00:00 UTC"),
    ],
)
def test_a_comparison_in_words(operator: str, value: Any, told: str) -> None:
    assert words({"field": "x", "operator": operator, "value": value}) == told


def test_dates_are_before_and_after() -> None:
    asked = {"field": "x", "operator": "lt", "value": date(2026, 1, 31)}
    assert words(asked, x=Kind.DATE) == "x is before 2026-01-31"


def test_groups_within_groups_stand_in_brackets() -> None:
    one, two = ({"field": name, "operator": "null"} for name in "ab")
    assert words({"and": [one, {"or": [two, one]}]}) == (
        "a is empty and (b is empty or a is empty)"
    )
    assert words({"and": [one, {"or": [two]}]}) == "a is empty and b is empty"


def test_every_operator_has_words_and_fits_some_kind() -> None:
    fitting = {name for kind in Kind for name in operators_of(kind)}
    assert fitting == set(get_args(Operator)) == set(operators_of(None))
    assert all(operator_words(name) != name for name in fitting - {"contains"})


def test_operators_fit_the_kind() -> None:
    assert operators_of(Kind.BINARY) == ("null", "not_null")
    assert operators_of(Kind.BOOLEAN) == ("eq", "ne", "null", "not_null")
    assert "contains" in operators_of(Kind.GUID)
    assert "contains" not in operators_of(Kind.INT64)
    assert "today" in operators_of(Kind.DATE)
    assert "today" not in operators_of(Kind.TIME)
