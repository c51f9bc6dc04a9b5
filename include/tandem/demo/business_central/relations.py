"""What records say of each other: values that go together, references that have to hold."""

import sqlite3
from collections.abc import Mapping
from typing import Final

from tandem.demo.business_central.errors import refused
from tandem.demo.business_central.pages import NO_GUID, Page
from tandem.demo.business_central.payloads import Values
from tandem.demo.conditions import column
from tandem.demo.errors import ServiceError
from tandem.demo.store import table
from tandem.demo.values import Stored

_BLANK: Final = (None, "", NO_GUID)
NO_CUSTOMER: Final = "A customerNumber or a customerID must be provided."
NO_DOCUMENT: Final = "You must specify a Document Id to create a line."


def follow(
    connection: sqlite3.Connection,
    page: Page,
    before: Values,
    values: Values,
    pages: Mapping[str, Page],
) -> Values:
    """The values with what follows from them: another customer has another name."""
    if not _LEADING.get(page.name, frozenset()) & values.keys():
        return values
    row = before | values
    if "customerNumber" in values and "customerId" not in values:
        row["customerId"] = NO_GUID
    complete(connection, page, row, pages)
    return {name: value for name, value in row.items() if value != before[name]}


_LEADING: Final = {
    "salesOrders": frozenset(("customerId", "customerNumber")),
    "salesOrderLines": frozenset(("itemId",)),
}


def complete(
    connection: sqlite3.Connection, page: Page, row: Values, pages: Mapping[str, Page]
) -> None:
    """Put in what follows from what was sent: the customer of an order, the item of a line."""
    if page.name == "salesOrders":
        _complete_order(connection, row, pages["customers"])
    if page.name == "salesOrderLines":
        _complete_line(connection, row, pages["items"])


def _complete_order(connection: sqlite3.Connection, row: Values, customers: Page) -> None:
    by_id = row["customerId"] not in _BLANK
    name, value = ("id", row["customerId"]) if by_id else ("number", row["customerNumber"])
    if value in _BLANK:
        raise refused("Application_DialogException", NO_CUSTOMER)
    found = _find(connection, customers, name, value, ("id", "number", "displayName"))
    if found is None:
        raise _unrelated("Customer", "salesOrder", value, "customers")
    row["customerId"], row["customerNumber"], row["customerName"] = found


def _complete_line(connection: sqlite3.Connection, row: Values, items: Page) -> None:
    if row["documentId"] in _BLANK:
        raise refused("Application_DialogException", NO_DOCUMENT)
    item = _find(connection, items, "id", row["itemId"], ("number", "displayName", "unitPrice"))
    if item is not None:
        row["lineType"] = 2
        row["lineObjectNumber"] = item[0]
        row["description"] = row["description"] or item[1]
        row["unitPrice"] = item[2] if row["unitPrice"] == "0" else row["unitPrice"]


def check_relations(
    connection: sqlite3.Connection, page: Page, values: Values, pages: Mapping[str, Page]
) -> None:
    """Raise if a value that refers to a record refers to none."""
    for navigation in (*page.navigations, *page.relations):
        value = values.get(navigation.own)
        if navigation.many or navigation.own == "id" or value in _BLANK:
            continue
        theirs = navigation.theirs
        if _find(connection, pages[navigation.target], theirs, value, (theirs,)) is None:
            type_ = page.entity_set.type_name
            raise _unrelated(navigation.own, type_, value, navigation.target)


def _unrelated(name: str, type_: str, value: Stored, target: str) -> ServiceError:
    message = (
        f"The field {name} of table {type_} contains a value ({value}) "
        f"that cannot be found in the related table ({target})."
    )
    return refused("Internal_InvalidTableRelation", message)


def check_fixed(page: Page, before: Values, values: Values) -> None:
    """Raise if a value changes that only a new record takes."""
    for name in page.fixed:
        if values.get(name, before[name]) != before[name]:
            message = f"The value for {name} cannot be modified."
            raise refused("Application_DialogException", message)


def check_unused(
    connection: sqlite3.Connection, page: Page, row: Values, pages: Mapping[str, Page]
) -> None:
    """Raise if records other than its own lines refer to the record."""
    for other in pages.values():
        if other.lines_of and other.lines_of.headers == page.name:
            continue
        for navigation in (*other.navigations, *other.relations):
            if navigation.target != page.name or navigation.many or navigation.own == "id":
                continue
            if _find(
                connection, other, navigation.own, row[navigation.theirs], other.entity_set.key
            ):
                message = (
                    f"You cannot delete {page.entity_set.type_name} because there is at least one "
                    f"outstanding {other.entity_set.type_name} that includes it."
                )
                raise refused("Application_DialogException", message)


def _find(
    connection: sqlite3.Connection, page: Page, name: str, value: Stored, wanted: tuple[str, ...]
) -> tuple[Stored, ...] | None:
    found: tuple[Stored, ...] | None = connection.execute(
        f"SELECT {', '.join(map(column, wanted))} FROM {table(page.entity_set)} "  # noqa: S608 names of the model
        f"WHERE {column(name)} = ?",
        (value,),
    ).fetchone()
    return found
