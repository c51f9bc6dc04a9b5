"""Random histories of two systems: edits, faults and crashes, and what must hold afterwards."""

import copy
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.sync.two_way.agreement import check
from tests.sync.two_way.history import (
    DEEDS,
    OTHER_MAPPINGS,
    SIDES,
    VARIANTS,
    History,
    Variant,
    external_of,
    folder_for,
    forgotten_afterwards,
    mappings_of,
)

CUTS = ((1, ()), (1, (0,)), (0, (0,)))
"""How many rows are carried out, and which remain without answer."""
TROUBLE = st.one_of(
    st.just(("crash",)),
    st.tuples(st.sampled_from(["before", "after", "throttled"]), st.sampled_from(SIDES)),
    st.tuples(st.just("cut"), st.sampled_from(SIDES), st.sampled_from(CUTS)),
    st.tuples(st.just("meanwhile"), st.sampled_from(SIDES), DEEDS),
)
ROUNDS = st.lists(
    st.tuples(
        st.lists(DEEDS, max_size=6),
        st.lists(st.tuples(TROUBLE, st.integers(1, 40)), max_size=2),
        st.sampled_from(["auto", "auto", "auto", "full"]),
        st.sampled_from(["as it is", "as it is", *OTHER_MAPPINGS]),
    ),
    min_size=1,
    max_size=4,
)
"""What is done, what goes wrong at which call of the sync that follows, how it is asked, and what
the user has done to the mapping by then.
"""


@pytest.fixture
def make_history(make_both, nature, standard):
    def make(folder: Path, variant: Variant) -> History:
        both = make_both(folder, mappings_of(variant, *standard), external_of(nature, variant))
        both.there("root", number="root")  # no listing is ever empty: that is a story of its own
        both.there("root", "Contacts", code="root")
        return History(both, variant)

    return make


LOST_AND_CUT = [
    (
        [
            ("external", 0, "a", "both", "a", False),
            ("local", 0, "a", "name", "a", False),
            ("external", 0, "a", "name", "a", False),
        ],
        [(("cut", "local", (0, (0,))), 1)],
        "auto",
        "as it is",
    )
]
"""The value that loses is overwritten outside, and what comes back of the winner is not taken."""


@example(
    variant=Variant(False, False, True, "version", False, True, "local_wins", 1),
    rounds=LOST_AND_CUT,
)
@given(variant=VARIANTS, rounds=ROUNDS)
@settings(
    max_examples=int(os.environ.get("TANDEM_HISTORIES", "40")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_after_any_history_one_clean_sync_makes_both_sides_agree(
    make_history, fuse, variant, rounds
):
    with folder_for(variant) as folder:
        history = make_history(folder, variant)
        with forgotten_afterwards(history):
            mapping = copy.deepcopy(history.both.mapping)
            for deeds, trouble, mode, change in rounds:
                for deed in deeds:
                    history.do(*deed)
                history.map(mapping, OTHER_MAPPINGS.get(change))
                history.sync(trouble, mode, fuse)
            history.map(mapping)
            report = history.sync((), "auto", fuse)
            assert report.status != "failed", report
            check(history)
            before = history.both.writes()
            history.sync((), "auto", fuse)
            assert history.both.writes() == before, "a further sync writes something"
