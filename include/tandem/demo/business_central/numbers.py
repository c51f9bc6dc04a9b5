"""Numbers of records: the next of a series, and of lines; none is given twice."""

import sqlite3

from tandem.demo.business_central.documents import next_number
from tandem.demo.business_central.errors import refused
from tandem.demo.business_central.pages import NO_GUID, Page
from tandem.demo.business_central.payloads import Values
from tandem.demo.conditions import column
from tandem.demo.errors import ServiceError
from tandem.demo.store import table


def give_numbers(connection: sqlite3.Connection, page: Page, row: Values) -> None:
    """Put the next numbers into a new record where it has none; ServiceError if its is taken."""
    name = page.series
    if name and not row.get(name):
        row[name] = _next(connection, page, row)
    elif name and _is_taken(connection, page, row):
        raise exists(page, row)
    lines = page.lines_of
    if lines and not row[lines.order]:
        row[lines.order] = next_number(connection, page.entity_set, lines, row[lines.property])


def exists(page: Page, row: Values) -> ServiceError:
    """There is such a record already."""
    name = page.series or page.entity_set.key[0]
    message = (
        f"The {page.entity_set.type_name} already exists. "
        f"Identification fields and values: {name}='{row.get(name, NO_GUID)}'"
    )
    return refused("Internal_EntityWithSameKeyExists", message)


def _next(connection: sqlite3.Connection, page: Page, row: Values) -> str:
    count = connection.execute(
        "SELECT value FROM row_versions WHERE entity_set = ?", (page.name,)
    ).fetchone()[0]
    letter, number = page.name[0].upper(), int(count) + 1
    while _is_taken(connection, page, row | {page.series: f"{letter}{number:06d}"}):
        number += 1
    return f"{letter}{number:06d}"


def _is_taken(connection: sqlite3.Connection, page: Page, row: Values) -> bool:
    """Whether a record has that number; where it is a part of the key, with the other parts: an
    order and a quote may have the same.
    """
    key = page.entity_set.key
    names = key if page.series in key else (page.series,)
    condition = " AND ".join(f"{column(name)} = ?" for name in names)
    found = connection.execute(
        f"SELECT 1 FROM {table(page.entity_set)} WHERE {condition}",  # noqa: S608 names of the model
        [row[name] for name in names],
    ).fetchone()
    return found is not None
