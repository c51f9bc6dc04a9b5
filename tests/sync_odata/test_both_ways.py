"""What people do on either side arrives on the other, and a further sync writes nothing."""

from datetime import date
from decimal import Decimal

import pytest


def the_one(records):
    """The only record."""
    (record,) = records.values()
    return record


def test_records_of_both_sides_meet_and_stay_as_they_are(make_town, local, counted):
    town = make_town(local)
    there = town.service.create("Accounts", accountNumber="1", name="Ada")
    contact = town.service.create("Contacts", lastName="Ada", account_ID=there)
    town.service.create("WorkOrders", orderNumber="o1", account_ID=there, contact_ID=contact)
    assert counted(town.sync()) == {
        "Accounts download": {"created": 1},
        "Contacts download": {"created": 1},
        "WorkOrders download": {"created": 1},
    }
    here = local.create("account", number="2", name="Bob")
    person = local.create("contact", name="Bob", account=here)
    local.create("work_order", number="o2", account=here, contact=person)
    assert counted(town.sync()) == {
        "Accounts upload": {"created": 1},
        "Contacts upload": {"created": 1},
        "WorkOrders upload": {"created": 1},
    }
    before = town.versions()
    assert counted(town.sync()) == {}
    assert counted(town.sync(mode="full")) == {}
    assert town.versions() == before
    assert town.wire.writes == []


def test_lookups_are_uploaded_as_the_keys_of_their_partners(make_town, local):
    town = make_town(local)
    town.sync()
    account = local.create("account", number="1")
    contact = local.create("contact", account=account)
    local.create("work_order", number="o1", account=account, contact=contact)
    town.sync()
    order = the_one(town.service.records("WorkOrders"))
    assert list(town.service.records("Accounts")) == [order["account_ID"]]
    assert list(town.service.records("Contacts")) == [order["contact_ID"]]


def test_records_that_refer_to_each_other_are_created_in_one_sync(make_town, local, counted):
    town = make_town(local)
    town.sync()
    parent = local.create("account", number="1")
    child = local.create("account", number="2", parent=parent)
    local.change("account", parent, parent=child)
    town.sync()
    by_number = {r["accountNumber"]: r for r in town.service.records("Accounts").values()}
    assert by_number["1"]["parent_ID"] == by_number["2"]["ID"]
    assert by_number["2"]["parent_ID"] == by_number["1"]["ID"]
    assert counted(town.sync()) == {}


def test_edits_of_different_fields_merge(make_town, local, counted):
    town = make_town(local)
    key = town.service.create("Accounts", accountNumber="1", name="Ada", creditLimit="1.00")
    town.sync()
    row = the_one(local.rows("account"))
    local.change("account", row["id"], name="Ada Lovelace")
    town.service.change("Accounts", key, address={"city": "Brno"}, creditLimit=None)
    town.sync()
    record, row = the_one(town.service.records("Accounts")), the_one(local.rows("account"))
    assert (record["name"], record["address"]["city"], record["creditLimit"]) == (
        "Ada Lovelace",
        "Brno",
        None,
    )
    assert (row["name"], row["city"], row["credit"]) == ("Ada Lovelace", "Brno", None)
    assert counted(town.sync()) == {}


def test_only_what_was_edited_is_sent(make_town, sqlite):
    town = make_town(sqlite)
    town.service.create("Accounts", accountNumber="1", name="Ada", website="example.com")
    town.sync()
    sqlite.change("account", *sqlite.rows("account"), name="Bob")
    town.sync()
    (sent,) = town.wire.writes
    assert b"Bob" in sent.content
    assert b"accountNumber" not in sent.content
    assert the_one(town.service.records("Accounts"))["website"] == "example.com"


def test_deletions_travel_both_ways(make_town, local, counted):
    town = make_town(local)
    keys = [town.service.create("Accounts", accountNumber=str(n), name="x") for n in range(4)]
    town.sync()
    rows = {row["number"]: id_ for id_, row in local.rows("account").items()}
    local.delete("account", rows["0"])
    town.service.delete("Accounts", keys[1])
    assert counted(town.sync()) == {
        "Accounts download": {"deleted": 1},
        "Accounts upload": {"deleted": 1},
    }
    assert {r["accountNumber"] for r in town.service.records("Accounts").values()} == {"2", "3"}
    assert {row["number"] for row in local.rows("account").values()} == {"2", "3"}
    assert counted(town.sync()) == {}


def test_a_family_that_is_deleted_here_is_deleted_there_in_one_sync(make_town, local, counted):
    town = make_town(local)
    for number in "12":
        account = town.service.create("Accounts", accountNumber=number, name=number)
        contact = town.service.create("Contacts", account_ID=account, email=number)
        order = {"orderNumber": number, "account_ID": account, "contact_ID": contact}
        town.service.create("WorkOrders", **order)
    town.sync()
    for table, name in (("work_order", "number"), ("contact", "email"), ("account", "number")):
        (id_,) = [id_ for id_, row in local.rows(table).items() if row[name] == "1"]
        local.delete(table, id_)
    town.sync()
    assert the_one(town.service.records("Accounts"))["accountNumber"] == "2"
    assert the_one(town.service.records("Contacts"))["email"] == "2"
    assert the_one(town.service.records("WorkOrders"))["orderNumber"] == "2"
    assert counted(town.sync()) == {}


def test_a_record_that_others_refer_to_stays_until_they_let_go(make_town, local):
    """The service refuses to delete it; nobody here may know why, so it waits."""
    town = make_town(local)
    account = town.service.create("Accounts", accountNumber="1")
    kept = town.service.create("Accounts", accountNumber="2")
    town.sync()
    other = town.service.create("Contacts", account_ID=account)
    (id_,) = [id_ for id_, row in local.rows("account").items() if row["number"] == "1"]
    local.delete("account", id_)
    report = town.sync(entities=("Accounts",))
    assert report.counts.failed == 1
    assert set(town.service.records("Accounts")) == {account, kept}
    town.service.delete("Contacts", other)
    assert town.sync().status == "success"
    assert list(town.service.records("Accounts")) == [kept]


VALUES = {
    "revenue": ("1234567890123456789012.123456", "-0.000001", "0"),
    "credit": ("9999999999999999.99", "-0.01"),
    "registration": (9007199254740993, -(2**63), 2**63 - 1),
    "since": ("0001-01-01", "9999-12-31", "2024-02-29"),
    "city": ("Žďár & 'O'Neil' \"株式会社\" \\ /\n%20", "x" * 80),
    "employees": (2**31 - 1, 0),
}


@pytest.mark.parametrize(("name", "value"), [(n, v) for n, some in VALUES.items() for v in some])
def test_values_travel_up_exactly_and_come_back_so(make_town, local, counted, name, value):
    town = make_town(local)
    town.sync()
    id_ = local.create("account", number="1", **{name: value})
    town.sync()
    record = the_one(town.service.records("Accounts"))
    there = {
        "revenue": record["revenue"],
        "credit": record["creditLimit"],
        "registration": record["registrationNumber"],
        "since": record["customerSince"],
        "city": record["address"]["city"],
        "employees": record["employees"],
    }[name]
    assert _meant(there, value) == _meant(value, value)
    local.change("account", id_, **{name: None})
    town.sync()
    town.service.change("Accounts", record["ID"], **_sent(name, there))
    town.sync()
    assert _meant(local.rows("account")[id_][name], value) == _meant(value, value)
    assert counted(town.sync()) == {}


def _sent(name, there):
    if name == "city":
        return {"address": {"city": there}}
    external = {"credit": "creditLimit", "registration": "registrationNumber"}
    return {{**external, "since": "customerSince"}.get(name, name): there}


def _meant(value, like):
    if isinstance(value, date):
        return value.isoformat()
    try:
        return Decimal(value)
    except ArithmeticError:
        return value


def test_options_travel_up(make_town, local, counted):
    town = make_town(local)
    account = town.service.create("Accounts", accountNumber="1")
    town.service.create("WorkOrders", orderNumber="1", account_ID=account, status="Open")
    town.sync()
    local.change("work_order", *local.rows("work_order"), status=3)
    town.sync()
    assert the_one(town.service.records("WorkOrders"))["status"] == "Completed"
    assert counted(town.sync()) == {}


def test_an_option_that_nobody_mapped_is_rejected_and_stops_nobody(make_town, sqlite):
    town = make_town(sqlite)
    account = town.service.create("Accounts", accountNumber="1")
    for number in "12":
        town.service.create("WorkOrders", orderNumber=number, account_ID=account)
    town.sync()
    rows = {row["number"]: id_ for id_, row in sqlite.rows("work_order").items()}
    sqlite.change("work_order", rows["1"], status=7)
    sqlite.change("work_order", rows["2"], status=3)
    report = town.sync()
    assert (report.status, report.counts.failed) == ("partial", 1)
    states = {r["orderNumber"]: r["status"] for r in town.service.records("WorkOrders").values()}
    assert states == {"1": "Open", "2": "Completed"}
    sqlite.change("work_order", rows["1"], status=1)
    assert town.sync().status == "success"
    assert town.state("rejected", status="waiting") == []
