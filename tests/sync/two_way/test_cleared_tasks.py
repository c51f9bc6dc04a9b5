"""Tasks that people clear, in any order, and loads that run twice: no edit is reverted."""

from contextlib import closing, contextmanager
from dataclasses import replace

import pytest

from tandem.connectors.memory import Cut
from tandem.errors import Stale, Unreachable
from tandem.staging import read_batches
from tandem.state.store import open_state
from tandem.sync import steps
from tandem.sync.applying import load_downloads


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


@contextmanager
def another(both, run):
    """The same run in another process."""
    with closing(open_state(f"sqlite:///{both.world.folder}/state.db", "crm")) as state:
        yield replace(run, state=state)


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
                with another(both, run) as other:
                    steps.load(other, planned)

        both.local.before = take_over
        with pytest.raises(Stale, match="Another task took over the loading of Accounts"):
            steps.load(run, planned)
        assert {status for _, status, _ in log_of(run)} == {"success"}
    both.assert_quiet()
    assert both.names() == (["A there", "B there"], ["A there", "B there"])


@pytest.mark.parametrize("side", ["external", "local"])
def test_what_is_read_while_a_load_still_writes_stops_that_load(both, side):
    store = getattr(both, side)
    changed = both.local if side == "external" else both.external
    both.sync()
    for name in ("A", "B"):
        record = both.is_here(name) if side == "external" else both.is_there(name)
        entity = "account" if side == "external" else "Accounts"
        changed.save(entity, {**record, "name": f"{name} new"})
    found = {}
    with both.world.job() as run:
        steps.refresh_schema(run)
        planned = steps.transform(run, steps.extract(run, "Accounts"))

        def clear(operation):
            if operation == "update":
                store.before = lambda _operation: None
                with another(both, run) as other:
                    found["read"] = steps.extract(other, "Accounts")

        store.before = clear
        with pytest.raises(Stale):
            steps.load(run, planned)
        with another(both, run) as other:
            steps.load(other, steps.transform(other, found["read"]))
    assert both.names() == (["A new", "B new"], ["A new", "B new"])
    both.assert_quiet()


def test_an_old_load_of_a_download_does_not_overwrite_what_came_later(both, monkeypatch):
    both.mapping["direction"] = "download_only"
    with both.world.job() as run:
        steps.refresh_schema(run)
        planned = steps.transform(run, steps.extract(run, "Accounts"))

        def paused(paths, *columns):
            monkeypatch.setattr(load_downloads, "read_batches", read_batches)
            with another(both, run) as other:
                steps.load(other, planned)
            both.external.save("Accounts", {**both.is_there("A"), "name": "A newest"})
            both.sync()
            yield from read_batches(paths, *columns)

        monkeypatch.setattr(load_downloads, "read_batches", paused)
        with pytest.raises(Stale):
            steps.load(run, planned)
    assert both.names() == (["A newest", "B"], ["A newest", "B"])


@pytest.mark.parametrize("later", [False, True])
def test_a_load_that_is_cleared_after_its_run_has_ended_leaves_the_log_alone(both, later):
    with both.world.job() as run:
        steps.refresh_schema(run)
        planned = steps.transform(run, steps.extract(run, "Accounts"))
        steps.load(run, planned)
        steps.report(run)
        if later:
            both.external.save("Accounts", {**both.is_there("A"), "name": "A later"})
            both.sync()
        before = log_of(run)
        with another(both, run) as other, pytest.raises(Stale):
            steps.load(other, planned)
        assert log_of(run) == before


def test_what_another_version_handed_over_is_read_again(both):
    with read(both) as (run, extracted):
        planned = steps.transform(run, extracted)
        del planned["plan"]
        with pytest.raises(Stale, match="another version of Tandem"):
            steps.load(run, planned)
