"""What people type, as plain values of a file."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.editing.steps import TypedStep, step_text, step_value, typed_step
from tandem.editing.typed import plain_value, scalar, scalar_text
from tandem.errors import ConfigurationError


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("0", 0),
        ('"0"', "0"),
        ("'it''s'", "it's"),
        ("1.50", Decimal("1.50")),
        ("true", True),
        ("yes", "yes"),
        ("null", "null"),
        ("2026-01-02", "2026-01-02"),
        ("# no comment", "# no comment"),
        ("a: b", "a: b"),
        ("[a", "[a"),
        ("007", "007"),
        ("  spaces around  ", "spaces around"),
    ],
)
def test_what_is_no_number_truth_value_or_quoted_text_is_a_text(typed: str, meant: Any) -> None:
    assert repr(scalar(typed)) == repr(meant)


@given(st.one_of(st.text(), st.booleans(), st.integers(-(10**20), 10**20), st.just("1.50")))
def test_every_value_can_be_typed(value: Any) -> None:
    assert repr(scalar(scalar_text(value))) == repr(value)


@pytest.mark.parametrize(
    ("key", "typed", "meant"),
    [
        ("local", " name ", "name"),
        ("local", "  ", None),
        ("enabled", False, False),
        ("sweep_every", "7", 7),
        ("sweep_every", "often", "often"),
        ("primary_key", ["ID", "", "ID", "name"], ["ID", "name"]),
        ("primary_key", [""], None),
        ("lookup", {"entity": "Accounts", "field": "ID", "composite": ""},
         {"entity": "Accounts", "field": "ID"}),
        ("lookup", {"entity": "", "field": "", "composite": ""}, None),
        ("values", {"external": ["Open", "Done", ""], "local": ["0", '"1"', ""]},
         {"Open": 0, "Done": "1"}),
        ("values", {"Open": 0}, {"Open": 0}),
        ("transform", [], None),
        ("constant", "northwind", "northwind"),
        ("default", "", None),
    ],
)  # fmt: skip
def test_settings_as_typed(key: str, typed: Any, meant: Any) -> None:
    assert repr(plain_value(key, typed)) == repr(meant)


def test_an_option_with_two_values_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="Open is there twice"):
        plain_value("values", {"external": ["Open", "Open"], "local": ["0", "1"]})


@pytest.mark.parametrize(
    "item",
    [
        "trim",
        "date",
        {"truncate": 40},
        {"split": {"separator": " ", "part": 1}},
        {"concat": {"fields": ["a", "b/c"], "separator": ", "}},
        {"date": {"zone": "Europe/Prague"}},
        {"with_time": {"field": "at"}},
        {"format_number": {"decimal": ",", "thousands": ".", "decimals": 2}},
        {"custom": "tidy"},
    ],
)
def test_a_transform_is_the_same_after_it_was_shown(item: Any) -> None:
    assert step_value(typed_step(item)) == item


def test_arguments_of_another_transform_do_not_matter() -> None:
    assert step_value(TypedStep(kind="trim", zone="Europe/Prague", part="2")) == "trim"


def test_a_transform_in_a_few_words() -> None:
    assert step_text({"split": {"separator": " ", "part": 2}}) == 'split " " 2'
