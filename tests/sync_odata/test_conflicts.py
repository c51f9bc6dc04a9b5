"""Both sides changed the same record, or it changes while it is written."""

import json

import httpx
import pytest


def the_one(records):
    """The only record."""
    (record,) = records.values()
    return record


@pytest.fixture
def town(make_town, sqlite):
    """Two accounts that both sides have."""
    town = make_town(sqlite)
    for number in "12":
        town.service.create("Accounts", accountNumber=number, name="before")
    town.sync()
    return town


def first(town):
    """ID there and id here of the account with number 1."""
    there = {r["accountNumber"]: key for key, r in town.service.records("Accounts").items()}
    here = {r["number"]: id_ for id_, r in town.local.rows("account").items()}
    return there["1"], here["1"]


def names(town, there, here):
    return (
        town.service.records("Accounts")[there]["name"],
        town.local.rows("account")[here]["name"],
    )


@pytest.mark.parametrize(
    ("policy", "name"), [("external_wins", "there"), ("local_wins", "here"), ("review", None)]
)
def test_policy_decides_where_both_changed_the_same_field(town, counted, policy, name):
    there, here = first(town)
    town.settings = {"on_conflict": policy}
    town.service.change("Accounts", there, name="there")
    town.local.change("account", here, name="here")
    town.sync()
    assert names(town, there, here) == ((name, name) if name else ("there", "here"))
    conflict = town.state("conflict")[-1]
    assert conflict["status"] == ("decided" if name else "open")
    assert json.loads(conflict["fields"])["name"] == {
        "base": "before",
        "external": "there",
        "local": "here",
        "winner": {"there": "external", "here": "local"}.get(name),
    }
    if name:
        assert counted(town.sync()) == {}


def test_what_is_reviewed_waits_and_a_decision_ends_it(town):
    there, here = first(town)
    town.settings = {"on_conflict": "review"}
    town.service.change("Accounts", there, name="there")
    town.local.change("account", here, name="here")
    assert town.sync().status == "partial"
    town.sync()
    assert names(town, there, here) == ("there", "here")
    with town.job() as run, run.state.account("Accounts") as account:
        ids = run.state.links("Accounts", "external", _ids(there))["external_id"].combine_chunks()
        account.recheck("external", ids, reason="decided", at=run.now(), policy="local_wins")
    assert town.sync().status == "success"
    assert names(town, there, here) == ("here", "here")
    assert town.state("conflict", status="open") == []


def _ids(*texts):
    import pyarrow as pa

    return pa.array(texts, pa.string())


@pytest.mark.parametrize("policy", ["external_wins", "local_wins"])
def test_record_that_changes_between_plan_and_write_is_planned_again(town, policy):
    """The service answers 412; both edits are kept, as they are of different fields."""
    there, here = first(town)
    town.settings = {"on_conflict": policy}
    town.local.change("account", here, name="here")
    town.wire.before = once(lambda: town.service.change("Accounts", there, employees=7))
    assert town.sync().status == "success"
    record, row = town.service.records("Accounts")[there], town.local.rows("account")[here]
    assert (record["name"], record["employees"]) == ("here", 7) == (row["name"], row["employees"])


def test_same_field_that_changes_between_plan_and_write_is_a_conflict(town, counted):
    there, here = first(town)
    town.local.change("account", here, name="here")
    town.wire.before = once(lambda: town.service.change("Accounts", there, name="there"))
    town.sync()
    assert names(town, there, here) == ("there", "there")
    assert counted(town.sync()) == {}


def test_record_that_never_holds_still_is_left_to_the_next_run(town):
    there, here = first(town)
    town.local.change("account", here, name="here")
    numbers = iter(range(1, 10))
    town.wire.before = always(
        lambda: town.service.change("Accounts", there, employees=next(numbers))
    )
    assert town.sync().status == "partial"
    assert {c["kind"] for c in town.state("conflict", status="open")} == {"changed"}
    town.wire.before = lambda _: None
    assert town.sync().status == "success"
    record, row = town.service.records("Accounts")[there], town.local.rows("account")[here]
    assert (record["name"], row["name"]) == ("here", "here")
    assert record["employees"] == row["employees"]
    assert town.state("conflict", status="open") == []


def test_record_that_is_deleted_between_plan_and_write_is_a_conflict(town):
    there, here = first(town)
    town.local.change("account", here, name="here")
    town.wire.before = once(lambda: town.service.delete("Accounts", there))
    town.sync()
    town.sync()
    assert town.local.rows("account")[here]["name"] == "here"
    assert [c["kind"] for c in town.state("conflict", status="open")] == ["deleted"]


@pytest.mark.parametrize("policy", ["external_wins", "local_wins", "review"])
def test_edit_there_of_what_was_deleted_here(town, policy):
    there, here = first(town)
    town.settings = {"on_conflict": policy}
    town.local.delete("account", here)
    town.service.change("Accounts", there, name="there")
    town.sync()
    assert there in town.service.records("Accounts")
    restored = [r for r in town.local.rows("account").values() if r["number"] == "1"]
    assert [row["name"] for row in restored] == (["there"] if policy == "external_wins" else [])


@pytest.mark.parametrize("policy", ["external_wins", "local_wins", "review"])
def test_edit_here_of_what_was_deleted_there(town, counted, policy):
    there, here = first(town)
    town.settings = {"on_conflict": policy}
    town.service.delete("Accounts", there)
    town.local.change("account", here, name="here")
    town.sync()
    assert town.local.rows("account")[here]["name"] == "here"
    found = [r for r in town.service.records("Accounts").values() if r["accountNumber"] == "1"]
    assert [r["name"] for r in found] == (["here"] if policy == "local_wins" else [])
    if policy == "local_wins":
        assert counted(town.sync()) == {}
        assert len(town.local.rows("account")) == 2


def test_record_that_was_made_again_under_its_number_is_the_same_one(town, counted):
    there, here = first(town)
    town.service.delete("Accounts", there)
    town.service.create("Accounts", accountNumber="1", name="again")
    town.sync()
    assert town.local.rows("account")[here]["name"] == "again"
    assert len(town.local.rows("account")) == 2
    assert counted(town.sync()) == {}


def test_same_record_made_on_both_sides_is_one(town, counted):
    town.service.create("Accounts", accountNumber="3", name="both", employees=5)
    id_ = town.local.create("account", number="3", name="both", city="Brno")
    town.sync()
    (record,) = [r for r in town.service.records("Accounts").values() if r["accountNumber"] == "3"]
    row = town.local.rows("account")[id_]
    assert (record["address"]["city"], row["employees"]) == ("Brno", 5)
    assert len(town.local.rows("account")) == len(town.service.records("Accounts")) == 3
    assert counted(town.sync()) == {}


def test_two_records_with_one_number_are_linked_to_nobody(town):
    for _ in range(2):
        town.service.create("Accounts", accountNumber="3", name="twin")
    town.local.create("account", number="3", name="whose")
    report = town.sync()
    assert report.status == "partial"
    assert len(town.service.records("Accounts")) == 4
    assert len(town.local.rows("account")) == 3


def test_value_that_the_service_makes_something_else_of_comes_back(town, counted):
    there, here = first(town)
    town.wire.before = _shouted
    town.local.change("account", here, name="here")
    town.sync()
    town.wire.before = lambda _: None
    assert names(town, there, here) == ("HERE", "HERE")
    assert counted(town.sync()) == {}


def _shouted(request):
    """What a service that keeps names in capitals would do with it."""
    if request.method == "PATCH":
        request.stream = httpx.ByteStream(request.content.replace(b'"here"', b'"HERE"'))
        request.headers["content-length"] = str(len(request.content))


def test_outage_after_the_uploads_leaves_nothing_twice(town, counted):
    town.local.create("account", number="3", name="new")
    town.wire.after = once_after(httpx.ReadError("cut"))
    town.sync()
    assert counted(town.sync()) == {}
    assert len(town.service.records("Accounts")) == 3


def once(act):
    left = [act]

    def disturb(request):
        if is_write(request) and left:
            left.pop()()

    return disturb


def always(act):
    return lambda request: act() if is_write(request) else None


def once_after(error):
    left = [error]
    return lambda request: left.pop() if is_write(request) and left else None


def is_write(request):
    reads = b'"method":"GET"' in request.content or b"\r\nGET " in request.content
    return request.method != "GET" and not reads
