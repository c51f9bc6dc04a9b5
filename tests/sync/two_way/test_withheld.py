"""Deletions that were withheld: what a person sees of them, and exactly those that are approved."""

import pytest
from sqlalchemy import create_engine, text

from tandem.connectors.memory import Cut
from tandem.errors import Unreachable
from tandem.sync.lease import holding
from tandem.sync.people.deletions import approve, withheld

MANY = 40
"""So many linked accounts that 12 deletions are more than a tenth."""
SIDES = ("external", "local")


def gone(both, count=12, *, on="external"):
    """Linked accounts N0, N1 and so on, of which so many were removed on a side: their deletions
    on the other are withheld.
    """
    for n in range(MANY):
        if both.mapping["direction"] == "upload_only":
            both.here(f"N{n}", accountnumber=str(n), city="Brno")
        else:
            both.there(f"N{n}", number=str(n), city="Brno")
    both.sync()
    remove(both, [f"N{n}" for n in range(count)], on=on)
    both.sync()


def remove(both, names, *, on="external"):
    for name in names:
        if on == "external":
            both.external.remove("Accounts", both.is_there(name)["ID"])
        else:
            both.local.remove("account", both.is_here(name)["id"])


def seen(both, *names):
    """The withheld deletions as a person sees them, of records of these names (none: all)."""
    found = both.state(withheld)
    return [one for one in found if not names or one.record["name"] in names]


def approved(both, chosen):
    with both.world.job(only_waiting=True) as run, holding(run):
        return approve(run, chosen)[1]


def held(both, on):
    """The names that are held on the side where deletions were withheld."""
    return set(both.names()[1 if on == "external" else 0])


def some(*numbers):
    return {f"N{n}" for n in numbers}


@pytest.mark.parametrize("on", SIDES)
def test_a_person_sees_what_would_be_deleted(both, on):
    gone(both, on=on)
    found = seen(both)
    assert len(found) == 12
    assert {one.record["name"] for one in found} == some(*range(12))
    one = found[0]
    assert (one.entity, one.side) == ("Accounts", "local" if on == "external" else "external")
    assert one.record["city"] == "Brno"
    assert one.external_id
    assert one.local_id
    assert [one.id for one in found] == sorted((one.id for one in found), reverse=True)


def test_they_are_listed_by_entity_and_as_many_as_asked_for(both):
    gone(both)
    assert both.state(lambda state: withheld(state, ["Contacts"])) == []
    assert len(both.state(lambda state: withheld(state, ["Contacts", "Accounts"]))) == 12
    assert both.state(lambda state: withheld(state, limit=3)) == seen(both)[:3]


@pytest.mark.parametrize(
    ("on", "direction"),
    [
        ("external", "bidirectional"),
        ("external", "download_only"),
        ("local", "bidirectional"),
        ("local", "upload_only"),
    ],
)
def test_exactly_what_was_approved_is_deleted(make_both, on, direction):
    both = make_both(direction=direction)
    gone(both, on=on)
    outcomes = approved(both, seen(both, "N3", "N5"))
    side = "local" if on == "external" else "external"
    assert {(one.settled, one.text) for one in outcomes} == {(True, f"{side} record deleted")}
    assert held(both, on) == some(*range(MANY)) - some(3, 5)
    assert {one.record["name"] for one in seen(both)} == some(*range(12)) - some(3, 5)
    both.sync()
    assert held(both, on) == some(*range(MANY)) - some(3, 5)
    approved(both, seen(both))
    assert held(both, on) == some(*range(12, MANY))
    both.assert_quiet()


def test_what_was_removed_since_is_not_approved_with_it(both):
    gone(both)
    chosen = seen(both)
    remove(both, ["N20"])
    both.external.edit("Accounts", both.is_there("N21")["ID"], city="Praha")
    approved(both, chosen)
    assert held(both, "external") == some(*range(12, MANY))
    assert both.is_here("N21")["city"] == "Brno"  # left to the next run
    both.sync()
    assert held(both, "external") == some(*range(12, MANY)) - some(20)


@pytest.mark.parametrize("policy", ["review", "local_wins", "external_wins"])
def test_an_edit_since_keeps_the_record_of_a_two_way_mapping(make_both, policy):
    both = make_both(on_conflict=policy)
    gone(both)
    chosen = seen(both, "N3", "N4")
    both.local.edit("account", both.is_here("N3")["id"], city="Praha")
    outcomes = {one.local_id: one for one in approved(both, chosen)}
    kept = outcomes[both.is_here("N3")["id"]]
    assert kept.text.startswith("not deleted: ")
    assert kept.settled == (policy == "local_wins")
    assert held(both, "external") == some(*range(MANY)) - some(4)
    assert len(seen(both)) == 10


def test_an_edit_since_keeps_a_downloaded_record_until_it_was_seen(make_both):
    both = make_both(direction="download_only")
    gone(both)
    chosen = seen(both, "N3")
    both.local.edit("account", both.is_here("N3")["id"], city="Praha")
    (outcome,) = approved(both, chosen)
    assert not outcome.settled
    assert "withheld anew" in outcome.text
    assert "N3" in held(both, "external")
    (now,) = seen(both, "N3")
    assert now.record["city"] == "Praha"
    assert now.id != chosen[0].id
    assert not approved(both, chosen)[0].settled  # it is not what that person saw
    assert "N3" in held(both, "external")
    assert approved(both, [now])[0].settled
    assert "N3" not in held(both, "external")


def test_an_edit_while_it_is_deleted_keeps_a_downloaded_record(make_both):
    both = make_both(direction="download_only")
    gone(both)
    here = both.is_here("N3")["id"]

    def before(operation):
        if operation == "delete":
            both.local.before = lambda _operation: None
            both.local.edit("account", here, city="Praha")

    both.local.before = before
    (outcome,) = approved(both, seen(both, "N3"))
    assert not outcome.settled
    assert "N3" in held(both, "external")
    assert seen(both, "N3")[0].record["city"] == "Praha"


def test_a_record_that_came_back_is_kept(both):
    gone(both)
    both_ids = [one for one in seen(both) if one.record["name"] == "N3"]
    back = {"ID": both_ids[0].external_id, "name": "N3", "number": "3", "city": "Brno"}
    both.external.save("Accounts", {**both.is_there("N20"), **back})
    (outcome,) = approved(both, both_ids)
    assert (outcome.settled, outcome.text.startswith("not deleted")) == (True, True)
    assert "N3" in held(both, "external")
    assert seen(both, "N3") == []
    assert len(seen(both)) == 11
    both.sync()
    assert both.names()[0] == sorted({*both.names()[1]} - some(*range(12)) | {"N3"})


def test_what_waits_no_longer_is_not_deleted(both):
    gone(both)
    chosen = seen(both, "N3")
    approved(both, chosen)
    again = both.writes()
    (outcome,) = approved(both, chosen)
    assert (outcome.settled, outcome.text.startswith("not deleted")) == (True, True)
    assert both.writes() == again


@pytest.mark.parametrize("done", [0, 4])
def test_a_fault_forgets_no_deletion(both, done):
    gone(both)
    both.local.before = lambda operation: (
        Cut(done, Unreachable("cut off"), (done,)) if operation == "delete" else None
    )
    outcomes = approved(both, seen(both))
    assert not all(one.settled for one in outcomes)
    both.local.before = lambda _operation: None
    both.sync()
    both.sync(approved=True)
    assert both.names()[0] == both.names()[1]
    assert seen(both) == []
    both.assert_quiet()


def test_an_unreachable_system_leaves_everything_waiting(both):
    gone(both)

    def refused(_operation):
        raise Unreachable("not now")

    chosen = seen(both, "N3")
    both.external.before = refused
    (outcome,) = approved(both, chosen)
    assert (outcome.settled, outcome.text.startswith("not finished")) == (False, True)
    both.external.before = lambda _operation: None
    assert seen(both, "N3") == chosen
    assert approved(both, chosen)[0].settled


def test_what_an_older_version_withheld_is_shown_before_it_is_deleted(both):
    gone(both)
    engine = create_engine(f"sqlite:///{both.world.folder}/state.db")
    with engine.begin() as connection:
        connection.execute(text("UPDATE integration_transaction SET request = NULL"))
    engine.dispose()
    chosen = both.state(withheld)
    assert {one.record for one in chosen} == {None}
    assert not any(one.settled for one in approved(both, chosen))
    assert held(both, "external") == some(*range(MANY))
    assert all(one.settled for one in approved(both, seen(both)))
    assert held(both, "external") == some(*range(12, MANY))


def test_deletions_of_several_entities_are_approved_together(both):
    both.with_contacts()
    for n in range(MANY):
        both.there(f"C{n}", "Contacts", code=str(n))
    gone(both)
    for n in range(12):
        both.external.remove("Contacts", both.is_there(f"C{n}", "Contacts")["ID"])
    both.sync()
    found = both.state(withheld)
    assert len(found) == 24
    names = [one.record.get("name") or one.record.get("fullname") for one in found]
    chosen = [one for one, name in zip(found, names, strict=True) if name in ("N3", "C3")]
    assert len(chosen) == 2
    assert all(one.settled for one in approved(both, chosen))
    assert len(both.state(withheld)) == 22


FILTERS = {"external": "download_filter", "local": "upload_filter"}


@pytest.mark.parametrize("on", SIDES)
@pytest.mark.parametrize("deletes", ["propagate", "ignore"])
def test_what_left_the_filter_is_deleted_once_it_is_approved(make_both, on, deletes):
    brno = {"field": "city", "operator": "eq", "value": "Brno"}
    both = make_both(filter_exit="delete", deletes=deletes, **{FILTERS[on]: brno})
    gone(both, 0)
    store, entity, find = {
        "external": (both.external, "Accounts", lambda name: both.is_there(name)["ID"]),
        "local": (both.local, "account", lambda name: both.is_here(name)["id"]),
    }[on]
    for n in range(12):
        store.edit(entity, find(f"N{n}"), city="Praha")
    both.sync()
    assert len(seen(both)) == 12
    assert all(one.settled for one in approved(both, seen(both, "N3", "N5")))
    assert held(both, on) == some(*range(MANY)) - some(3, 5)
    assert len(seen(both)) == 10
    both.sync()
    assert held(both, on) == some(*range(MANY)) - some(3, 5)
    assert len(seen(both)) == 10


def test_what_is_withheld_again_unchanged_is_still_what_was_seen(both):
    gone(both)
    chosen = seen(both)
    both.sync()
    assert {one.id for one in seen(both)} == {one.id for one in chosen}
    assert {one.run_id for one in seen(both)} != {one.run_id for one in chosen}
    assert all(one.settled for one in approved(both, chosen))
    assert held(both, "external") == some(*range(12, MANY))


def test_no_deletion_takes_the_place_of_another_that_a_person_saw(make_both):
    both = make_both(direction="download_only")
    gone(both)
    chosen = seen(both)
    for one in chosen:
        both.local.edit("account", one.local_id, city="Praha")
    both.sync()
    now = seen(both)
    assert {one.local_id for one in now} == {one.local_id for one in chosen}
    assert {one.id for one in now}.isdisjoint(one.id for one in chosen)
    assert not any(one.settled for one in approved(both, chosen))
    assert held(both, "external") == some(*range(MANY))
