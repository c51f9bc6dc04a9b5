"""`tandem rejected`: listed, tried again, put away."""

import pytest

LONG = "a name that is much too long for it"


@pytest.fixture
def rejected_id(systems) -> str:
    """The id of an external account that does not fit."""
    id_ = systems.there(LONG, number="1")
    systems.exits(1, "sync", "crm")
    return id_


def test_the_list_says_why_where_and_since_when(systems, rejected_id):
    shown = systems.exits(1, "rejected", "crm")
    assert f"Accounts {rejected_id} (external) field 'name': longer than 20" in shown
    assert "1 attempt, since 20" in shown
    (entry,) = systems.json("rejected", "crm", code=1)
    assert (entry["side"], entry["attempts"], entry["error_class"]) == ("external", 1, "record")


def test_a_retry_without_a_change_says_that_it_still_waits(systems, rejected_id):
    shown = systems.exits(1, "rejected", "crm", "retry")
    assert f"{rejected_id}: still rejected: field 'name': longer than 20" in shown
    assert systems.json("rejected", "crm", code=1)


def test_a_retry_reads_the_record_anew(systems, rejected_id):
    systems.edit_there(LONG, name="short")
    assert f"{rejected_id}: local record created" in systems.ok("rejected", "crm", "retry")
    assert systems.is_here("short")
    assert systems.ok("rejected", "crm") == "No rejected record waits."


def test_one_of_several_is_retried(systems, rejected_id):
    systems.there(f"{LONG} too", number="2")
    systems.exits(1, "sync", "crm")
    systems.edit_there(LONG, name="short")
    systems.edit_there(f"{LONG} too", name="shorter")
    answer = systems.json("rejected", "crm", "retry", "--id", rejected_id)
    assert [record["settled"] for record in answer["records"]] == [True]
    assert len(systems.local.records["account"]) == 1


def test_an_id_that_is_not_rejected_is_wrong_usage(systems, rejected_id):
    shown = systems.exits(2, "rejected", "crm", "retry", "--id", "nosuch")
    assert "nosuch is not among the rejected records" in shown


def test_what_is_archived_waits_no_longer(systems, rejected_id):
    assert systems.ok("rejected", "crm", "archive", "--id", rejected_id) == "Archived: 1"
    assert systems.ok("rejected", "crm") == "No rejected record waits."


def test_nothing_to_retry_is_said(systems):
    systems.ok("sync", "crm")
    assert systems.ok("rejected", "crm", "retry") == "No rejected record waits."
