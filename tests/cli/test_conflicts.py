"""`tandem conflicts`: listed field by field, and decided."""

import pytest


@pytest.fixture
def account(systems) -> str:
    """The id of an external account whose name both sides changed."""
    id_ = systems.there("Ada", number="1")
    systems.ok("sync", "crm")
    systems.edit_here("Ada", name="Ada L")
    systems.edit_there("Ada", name="Ada E")
    systems.exits(1, "sync", "crm")
    return id_


def test_the_list_has_all_three_values(systems, account):
    (entry,) = systems.json("conflicts", "crm", code=1)
    assert entry["external_id"] == account
    values = entry["fields"]["name"]
    assert (values["base"], values["local"], values["external"]) == ("Ada", "Ada L", "Ada E")
    shown = systems.exits(1, "conflicts", "crm")
    assert "both sides changed the same field" in shown


@pytest.mark.parametrize(
    ("action", "winner", "written"),
    [("take-local", "Ada L", "external"), ("take-external", "Ada E", "local")],
)
def test_a_person_decides(systems, account, action, winner, written):
    assert f"{written} record updated" in systems.ok("conflicts", "crm", action)
    assert systems.is_here(winner)
    assert systems.is_there(winner)
    assert systems.ok("conflicts", "crm") == "No conflict waits."
    assert "UPDATED (0)" in systems.ok("sync", "crm")


def test_a_decision_is_about_what_both_sides_hold_by_then(systems, account):
    systems.edit_there("Ada E", name="Ada E2")
    systems.ok("conflicts", "crm", "take-external", "--id", account)
    assert systems.is_here("Ada E2")


@pytest.mark.parametrize(("action", "left"), [("take-local", 1), ("take-external", 0)])
def test_an_edit_that_meets_a_deletion_there_is_decided(systems, action, left):
    systems.there("Ada", number="1")
    systems.there("Bob", number="2")
    systems.ok("sync", "crm")
    systems.edit_here("Ada", name="Ada L")
    del systems.external.records["Accounts"][(systems.is_there("Ada")["ID"],)]
    systems.exits(1, "sync", "crm")
    systems.ok("conflicts", "crm", action)
    for records in (systems.external.records["Accounts"], systems.local.records["account"]):
        assert [r["name"] for r in records.values()].count("Ada L") == left


def test_an_id_without_conflict_is_wrong_usage(systems, account):
    shown = systems.exits(2, "conflicts", "crm", "take-local", "--id", "nosuch")
    assert "nosuch is not among the conflicts" in shown


def test_nothing_to_decide_is_said(systems):
    systems.ok("sync", "crm")
    assert systems.ok("conflicts", "crm", "take-local") == "No conflict waits."
