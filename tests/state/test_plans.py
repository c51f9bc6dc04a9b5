"""Which plan of an entity is carried out, and by which try."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tandem.errors import Stale
from tandem.state.plans import Begun


@pytest.fixture
def states(another):
    """The state of one integration, as two processes see it."""
    return [another(), another()]


def test_a_plan_follows_the_one_that_it_was_made_after(states):
    state, other = states
    assert state.last_plan("Accounts") is None
    assert state.begin_plan("Accounts", Begun("a", "run-1"), after=None)
    assert not other.begin_plan("Accounts", Begun("b", "run-2"), after=None)
    assert other.begin_plan("Accounts", Begun("b", "run-2"), after="a")
    assert state.last_plan("Accounts") == Begun("b", "run-2")
    assert state.last_plan("Contacts") is None


def test_who_is_overtaken_writes_nothing_about_the_entity(states):
    state, other = states
    state.begin_plan("Accounts", Begun("a", "run-1"), after=None)
    state.refuse_overtaken("Accounts")
    other.begin_plan("Accounts", Begun("a", "run-1"), after=None)
    other.refuse_overtaken("Accounts")
    state.refuse_overtaken("Contacts")
    with pytest.raises(Stale, match="took over the loading of Accounts"), state.account("Accounts"):
        pass


def test_whoever_reads_anew_stops_the_load(states):
    state, other = states
    state.begin_plan("Accounts", Begun("a", "run-1"), after=None)
    other.stop_plan("Accounts")
    other.refuse_overtaken("Accounts")
    with pytest.raises(Stale):
        state.refuse_overtaken("Accounts")
    assert state.last_plan("Accounts") == Begun("a", "run-1")


def test_of_tries_that_begin_at_once_one_is_the_last(states):
    for turn in range(10):
        after = f"plan {turn - 1}" if turn else None
        plan = Begun(f"plan {turn}", "run")
        with ThreadPoolExecutor(2) as threads:
            began = threads.map(lambda s, p=plan, a=after: s.begin_plan("A", p, after=a), states)
            assert all(began)
        assert sum(not _is_overtaken(state) for state in states) == 1


def _is_overtaken(state):
    try:
        state.refuse_overtaken("A")
    except Stale:
        return True
    return False
