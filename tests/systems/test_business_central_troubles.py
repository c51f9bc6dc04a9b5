"""What goes wrong between Business Central and a database, and what comes of it."""

import json
import logging
from pathlib import Path

import httpx
import pytest
from tests.systems.cronus import CUSTOMERS, TERMS, Cronus, Record, failing
from tests.systems.office import Office, counted

from tandem.demo.business_central.control import Control
from tandem.errors import TandemError

BUSY = "Application_TooManyRequests"


@pytest.fixture
def cronus(tmp_path: Path) -> Cronus:
    return Cronus(tmp_path)


@pytest.fixture
def slept() -> list[float]:
    return []


def begun(cronus: Cronus, customers: int, slept: list[float]) -> Office:
    """An office with that many customers on both sides."""
    there = cronus.company()
    for n in range(1, customers + 1):
        there.create("customers", number=f"C{n:03d}", displayName=f"Customer {n}")
    office = cronus.office(TERMS, CUSTOMERS, sleep=slept.append)
    assert counted(office.sync()) == {"customers download": {"created": customers}}
    cronus.wire.asked.clear()
    slept.clear()
    return office


def names(cronus: Cronus) -> list[str]:
    records = cronus.company().records("customers").values()
    return sorted(record["displayName"] for record in records)


def here(office: Office) -> list[str]:
    return sorted(row["name"] for row in office.local.rows("account").values())


def settled(cronus: Cronus, office: Office) -> None:
    cronus.wire.asked.clear()
    assert counted(office.sync()) == {}
    assert not cronus.wire.writes
    assert names(cronus) == here(office)
    assert not office.state("transaction", status="sent")


def new_accounts(office: Office, count: int) -> None:
    for n in range(count):
        office.local.create("account", name=f"New {n:03d}", credit_limit=0)


def parts(request: httpx.Request) -> list[Record]:
    """The writes of a batch; a batch that only reads is asked for before the first one."""
    requests = json.loads(request.content)["requests"]
    return [part for part in requests if part["method"] != "GET"]


def test_writes_go_in_batches_of_a_hundred(cronus: Cronus, slept: list[float]) -> None:
    office = begun(cronus, 1, slept)
    new_accounts(office, 230)
    assert counted(office.sync())["customers upload"]["created"] == 230
    assert all(str(request.url).endswith("/$batch") for request in cronus.wire.writes)
    sizes = [len(parts(request)) for request in cronus.wire.writes]
    assert max(sizes) <= 100
    assert sum(sizes) == 230
    ids = [part["id"] for request in cronus.wire.writes for part in parts(request)]
    assert all(ids)
    assert len(names(cronus)) == 231
    settled(cronus, office)


def test_each_change_is_guarded_by_the_etag_that_was_seen(
    cronus: Cronus, slept: list[float]
) -> None:
    office = begun(cronus, 4, slept)
    for row in office.local.rows("account").values():
        office.local.change("account", row["id"], city="Brno")
    office.sync()
    sent = [part for request in cronus.wire.writes for part in parts(request)]
    given = [
        {name.lower(): value for name, value in part["headers"].items()}["if-match"]
        for part in sent
    ]
    assert len(given) == 4
    assert all(etag.startswith('W/"') for etag in given)
    settled(cronus, office)


@pytest.mark.parametrize("status", [409, 412])
def test_an_edit_there_between_plan_and_write_is_not_overwritten(
    cronus: Cronus, slept: list[float], status: int
) -> None:
    cronus.control.changed_status = status
    office = begun(cronus, 3, slept)
    key = next(iter(cronus.company().records("customers")))
    for row in office.local.rows("account").values():
        office.local.change("account", row["id"], phone="+420 1")
    edited: list[str] = []

    def edit(request: httpx.Request) -> None:
        if request.method != "GET" and not edited:
            edited.append(key)
            cronus.company().change("customers", key, city="Meanwhile")

    cronus.wire.before = edit
    office.sync()
    cronus.wire.before = lambda _: None
    assert edited
    office.sync()
    record = cronus.company().records("customers")[key]
    assert (record["city"], record["phoneNumber"]) == ("Meanwhile", "+420 1")
    cities = {row["number"]: row["city"] for row in office.local.rows("account").values()}
    assert cities[record["number"]] == "Meanwhile"
    settled(cronus, office)


def test_throttling_without_a_wish_is_waited_out_longer_each_time(
    cronus: Cronus, slept: list[float]
) -> None:
    office = begun(cronus, 3, slept)
    office.local.create("account", name="New", credit_limit=0)
    cronus.control.throttle = 3
    assert counted(office.sync())["customers upload"]["created"] == 1
    assert len(slept) == 3
    assert slept == sorted(slept)
    settled(cronus, office)


def test_throttling_of_writes_loses_and_doubles_nothing(cronus: Cronus, slept: list[float]) -> None:
    office = begun(cronus, 1, slept)
    new_accounts(office, 120)
    busy = {"error": {"code": BUSY, "message": "Too many requests reached."}}
    cronus.wire.before = failing(2, lambda: httpx.Response(429, json=busy), "POST")
    assert counted(office.sync())["customers upload"]["created"] == 120
    assert len(slept) >= 1
    assert len(names(cronus)) == 121
    settled(cronus, office)


def test_single_answers_of_a_batch_may_be_throttled(cronus: Cronus, slept: list[float]) -> None:
    office = begun(cronus, 1, slept)
    new_accounts(office, 5)
    busy = {"error": {"code": BUSY, "message": "Too many requests reached."}}
    done: list[bool] = []

    def answer(request: httpx.Request) -> httpx.Response | None:
        if request.method != "POST" or done:
            return None
        done.append(True)
        requests = parts(request)
        responses = [{"id": part["id"], "status": 429, "body": busy} for part in requests]
        return httpx.Response(200, json={"responses": responses})

    cronus.wire.before = answer
    office.sync()
    assert done
    office.sync()
    assert len(names(cronus)) == 6
    settled(cronus, office)


def test_a_wish_to_wait_is_obeyed(cronus: Cronus, slept: list[float]) -> None:
    office = begun(cronus, 3, slept)
    cronus.control.unavailable, cronus.control.retry_after = 1, 17
    assert counted(office.sync()) == {}
    assert slept == [17.5]


def test_pages_that_take_too_long_are_asked_for_in_smaller_ones(
    cronus: Cronus, slept: list[float]
) -> None:
    cronus.control.slow_above = 70
    there = cronus.company()
    for n in range(150):
        there.create("customers", number=f"C{n:03d}", displayName=f"Customer {n}")
    cronus.control.slow_above = 60
    office = cronus.office(TERMS, CUSTOMERS, sleep=slept.append)
    assert counted(office.sync()) == {"customers download": {"created": 150}}
    sizes = [
        int(request.headers["Prefer"].rpartition("=")[2])
        for request in cronus.wire.asked
        if "/customers?" in str(request.url) and "Prefer" in request.headers
    ]
    assert min(sizes) <= 60
    assert not slept
    cronus.control.slow_above = None
    settled(cronus, office)


def test_a_system_that_is_down_leaves_all_as_it_was(cronus: Cronus, slept: list[float]) -> None:
    office = begun(cronus, 3, slept)
    office.local.create("account", name="New", credit_limit=0)
    cronus.wire.before = failing(1_000, lambda: httpx.ConnectError("down"))
    with pytest.raises(TandemError, match=r"erp\.example"):
        office.sync()
    cronus.wire.before = lambda _: None
    assert counted(office.sync())["customers upload"] == {"created": 1}
    settled(cronus, office)


def test_a_lost_answer_to_creates_makes_none_twice(cronus: Cronus, slept: list[float]) -> None:
    office = begun(cronus, 1, slept)
    office.local.create("account", name="New", number="MINE", credit_limit=0)
    cronus.control.lose_answers = 1
    office.sync()
    office.sync()
    assert names(cronus) == ["Customer 1", "New"]
    settled(cronus, office)


def test_a_lost_answer_to_creates_without_number_makes_none_twice(
    cronus: Cronus, slept: list[float]
) -> None:
    """Nothing finds the new records again, as Business Central numbers them: a person decides."""
    office = begun(cronus, 1, slept)
    new_accounts(office, 2)
    cronus.control.lose_answers = 1
    office.sync()
    report = office.sync()
    assert sorted(set(names(cronus))) == ["Customer 1", "New 000", "New 001"]
    assert len(names(cronus)) == 3
    assert report.status in ("success", "partial")


def test_a_lost_answer_to_updates_is_no_conflict(cronus: Cronus, slept: list[float]) -> None:
    office = begun(cronus, 3, slept)
    for row in office.local.rows("account").values():
        office.local.change("account", row["id"], city="Brno")
    cronus.wire.after = failing(1, lambda: httpx.ReadError("cut"), "POST")
    office.sync()
    office.sync()
    assert not office.state("conflict", status="open")
    assert {r["city"] for r in cronus.company().records("customers").values()} == {"Brno"}
    settled(cronus, office)


def test_a_lost_answer_to_deletes_is_no_trouble(cronus: Cronus, slept: list[float]) -> None:
    office = begun(cronus, 5, slept)
    for row in list(office.local.rows("account").values())[:2]:
        office.local.delete("account", row["id"])
    cronus.control.lose_answers = 1
    office.sync()
    office.sync()
    assert len(names(cronus)) == 3
    settled(cronus, office)


def test_a_number_that_is_taken_holds_up_nobody(cronus: Cronus, slept: list[float]) -> None:
    office = begun(cronus, 2, slept)
    office.local.create("account", name="Taken", number="C001", credit_limit=0)
    office.local.create("account", name="Good", credit_limit=0)
    report = office.sync()
    assert report.status == "partial"
    assert "Good" in names(cronus)
    (rejected,) = office.state("rejected")
    assert "several local records have its primary key" in rejected["error"]


def test_requests_at_once_stay_within_the_limit_of_a_user(
    tmp_path: Path, slept: list[float]
) -> None:
    control = Control(page_size=20)
    cronus = Cronus(tmp_path, control)
    office = begun(cronus, 100, slept)
    new_accounts(office, 60)
    office.sync(mode="full")
    assert control.most_at_once <= 5
    settled(cronus, office)


def test_nothing_of_a_record_is_in_the_log(
    cronus: Cronus, slept: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "tandem")
    office = begun(cronus, 1, slept)
    office.local.create("account", name="Whisper", number="C001", credit_limit=0)
    office.sync()
    assert "Whisper" not in caplog.text
    assert "Bearer" not in caplog.text
