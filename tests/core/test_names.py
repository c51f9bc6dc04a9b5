"""Whether a name is mistyped, and whether two names mean the same."""

import pytest

from tandem.core.names.choices import by_likeness, similar
from tandem.core.names.meaning import likeness_of_terms
from tandem.core.names.negation import are_opposite
from tandem.core.names.spelling import is_slip, spelt_alike
from tandem.core.names.words import plain_name, term


def alike(one: str, other: str) -> float:
    return likeness_of_terms(term(one), term(other)).score


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("adress", "address"),
        ("custmername", "customername"),
        ("nubmer", "number"),
        ("colour", "color"),
        ("organisation", "organization"),
    ],
)
def test_a_slip_of_the_pen_is_one_letter_or_two_that_changed_places(one: str, other: str) -> None:
    assert is_slip(one, other)
    assert is_slip(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [("fax", "fact"), ("paid", "said"), ("firstname", "lastname"), ("city", "city"), ("", "a")],
)
def test_what_differs_in_more_is_no_slip(one: str, other: str) -> None:
    assert not is_slip(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("isActive", "isInactive"),
        ("active", "notActive"),
        ("paid", "unpaid"),
        ("discountAllowed", "discountDisallowed"),
        ("enabled", "disabled"),
        ("phone", "doNotPhone"),
        ("email", "noEmail"),
        ("taxable", "nontaxable"),
        ("is_valid", "is_not_valid"),
    ],
)
def test_names_that_differ_by_a_negation_are_opposite(one: str, other: str) -> None:
    assert are_opposite(term(one), term(other))
    assert are_opposite(term(other), term(one))
    assert alike(one, other) == 0


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("accountNo", "accountNumber"),
        ("no", "number"),
        ("unit", "unitPrice"),
        ("isActive", "active"),
    ],
)
def test_a_number_and_a_unit_are_no_negation(one: str, other: str) -> None:
    assert not are_opposite(term(one), term(other))


@pytest.mark.parametrize(
    ("one", "other", "least"),
    [
        ("faxNumber", "FAX_NUMBER", 0.97),
        ("new_vat", "vat", 0.97),
        ("postcode", "zip", 0.9),
        ("custmerName", "customerName", 0.85),
        ("descript", "description", 0.8),
    ],
)
def test_names_of_the_same_are_alike(one: str, other: str, least: float) -> None:
    assert alike(one, other) >= least
    assert alike(other, one) == alike(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("age", "message"), ("net", "netherlands"), ("date", "lastUpdate"), ("county", "country")],
)
def test_what_is_only_spelt_within_another_word_is_unlike_it(one: str, other: str) -> None:
    assert alike(one, other) == alike(other, one) == 0


def test_only_a_beginning_that_is_most_of_a_word_is_a_spelling_of_it() -> None:
    assert spelt_alike("descript", "description") == spelt_alike("description", "descript") > 0
    assert spelt_alike("descr", "description") == 0


def test_another_number_says_another_thing() -> None:
    assert alike("address1_city", "address2_city") < 0.6
    assert alike("line2", "line3") < 0.6


def test_choices_go_by_meaning_and_by_spelling() -> None:
    known = ["zip", "city", "customerName", "isInactive"]
    assert similar("postcode", known) == ("zip",)
    assert similar("custmerName", known) == ("customerName",)
    assert similar("isActive", known) == ()
    assert by_likeness("town", known)[0] == "city"


def test_plain_names_are_without_prefix_case_and_separators() -> None:
    assert {plain_name(name) for name in ("new_faxNumber", "FAX_NUMBER", "fax number")} == {
        "faxnumber"
    }
