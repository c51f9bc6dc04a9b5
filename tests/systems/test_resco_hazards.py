"""What goes wrong between an organization of Resco Cloud and a database: nothing is lost by it."""

import re
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from tests.systems.office import Office, counted
from tests.systems.resco_cloud import ACCOUNTS, Resco, is_write

from tandem.connectors.odata.connector import ODataConnector
from tandem.errors import AuthenticationError, TandemError
from tandem.model.connection import Connection

MANY = 1_050
"""More than a page has."""


@pytest.fixture
def resco(tmp_path: Path) -> Resco:
    return Resco(tmp_path)


@pytest.fixture
def office(resco: Resco, tmp_path: Path) -> Office:
    """Ten accounts that are in step."""
    resco.create_all("account", ({"name": f"A{n}"} for n in range(10)))
    office = resco.office(tmp_path, {**ACCOUNTS, "fields": ACCOUNTS["fields"][:3]})
    assert counted(office.sync()) == {"account download": {"created": 10}}
    office.sync()
    return office


def in_step(office: Office, resco: Resco) -> None:
    """One more sync writes nothing, and both sides agree."""
    resco.wire.asked.clear()
    assert counted(office.sync()) == {}
    assert counted(office.sync(mode="full")) == {}
    assert not resco.wire.writes
    there = {k: (r["name"], r["address1_city"]) for k, r in resco.rows("account").items()}
    here = {k: (r["name"], r["city"]) for k, r in office.local.rows("account").items()}
    assert there == here


def new_here(office: Office, count: int) -> list[str]:
    """The ids of new accounts in the database, made by one statement."""
    ids = [str(uuid4()) for _ in range(count)]
    rows = ", ".join(f"('{id_}', 'New {n}')" for n, id_ in enumerate(ids))
    office.local.run(f"INSERT INTO account (id, name) VALUES {rows}")
    return ids


def key_of(resco: Resco, name: str) -> str:
    return next(key for key, row in resco.rows("account").items() if row["name"] == name)


def during_a_late_commit(office: Office, resco: Resco) -> str:
    """A city whose transaction took its version before that of another, and ended after a sync."""
    late, other = key_of(resco, "A1"), key_of(resco, "A2")
    with resco.held("account", late, address1_city="Late") as version:
        resco.change("account", other, address1_city="Meanwhile")
        assert resco.rows("account")[other]["versionnumber"] > version
        assert counted(office.sync()) == {"account download": {"updated": 1}}
        office.sync()
    return late


def test_what_is_committed_late_is_not_missed(office: Office, resco: Resco) -> None:
    late = during_a_late_commit(office, resco)
    assert counted(office.sync()) == {"account download": {"updated": 1}}
    assert office.local.rows("account")[late]["city"] == "Late"
    in_step(office, resco)


def test_a_record_that_is_committed_late_is_not_missed(office: Office, resco: Resco) -> None:
    with resco.held("account", name="Late"):
        resco.create("account", name="Meanwhile")
        office.sync()
        office.sync()
    assert counted(office.sync()) == {"account download": {"created": 1}}
    in_step(office, resco)


def test_a_service_that_does_not_tell_what_is_under_way_is_read_again(
    office: Office, resco: Resco
) -> None:
    def untold(request: httpx.Request) -> httpx.Response | None:
        if not request.url.path.endswith("/rest/v1/data"):
            return None
        answer = resco.wire.there.handle_request(request)
        body = re.sub(rb"MinActiveRowVersion", b"Unheard", answer.read())
        return httpx.Response(answer.status_code, content=body)

    resco.wire.before = untold
    late = during_a_late_commit(office, resco)
    assert counted(office.sync()) == {"account download": {"updated": 1}}
    assert office.local.rows("account")[late]["city"] == "Late"
    in_step(office, resco)


def test_who_looks_at_the_greatest_version_only_misses_what_is_committed_late(
    office: Office, resco: Resco
) -> None:
    """What the ceiling is for: the plain connector for OData knows none."""
    login = {"login": "sync", "password": "sync", "extra": {"auth": "basic"}}
    host = f"{resco.host}/odata/v4/"
    office.connection = Connection(id="there", conn_type="odata", host=host, **login)
    office.connect = lambda c: ODataConnector(c, transport=resco.wire)
    office.mappings[0] |= {"version_number": "versionnumber"}
    office.sync(mode="full")
    late = during_a_late_commit(office, resco)
    assert counted(office.sync()) == {}
    assert office.local.rows("account")[late]["city"] is None
    assert counted(office.sync(mode="full")) == {"account download": {"updated": 1}}
    assert office.local.rows("account")[late]["city"] == "Late"


def test_more_records_than_a_page_or_a_batch_has_travel_both_ways(
    office: Office, resco: Resco
) -> None:
    resco.create_all("account", ({"name": f"B{n}"} for n in range(MANY)))
    mine = new_here(office, 250)
    assert counted(office.sync()) == {
        "account download": {"created": MANY},
        "account upload": {"created": 250},
    }
    assert {*mine} <= resco.rows("account").keys()
    batches = [r for r in resco.wire.asked if r.url.path.endswith("ExecuteMultiple")]
    assert [r.content.count(b"<Entity ") for r in batches] == [100, 100, 50]
    in_step(office, resco)


@pytest.mark.parametrize("edits_here", [False, True])
def test_who_is_throttled_waits_as_long_as_told_and_loses_nothing(
    office: Office, resco: Resco, edits_here: bool
) -> None:
    if edits_here:
        office.local.change("account", key_of(resco, "A1"), city="Brno")
        new_here(office, 5)
    else:
        resco.change("account", key_of(resco, "A1"), address1_city="Brno")
    resco.controls.retry_after = 7
    left = {"n": 3}

    def throttle(request: httpx.Request) -> None:
        if left["n"] and is_write(request) == edits_here:
            left["n"] -= 1
            resco.controls.throttled = 1

    resco.wire.before = throttle
    office.sync()
    assert left["n"] == 0
    assert len(resco.waits) == 3
    assert all(wait >= 7 for wait in resco.waits)
    assert len(resco.rows("account")) == (15 if edits_here else 10)
    in_step(office, resco)


Loss = Callable[[httpx.Request], httpx.Response | Exception | None]


def once(answer: httpx.Response | Exception, path: str, method: str = "POST") -> Loss:
    """That answer, for the first request of that kind."""
    left = [answer]

    def lose(request: httpx.Request) -> httpx.Response | Exception | None:
        hit = request.method == method and path in request.url.path
        return left.pop() if hit and left else None

    return lose


LOST = [httpx.ReadTimeout("lost"), httpx.Response(504), httpx.Response(200, text="<Execute")]


@pytest.mark.parametrize("answer", LOST, ids=["no answer", "gateway", "cut"])
def test_new_records_whose_answer_is_lost_are_made_once(
    office: Office, resco: Resco, answer: httpx.Response | Exception
) -> None:
    new_here(office, 110)
    resco.wire.after = once(answer, "ExecuteMultiple")
    with_trouble(office)
    office.sync()
    assert len(resco.rows("account")) == 120
    in_step(office, resco)


@pytest.mark.parametrize("answer", LOST[:2], ids=["no answer", "gateway"])
def test_a_change_whose_answer_is_lost_is_made_once_and_is_no_conflict(
    office: Office, resco: Resco, answer: httpx.Response | Exception
) -> None:
    key = key_of(resco, "A1")
    office.local.change("account", key, city="Brno")
    resco.wire.after = once(answer, "account", "PATCH")
    with_trouble(office)
    office.sync()
    assert resco.rows("account")[key]["address1_city"] == "Brno"
    assert not office.state("conflict")
    in_step(office, resco)


@pytest.mark.parametrize("answer", LOST[:2], ids=["no answer", "gateway"])
def test_a_deletion_whose_answer_is_lost_is_done(
    office: Office, resco: Resco, answer: httpx.Response | Exception
) -> None:
    key = key_of(resco, "A1")
    office.local.delete("account", key)
    resco.wire.after = once(answer, "account", "DELETE")
    with_trouble(office)
    office.sync()
    assert key not in resco.rows("account")
    in_step(office, resco)


def with_trouble(office: Office) -> None:
    """A run that may end early."""
    try:
        office.sync()
    except TandemError:
        return


def test_a_record_that_changes_there_between_reading_and_writing_is_not_overwritten(
    office: Office, resco: Resco
) -> None:
    key = key_of(resco, "A1")
    office.local.change("account", key, city="Brno")
    left = ["Meanwhile"]

    def meddle(request: httpx.Request) -> None:
        if is_write(request) and left:
            resco.change("account", key, name=left.pop())

    resco.wire.before = meddle
    office.sync()
    assert resco.rows("account")[key]["name"] == "Meanwhile"
    office.sync()
    assert resco.rows("account")[key]["name"] == "Meanwhile"
    assert resco.rows("account")[key]["address1_city"] == "Brno"
    in_step(office, resco)


def test_a_record_that_is_refused_among_a_hundred_is_told_and_the_others_travel(
    office: Office, resco: Resco
) -> None:
    new_here(office, 99)
    bad = office.local.create("account", name=None)
    assert counted(office.sync()) == {"account upload": {"created": 99, "failed": 1}}
    (told,) = office.state("rejected")
    assert told["record_id"] == bad
    assert "name" in told["error"]
    office.local.change("account", bad, name="Good")
    assert counted(office.sync()) == {"account upload": {"created": 1}}
    in_step(office, resco)


def test_a_batch_that_is_too_large_for_the_service_is_sent_in_halves(
    office: Office, resco: Resco
) -> None:
    resco.controls.execute_limit = 30
    new_here(office, 100)
    assert counted(office.sync()) == {"account upload": {"created": 100}}
    in_step(office, resco)


def test_who_is_not_let_in_is_told_and_nothing_changes(office: Office, resco: Resco) -> None:
    office.local.change("account", key_of(resco, "A1"), city="Brno")
    resco.controls.refused = True
    with pytest.raises(AuthenticationError) as refusal:
        office.sync()
    assert "'there'" in str(refusal.value.remedy)
    resco.controls.refused = False
    assert counted(office.sync()) == {"account upload": {"updated": 1}}
    in_step(office, resco)


def test_a_password_that_is_changed_in_the_middle_of_writing_loses_and_doubles_nothing(
    office: Office, resco: Resco
) -> None:
    new_here(office, 110)
    batches: list[httpx.Request] = []

    def refuse(request: httpx.Request) -> None:
        batches.extend([request] if is_write(request) else [])
        resco.controls.refused = len(batches) > 1

    resco.wire.before = refuse
    with_trouble(office)
    assert len(resco.rows("account")) == 110
    resco.wire.before = lambda _: None
    resco.controls.refused = False
    office.sync()
    assert len(resco.rows("account")) == 120
    in_step(office, resco)
