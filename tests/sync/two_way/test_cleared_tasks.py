"""Tasks that people clear, in any order, and loads that run twice: no edit is reverted."""

from contextlib import closing, contextmanager
from dataclasses import replace

import pytest

from tandem.connectors.memory import Cut
from tandem.errors import Stale, StopRun, Unreachable
from tandem.state.store import open_state
from tandem.sync import steps


@contextmanager
def read(both):
    """A run that has read both edits of two linked records."""
    both.sync()
    for name in ("A", "B"):
        both.external.save("Accounts", {**both.is_there(name), "name": f"{name} there"})
    with both.world.job() as run:
        steps.refresh_schema(run)
        yield run, steps.extract(run, "Accounts")


def edit_here(both):
    both.local.save("account", {**both.is_here("A there"), "name": "A here"})


def log_of(run):
    return {(e.direction, e.status, e.counts.updated) for e in run.state.run_entries(run.run_id)}


@pytest.fixture
def both(both):
    both.there("A", number="1")
    both.there("B", number="2")
    return both


def test_a_transform_that_is_cleared_after_its_load_reverts_no_edit(both):
    with read(both) as (run, extracted):
        steps.load(run, steps.transform(run, extracted))
        done = log_of(run)
        edit_here(both)
        with pytest.raises(Stale, match=r"begun to, since this was read\. Clear the .* extract"):
            steps.transform(run, extracted)
        assert log_of(run) == done
    both.sync()
    assert both.names() == (["A here", "B there"], ["A here", "B there"])


def test_a_transform_that_is_cleared_after_a_load_that_broke_off_reverts_no_edit(both):
    with read(both) as (run, extracted):
        planned = steps.transform(run, extracted)
        both.local.before = lambda operation: (
            Cut(1, Unreachable("cut off")) if operation == "update" else None
        )
        with pytest.raises(Unreachable):
            steps.load(run, planned)
        both.local.before = lambda _operation: None
        edit_here(both)
        with pytest.raises(Stale):
            steps.transform(run, extracted)
        loaded = steps.load(run, planned)
        assert loaded["counts"]["updated"] + loaded["counts"]["superseded"] == 2
    both.sync()
    assert both.names() == (["A here", "B there"], ["A here", "B there"])
    both.assert_quiet()


def test_a_plan_is_not_carried_out_once_another_is_begun(both):
    with read(both) as (run, extracted):
        old, new = steps.transform(run, extracted), steps.transform(run, extracted)
        steps.load(run, new)
        with pytest.raises(Stale):
            steps.load(run, old)


def test_a_load_that_another_try_took_over_writes_no_more(both):
    with read(both) as (run, extracted):
        planned = steps.transform(run, extracted)

        def take_over(operation):
            if operation == "update":
                both.local.before = lambda _operation: None
                with closing(open_state(f"sqlite:///{both.world.folder}/state.db", "crm")) as state:
                    steps.load(replace(run, state=state), planned)

        both.local.before = take_over
        with pytest.raises(StopRun, match="Another try took over the loading of Accounts"):
            steps.load(run, planned)
    both.assert_quiet()
    assert both.names() == (["A there", "B there"], ["A there", "B there"])
