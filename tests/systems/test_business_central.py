"""A working day between API v2.0 of Business Central and a database."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.systems.cronus import (
    CONTACTS,
    CRONUS,
    CUSTOMERS,
    OTHER,
    TERMS,
    Cronus,
    Record,
    lines_of,
)
from tests.systems.office import Office, counted

from tandem.errors import ConfigurationError

NOBODY = "00000000-0000-0000-0000-000000000000"
NEVER = "0001-01-01"


@pytest.fixture
def cronus(tmp_path: Path) -> Cronus:
    return Cronus(tmp_path)


def begun(cronus: Cronus, customers: int = 3, **settings: Any) -> Office:
    """An office after its first sync."""
    there = cronus.company()
    term = there.create("paymentTerms", code="30 DAYS", displayName="30 days")
    for n in range(1, customers + 1):
        there.create(
            "customers",
            number=f"C{n}",
            displayName=f"Customer {n}",
            city="Brno",
            paymentTermsId=term["id"],
        )
    office = cronus.office(TERMS, CUSTOMERS, **settings)
    assert counted(office.sync()) == {
        "paymentTerms download": {"created": 1},
        "customers download": {"created": customers},
    }
    return office


def here(office: Office, number: str) -> Record:
    """The account with that number."""
    return next(row for row in office.local.rows("account").values() if row["number"] == number)


def there(cronus: Cronus, number: str) -> Record:
    """The customer with that number."""
    return cronus.company().records("customers", by="number")[number]


def settled(cronus: Cronus, office: Office) -> None:
    """One more sync writes nothing, neither does one that reads everything; both sides agree."""
    cronus.wire.asked.clear()
    assert counted(office.sync()) == {}
    assert counted(office.sync(mode="full")) == {}
    assert not cronus.wire.writes
    terms = {row["id"]: row["code"] for row in office.local.rows("term").values()}
    codes = {r["id"]: r["code"] for r in cronus.company().records("paymentTerms").values()}
    values = {None: "_x0020_", 1: "Ship", 2: "Invoice", 3: "All"}
    rows = {
        row["number"]: (
            row["name"],
            row["city"],
            row["phone"],
            Decimal(str(row["credit_limit"])),
            terms.get(row["term"]),
            values[row["blocked"]],
        )
        for row in office.local.rows("account").values()
    }
    records = {
        number: (
            record["displayName"],
            record["city"] or None,
            record["phoneNumber"] or None,
            record["creditLimit"],
            codes.get(record["paymentTermsId"]),
            record["blocked"],
        )
        for number, record in cronus.company().records("customers", by="number").items()
    }
    assert rows == records


def test_a_first_sync_brings_all_and_a_second_nothing(cronus: Cronus) -> None:
    office = begun(cronus)
    rows = office.local.rows("account")
    (term,) = office.local.rows("term")
    assert {row["name"] for row in rows.values()} == {"Customer 1", "Customer 2", "Customer 3"}
    assert {row["term"] for row in rows.values()} == {term}
    assert {row["blocked"] for row in rows.values()} == {None}
    settled(cronus, office)
    cronus.wire.asked.clear()
    office.sync()
    assert len(cronus.wire.asked) <= 2 + 2 * 4  # company, metadata; of each entity a few


def test_only_what_changed_is_read(cronus: Cronus) -> None:
    office = begun(cronus)
    cronus.time.go_on(minutes=60)
    cronus.company().change("customers", there(cronus, "C2")["id"], city="Praha")
    cronus.wire.asked.clear()
    assert counted(office.sync()) == {"customers download": {"updated": 1}}
    assert here(office, "C2")["city"] == "Praha"
    logged = office.state("log", entity="customers", direction="download")
    assert [entry["mode"] for entry in logged] == ["full", "incremental"]
    listings = cronus.wire.listings("customers")
    assert any("lastModifiedDateTime ge 2026-03-02T" in query for query in listings)
    # All others are asked for their keys and the greatest time of a change, no more.
    without = [query for query in listings if "$filter" not in query]
    selected = {query.partition("$select=")[2].partition("&")[0] for query in without}
    assert selected <= {"id", "lastModifiedDateTime,id"}
    settled(cronus, office)


def test_edits_of_different_fields_merge(cronus: Cronus) -> None:
    office = begun(cronus)
    cronus.company().change("customers", there(cronus, "C1")["id"], city="Praha", blocked="Ship")
    office.local.change("account", here(office, "C1")["id"], phone="+420 1", credit_limit=12.5)
    assert counted(office.sync()) == {
        "customers download": {"updated": 1},
        "customers upload": {"updated": 1},
    }
    record = there(cronus, "C1")
    assert (record["city"], record["phoneNumber"]) == ("Praha", "+420 1")
    assert record["creditLimit"] == Decimal("12.5")
    assert here(office, "C1")["blocked"] == 1
    settled(cronus, office)


@pytest.mark.parametrize(("policy", "winner"), [("external_wins", "There"), ("local_wins", "Here")])
def test_who_wins_is_the_policy(cronus: Cronus, policy: str, winner: str) -> None:
    office = begun(cronus, on_conflict=policy)
    cronus.company().change("customers", there(cronus, "C1")["id"], city="There")
    office.local.change("account", here(office, "C1")["id"], city="Here")
    assert counted(office.sync())
    assert there(cronus, "C1")["city"] == here(office, "C1")["city"] == winner
    settled(cronus, office)


def test_a_person_decides(cronus: Cronus) -> None:
    office = begun(cronus, on_conflict="review")
    cronus.company().change("customers", there(cronus, "C1")["id"], city="There", phoneNumber="1")
    office.local.change("account", here(office, "C1")["id"], city="Here")
    report = office.sync()
    assert report.status == "partial"
    (conflict,) = office.state("conflict", status="open")
    assert conflict["entity"] == "customers"
    assert (there(cronus, "C1")["city"], here(office, "C1")["city"]) == ("There", "Here")
    assert counted(office.sync()) in ({}, {"customers download": {"conflicts": 1}})


def test_records_are_created_both_ways(cronus: Cronus) -> None:
    office = begun(cronus)
    term = office.local.create("term", code="COD", name="On delivery")
    office.local.create("account", name="O'Neil & Sons", term=term, blocked=3, credit_limit=5)
    office.local.create("account", number="MINE", name="Mine", credit_limit=0)
    cronus.company().create("customers", number="C9", displayName="Nine", blocked="Invoice")
    counts = counted(office.sync())
    assert counts["customers upload"]["created"] == 2
    assert counts["customers download"]["created"] == 1
    assert counts["paymentTerms upload"] == {"created": 1}
    records = cronus.company().records("customers", by="displayName")
    terms = cronus.company().records("paymentTerms")
    assert terms[records["O'Neil & Sons"]["paymentTermsId"]]["code"] == "COD"
    assert records["O'Neil & Sons"]["blocked"] == "All"
    assert records["Mine"]["number"] == "MINE"
    # The number that Business Central gives comes back.
    numbers = {row["name"]: row["number"] for row in office.local.rows("account").values()}
    assert numbers["O'Neil & Sons"] == records["O'Neil & Sons"]["number"] != ""
    settled(cronus, office)


def test_records_are_deleted_both_ways(cronus: Cronus) -> None:
    office = begun(cronus, 5)
    cronus.company().delete("customers", there(cronus, "C1")["id"])
    office.local.delete("account", here(office, "C2")["id"])
    assert counted(office.sync()) == {
        "customers download": {"deleted": 1},
        "customers upload": {"deleted": 1},
    }
    left = {"C3", "C4", "C5"}
    assert cronus.company().records("customers", by="number").keys() == left
    assert {row["number"] for row in office.local.rows("account").values()} == left
    settled(cronus, office)


def test_what_is_still_in_use_there_is_not_deleted_here_and_said_so(cronus: Cronus) -> None:
    office = begun(cronus)
    customer = there(cronus, "C1")
    cronus.company().create("salesOrders", customerNumber="C1")
    office.local.delete("account", here(office, "C1")["id"])
    report = office.sync()
    assert report.status == "partial"
    (rejected,) = office.state("rejected")
    assert "You cannot delete customer" in str(rejected)
    assert customer["id"] in cronus.company().records("customers")


def test_many_deletions_wait_for_a_person(cronus: Cronus) -> None:
    office = begun(cronus, 30)
    for customer in cronus.company().records("customers").values():
        cronus.company().delete("customers", customer["id"])
    report = office.sync()
    assert report.status == "partial"
    assert len(office.local.rows("account")) == 30
    assert len(office.state("transaction", status="pending")) == 30
    assert counted(office.sync(approved=True)) == {"customers download": {"deleted": 30}}
    assert not office.local.rows("account")


def test_two_companies_do_not_mix(cronus: Cronus) -> None:
    """What is not linked to a record of this company is not touched, whatever its number is."""
    office = begun(cronus)
    other = cronus.company(company=OTHER)
    other.create("customers", number="C1", displayName="Other company")
    theirs = other.records("customers")
    assert counted(office.sync()) == {}
    office.local.change("account", here(office, "C1")["id"], name="New name")
    assert counted(office.sync()) == {"customers upload": {"updated": 1}}
    assert there(cronus, "C1")["displayName"] == "New name"
    assert other.records("customers") == theirs
    settled(cronus, office)
    assert not any(OTHER.id in str(request.url) for request in cronus.wire.asked)


def test_another_company_in_the_connection_stops_the_run(cronus: Cronus) -> None:
    """Its records are others: nothing that is linked is there, and nothing there was read."""
    office = begun(cronus)
    other = cronus.company(company=OTHER)
    other.create("customers", number="X1", displayName="Other company")
    office.local.change("account", here(office, "C1")["id"], name="New name")
    office.connection = cronus.connection(company=OTHER.name)
    with pytest.raises(ConfigurationError) as told:
        office.sync()
    assert CRONUS.name in str(told.value)
    assert OTHER.name in str(told.value)
    assert {row["number"] for row in office.local.rows("account").values()} == {"C1", "C2", "C3"}
    assert other.records("customers", by="number").keys() == {"X1"}
    office.connection = cronus.connection()
    assert counted(office.sync()) == {"customers upload": {"updated": 1}}
    settled(cronus, office)


def test_blanks_and_nulls_are_the_same(cronus: Cronus) -> None:
    there = cronus.company()
    there.create("contacts", number="1", displayName="Ada", lastInteractionDate="2026-02-28")
    there.create("contacts", number="2", displayName="Bo", email="bo@example.com", type="Person")
    there.create("contacts", number="3", displayName="Cy", lastInteractionDate="2026-02-27")
    office = cronus.office(CONTACTS)
    assert counted(office.sync()) == {"contacts download": {"created": 3}}
    rows = {row["number"]: row for row in office.local.rows("contact").values()}
    assert (rows["1"]["email"], rows["2"]["last_seen"]) == (None, None)
    assert rows["1"]["last_seen"] == "2026-02-28"
    assert counted(office.sync()) == {}
    records = there.records("contacts", by="number")
    there.change("contacts", records["1"]["id"], lastInteractionDate=NEVER)
    office.local.change("contact", rows["3"]["id"], last_seen=None)
    office.local.change("contact", rows["2"]["id"], email="")
    office.sync()
    records = there.records("contacts", by="number")
    assert {record["lastInteractionDate"] for record in records.values()} == {NEVER}
    assert records["2"]["email"] == ""
    rows = {row["number"]: row for row in office.local.rows("contact").values()}
    assert {row["last_seen"] for row in rows.values()} == {None}
    cronus.wire.asked.clear()
    assert counted(office.sync()) == {}
    assert counted(office.sync(mode="full")) == {}
    assert not cronus.wire.writes


def test_a_lookup_is_cleared_on_either_side(cronus: Cronus) -> None:
    office = begun(cronus)
    cronus.company().change("customers", there(cronus, "C1")["id"], paymentTermsId=NOBODY)
    office.local.change("account", here(office, "C2")["id"], term=None)
    office.sync()
    assert here(office, "C1")["term"] is None
    assert there(cronus, "C2")["paymentTermsId"] == NOBODY
    settled(cronus, office)


def test_an_option_is_cleared_on_either_side(cronus: Cronus) -> None:
    office = begun(cronus)
    for number in ("C1", "C2"):
        cronus.company().change("customers", there(cronus, number)["id"], blocked="All")
    office.sync()
    assert here(office, "C1")["blocked"] == 3
    cronus.company().change("customers", there(cronus, "C1")["id"], blocked="_x0020_")
    office.local.change("account", here(office, "C2")["id"], blocked=None)
    office.sync()
    assert here(office, "C1")["blocked"] is None
    assert there(cronus, "C2")["blocked"] == "_x0020_"
    settled(cronus, office)


ITEMS = {
    "direction": "bidirectional",
    "external": "items",
    "local": "item",
    "primary_key": ["number"],
    "fields": lines_of("number:number", "displayName:name", "type:kind"),
}


def test_coded_members_travel_as_people_read_them(cronus: Cronus) -> None:
    there = cronus.company()
    for number, kind in (("1", "Non_x002D_Inventory"), ("2", "Service"), ("3", "Inventory")):
        there.create("items", number=number, displayName="Thing", type=kind)
    condition = {"field": "type", "operator": "in", "value": ["Non-Inventory", "Service"]}
    office = cronus.office({**ITEMS, "download_filter": condition})
    assert counted(office.sync()) == {"items download": {"created": 2}}
    rows = {row["number"]: row["kind"] for row in office.local.rows("item").values()}
    assert rows == {"1": "Non-Inventory", "2": "Service"}
    office.local.create("item", number="4", name="Four", kind="Non-Inventory")
    office.sync()
    assert there.records("items", by="number")["4"]["type"] == "Non_x002D_Inventory"
    cronus.wire.asked.clear()
    assert counted(office.sync(mode="full")) == {}
    filters = [query for query in cronus.wire.listings("items") if "$filter" in query]
    assert any("Microsoft.NAV.itemType'Non_x002D_Inventory'" in query for query in filters)


def test_options_that_no_values_list_are_told(cronus: Cronus) -> None:
    there = cronus.company()
    there.create("items", number="1", displayName="Thing", type="Non_x002D_Inventory")
    fields = lines_of(
        "number:number",
        "displayName:name",
        "type:kind",
        type={"values": {"Service": 1, "Inventory": 2}},
    )
    office = cronus.office({**ITEMS, "fields": fields})
    assert office.sync().status == "partial"
    (rejected,) = office.state("rejected")
    assert "Non-Inventory" in rejected["error"]


def test_a_date_travels_as_a_date(cronus: Cronus) -> None:
    there = cronus.company()
    record = there.create("contacts", number="1", displayName="Ada")
    office = cronus.office(CONTACTS)
    office.sync()
    (row,) = office.local.rows("contact").values()
    office.local.change("contact", row["id"], last_seen=date(2026, 2, 1).isoformat())
    assert counted(office.sync()) == {"contacts upload": {"updated": 1}}
    assert there.records("contacts")[record["id"]]["lastInteractionDate"] == "2026-02-01"
    assert counted(office.sync()) == {}


def test_what_was_committed_late_is_found_within_the_overlap(cronus: Cronus) -> None:
    office = begun(cronus)
    cronus.time.go_on(minutes=30)
    cronus.company().change("customers", there(cronus, "C1")["id"], city="Late")
    office.sync()
    cronus.time.go_on(minutes=-5)
    cronus.company().create("customers", number="C7", displayName="Began before")
    assert counted(office.sync()) == {"customers download": {"created": 1}}
    settled(cronus, office)


@pytest.mark.parametrize("refuse_null", [False, True])
def test_nothing_is_sent_as_a_blank(cronus: Cronus, *, refuse_null: bool) -> None:
    cronus.control.refuse_null = refuse_null
    office = begun(cronus)
    office.local.create("account", name="With nothing")
    row = here(office, "C1")
    office.local.change("account", row["id"], city=None, term=None, blocked=None)
    counts = counted(office.sync())
    assert counts["customers upload"] == {"created": 1, "updated": 1}
    assert there(cronus, "C1")["city"] == ""
    settled(cronus, office)


def test_a_number_that_cannot_be_nothing_is_told(cronus: Cronus) -> None:
    office = begun(cronus)
    cronus.company().change("customers", there(cronus, "C1")["id"], creditLimit=5)
    office.sync()
    office.local.change("account", here(office, "C1")["id"], credit_limit=None)
    for _ in range(2):
        assert office.sync().status == "partial"
        (rejected,) = office.state("rejected")
        assert "'creditLimit': must have a value" in rejected["error"]
    assert there(cronus, "C1")["creditLimit"] == 5


def test_what_business_central_computes_is_refused_in_its_words(cronus: Cronus) -> None:
    fields = lines_of("number:number", "displayName:name", "balanceDue:balance")
    cronus.company().create("customers", number="C1", displayName="One")
    office = cronus.office({**CUSTOMERS, "fields": fields})
    office.sync()
    (row,) = office.local.rows("account").values()
    office.local.change("account", row["id"], balance=5)
    assert office.sync().status == "partial"
    (rejected,) = office.state("rejected")
    assert "Control 'balanceDue' is read-only" in rejected["error"]
