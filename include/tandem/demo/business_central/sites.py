"""The database files of a service root: one a company."""

from collections.abc import Sequence
from pathlib import Path

from tandem.demo.business_central.pages import Company, Root, blank
from tandem.demo.business_central.places import Site
from tandem.demo.canonical import instant_text
from tandem.demo.clock import Clock, system_clock
from tandem.demo.conditions import column
from tandem.demo.store import Store, table
from tandem.demo.values import Stored


def site(
    root: Root, companies: Sequence[Company], database: Path, clock: Clock = system_clock
) -> Site:
    """The stores of a service root, made where they are missing; each knows all companies."""
    stores = {}
    for number, company in enumerate(companies):
        path = database.with_name(f"{database.stem}.{root.name}.{number}{database.suffix}")
        stores[company.id] = _store(root, companies, path, clock)
    return Site(root, companies, stores)


def _store(root: Root, companies: Sequence[Company], path: Path, clock: Clock) -> Store:
    store = Store(path, root.model, clock=clock)
    if not store.counts()[root.companies.name]:
        store.insert(root.companies, [_row(root, company) for company in companies])
    with store.writing() as connection:
        for page in root.pages:
            for name in {
                item.own for item in (*page.navigations, *page.relations) if item.own != "id"
            }:
                index = column(f"{page.name}/{name}")
                connection.execute(
                    f"CREATE INDEX IF NOT EXISTS {index} "
                    f"ON {table(page.entity_set)} ({column(name)})"
                )
    return store


def _row(root: Root, company: Company) -> tuple[Stored, ...]:
    modified = instant_text(company.modified.isoformat())
    known: dict[str, Stored] = {
        "id": company.id,
        "Id": company.id,
        root.company_name: company.name,
        "displayName": company.display_name,
        "Display_Name": company.display_name,
        "systemCreatedAt": modified,
        "systemModifiedAt": modified,
    }
    return tuple(known.get(name, blank(item)) for name, item in root.companies.paths.items())
