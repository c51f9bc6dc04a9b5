"""What a person decided about fields: kept as text, and good for what the person saw only."""

import numpy as np
import pyarrow as pa
import pytest

from tandem.core.decided import Choice, decision_of, in_words, policy_text, winner_among
from tandem.core.merge import EXTERNAL, LOCAL, NOBODY, FieldPair

EACH = {"name": Choice("local", "E", None), "city": Choice("external", "Brno", 'Řím "x"')}


def pair(external, local, *, waits=False):
    there, here = (pa.array([value], pa.string()) for value in (external, local))
    nothing = pa.nulls(1, pa.string())
    return FieldPair(
        there, here, there, here, np.array([waits]), np.array([False]), nothing, nothing
    )


def test_a_decision_about_fields_is_kept_as_text():
    assert decision_of(policy_text(EACH)) == EACH


@pytest.mark.parametrize(("winner", "code"), [("local", LOCAL), ("external", EXTERNAL)])
def test_a_decision_about_the_record_is_kept_as_it_always_was(winner, code):
    assert policy_text(winner) == f"{winner}_wins"
    assert decision_of(f"{winner}_wins") == code


def test_a_decision_is_told_in_words():
    assert in_words("local_wins") == "local_wins"
    assert in_words(policy_text(EACH)) == "name: local wins, city: external wins"


@pytest.mark.parametrize(
    ("parts", "winner"),
    [
        ({"name": pair("E", None)}, LOCAL),
        ({"name": pair("E2", None)}, NOBODY),
        ({"name": pair("E", "L")}, NOBODY),
        ({"city": pair("Brno", 'Řím "x"')}, EXTERNAL),
        ({"phone": pair("1", "2")}, NOBODY),
        ({"phone": pair("1", "1")}, NOBODY),
    ],
)
def test_who_wins_a_field(parts, winner):
    assert winner_among(EACH, parts, 0) == winner


@pytest.mark.parametrize(
    ("choices", "second", "winner"),
    [
        (("local", "local"), pair("c", "d"), LOCAL),
        (("local", "external"), pair("c", "d"), NOBODY),
        (("local", None), pair(None, None), LOCAL),
        (("local", None), pair("c", None), NOBODY),
        (("local", None), pair(None, None, waits=True), NOBODY),
        (("local", "local"), pair("c", "e"), NOBODY),
    ],
)
def test_parts_of_a_lookup_go_one_way_or_wait(choices, second, winner):
    seen = {"first": ("a", "b"), "second": ("c", "d")}
    given = {name: Choice(who, *seen[name]) for name, who in zip(seen, choices, strict=True) if who}
    assert winner_among(given, {"first": pair("a", "b"), "second": second}, 0) == winner
