"""Sample records of both companies: the demo's own, under the names of Business Central."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Final
from uuid import NAMESPACE_URL, uuid5

from tandem.demo.business_central import api, custom, web_services
from tandem.demo.business_central.api import API
from tandem.demo.business_central.custom import CUSTOM
from tandem.demo.business_central.documents import STEP, header_amounts, line_amounts
from tandem.demo.business_central.pages import Company, Page, blank
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
        _fill_custom(stores[1], sizes.accounts)
        _fill_web_services(stores[2], rows)


_ROOTS: Final = (API, CUSTOM, WEB_SERVICES)


def _insert(store: Store, page: Page, rows: Iterator[Row]) -> None:
    """Values that are missing or null are blank."""
    store.insert(page.entity_set, (_values(row, page) for row in rows))


def _values(row: Row, page: Page) -> tuple[Stored, ...]:
    found = ((row.get(name), item) for name, item in page.entity_set.paths.items())
    return tuple(blank(item) if value is None else value for value, item in found)


def _stamps(row: Row) -> Row:
    """To the millisecond, as all times are."""
    text = str(row["modifiedAt"])
    whole, _, fraction = text.partition(".")
    digits = fraction[:3].rstrip("0")
    moment = f"{whole}.{digits}" if digits else whole
    return {
        "#rowVersion": row["rowVersion"],
        "RowVersionNumber": row["rowVersion"],
        "lastModifiedDateTime": moment,
        "SystemModifiedAt": moment,
    }


def _version(row: Row) -> int:
    return int(row["rowVersion"] or 0)


def _guid(*parts: object) -> str:
    return str(uuid5(NAMESPACE_URL, "/".join(map(str, parts))))


def _fill_api(store: Store, rows: dict[str, list[Row]]) -> None:
    terms = [_guid("term", code) for code, _ in TERMS]
    _insert(
        store,
        api.PAYMENT_TERMS,
        (
            {"id": terms[n], "code": code, "displayName": name, "#rowVersion": n + 1}
            for n, (code, name) in enumerate(TERMS)
        ),
    )
    names = {row["ID"]: row["accountNumber"] for row in rows["Accounts"]}
    _insert(store, api.CUSTOMERS, (_customer(row, n, terms) for n, row in _each(rows["Accounts"])))
    _insert(store, api.CONTACTS, (_contact(row, n, names) for n, row in _each(rows["Contacts"])))
    items = max(len(rows["Accounts"]) // 10, 3)
    _insert(store, api.ITEMS, (_item(n) for n in range(items)))
    _insert(store, api.PICTURES, ({"id": _guid("item", n), "#rowVersion": n} for n in range(items)))
    numbers = {row["ID"]: (row["accountNumber"], row["name"]) for row in rows["Accounts"]}
    orders = rows["WorkOrders"]
    lines = {row["ID"]: list(_lines(row, items)) for row in orders}
    headers = (_order(row, numbers, lines[row["ID"]]) for row in orders)
    _insert(store, api.SALES_ORDERS, headers)
    _insert(store, api.SALES_ORDER_LINES, chain.from_iterable(lines.values()))


def _each(rows: list[Row]) -> Iterator[tuple[int, Row]]:
    return iter(enumerate(rows))


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
        **_stamps(row),
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
        **_stamps(row),
    }


def _item(n: int) -> Row:
    return {
        "id": _guid("item", n),
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
        **_stamps(row),
    }


def _lines(row: Row, items: int) -> Iterator[Row]:
    return (_line(row, n, items) for n in range(1 + _version(row) % 3))


def _line(row: Row, n: int, items: int) -> Row:
    item = (_version(row) + n) % items
    line: Row = {
        "id": _guid(row["ID"], n),
        "documentId": row["ID"],
        "sequence": (n + 1) * STEP,
        "itemId": _guid("item", item),
        "lineType": 2,
        "lineObjectNumber": f"{1000 + item}",
        "description": f"Spare part {item + 1}",
        "quantity": str(n + 1),
        "unitPrice": f"{10 + item}.50",
        "discountAmount": "0",
        "taxCode": "21%",
        "taxPercent": "21",
        "#rowVersion": _version(row) * 3 + n,
    }
    return line | line_amounts(line)


def _fill_custom(store: Store, count: int) -> None:
    groups = [_guid("group", n) for n in range(3)]
    moment = {"systemModifiedAt": "2025-03-24T02:08:05.067"}
    _insert(
        store,
        custom.ASSET_GROUPS,
        ({"id": groups[n], "code": f"G{n}", "systemRowVersion": n + 1, **moment} for n in range(3)),
    )
    _insert(
        store,
        custom.ASSETS,
        (
            {
                "id": _guid("asset", n),
                "no": f"AS{n + 1:05d}",
                "description": f"Boiler {n + 1}",
                "state": n % 3,
                "groupId": groups[n % 3] if n % 5 else None,
                "value": f"{n}.25",
                "systemRowVersion": n + 1,
                **moment,
            }
            for n in range(count)
        ),
    )


def _fill_web_services(store: Store, rows: dict[str, list[Row]]) -> None:
    numbers = {row["ID"]: row["accountNumber"] for row in rows["Accounts"]}
    people = {row["ID"]: f"CT{n + 1:06d}" for n, row in _each(rows["Contacts"])}
    _insert(store, web_services.RESCO_CUSTOMER, (_resco_customer(r) for r in rows["Accounts"]))
    contacts = (_resco_contact(row, people, numbers) for row in rows["Contacts"])
    _insert(store, web_services.RESCO_CONTACT, contacts)
    orders = (_resco_order(row, people, numbers) for row in rows["WorkOrders"])
    _insert(store, web_services.RESCO_SERVICE_ORDER, orders)


def _resco_customer(row: Row) -> Row:
    return {
        "No": row["accountNumber"],
        "Name": row["name"],
        "Address": row["address/street"],
        "CountryRegionCode": row["address/country"],
        "City": row["address/city"],
        "PostCode": row["address/postalCode"],
        "PhoneNo": row["phone"],
        "HomePage": row["website"],
        **_stamps(row),
    }


def _resco_contact(row: Row, people: dict[Stored, str], numbers: dict[Stored, Stored]) -> Row:
    return {
        "No": people[row["ID"]],
        "Name": " ".join(str(part) for part in (row["firstName"], row["lastName"]) if part),
        "Email": row["email"],
        "PhoneNo": row["phone"],
        "CustomerNo": numbers.get(row["account_ID"]),
        "ContactBusinessRelation": "Customer" if row["account_ID"] else None,
        "Type": "Person",
        **_stamps(row),
    }


def _resco_order(row: Row, people: dict[Stored, str], numbers: dict[Stored, Stored]) -> Row:
    return {
        "DocumentType": "Order",
        "No": row["orderNumber"],
        "CustomerNo": numbers[row["account_ID"]],
        "ContactNo": people.get(row["contact_ID"]),
        "Description": row["subject"],
        "Status": ("Pending", "In Process", "Finished", "On Hold")[int(row["status"] or 0) % 4],
        "DueDate": row["dueDate"],
        "Amount": row["amount"],
        **_stamps(row),
    }
