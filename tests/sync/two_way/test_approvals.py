"""Deletions that wait for a person: what withholds them, and what an approval covers."""

import pytest

from tandem.connectors.memory import Cut
from tandem.errors import Unreachable
from tandem.sync import steps
from tandem.sync.lease import holding
from tandem.sync.people.asked import run_asked
from tandem.sync.people.conflicts import decide, open_conflicts
from tandem.sync.people.rejected import retry, waiting_records

MANY = 40
"""So many linked accounts that 12 deletions are more than a tenth, and 3 are not."""


def linked(both, count=MANY):
    """That many linked accounts, called N0 and so on; the ids of the external ones."""
    ids = [both.there(f"N{n}", number=str(n)) for n in range(count)]
    both.sync()
    return ids


def remove(both, ids):
    for id_ in ids:
        both.external.remove("Accounts", id_)


def withheld(both):
    return set(
        both.state(lambda state: state.pending_deletes("Accounts"))["external_id"].to_pylist()
    )


def prepared(run):
    """The manifest of a plan of the accounts."""
    steps.refresh_schema(run)
    steps.validate_metadata(run)
    return steps.transform(run, steps.extract(run, "Accounts"))


def refused_once(store, operation):
    """The next call of that operation is refused."""

    def before(name):
        if name == operation:
            store.before = lambda _operation: None
            raise Unreachable("not now")

    store.before = before


def asked(both, ask):
    with both.world.job() as run, holding(run):
        return ask(run)


def asked_for(run):
    run_asked(run, ["Accounts"])


def retried(run):
    retry(run, waiting_records(run.state, "crm"))


def taken(winner):
    return lambda run: decide(run, open_conflicts(run.state, "crm"), winner)


LATER = {
    "the second pass": lambda both: None,
    "what was asked for": lambda both: asked(both, asked_for),
    "a retry": lambda both: asked(both, retried),
    "take-local": lambda both: asked(both, taken("local")),
    "take-external": lambda both: asked(both, taken("external")),
}


@pytest.fixture
def delta_or_not(make_both, nature):
    """Two systems, of which the external one tracks changes, or does not."""

    def make(delta, **named):
        both = make_both(nature=nature(delta=delta), **named)
        if delta:
            both.mapping.pop("version_number")
        return both

    return make


def clash(both, id_, name):
    """Have both sides change that name: a conflict waits for a person, and is looked at again."""
    both.external.edit("Accounts", id_, name="There")
    both.local.edit("account", both.is_here(name)["id"], name="Here")
    both.sync()


def many_are_gone(both):
    """Five deletions are withheld, after an approval of others; the names that must stay."""
    *ids, last = linked(both)
    clash(both, last, f"N{MANY - 1}")
    remove(both, ids[:15])
    both.sync()
    remove(both, ids[15:20])
    both.sync(approved=True)
    assert withheld(both) == set(ids[15:20])
    return {f"N{n}" for n in range(15, MANY - 1)}


def nothing_is_listed(both):
    """Three deletions are withheld since no external record is listed."""
    *ids, last = linked(both, 4)
    clash(both, last, "N3")
    remove(both, [*ids, last])
    both.sync()
    assert withheld(both) == set(ids)
    return {"N0", "N1", "N2"}


@pytest.mark.parametrize("later", LATER)
@pytest.mark.parametrize("gone", [many_are_gone, nothing_is_listed])
def test_withheld_deletions_are_not_carried_out_by(make_both, later, gone):
    both = make_both(on_conflict="review")
    both.here("Grace", accountnumber="x", city="much too long a city")
    stay = gone(both)
    waiting = withheld(both)
    LATER[later](both)
    assert stay <= set(both.names()[1])
    assert withheld(both) == waiting


@pytest.mark.parametrize("waits", [False, True])
def test_an_approval_covers_what_was_listed_before(make_both, waits):
    both = make_both(on_conflict="review")
    ids = linked(both)
    if waits:  # something has to be looked at again in the same run
        clash(both, ids[-1], f"N{MANY - 1}")
    remove(both, ids[:15])
    both.sync()
    assert withheld(both) == set(ids[:15])
    remove(both, ids[15:20])
    report = both.sync(approved=True)
    assert (report.status, len(both.names()[1])) == ("partial", 25)
    assert withheld(both) == set(ids[15:20])
    both.sync(approved=True)
    assert (len(both.names()[1]), withheld(both)) == (20, set())


def test_an_approval_does_not_widen_when_the_load_is_repeated(both):
    ids = linked(both)
    remove(both, ids[:15])
    both.sync()
    remove(both, ids[15:20])
    with both.world.job(approved=True) as run:
        planned = prepared(run)
        refused_once(both.local, "delete")
        with pytest.raises(Unreachable):
            steps.load(run, planned)
        loaded = steps.load(run, planned)
        assert (loaded["counts"]["deleted"], loaded["withheld"]) == (15, 5)
        assert steps.load(run, planned)["withheld"] == 5
    assert len(both.names()[1]) == 25
    assert withheld(both) == set(ids[15:20])


def test_an_approval_without_a_list_covers_what_the_run_finds(both):
    remove(both, linked(both)[:15])
    both.sync(approved=True)
    assert len(both.names()[1]) == 25
    both.assert_quiet()


@pytest.mark.parametrize("done", [0, 7])
@pytest.mark.parametrize("delta", [False, True])
def test_a_fault_in_an_approved_run_forgets_no_deletion(delta_or_not, delta, done):
    both = delta_or_not(delta)
    remove(both, linked(both)[:15])
    both.sync()
    both.local.before = lambda operation: (
        Cut(done, Unreachable("cut off"), (done,)) if operation == "delete" else None
    )
    assert both.sync(approved=True).status == "failed"
    both.local.before = lambda _operation: None
    both.sync()
    assert len(both.names()[1]) in (MANY - done, 25)  # what was approved may be finished
    both.sync(approved=True)
    assert both.names()[0] == both.names()[1]
    assert withheld(both) == set()
    both.assert_quiet()


@pytest.mark.parametrize("delta", [False, True])
def test_deletions_that_were_refused_wait_for_approval_again(delta_or_not, delta):
    both = delta_or_not(delta)
    ids = linked(both)
    remove(both, ids[:15])
    both.sync()
    refused_once(both.local, "delete")
    assert both.sync(approved=True).status == "failed"
    both.sync()
    assert (len(both.names()[1]), withheld(both)) == (MANY, set(ids[:15]))
    both.sync(approved=True)
    assert both.names()[0] == both.names()[1]
    both.assert_quiet()


@pytest.mark.parametrize("delta", [False, True])
def test_a_crash_in_an_approved_run_forgets_no_deletion(delta_or_not, fuse, tmp_path, delta):
    for calls in range(15, 90, 6):
        folder = tmp_path / f"crashed-{calls}"
        folder.mkdir()
        both = delta_or_not(delta, folder=folder)
        remove(both, linked(both)[:15])
        both.sync()
        both.world.sync_with(fuse(calls), approved=True)
        both.sync()
        both.sync(approved=True)
        assert both.names()[0] == both.names()[1], calls
        assert withheld(both) == set(), calls


@pytest.mark.parametrize("delta", [False, True])
def test_a_record_that_came_back_is_no_longer_listed(delta_or_not, delta):
    both = delta_or_not(delta)
    ids = linked(both)
    back = dict(both.external.records["Accounts"][(ids[0],)])
    remove(both, ids[:15])
    both.sync()
    both.external.save("Accounts", {**back, "city": "Oslo"})
    both.sync()
    assert withheld(both) == set(ids[1:15])
    assert both.is_here("N0")["city"] == "Oslo"
    both.sync(approved=True)
    assert both.names()[0] == both.names()[1]
    assert "N0" in both.names()[1]


@pytest.mark.parametrize("direction", ["bidirectional", "download_only"])
@pytest.mark.parametrize("approved", [False, True])
def test_replacing_refuses_while_an_external_record_cannot_be_read(make_both, direction, approved):
    both = make_both(first_sync="replace_local", direction=direction)
    unreadable = both.there("Ada", number="1")
    both.there("Bob", number="2")
    both.here("Ada here", accountnumber="1", city="Brno")
    both.external.records["Accounts"][(unreadable,)]["parent_ID"] = "no guid"
    before = both.writes()
    report = both.sync(approved=approved)
    assert report.status == "failed"
    assert "cannot be read" in report.entities[0].message
    assert both.writes() == before
    both.external.edit("Accounts", unreadable, parent_ID=None)
    both.sync(approved=True)
    assert both.names() == (["Ada", "Bob"], ["Ada", "Bob"])


@pytest.mark.parametrize("direction", ["bidirectional", "download_only"])
def test_an_import_before_it_does_not_cancel_replacing(make_both, direction):
    both = make_both(first_sync="replace_local", direction=direction)
    both.there("Ada", number="1")
    both.here("Demo", accountnumber="9")
    both.sync(kind="import")
    assert both.names() == (["Ada"], ["Ada", "Demo"])
    before = both.writes()
    report = both.sync()
    assert (report.status, both.writes()) == ("failed", before)
    assert "--yes" in report.entities[0].message
    both.sync(approved=True)
    assert both.names() == (["Ada"], ["Ada"])
    both.assert_quiet()


def test_a_retry_before_the_first_sync_does_not_cancel_replacing(make_both):
    both = make_both(first_sync="replace_local")
    both.there("Ada", number="1")
    long = both.there("a name that is much too long", number="2")
    both.here("Demo", accountnumber="9")
    both.sync(kind="import")
    both.external.edit("Accounts", long, name="short")
    asked(both, retried)
    assert (both.names()[0], "Demo" in both.names()[1]) == (["Ada", "short"], True)
    both.sync()
    assert (both.names()[0], "Demo" in both.names()[1]) == (["Ada", "short"], True)
    both.sync(approved=True)
    assert both.names() == (["Ada", "short"], ["Ada", "short"])
