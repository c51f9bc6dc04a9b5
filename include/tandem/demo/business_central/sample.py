"""Sample records of both companies: the demo's own, under the names of Business Central."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Final

from tandem.demo.business_central import api
from tandem.demo.business_central.api import API
from tandem.demo.business_central.custom import CUSTOM
from tandem.demo.business_central.documents import STEP, header_amounts, line_amounts
from tandem.demo.business_central.orders import SALES_ORDER_LINES, SALES_ORDERS
from tandem.demo.business_central.pages import Company
from tandem.demo.business_central.sample_rows import guid, insert, stamps, version
from tandem.demo.business_central.sample_services import fill_custom, fill_web_services
from tandem.demo.business_central.sites import site
from tandem.demo.business_central.web_services import WEB_SERVICES
from tandem.demo.clock import Clock, system_clock
from tandem.demo.data import Row, Sizes, samples
from tandem.demo.store import Store
from tandem.demo.values import Stored

_MADE: Final = datetime(2025, 3, 24, 2, 8, 5, 67_000, tzinfo=UTC)
COMPANIES: Final = (
    Company("e802e7d1-5408-4f11-9afa-6045bdabb318", "CRONUS International Ltd.", "CRONUS", _MADE),
    Company("3ab5c248-e72b-4f11-9a4a-7c1e5275406f", "My Company", "", _MADE),
)
TERMS: Final = (("10 DAYS", "10 days"), ("1M(8D)", "1 month, 2 % in 8 days"), ("COD", ""))


def fill(database: Path, sizes: Sizes, *, clock: Clock = system_clock) -> None:
    """Put the sample records into the databases; a company that has records stays as it is."""
    for number, company in enumerate(COMPANIES):
        rows = {entity_set.name: list(items) for entity_set, items in samples(sizes, number + 1)}
        stores = [site(r, COMPANIES, database, clock).stores[company.id] for r in _ROOTS]
        if any(store.counts()[store.model.entity_sets[1].name] for store in stores):
            continue
        _fill_api(stores[0], rows)
        fill_custom(stores[1], sizes.accounts)
        fill_web_services(stores[2], rows)


_ROOTS: Final = (API, CUSTOM, WEB_SERVICES)


def _fill_api(store: Store, rows: dict[str, list[Row]]) -> None:
    terms = [guid("term", code) for code, _ in TERMS]
    insert(
        store,
        api.PAYMENT_TERMS,
        (
            {"id": terms[n], "code": code, "displayName": name, "#rowVersion": n + 1}
            for n, (code, name) in enumerate(TERMS)
        ),
    )
    names = {row["ID"]: row["accountNumber"] for row in rows["Accounts"]}
    customers = (_customer(row, n, terms) for n, row in enumerate(rows["Accounts"]))
    insert(store, api.CUSTOMERS, customers)
    insert(store, api.CONTACTS, (_contact(row, n, names) for n, row in enumerate(rows["Contacts"])))
    items = max(len(rows["Accounts"]) // 10, 3)
    insert(store, api.ITEMS, (_item(n) for n in range(items)))
    insert(store, api.PICTURES, ({"id": guid("item", n), "#rowVersion": n} for n in range(items)))
    numbers = {row["ID"]: (row["accountNumber"], row["name"]) for row in rows["Accounts"]}
    orders = rows["WorkOrders"]
    lines = {row["ID"]: list(_lines(row, items)) for row in orders}
    headers = (_order(row, numbers, lines[row["ID"]]) for row in orders)
    insert(store, SALES_ORDERS, headers)
    insert(store, SALES_ORDER_LINES, chain.from_iterable(lines.values()))


def _customer(row: Row, n: int, terms: list[str]) -> Row:
    return {
        "id": row["ID"],
        "number": row["accountNumber"],
        "displayName": row["name"],
        "addressLine1": row["address/street"],
        "city": row["address/city"],
        "country": row["address/country"],
        "postalCode": row["address/postalCode"],
        "phoneNumber": row["phone"],
        "website": row["website"],
        "creditLimit": row["creditLimit"],
        "blocked": 0 if row["isActive"] else 1 + n % 3,
        "paymentTermsId": terms[n % 3] if n % 4 else None,
        **stamps(row),
    }


def _contact(row: Row, n: int, numbers: dict[Stored, Stored]) -> Row:
    return {
        "id": row["ID"],
        "number": f"CT{n + 1:06d}",
        "type": 1,
        "displayName": " ".join(str(part) for part in (row["firstName"], row["lastName"]) if part),
        "jobTitle": row["jobTitle"],
        "companyNumber": numbers.get(row["account_ID"]),
        "email": row["email"],
        "phoneNumber": row["phone"],
        **stamps(row),
    }


def _item(n: int) -> Row:
    return {
        "id": guid("item", n),
        "number": f"{1000 + n}",
        "displayName": f"Spare part {n + 1}",
        "type": n % 3,
        "unitPrice": f"{10 + n}.50",
        "baseUnitOfMeasureCode": "PCS",
        "#rowVersion": n + 1,
        "lastModifiedDateTime": "2025-03-24T02:08:05.067",
    }


def _order(row: Row, customers: dict[Stored, tuple[Stored, Stored]], lines: list[Row]) -> Row:
    number, name = customers[row["account_ID"]]
    return {
        "id": row["ID"],
        "number": row["orderNumber"],
        "orderDate": row["dueDate"],
        "customerId": row["account_ID"],
        "customerNumber": number,
        "customerName": name,
        "sellToCity": row["site/city"],
        **header_amounts((line["amountExcludingTax"], line["totalTaxAmount"]) for line in lines),
        "status": int(row["status"] or 0) % 3,
        **stamps(row),
    }


def _lines(row: Row, items: int) -> Iterator[Row]:
    return (_line(row, n, items) for n in range(1 + version(row) % 3))


def _line(row: Row, n: int, items: int) -> Row:
    item = (version(row) + n) % items
    line: Row = {
        "id": guid(row["ID"], n),
        "documentId": row["ID"],
        "sequence": (n + 1) * STEP,
        "itemId": guid("item", item),
        "lineType": 2,
        "lineObjectNumber": f"{1000 + item}",
        "description": f"Spare part {item + 1}",
        "quantity": str(n + 1),
        "unitPrice": f"{10 + item}.50",
        "discountAmount": "0",
        "taxCode": "21%",
        "taxPercent": "21",
        "#rowVersion": version(row) * 3 + n,
    }
    return line | line_amounts(line)
