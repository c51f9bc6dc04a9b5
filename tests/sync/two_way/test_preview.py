"""A preview is the plan of a run: by record, field by field, in both directions."""

import copy

import pytest

from tandem.sync.people.preview import preview_all

LONG = "a name that is much too long"


def previewed(both, limit=100, **request):
    """The plans of a run, by entity."""
    with both.world.job(**request) as run:
        return {plan.entity: plan for plan in preview_all(run, limit=limit)}


def ran(both, **request):
    """What a run counted, by entity and direction."""
    report = both.sync(**request)
    return {(e.entity, e.direction): e.counts for e in report.entities}


@pytest.fixture
def busy(both):
    """Both systems with something of everything to do."""
    both.with_contacts()
    both.mapping["on_conflict"] = "review"
    for name in ("Ada", "Bob", "Cy", "Di", "Eve"):
        both.there(name, number=name)
    both.sync()
    both.sync()
    for name in ("Ada", "Bob"):
        both.local.save("account", {**both.is_here(name), "name": f"{name} L"})
    both.external.save("Accounts", {**both.is_there("Ada"), "name": "Ada E"})
    both.external.save("Accounts", {**both.is_there("Cy"), "city": "Brno"})
    del both.external.records["Accounts"][(both.is_there("Di")["ID"],)]
    both.there(LONG, number="6")
    both.here("Hal", accountnumber="7")
    return both


def test_a_preview_counts_what_the_run_counts(busy):
    plans = previewed(busy)
    expected = {
        (entity, way): counts for entity, p in plans.items() for way, counts in p.counts.items()
    }
    assert ran(busy) == expected


def test_a_preview_writes_nothing(busy):
    before = copy.deepcopy((busy.external.records, busy.local.records))
    log = busy.state(lambda state: state.log_entries())
    previewed(busy)
    assert (busy.external.records, busy.local.records) == before
    assert busy.state(lambda state: state.log_entries()) == log


def test_each_record_says_what_is_written_where(busy):
    records = {r.external_id: r for r in previewed(busy)["Accounts"].records}
    bob = records[busy.is_there("Bob")["ID"]]
    assert (bob.action, bob.writes_to) == ("update", "external")
    change = bob.changes["external"]["name"]
    assert (change.before, change.after) == ("Bob", "Bob L")
    cy = records[busy.is_there("Cy")["ID"]]
    assert cy.changes["local"]["city"].after == "Brno"
    ada = records[busy.is_there("Ada E")["ID"]]
    assert (ada.action, ada.writes_to) == ("conflict", None)
    assert (ada.clashes["name"]["local"], ada.clashes["name"]["external"]) == ("Ada L", "Ada E")


def test_actions_take_turns_where_few_records_are_shown(busy):
    shown = previewed(busy, limit=5)["Accounts"].records
    assert {record.action for record in shown} == {
        "conflict",
        "reject",
        "delete",
        "update",
        "create",
    }


def test_a_lookup_of_a_record_that_will_be_new_there_is_shown_as_new(both):
    both.with_contacts()
    hal = both.here("Hal", accountnumber="7")
    both.here("Ida", "contact", code="i", accountid=hal)
    plans = previewed(both)
    (record,) = plans["Contacts"].records
    assert record.external_id is None
    assert record.changes["external"]["account_ID"].after == "(new)"
    assert plans["Contacts"].counts["upload"].created == 1
    assert plans["Contacts"].counts["upload"].deferred == 0


def test_a_record_that_refers_to_one_of_its_own_plan_needs_no_second_look(both):
    ada = both.there("Ada", number="1")
    both.there("Bob", number="2", parent_ID=ada)
    plan = previewed(both)["Accounts"]
    assert plan.counts["download"].deferred == 0
    (bob,) = [r for r in plan.records if r.changes["local"]["name"].after == "Bob"]
    assert bob.changes["local"]["parentid"].after


def test_a_lookup_by_another_field_meets_what_the_plan_creates(both):
    both.with_contacts()
    contacts = both.world.mappings[1]
    contacts["fields"][2] = {
        "external": "name",
        "local": "accountid",
        "lookup": {"entity": "Accounts", "field": "number"},
    }
    contacts["fields"][1] = {"external": "code", "local": "fullname"}
    del contacts["fields"][0]
    both.there("Ada", number="A-1")
    both.there("A-1", "Contacts", code="c")
    plan = previewed(both)["Contacts"]
    assert plan.counts["download"].deferred == 0
    assert plan.records[0].changes["local"]["accountid"].after


def test_what_a_first_sync_would_remove_is_shown_instead_of_refused(both):
    both.mapping["first_sync"] = "replace_local"
    both.there("Ada", number="1")
    hal = both.here("Hal", accountnumber="2", city="Brno")
    plan = previewed(both)["Accounts"]
    (removed,) = [r for r in plan.records if r.action == "delete"]
    assert (removed.local_id, removed.writes_to, removed.needs_approval) == (hal, "local", True)
    assert removed.changes["local"]["city"].before == "Brno"
    assert plan.withheld == 1


def test_deletions_that_would_be_withheld_are_not_counted_as_done(both):
    for n in range(12):
        both.there(f"n{n}", number=str(n))
    both.sync()
    both.external.records["Accounts"].clear()
    both.there("Ada", number="Ada")
    plan = previewed(both)["Accounts"]
    assert plan.withheld == 12
    assert plan.counts["download"].deleted == 0
    assert both.sync().counts_of("download") == plan.counts["download"]


def test_a_download_shows_what_the_local_record_was(both):
    both.mapping["direction"] = "download_only"
    both.there("Ada", number="1", city="Brno")
    both.sync()
    both.external.save("Accounts", {**both.is_there("Ada"), "city": "Praha"})
    (record,) = previewed(both)["Accounts"].records
    assert {n: (c.before, c.after) for n, c in record.changes["local"].items()} == {
        "city": ("Brno", "Praha")
    }
