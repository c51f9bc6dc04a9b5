"""Suggestions by what values can be: narrower fields, options, what systems set themselves."""

import pytest
from tests.core.suggesting import ask, entity, field

from tandem.core.suggestions.suggest import ACCEPTABLE, Suggestion
from tandem.model.schema import Entity, Field


def pair(external: Field, local: Field, **more: object) -> Suggestion:
    """What is suggested for two fields of one name."""
    sides = [Entity(name=name, key=("id",), fields=(one,)) for name, one in _sides(external, local)]
    (found,) = ask(*sides, **more).values()
    return found


def _sides(external: Field, local: Field) -> list[tuple[str, Field]]:
    return [("a", external), ("b", local)]


@pytest.mark.parametrize(
    ("external", "local"),
    [
        (field("x", "decimal"), field("x", "int64")),
        (field("x", "decimal", precision=18, scale=5), field("x", "int64")),
        (
            field("x", "decimal", precision=18, scale=5),
            field("x", "decimal", precision=5, scale=0),
        ),
        (
            field("x", "decimal", precision=18, scale=2),
            field("x", "decimal", precision=5, scale=2),
        ),
        (field("x", "decimal"), field("x", "decimal", precision=10, scale=0)),
        (field("x", "int64"), field("x", "boolean")),
        (field("x", max_length=4000), field("x", max_length=1)),
        (field("x", max_length=4000), field("x", max_length=100)),
    ],
)
def test_a_field_without_room_is_left_to_a_person(external: Field, local: Field) -> None:
    found = pair(external, local)
    assert found.score < ACCEPTABLE
    assert "too small for some values" in found.reason


@pytest.mark.parametrize(
    ("external", "local"),
    [
        (field("x", "decimal", precision=18, scale=0), field("x", "int64")),
        (field("x", "decimal"), field("x", "decimal", precision=19, scale=4)),
        (
            field("x", "decimal", precision=10, scale=2),
            field("x", "decimal", precision=12, scale=2),
        ),
        (field("x", "int64"), field("x", "decimal", precision=10, scale=0)),
        (field("x", max_length=100), field("x", max_length=80)),
        (field("x"), field("x", max_length=80)),
    ],
)
def test_a_field_with_room_or_nearly_so_is_taken(external: Field, local: Field) -> None:
    assert pair(external, local).score >= ACCEPTABLE


def test_the_shorter_the_field_the_lower_the_score() -> None:
    lengths = (200, 160, 100, 50, 10, 1)
    scores = [pair(field("x", max_length=200), field("x", max_length=n)).score for n in lengths]
    assert scores == sorted(scores, reverse=True)
    assert len(set(scores)) == len(scores)


def test_of_both_ways_the_narrower_counts() -> None:
    external, local = field("x", max_length=1), field("x", max_length=4000)
    assert pair(external, local).score == 1
    assert pair(external, local, direction="bidirectional").score < ACCEPTABLE


def test_options_that_are_spelled_otherwise_are_paired() -> None:
    theirs = field("status", options=("Open", "In Review", "Lost"))
    ours = field("status", options=("open", "in review", "closed"))
    external = Entity(name="a", key=("id",), fields=(theirs,))
    found = ask(external, Entity(name="b", key=("id",), fields=(ours,)))["status"]
    assert found.mapping.values == {"Open": "open", "In Review": "in review"}
    assert "2 of 3 options" in found.reason


@pytest.mark.parametrize("local", [("open", "closed"), ("open", "in review", "x"), ("y",)])
def test_options_without_a_partner_are_left_to_a_person(local: tuple[str, ...]) -> None:
    found = pair(field("x", options=("Open", "In Review", "Lost")), field("x", options=local))
    assert found.score < ACCEPTABLE
    assert "of 3 options" in found.reason


def test_numbers_that_both_sides_happen_to_use_say_nothing() -> None:
    found = pair(
        field("x", "int64", options=("0", "1", "2")), field("x", "int64", options=("1", "2", "3"))
    )
    assert found.score < 0.5
    assert "0 of 3 options" in found.reason
    assert found.mapping.values is None


def test_what_a_system_sets_by_itself_is_never_sent_to_it() -> None:
    external = entity(
        "Accounts",
        "ID",
        ID="guid",
        createdAt="instant",
        modifiedAt="instant",
        rowVersion="int64",
        createdby="string",
        modifiedReason="string",
        version="string",
    )
    local = entity(
        "account",
        "id",
        id="guid",
        created_at="instant",
        updated_at="instant",
        row_version="int64",
        created_by="string",
        modified_reason="string",
        version="string",
    )
    kept = {"createdAt", "modifiedAt", "rowVersion", "createdby"}
    found = ask(external, local, direction="bidirectional")
    assert {n for n, s in found.items() if s.mapping.direction == "download_only"} == kept
    assert "set by the external system" in found["createdAt"].reason
    assert kept.isdisjoint(ask(external, local, direction="upload_only"))
    assert {s.mapping.direction for s in ask(external, local).values()} == {None}


def test_numbered_options_are_paired_by_what_people_call_them() -> None:
    theirs = field("x", "int64", options=("1", "2"), option_labels=("Active", "On Hold"))
    ours = field("x", "int64", options=("0", "10001"), option_labels=("active", "on hold"))
    assert pair(theirs, ours).mapping.values == {1: 0, 2: 10001}


def test_labels_are_paired_with_the_options_of_a_system_that_spells_them_out() -> None:
    theirs = field("x", "int64", options=("1", "2"), option_labels=("Active", "On Hold"))
    assert pair(theirs, field("x", options=("active", "on_hold"))).mapping.values == {
        1: "active",
        2: "on_hold",
    }


def test_labels_in_another_language_leave_equal_numbers_as_they_are() -> None:
    theirs = field("x", "int64", options=("1", "2"), option_labels=("Aktiv", "Inaktiv"))
    ours = field("x", "int64", options=("1", "2"))
    found = pair(theirs, ours)
    assert found.mapping.values is None
    assert "2 of 2 options" in found.reason
