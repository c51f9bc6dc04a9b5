"""Lines of documents, which have no time of their last change: read by their headers."""

from decimal import Decimal
from pathlib import Path

import pytest
from tests.systems.cronus import CUSTOMERS, TERMS, Cronus, Record, lines_of
from tests.systems.office import Office, counted

ORDERS: Record = {
    "direction": "bidirectional",
    "external": "salesOrders",
    "local": "sales_order",
    "primary_key": ["number"],
    "fields": lines_of(
        "number:number",
        "customerId:customer",
        "orderDate:ordered",
        "totalAmountIncludingTax:total",
        customerId={"lookup": {"entity": "customers", "field": "id"}},
        totalAmountIncludingTax={"direction": "download_only"},
    ),
}
LINES: Record = {
    "direction": "bidirectional",
    "external": "salesOrderLines",
    "local": "sales_line",
    "primary_key": ["documentId", "sequence"],
    "fields": lines_of(
        "documentId:sales_order",
        "sequence:sequence",
        "description:description",
        "quantity:quantity",
        documentId={"lookup": {"entity": "salesOrders", "field": "id"}},
    ),
}


@pytest.fixture
def cronus(tmp_path: Path) -> Cronus:
    return Cronus(tmp_path)


BY_DOCUMENT: Record = {**LINES, "version_number": "documentLastModifiedDateTime"}
"""Whoever can do without edits that change no amount reads lines by what changed."""


def begun(
    cronus: Cronus, orders: int = 3, lines: int = 3, mapping: Record = LINES, **values: object
) -> Office:
    """An office with that many orders of so many lines each, after its first sync."""
    there = cronus.company()
    there.create("customers", number="C1", displayName="Customer")
    for n in range(1, orders + 1):
        there.create(
            "salesOrders",
            number=f"S{n}",
            customerNumber="C1",
            orderDate="2026-03-01",
            salesOrderLines=[
                {"lineType": "Comment", "description": f"{n}.{at}", "quantity": at, **values}
                for at in range(1, lines + 1)
            ],
        )
    office = cronus.office(TERMS, CUSTOMERS, ORDERS, mapping)
    counts = counted(office.sync())
    assert counts["salesOrders download"] == {"created": orders}
    assert counts["salesOrderLines download"] == {"created": orders * lines}
    return office


def order(cronus: Cronus, number: str) -> Record:
    return cronus.company().records("salesOrders", by="number", expand="salesOrderLines")[number]


def settled(cronus: Cronus, office: Office) -> None:
    """One more sync writes nothing, and both sides have the same lines in the same orders."""
    cronus.wire.asked.clear()
    assert counted(office.sync()) == {}
    assert counted(office.sync(mode="full")) == {}
    assert not cronus.wire.writes
    orders = {row["id"]: row["number"] for row in office.local.rows("sales_order").values()}
    mine = {
        (orders[row["sales_order"]], row["sequence"]): (
            row["description"],
            Decimal(str(row["quantity"])),
        )
        for row in office.local.rows("sales_line").values()
    }
    numbers = {r["id"]: r["number"] for r in cronus.company().records("salesOrders").values()}
    theirs = {
        (numbers[line["documentId"]], line["sequence"]): (
            line["description"] or None,
            line["quantity"],
        )
        for line in cronus.company().lines().values()
    }
    assert mine == theirs


def test_a_changed_line_comes_with_its_document_alone(cronus: Cronus) -> None:
    office = begun(cronus, mapping=BY_DOCUMENT, unitPrice=10)
    cronus.time.go_on(minutes=60)
    line = order(cronus, "S2")["salesOrderLines"][1]
    cronus.company().change("salesOrderLines", line["id"], quantity=7)
    cronus.wire.asked.clear()
    counts = counted(office.sync())
    assert counts["salesOrderLines download"] == {"updated": 1}
    queries = cronus.wire.listings("salesOrders")
    listings = [q for q in queries if "$expand=salesOrderLines($select=id,d" in q]
    assert listings
    assert all("lastModifiedDateTime ge" in query for query in listings)
    settled(cronus, office)


@pytest.mark.parametrize("minutes", [0, 60])
def test_an_edit_that_changes_no_amount_is_not_lost(cronus: Cronus, minutes: int) -> None:
    """It leaves the order's time of its last change as it was."""
    office = begun(cronus, unitPrice=10)
    cronus.time.go_on(minutes)
    before = order(cronus, "S2")
    line = before["salesOrderLines"][1]
    cronus.company().change("salesOrderLines", line["id"], description="Other")
    assert order(cronus, "S2")["lastModifiedDateTime"] == before["lastModifiedDateTime"]
    assert counted(office.sync()) == {"salesOrderLines download": {"updated": 1}}
    rows = office.local.rows("sales_line").values()
    assert "Other" in {row["description"] for row in rows}
    settled(cronus, office)


def test_edits_of_no_amount_are_found_by_a_full_run_where_documents_tell(cronus: Cronus) -> None:
    office = begun(cronus, mapping=BY_DOCUMENT)
    cronus.time.go_on(minutes=60)
    cronus.company().change("salesOrders", order(cronus, "S3")["id"], email="a@example.com")
    office.sync()
    cronus.time.go_on(minutes=60)
    line = order(cronus, "S2")["salesOrderLines"][1]
    cronus.company().change("salesOrderLines", line["id"], description="Other")
    assert counted(office.sync()) == {}
    assert counted(office.sync(mode="full")) == {"salesOrderLines download": {"updated": 1}}
    settled(cronus, office)


def test_a_deleted_line_goes_and_so_do_those_of_a_deleted_order(cronus: Cronus) -> None:
    office = begun(cronus)
    there = cronus.company()
    there.delete("salesOrderLines", order(cronus, "S1")["salesOrderLines"][0]["id"])
    there.delete("salesOrders", order(cronus, "S3")["id"])
    counts = counted(office.sync())
    assert counts["salesOrderLines download"] == {"deleted": 4}
    assert counts["salesOrders download"]["deleted"] == 1
    assert len(office.local.rows("sales_line")) == 5
    settled(cronus, office)


def test_a_new_line_on_either_side_arrives(cronus: Cronus) -> None:
    office = begun(cronus)
    cronus.company().create(
        "salesOrderLines",
        documentId=order(cronus, "S1")["id"],
        lineType="Comment",
        description="theirs",
    )
    rows = office.local.rows("sales_order").values()
    mine = next(row["id"] for row in rows if row["number"] == "S2")
    office.local.create("sales_line", sales_order=mine, description="mine", quantity=2, sequence=50)
    counts = counted(office.sync())
    assert counts["salesOrderLines download"]["created"] == 1
    assert counts["salesOrderLines upload"]["created"] == 1
    words = {line["description"] for line in order(cronus, "S2")["salesOrderLines"]}
    assert "mine" in words
    settled(cronus, office)


def test_an_order_is_created_with_its_lines(cronus: Cronus) -> None:
    office = begun(cronus, orders=1)
    (customer,) = office.local.rows("account")
    mine = office.local.create("sales_order", number="MINE", customer=customer)
    for n in (1, 2):
        office.local.create(
            "sales_line", sales_order=mine, description=f"Line {n}", quantity=n, sequence=n
        )
    counts = counted(office.sync())
    assert counts["salesOrders upload"]["created"] == 1
    assert counts["salesOrderLines upload"]["created"] == 2
    lines = order(cronus, "MINE")["salesOrderLines"]
    assert [line["description"] for line in lines] == ["Line 1", "Line 2"]
    settled(cronus, office)


def test_lines_are_edited_and_deleted_here(cronus: Cronus) -> None:
    office = begun(cronus)
    first, second, *_ = office.local.rows("sales_line").values()
    office.local.change("sales_line", first["id"], description="Other", quantity=9)
    office.local.delete("sales_line", second["id"])
    counts = counted(office.sync())
    assert counts["salesOrderLines upload"] == {"updated": 1, "deleted": 1}
    assert len(cronus.company().lines()) == 8
    settled(cronus, office)


def test_lines_beyond_the_page_of_their_order_are_read_too(cronus: Cronus) -> None:
    cronus.control.expanded_size = 4
    office = begun(cronus, orders=2, lines=11)
    cronus.time.go_on(minutes=60)
    there = cronus.company()
    cronus.control.expanded_size = 100
    last = order(cronus, "S1")["salesOrderLines"][-1]
    cronus.control.expanded_size = 4
    there.change("salesOrderLines", last["id"], quantity=99)
    assert counted(office.sync())["salesOrderLines download"] == {"updated": 1}
    cronus.control.expanded_size = 100
    settled(cronus, office)


def test_an_order_that_moves_while_it_is_listed_loses_no_line(cronus: Cronus) -> None:
    """Lines on a further page of an order that somebody edits between both pages."""
    office = begun(cronus, orders=2, lines=6)
    cronus.control.expanded_size = 4
    cronus.time.go_on(minutes=60)
    there = cronus.company()
    line = order(cronus, "S1")["salesOrderLines"][0]
    there.change("salesOrderLines", line["id"], description="once")
    done: list[bool] = []

    def edit(request: object) -> None:
        if "salesOrderLines?aid" in str(getattr(request, "url", "")) and not done:
            done.append(True)
            there.change("salesOrderLines", line["id"], description="twice")

    cronus.wire.before = edit
    office.sync()
    cronus.wire.before = lambda _: None
    assert done
    office.sync()
    cronus.control.expanded_size = 100
    settled(cronus, office)
