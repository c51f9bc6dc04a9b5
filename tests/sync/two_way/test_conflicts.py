"""Conflicts that a person decides."""

import pytest

from tandem.errors import ConfigurationError, Unreachable
from tandem.sync.lease import holding
from tandem.sync.people.conflicts import decide, decide_fields, open_conflicts


def decided(both, winner, *ids):
    with both.world.job() as run, holding(run):
        return decide(run, open_conflicts(run.state, "crm", ids=ids), winner)[1]


def clash(both, *names):
    """Accounts whose name both sides changed, under `review`."""
    both.mapping["on_conflict"] = "review"
    for name in names:
        both.link(name)
    for name in names:
        both.external.save("Accounts", {**both.is_there(name), "name": f"{name} E"})
        both.local.save("account", {**both.is_here(name), "name": f"{name} L"})
    both.sync()


def test_one_of_several_is_decided(both):
    clash(both, "Ada", "Bob")
    (outcome,) = decided(both, "local", both.is_there("Ada E")["ID"])
    assert (outcome.settled, outcome.text) == (True, "external record updated")
    assert both.names() == (["Ada L", "Bob E"], ["Ada L", "Bob L"])
    assert len(both.state(lambda state: state.conflicts())) == 1


def test_a_conflict_is_found_by_the_id_of_either_side(both):
    clash(both, "Ada")
    (outcome,) = decided(both, "external", both.is_here("Ada L")["id"])
    assert outcome.settled
    assert both.names() == (["Ada E"], ["Ada E"])
    both.assert_quiet()


def test_the_deletion_of_the_winner_is_carried_out(both):
    both.mapping["on_conflict"] = "review"
    both.link("Bob")
    _, here = both.link("Ada")
    both.external.save("Accounts", {**both.is_there("Ada"), "name": "Ada E"})
    del both.local.records["account"][(here,)]
    both.sync()
    (outcome,) = decided(both, "local")
    assert (outcome.settled, outcome.text) == (True, "external record deleted")
    assert both.names() == (["Bob"], ["Bob"])


def test_a_decision_leaves_other_changes_to_the_next_run(both):
    clash(both, "Ada")
    both.link("Bob")
    both.external.save("Accounts", {**both.is_there("Bob"), "city": "Praha"})
    decided(both, "local")
    assert both.is_here("Bob")["city"] == "Brno"
    both.sync()
    assert both.is_here("Bob")["city"] == "Praha"


# Field by field


def clash_of_fields(both, **mapping):
    """An account whose name and city both sides changed, under `review`."""
    both.mapping.update({"on_conflict": "review", **mapping})
    ids = both.link("Ada")
    edit(both, "external", name="Ada E", city="Praha")
    edit(both, "local", name="Ada L", city="Oslo")
    both.sync()
    return ids


def edit(both, side, **values):
    """People change the only account on that side."""
    store, entity = (both.external, "Accounts") if side == "external" else (both.local, "account")
    (record,) = store.records[entity].values()
    store.edit(entity, record.get("ID") or record["id"], **values)


def seen(both):
    """The one conflict, as a person sees it."""
    (entry,) = both.state(lambda state: state.conflicts())
    return entry


def decided_by_field(both, entry, **winners):
    with both.world.job() as run, holding(run):
        return decide_fields(run, entry, winners)[1][0]


def held(both, *fields):
    """What both sides hold in these fields of the only account."""
    (there,), (here,) = (
        both.external.records["Accounts"].values(),
        both.local.records["account"].values(),
    )
    return tuple(there[name] for name in fields), tuple(here[name] for name in fields)


def test_each_field_has_its_own_winner(both):
    clash_of_fields(both)
    outcome = decided_by_field(both, seen(both), name="local", city="external")
    assert outcome.settled, outcome
    assert held(both, "name", "city") == (("Ada L", "Praha"),) * 2
    both.assert_quiet()
    (kept,) = both.state(lambda state: state.conflicts(status="decided"))
    assert (kept.decision, kept.fields["city"]["local"]) == ("both", "Oslo")
    assert both.state(lambda state: state.conflicts()) == []


@pytest.mark.parametrize(
    ("winners", "why"),
    [
        ({"name": "local"}, "city"),
        ({"name": "local", "city": "local", "phone": "local"}, "phone"),
        ({}, "city, name"),
    ],
)
def test_every_field_that_clashes_is_decided_and_no_other(both, winners, why):
    clash_of_fields(both)
    with pytest.raises(ConfigurationError, match=why):
        decided_by_field(both, seen(both), **winners)
    assert both.state(lambda state: state.rechecks("Accounts", "local"))["policy"].to_pylist() == [
        None
    ]


def test_a_conflict_with_a_deletion_is_not_decided_by_fields(both):
    both.mapping["on_conflict"] = "review"
    both.link("Bob")
    _, here = both.link("Ada")
    both.external.save("Accounts", {**both.is_there("Ada"), "name": "Ada E"})
    del both.local.records["account"][(here,)]
    both.sync()
    with pytest.raises(ConfigurationError, match="not about fields"):
        decided_by_field(both, seen(both), name="local")


@pytest.mark.parametrize("side", ["external", "local"])
def test_a_value_that_the_person_did_not_see_is_not_overwritten(both, side):
    clash_of_fields(both)
    entry = seen(both)
    edit(both, side, name="Ada 3")
    outcome = decided_by_field(both, entry, name="local", city="external")
    assert (outcome.settled, "still a conflict" in outcome.text) == (False, True)
    assert "look again, or let one side win the whole record" in outcome.text
    names = ("Ada 3", "Ada L") if side == "external" else ("Ada E", "Ada 3")
    assert held(both, "name", "city") == ((names[0], "Praha"), (names[1], "Oslo"))
    assert decided_by_field(both, seen(both), name=side, city=side).settled
    assert held(both, "name") == (("Ada 3",),) * 2
    both.assert_quiet()


@pytest.mark.parametrize("policy", ["review", "external_wins", "local_wins"])
def test_a_field_that_clashes_only_since_keeps_it_a_conflict(both, policy):
    clash_of_fields(both, primary_key=[])
    number = both.mapping["fields"][0]
    number["on_conflict"] = policy
    entry = seen(both)
    edit(both, "external", number="E")
    edit(both, "local", accountnumber="L")
    assert not decided_by_field(both, entry, name="local", city="external").settled
    assert held(both, "name") == (("Ada E",), ("Ada L",))
    assert both.external.records["Accounts"][(entry.external_id,)]["number"] == "E"
    assert both.is_here("Ada L")["accountnumber"] == "L"
    assert {*seen(both).fields} == {"name", "city", "accountnumber"}


def test_what_only_one_side_changed_since_travels_too(both):
    clash_of_fields(both, primary_key=[])
    entry = seen(both)
    edit(both, "external", number="E")
    assert decided_by_field(both, entry, name="local", city="external").settled
    assert both.is_here("Ada L")["accountnumber"] == "E"
    both.assert_quiet()


def test_a_field_that_both_sides_agree_on_by_now_needs_no_decision(both):
    clash_of_fields(both)
    entry = seen(both)
    edit(both, "external", name="Ada L")
    assert decided_by_field(both, entry, name="external", city="external").settled
    assert held(both, "name", "city") == (("Ada L", "Praha"),) * 2
    both.assert_quiet()


def test_a_decision_is_carried_out_later_where_a_system_was_not_there(both):
    clash_of_fields(both)
    entry = seen(both)

    def refused(_operation):
        raise Unreachable("not now")

    both.external.before = refused
    assert not decided_by_field(both, entry, name="local", city="external").settled
    both.external.before = lambda _operation: None
    both.sync()
    assert held(both, "name", "city") == (("Ada L", "Praha"),) * 2
    both.assert_quiet()


@pytest.mark.parametrize("once_more", [False, True])
def test_an_edit_while_it_is_written_is_not_lost(both, once_more):
    clash_of_fields(both)
    entry, edits = seen(both), ["Ada 3", "Ada 4"] if once_more else ["Ada 3"]

    def before(operation):
        if operation == "update" and edits:
            edit(both, "external", name=edits.pop(0))

    both.external.before = before
    assert not decided_by_field(both, entry, name="local", city="external").settled
    assert held(both, "name")[0] in (("Ada 3",), ("Ada 4",))
