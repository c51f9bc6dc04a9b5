"""First syncs that replace, one way only, and deletions that wait for a person."""

import pytest


def by_number(town):
    there = {r["accountNumber"]: r for r in town.service.records("Accounts").values()}
    here = {r["number"]: r for r in town.local.rows("account").values()}
    return there, here


def prepared(make_town, local, mapping):
    """A local table with an account of each kind: met, and unknown there."""
    town = make_town(local, mapping)
    with town.job(kind="import") as run:
        run_only_schema(run)
    town.service.create("Accounts", accountNumber="1", name="there")
    town.service.create("Accounts", accountNumber="2", name="there")
    local.create("account", number="1", name="here", city="Brno")
    local.create("account", number="3", name="here")
    return town


def run_only_schema(run):
    from tandem.sync.schema import pin_schemas

    pin_schemas(run)


def test_replacing_local_records_needs_approval(make_town, local, accounts, counted):
    town = prepared(make_town, local, {**accounts, "first_sync": "replace_local"})
    report = town.sync()
    assert report.status == "failed"
    assert "would remove 1 of 2 records" in report.entities[0].message
    assert {n: r["name"] for n, r in by_number(town)[1].items()} == {"1": "here", "3": "here"}
    assert set(by_number(town)[0]) == {"1", "2"}
    assert town.sync(approved=True).status == "success"
    there, here = by_number(town)
    assert set(there) == set(here) == {"1", "2"}
    assert (here["1"]["name"], here["1"]["city"]) == ("there", None)
    assert counted(town.sync()) == {}


def test_linking_and_merging_keeps_what_either_side_has(make_town, local, accounts, counted):
    town = prepared(make_town, local, accounts)
    assert town.sync().status == "success"
    there, here = by_number(town)
    assert set(there) == set(here) == {"1", "2", "3"}
    assert (there["1"]["name"], there["1"]["address"]["city"]) == ("there", "Brno")
    assert (here["1"]["name"], here["1"]["city"]) == ("there", "Brno")
    assert counted(town.sync()) == {}


def test_upload_only_writes_nothing_here(make_town, local, accounts, counted):
    town = prepared(make_town, local, {**accounts, "direction": "upload_only"})
    assert town.sync().status == "success"
    there, here = by_number(town)
    assert {n: r["name"] for n, r in there.items()} == {"1": "here", "2": "there", "3": "here"}
    assert {n: r["name"] for n, r in here.items()} == {"1": "here", "3": "here"}
    town.service.change("Accounts", there["1"]["ID"], name="elsewhere", employees=7)
    local.change("account", here["3"]["id"], name="edited")
    town.sync()
    there, here = by_number(town)
    assert there["3"]["name"] == "edited"
    assert here["1"]["name"] == "here"
    local.delete("account", here["3"]["id"])
    town.sync()
    assert set(by_number(town)[0]) == {"1", "2"}
    assert counted(town.sync()) == {}


def test_import_and_export_go_one_way_each(make_town, local, accounts, counted):
    town = prepared(make_town, local, accounts)
    town.sync(kind="import", mode="full")
    there, here = by_number(town)
    assert (set(there), set(here)) == ({"1", "2"}, {"1", "2", "3"})
    town.sync(kind="export", mode="full")
    there, here = by_number(town)
    assert set(there) == set(here) == {"1", "2", "3"}
    assert town.state("syncanchor") == []
    assert counted(town.sync()) == {}


@pytest.fixture
def many(make_town, sqlite, accounts):
    """Forty accounts that both sides have."""
    town = make_town(sqlite, accounts)
    for number in range(40):
        town.service.create("Accounts", accountNumber=f"{number:02}", name="x")
    town.sync()
    return town


@pytest.mark.parametrize("side", ["here", "there"])
def test_many_deletions_wait_for_approval_and_nothing_else_does(many, side, counted):
    there, here = by_number(many)
    for number in [f"{n:02}" for n in range(15)]:
        if side == "here":
            many.local.delete("account", here[number]["id"])
        else:
            many.service.delete("Accounts", there[number]["ID"])
    many.service.change("Accounts", there["20"]["ID"], name="edited")
    many.local.change("account", here["21"]["id"], name="edited")
    report = many.sync()
    assert report.status == "partial"
    assert "15 deletions wait for approval" in " ".join(e.message for e in report.entities)
    there, here = by_number(many)
    assert (len(there), len(here)) == ((40, 25) if side == "here" else (25, 40))
    assert (here["20"]["name"], there["21"]["name"]) == ("edited", "edited")
    many.sync()
    assert {len(side) for side in by_number(many)} == {25, 40}
    many.sync(approved=True)
    assert {len(side) for side in by_number(many)} == {25}
    assert many.state("transaction", status="pending") == []
    assert counted(many.sync()) == {}


def test_approval_is_a_ceiling(many):
    _, here = by_number(many)
    for number in range(15):
        many.local.delete("account", here[f"{number:02}"]["id"])
    many.sync()
    for number in range(15, 20):
        many.local.delete("account", here[f"{number:02}"]["id"])
    many.sync(approved=True)
    assert len(by_number(many)[0]) == 25


def test_a_table_that_is_empty_deletes_nothing(make_town, sqlite, accounts):
    town = make_town(sqlite, accounts)
    for number in "12":
        town.service.create("Accounts", accountNumber=number)
    town.sync()
    town.local.run("DELETE FROM account")
    assert town.sync().status == "partial"
    assert set(by_number(town)[0]) == {"1", "2"}
