"""From a row of the demo's own sample to one of a page."""

from collections.abc import Iterable
from uuid import NAMESPACE_URL, uuid5

from tandem.demo.business_central.pages import Page, blank
from tandem.demo.data import Row
from tandem.demo.store import Store
from tandem.demo.values import Stored


def insert(store: Store, page: Page, rows: Iterable[Row]) -> None:
    """Add rows; values that are missing or null are blank."""
    store.insert(page.entity_set, (_values(row, page) for row in rows))


def _values(row: Row, page: Page) -> tuple[Stored, ...]:
    found = ((row.get(name), item) for name, item in page.entity_set.paths.items())
    return tuple(blank(item) if value is None else value for value, item in found)


def stamps(row: Row) -> Row:
    """Version and time of the last change, to the millisecond, under all their names."""
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


def version(row: Row) -> int:
    """The row version of a sample record."""
    return int(row["rowVersion"] or 0)


def guid(*parts: object) -> str:
    """A guid that is the same for the same parts."""
    return str(uuid5(NAMESPACE_URL, "/".join(map(str, parts))))
