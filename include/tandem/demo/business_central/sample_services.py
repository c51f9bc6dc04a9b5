"""Sample records of the custom API and of the web services."""

from tandem.demo.business_central import custom, web_services
from tandem.demo.business_central.sample_rows import guid, insert, stamps
from tandem.demo.data import Row
from tandem.demo.store import Store
from tandem.demo.values import Stored


def fill_custom(store: Store, count: int) -> None:
    """That many assets, in three groups."""
    groups = [guid("group", n) for n in range(3)]
    moment = {"systemModifiedAt": "2025-03-24T02:08:05.067"}
    insert(
        store,
        custom.ASSET_GROUPS,
        ({"id": groups[n], "code": f"G{n}", "systemRowVersion": n + 1, **moment} for n in range(3)),
    )
    insert(
        store,
        custom.ASSETS,
        (
            {
                "id": guid("asset", n),
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


def fill_web_services(store: Store, rows: dict[str, list[Row]]) -> None:
    """Customers, contacts and service orders."""
    numbers = {row["ID"]: row["accountNumber"] for row in rows["Accounts"]}
    people = {row["ID"]: f"CT{n + 1:06d}" for n, row in enumerate(rows["Contacts"])}
    insert(store, web_services.RESCO_CUSTOMER, (_resco_customer(r) for r in rows["Accounts"]))
    contacts = (_resco_contact(row, people, numbers) for row in rows["Contacts"])
    insert(store, web_services.RESCO_CONTACT, contacts)
    orders = (_resco_order(row, people, numbers) for row in rows["WorkOrders"])
    insert(store, web_services.RESCO_SERVICE_ORDER, orders)


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
        **stamps(row),
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
        **stamps(row),
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
        **stamps(row),
    }
