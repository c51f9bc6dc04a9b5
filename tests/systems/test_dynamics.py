"""A working day between Dataverse and a database."""

from pathlib import Path
from typing import Any

import pytest
from tests.systems.contoso import ACCOUNTS, CASES, CONTACTS, Contoso, Record
from tests.systems.office import Office, counted

KINDS = {1: "competitor", 3: "customer", 10: "supplier", None: None}


@pytest.fixture
def contoso(tmp_path: Path) -> Contoso:
    return Contoso(tmp_path)


def begun(contoso: Contoso, accounts: int = 3, **settings: Any) -> Office:
    """An office after its first sync: accounts, each with the one before as its parent."""
    parent = None
    for n in range(1, accounts + 1):
        bound: Record = {"parentaccountid__bind": f"accounts({parent})"} if parent else {}
        parent = contoso.create("accounts", accountnumber=f"A{n}", name=f"Account {n}", **bound)
    office = contoso.office(ACCOUNTS, **settings)
    assert counted(office.sync())["accounts download"] == {"created": accounts}
    return office


def here(office: Office, number: str, table: str = "account") -> Record:
    return next(row for row in office.local.rows(table).values() if row["number"] == number)


def there(contoso: Contoso, number: str) -> Record:
    return contoso.records("accounts", by="accountnumber")[number]


def settled(contoso: Contoso, office: Office) -> None:
    """One more sync writes nothing, neither does one that reads everything; both sides agree."""
    contoso.wire.asked.clear()
    assert counted(office.sync()) == {}
    assert counted(office.sync(mode="full")) == {}
    assert not contoso.wire.writes
    locals_ = office.local.rows("account")
    numbers = {key: row["number"] for key, row in locals_.items()}
    rows = {
        row["name"]: (
            row["number"],
            row["city"],
            row["phone"],
            row["kind"],
            numbers.get(row["parent"]),
        )
        for row in locals_.values()
    }
    records = contoso.records("accounts")
    found = {
        r["name"]: (
            r["accountnumber"],
            r["address1_city"],
            r["telephone1"],
            KINDS[r["customertypecode"]],
            records.get(r["_parentaccountid_value"], {}).get("accountnumber"),
        )
        for r in records.values()
    }
    assert rows == found


def test_a_first_sync_brings_all_and_a_second_nothing(contoso: Contoso) -> None:
    office = begun(contoso)
    assert here(office, "A2")["parent"] == here(office, "A1")["id"]
    settled(contoso, office)
    contoso.wire.asked.clear()
    office.sync()
    assert len(contoso.wire.asked) <= 8


def test_only_what_changed_is_read(contoso: Contoso) -> None:
    office = begun(contoso)
    contoso.change("accounts", there(contoso, "A2")["accountid"], address1_city="Praha")
    contoso.wire.asked.clear()
    assert counted(office.sync()) == {"accounts download": {"updated": 1}}
    assert here(office, "A2")["city"] == "Praha"
    listings = [str(request.url) for request in contoso.wire.listings("accounts")]
    assert any("deltatoken" in url for url in listings)
    settled(contoso, office)


def test_edits_of_different_fields_merge(contoso: Contoso) -> None:
    office = begun(contoso)
    contoso.change("accounts", there(contoso, "A1")["accountid"], address1_city="Praha")
    office.local.change("account", here(office, "A1")["id"], phone="+420", kind="supplier")
    assert counted(office.sync()) == {
        "accounts download": {"updated": 1},
        "accounts upload": {"updated": 1},
    }
    assert there(contoso, "A1")["customertypecode"] == 10
    assert here(office, "A1")["city"] == "Praha"
    settled(contoso, office)


@pytest.mark.parametrize(("policy", "winner"), [("external_wins", "There"), ("local_wins", "Here")])
def test_who_wins_is_the_policy(contoso: Contoso, policy: str, winner: str) -> None:
    office = begun(contoso, on_conflict=policy)
    contoso.change("accounts", there(contoso, "A1")["accountid"], address1_city="There")
    office.local.change("account", here(office, "A1")["id"], city="Here")
    assert counted(office.sync())
    assert there(contoso, "A1")["address1_city"] == here(office, "A1")["city"] == winner
    settled(contoso, office)


def test_a_person_decides(contoso: Contoso) -> None:
    office = begun(contoso, on_conflict="review")
    contoso.change("accounts", there(contoso, "A1")["accountid"], address1_city="There")
    office.local.change("account", here(office, "A1")["id"], city="Here")
    assert office.sync().status == "partial"
    (conflict,) = office.state("conflict", status="open")
    assert conflict["entity"] == "accounts"
    assert (there(contoso, "A1")["address1_city"], here(office, "A1")["city"]) == ("There", "Here")


def test_records_are_created_both_ways(contoso: Contoso) -> None:
    office = begun(contoso)
    mother = office.local.create("account", number="B1", name="Mother")
    office.local.create("account", number="B2", name="Daughter", parent=mother, kind="customer")
    contoso.create("accounts", accountnumber="A9", name="Nine", customertypecode=1)
    counted(office.sync())
    daughter = there(contoso, "B2")
    assert daughter["_parentaccountid_value"] == there(contoso, "B1")["accountid"]
    assert here(office, "A9")["kind"] == "competitor"
    settled(contoso, office)


def test_records_are_deleted_both_ways(contoso: Contoso) -> None:
    office = begun(contoso, 5)
    contoso.delete("accounts", there(contoso, "A1")["accountid"])
    office.local.delete("account", here(office, "A5")["id"])
    counts = counted(office.sync())
    assert counts["accounts download"]["deleted"] == 1
    assert counts["accounts upload"]["deleted"] == 1
    numbers = {"A2", "A3", "A4"}
    assert contoso.records("accounts", by="accountnumber").keys() == numbers
    assert {row["number"] for row in office.local.rows("account").values()} == numbers
    settled(contoso, office)


def test_what_came_and_went_between_two_runs_is_nothing(contoso: Contoso) -> None:
    office = begun(contoso)
    contoso.delete("accounts", contoso.create("accounts", accountnumber="X", name="X"))
    assert counted(office.sync()) == {}
    settled(contoso, office)


def test_an_expired_token_loses_nothing_and_deletes_what_went(contoso: Contoso) -> None:
    office = begun(contoso, 5)
    contoso.control.expire_delta_tokens(contoso.time())
    contoso.delete("accounts", there(contoso, "A5")["accountid"])
    contoso.change("accounts", there(contoso, "A1")["accountid"], address1_city="Praha")
    contoso.create("accounts", accountnumber="A6", name="Account 6")
    counts = counted(office.sync())
    assert counts["accounts download"] == {"created": 1, "updated": 1, "deleted": 1}
    settled(contoso, office)


def test_a_parent_is_cleared_on_either_side(contoso: Contoso) -> None:
    office = begun(contoso)
    contoso.change("accounts", there(contoso, "A2")["accountid"], parentaccountid__bind=None)
    office.local.change("account", here(office, "A3")["id"], parent=None)
    office.sync()
    assert here(office, "A2")["parent"] is None
    assert there(contoso, "A3")["_parentaccountid_value"] is None
    settled(contoso, office)


def test_texts_are_told_apart_by_case_although_dataverse_does_not(contoso: Contoso) -> None:
    for number, city in (("A1", "Brno"), ("A2", "BRNO"), ("A3", "brno")):
        contoso.create("accounts", accountnumber=number, name=number, address1_city=city)
    condition = {"field": "address1_city", "operator": "eq", "value": "Brno"}
    office = contoso.office({**ACCOUNTS, "download_filter": condition})
    assert counted(office.sync()) == {"accounts download": {"created": 1}}
    assert {row["number"] for row in office.local.rows("account").values()} == {"A1"}


@pytest.fixture
def desk(contoso: Contoso) -> Office:
    """After a first sync: a case of an account, and one of a contact."""
    account = contoso.create("accounts", accountnumber="A1", name="One")
    contact = contoso.create("contacts", emailaddress1="ann@example.com", lastname="Ann")
    for number, bound in (
        ("T1", {"customerid_account__bind": f"accounts({account})"}),
        ("T2", {"customerid_contact__bind": f"contacts({contact})"}),
    ):
        contoso.create("incidents", ticketnumber=number, title=number, **bound)
    office = contoso.office(ACCOUNTS, CONTACTS, CASES)
    assert counted(office.sync()) == {
        "accounts download": {"created": 1},
        "contacts download": {"created": 1},
        "incidents download": {"created": 2},
    }
    return office


def customers(contoso: Contoso) -> dict[str, tuple[str | None, str | None]]:
    """Number of a case → id and type of its customer."""
    name = "_customerid_value@Microsoft.Dynamics.CRM.lookuplogicalname"
    cases = contoso.records("incidents", by="ticketnumber")
    return {n: (case["_customerid_value"], case.get(name)) for n, case in cases.items()}


def customers_here(office: Office) -> dict[str, tuple[str | None, str | None]]:
    """Number of a case → account and contact."""
    return {r["number"]: (r["account"], r["contact"]) for r in office.local.rows("ticket").values()}


def test_a_customer_is_an_account_or_a_contact(contoso: Contoso, desk: Office) -> None:
    (account,), (contact,) = desk.local.rows("account"), desk.local.rows("contact")
    assert customers_here(desk) == {"T1": (account, None), "T2": (None, contact)}
    settled(contoso, desk)


def test_a_customer_changes_its_kind_there(contoso: Contoso, desk: Office) -> None:
    (contact,) = desk.local.rows("contact")
    (theirs,) = contoso.records("contacts")
    case = contoso.records("incidents", by="ticketnumber")["T1"]["incidentid"]
    contoso.change("incidents", case, customerid_contact__bind=f"contacts({theirs})")
    assert counted(desk.sync()) == {"incidents download": {"updated": 1}}
    assert customers_here(desk) == {"T1": (None, contact), "T2": (None, contact)}
    contoso.change("incidents", case, customerid_contact__bind=None)
    desk.sync()
    assert customers_here(desk)["T1"] == (None, None)
    settled(contoso, desk)


def test_a_customer_changes_its_kind_here(contoso: Contoso, desk: Office) -> None:
    (account,) = desk.local.rows("account")
    (theirs,) = contoso.records("accounts")
    ticket = here(desk, "T2", "ticket")["id"]
    desk.local.change("ticket", ticket, account=account, contact=None)
    assert counted(desk.sync()) == {"incidents upload": {"updated": 1}}
    assert customers(contoso)["T2"] == (theirs, "account")
    desk.local.change("ticket", ticket, account=None)
    assert counted(desk.sync()) == {"incidents upload": {"updated": 1}}
    assert customers(contoso)["T2"][0] is None
    settled(contoso, desk)


def test_a_case_that_is_made_here_has_its_customer_there(contoso: Contoso, desk: Office) -> None:
    contact = desk.local.create("contact", email="bo@example.com", name="Bo")
    desk.local.create("ticket", number="T3", title="New", contact=contact)
    counted(desk.sync())
    theirs = contoso.records("contacts", by="emailaddress1")["bo@example.com"]["contactid"]
    assert customers(contoso)["T3"] == (theirs, "contact")
    settled(contoso, desk)
