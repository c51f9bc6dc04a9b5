"""Filters while they are built: forms' trees, changes of them, and what the file says of them."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from tandem.editing import filter_tree as tree
from tandem.errors import ConfigurationError
from tandem.model.schema import Kind

CITY = {"field": "city", "operator": "eq", "value": "Brno"}
NAME = {"field": "name", "operator": "contains", "value": "O'Neil"}
EMPTY = {"field": "name", "operator": "null"}


@pytest.mark.parametrize(
    "value",
    [
        None, CITY, EMPTY, {"and": [CITY, NAME]}, {"or": [CITY, {"and": [NAME, EMPTY]}]},
        {"or": [{"and": [CITY, {"or": [NAME, EMPTY]}]}, NAME]},
    ],
)  # fmt: skip
def test_a_filter_of_a_file_comes_back_as_it_was(value: Any) -> None:
    assert tree.as_in_file(tree.tree_of(value), {}) == value


def test_lists_of_a_form_are_numbered_and_may_be_empty() -> None:
    form = {"or": {"10": EMPTY, "9": NAME, "0": CITY, "11": {"and": ""}}}
    assert tree.as_in_file(tree.tree_of(form), {}) == {"or": [CITY, NAME, EMPTY]}
    assert tree.as_in_file(tree.tree_of({"and": ""}), {}) is None


def test_a_group_of_one_is_that_one() -> None:
    root = tree.tree_of({"and": [{"or": [{"and": [CITY]}]}]})
    assert tree.as_in_file(root, {}) == CITY


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (Kind.INT64, " 42 ", 42),
        (Kind.INT64, "9223372036854775807", 9223372036854775807),
        (Kind.INT64, "1.5", "1.5"),
        (Kind.DECIMAL, "12.50", Decimal("12.50")),
        (Kind.DECIMAL, "12", 12),
        (Kind.DECIMAL, "12,50", "12,50"),
        (Kind.FLOAT64, "1e3", Decimal("1e3")),
        (Kind.FLOAT64, "NaN", "NaN"),
        (Kind.BOOLEAN, "False", False),
        (Kind.BOOLEAN, "no", "no"),
        (Kind.DATE, "2026-01-31", date(2026, 1, 31)),
        (Kind.DATE, "31.1.2026", "31.1.2026"),
        (Kind.INSTANT, "2026-01-31T14:30", datetime(2026, 1, 31, 14, 30, tzinfo=UTC)),
        (Kind.LOCAL_DATETIME, "2026-01-31T14:30", datetime(2026, 1, 31, 14, 30)),  # noqa: DTZ001
        (Kind.STRING, " 42 ", " 42 "),
        (Kind.TIME, "14:30", "14:30"),
        (None, "42", "42"),
    ],
)
def test_texts_become_values_of_the_fields_kind(kind: Any, text: str, value: Any) -> None:
    root = tree.tree_of({"field": "x", "operator": "ge", "value": text})
    found = tree.as_in_file(root, {"x": kind} if kind else {})
    assert found is not None
    assert (type(found["value"]), found["value"]) == (type(value), value)


def test_values_follow_the_operator() -> None:
    def written(operator: str, value: Any) -> Any:
        part = {"field": "n", "operator": operator, "value": value}
        return (tree.as_in_file(tree.tree_of(part), {"n": Kind.INT64}) or {}).get("value")

    assert written("in", "1\n\n 2 \n") == [1, 2]
    assert written("eq", ["1", "2"]) == 1
    assert written("between", "1") == [1, ""]
    assert written("last_x_days", "3") == 3
    assert written("null", "3") is None


def test_what_is_missing_is_said_by_place() -> None:
    root = tree.tree_of(
        {"and": [CITY, {"or": [tree.BLANK, {"field": "n", "operator": "in", "value": ""}]}]}
    )
    assert tree.unfinished(root, {}) == {
        (1, 0): "Choose a field.",
        (1, 1): "Give at least one value.",
    }


def test_places_are_those_of_the_file() -> None:
    root = tree.tree_of({"and": [{"or": ""}, {"or": [CITY]}, {"or": [NAME, EMPTY]}]})
    assert tree.place_of(root, (1, 0)) == ("and", 0)
    assert tree.place_of(root, (2, 1)) == ("and", 1, "or", 1)
    assert tree.place_of(tree.tree_of(CITY), (0,)) == ()


def test_groups_that_lose_their_last_part_go() -> None:
    root = tree.tree_of({"or": [CITY, {"and": [{"or": [NAME]}]}]})
    assert tree.removed(root, (1, 0, 0)) == {"or": [CITY]}
    assert tree.removed(tree.removed(root, (1, 0, 0)), (0,)) == {"or": []}
    assert tree.removed(root, ()) == {"or": []}


def test_a_group_is_joined_otherwise_than_the_one_that_it_is_in() -> None:
    assert tree.grouped(tree.tree_of(CITY), ()) == {"and": [CITY, {"or": [tree.BLANK]}]}
    nested = tree.grouped({"and": [{"or": [CITY]}]}, (0,))
    assert nested == {"and": [{"or": [CITY, {"and": [tree.BLANK]}]}]}


@pytest.mark.parametrize("at", [(5,), (0, 0), (1, 0, 0)])
def test_what_is_not_there_any_more_is_not_changed(at: tuple[int, ...]) -> None:
    root = tree.tree_of({"and": [CITY, {"or": [NAME]}]})
    with pytest.raises(ConfigurationError, match="not there"):
        tree.added(root, at)
