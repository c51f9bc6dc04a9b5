"""Conflicts that a person decides."""

from tandem.sync.lease import holding
from tandem.sync.people.conflicts import decide, open_conflicts


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
