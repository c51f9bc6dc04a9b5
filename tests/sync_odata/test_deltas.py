"""The service tells what changed by delta links; what it forgot is found out by reading all."""

from datetime import UTC, datetime, timedelta

import pytest


class Clock:
    """The service's own."""

    def __init__(self):
        self.now = datetime(2026, 3, 1, tzinfo=UTC)

    def __call__(self):
        self.now += timedelta(seconds=1)
        return self.now


CLOCK = Clock()
FORGETFUL = {"clock": CLOCK, "delta_retention": timedelta(hours=1)}
forgetful = pytest.mark.parametrize("service_url", [FORGETFUL], indirect=True)


@pytest.fixture
def town(make_town, sqlite, accounts):
    """Three accounts that both sides have."""
    town = make_town(sqlite, accounts)
    for number in "123":
        town.service.create("Accounts", accountNumber=number, name="before")
    town.sync()
    return town


def by_number(town):
    there = {r["accountNumber"]: r for r in town.service.records("Accounts").values()}
    here = {r["number"]: r for r in town.local.rows("account").values()}
    return there, here


def test_only_what_changed_is_read(town, counted):
    there, _ = by_number(town)
    town.service.change("Accounts", there["1"]["ID"], name="after")
    town.service.delete("Accounts", there["2"]["ID"])
    report = town.sync()
    assert counted(report) == {"Accounts download": {"updated": 1, "deleted": 1}}
    assert report.entities[0].mode == "incremental"
    assert [path for path in town.wire.paths if "$deltatoken" in path]
    assert set(by_number(town)[1]) == {"1", "3"}
    assert counted(town.sync()) == {}


def test_our_own_writes_come_back_and_are_no_news(town, counted):
    _, here = by_number(town)
    town.local.change("account", here["1"]["id"], name="here")
    town.local.delete("account", here["2"]["id"])
    town.local.create("account", number="4", name="new")
    town.sync()
    before = town.versions()
    assert counted(town.sync()) == {}
    assert counted(town.sync()) == {}
    assert town.versions() == before


@forgetful
def test_link_that_has_expired_loses_no_deletion(town, counted):
    there, here = by_number(town)
    town.service.delete("Accounts", there["2"]["ID"])
    town.service.change("Accounts", there["1"]["ID"], name="there")
    town.local.change("account", here["3"]["id"], name="here")
    CLOCK.now += timedelta(days=1)
    report = town.sync()
    assert counted(report) == {
        "Accounts download": {"updated": 1, "deleted": 1},
        "Accounts upload": {"updated": 1},
    }
    there, here = by_number(town)
    assert {n: r["name"] for n, r in there.items()} == {"1": "there", "3": "here"}
    assert {n: r["name"] for n, r in here.items()} == {"1": "there", "3": "here"}
    assert counted(town.sync()) == {}
    assert [path for path in town.wire.paths if "$deltatoken" in path]


def test_filter_is_ours_to_apply(make_town, sqlite, accounts, counted):
    active = {"field": "isActive", "operator": "eq", "value": True}
    town = make_town(sqlite, {**accounts, "download_filter": active})
    inside = town.service.create("Accounts", accountNumber="1", name="in")
    town.service.create("Accounts", accountNumber="2", name="out", isActive=False)
    town.sync()
    town.service.change("Accounts", inside, name="still in")
    town.service.create("Accounts", accountNumber="3", name="out", isActive=False)
    town.service.create("Accounts", accountNumber="4", name="in")
    report = town.sync()
    assert counted(report) == {"Accounts download": {"updated": 1, "created": 1}}
    assert report.entities[0].mode == "incremental"
    assert set(by_number(town)[1]) == {"1", "4"}


@pytest.mark.parametrize(("leaves", "left"), [("keep", {"1", "2"}), ("delete", {"2"})])
def test_record_that_leaves_the_filter(make_town, sqlite, accounts, counted, leaves, left):
    active = {"field": "isActive", "operator": "eq", "value": True}
    town = make_town(sqlite, {**accounts, "download_filter": active, "filter_exit": leaves})
    for number in "12":
        town.service.create("Accounts", accountNumber=number, name="in")
    town.sync()
    there, _ = by_number(town)
    town.service.change("Accounts", there["1"]["ID"], isActive=False)
    town.sync()
    assert set(by_number(town)[1]) == left
    assert set(by_number(town)[0]) == {"1", "2"}
    assert counted(town.sync()) == {}


def test_deletion_that_is_refused_here_waits_although_it_is_told_only_once(town, counted):
    there, _ = by_number(town)
    town.service.delete("Accounts", there["2"]["ID"])
    town.local.run(
        "CREATE TRIGGER busy BEFORE DELETE ON account BEGIN SELECT RAISE(ABORT, 'in use'); END"
    )
    assert town.sync().status == "partial"
    assert town.sync().status == "partial"
    town.local.run("DROP TRIGGER busy")
    assert town.sync().status == "success"
    assert set(by_number(town)[1]) == {"1", "3"}
    assert counted(town.sync()) == {}
