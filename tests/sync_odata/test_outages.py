"""Runs that die, and services that do not answer, between a write and its account."""

import httpx
import pytest


class Crash(BaseException):
    """The process dies: nothing of ours may catch it."""


@pytest.fixture
def town(make_town, sqlite):
    """Two accounts that both sides have."""
    town = make_town(sqlite)
    for number in "12":
        town.service.create("Accounts", accountNumber=number, name="before")
    town.sync()
    return town


def dies_after_writing(town):
    """A sync whose process dies when the service has done what it was asked."""
    town.wire.after = lambda request: Crash() if is_write(request) else None
    with pytest.raises(Crash):
        town.sync()
    town.wire.after = lambda _: None


def is_write(request):
    reads = b'"method":"GET"' in request.content or b"\r\nGET " in request.content
    return request.method != "GET" and not reads


def by_number(town):
    there = {r["accountNumber"]: r for r in town.service.records("Accounts").values()}
    here = {r["number"]: r for r in town.local.rows("account").values()}
    return there, here


def test_create_whose_answer_was_lost_is_not_repeated(town, counted):
    town.local.create("account", number="3", name="new")
    dies_after_writing(town)
    assert town.sync().status == "success"
    there, here = by_number(town)
    assert set(there) == set(here) == {"1", "2", "3"}
    assert len(town.service.records("Accounts")) == 3
    assert town.state("transaction", status="sent") == []
    assert counted(town.sync()) == {}


def test_edit_after_a_create_whose_answer_was_lost_is_an_edit(town):
    """What stands there is what we sent ourselves: it does not win over what people write."""
    id_ = town.local.create("account", number="3", name="new", revenue="0.1", since="2024-02-29")
    dies_after_writing(town)
    town.local.change("account", id_, name="edited", revenue="0.2", since="2024-03-01")
    town.sync()
    there, here = by_number(town)
    assert (there["3"]["name"], here["3"]["name"]) == ("edited", "edited")
    assert (there["3"]["revenue"], there["3"]["customerSince"]) == ("0.200000", "2024-03-01")
    assert town.state("conflict") == []


def test_edit_after_an_update_whose_answer_was_lost_is_an_edit(town):
    id_ = by_number(town)[1]["1"]["id"]
    town.local.change("account", id_, name="first")
    dies_after_writing(town)
    town.local.change("account", id_, name="second")
    town.sync()
    there, here = by_number(town)
    assert (there["1"]["name"], here["1"]["name"]) == ("second", "second")
    assert town.state("conflict") == []
    assert town.state("transaction", status="sent") == []


def test_edit_there_after_an_update_whose_answer_was_lost_still_clashes(town):
    there, here = by_number(town)
    town.local.change("account", here["1"]["id"], name="first")
    dies_after_writing(town)
    town.local.change("account", here["1"]["id"], name="second")
    town.service.change("Accounts", there["1"]["ID"], name="theirs")
    town.sync()
    there, here = by_number(town)
    assert (there["1"]["name"], here["1"]["name"]) == ("theirs", "theirs")
    assert [c["decision"] for c in town.state("conflict", status="decided")] == ["external"]


def test_deletion_whose_answer_was_lost_is_done(town, counted):
    town.local.delete("account", by_number(town)[1]["1"]["id"])
    dies_after_writing(town)
    assert town.sync().status == "success"
    assert [set(side) for side in by_number(town)] == [{"2"}, {"2"}]
    assert town.state("transaction", status="sent") == []
    assert counted(town.sync()) == {}


def test_record_that_is_withdrawn_after_its_create_was_lost_comes_back_from_there(town):
    """The service has it, and nobody there knows that it was withdrawn here."""
    id_ = town.local.create("account", number="3", name="new")
    dies_after_writing(town)
    town.local.delete("account", id_)
    town.sync()
    town.sync()
    there, here = by_number(town)
    assert set(there) == set(here) == {"1", "2", "3"}
    assert town.state("transaction", status="sent") == []


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_service_that_refuses_for_a_while_is_asked_again(town, status, counted):
    town.local.create("account", number="3", name="new")
    answers = [httpx.Response(status, headers={"retry-after": "1"}) for _ in range(2)]
    town.wire.before = lambda request: answers.pop() if is_write(request) and answers else None
    while answers:
        town.sync()
    town.sync()
    assert "3" in by_number(town)[0]
    assert counted(town.sync()) == {}


@pytest.mark.parametrize("when", ["before", "after"])
def test_connection_that_is_cut_in_every_write_leaves_all_to_the_next_run(town, when, counted):
    town.local.create("account", number="3", name="new")
    town.local.change("account", by_number(town)[1]["1"]["id"], name="edited")
    disturb = lambda request: httpx.ReadError("cut") if is_write(request) else None  # noqa: E731
    setattr(town.wire, when, disturb)
    town.sync()
    setattr(town.wire, when, lambda _: None)
    assert town.sync().status == "success"
    there, here = by_number(town)
    assert there["1"]["name"] == here["1"]["name"] == "edited"
    assert set(there) == set(here) == {"1", "2", "3"}
    assert counted(town.sync()) == {}


def test_service_that_breaks_every_time_stops_the_run_and_loses_nothing(town):
    town.local.create("account", number="3", name="new")
    town.wire.before = lambda request: httpx.Response(500) if is_write(request) else None
    for _ in range(2):
        report = town.sync()
        assert (report.status, report.may_pass) == ("failed", True)
    town.wire.before = lambda _: None
    assert town.sync().status == "success"
    assert set(by_number(town)[0]) == {"1", "2", "3"}
