"""From the path of a URL to the records that it names.

Microsoft Learn, "Business Central API endpoint structure" and "OData web services": the company
stands in the path, in the query option `company`, or in the header `Company`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import parse_qs, unquote

from tandem.demo.business_central.errors import no_company, no_default_company, no_record
from tandem.demo.business_central.pages import Company, Navigation, Page, Root
from tandem.demo.conditions import Sql, column
from tandem.demo.errors import bad_request, not_found
from tandem.demo.read import key_condition
from tandem.demo.resources import Count, Item, key_predicate, parse_path
from tandem.demo.store import Store, table
from tandem.demo.values import Stored

ALL: Final = Sql("1")


@dataclass(frozen=True)
class Site:
    """The records of a service root, a store a company."""

    root: Root
    companies: Sequence[Company]
    stores: Mapping[str, Store]
    """By the id of the company."""

    def company(self, name: str) -> Company:
        """The company of that id or name, upper and lower case told apart."""
        for company in self.companies:
            if name in (company.id, company.name):
                return company
        raise no_company(name)

    @property
    def any_store(self) -> Store:
        """Each store knows all companies."""
        return self.stores[self.companies[0].id]


@dataclass(frozen=True)
class Place:
    """The records of a page, all or those below another record, or one of them."""

    store: Store
    page: Page
    path: str
    """Of the collection, below the service root, percent-encoded."""
    where: Sql = ALL
    """Which records of the page are meant."""
    key: tuple[Stored, ...] | None = None
    count: bool = False
    given: tuple[tuple[str, Stored], ...] = ()
    """Values that a new record has by its place."""
    stream: str = ""


def locate(site: Site, path: str, query: str, headers: Mapping[str, str]) -> Place:
    """What the path below the service root names; ServiceError if nothing.

    `path` is percent-encoded.
    """
    segments = [part for part in path.split("/") if part]
    name, bracket, _ = unquote(segments[0]).partition("(") if segments else ("", "", "")
    model = site.root.model
    if name != site.root.companies.name:
        company = _named(site, query, headers)
        return _below(site, company, _prefix(site, company), segments)
    if not bracket:
        resource = parse_path("/".join(segments), model)
        counted = isinstance(resource, Count)
        return Place(site.any_store, site.root.by_name[name], name, count=counted)
    item = parse_path(_lenient(segments[0]), model)
    if not isinstance(item, Item):
        raise not_found(f"Resource not found for the segment '{unquote(segments[0])}'.")
    company = site.company(str(item.key[0]))
    if len(segments) == 1:
        return Place(site.any_store, site.root.by_name[name], name, key=item.key)
    return _below(site, company, f"{segments[0]}/", segments[1:])


def _lenient(segment: str) -> str:
    """`Company(Id=…)` is `Company('…')`, by the id."""
    text = unquote(segment)
    if text.startswith("Company(Id="):
        return f"Company('{text[len('Company(Id=') : -1]}')"
    return segment


def _named(site: Site, query: str, headers: Mapping[str, str]) -> Company:
    options = parse_qs(query)
    name = options["company"][0] if "company" in options else headers.get("company", "")
    if not name:
        raise no_default_company()
    return site.company(unquote(name))


def _prefix(site: Site, company: Company) -> str:
    """The company as it stands in paths."""
    companies = site.root.companies
    key = company.id if companies.key == ("id",) else company.name
    return f"{companies.name}{key_predicate(companies, (key,))}/"


def _below(site: Site, company: Company, prefix: str, segments: Sequence[str]) -> Place:
    store = site.stores[company.id]
    first, *rest = segments
    place = _first(site, store, prefix, first)
    for segment in rest:
        place = _next(site, place, segment)
    return place


def _first(site: Site, store: Store, prefix: str, segment: str) -> Place:
    name = unquote(segment).partition("(")[0]
    page = site.root.by_name.get(name)
    if page is None or page.entity_set is site.root.companies:
        raise not_found(f"Resource not found for the segment '{name}'.")
    place = Place(store, page, f"{prefix}{name}")
    resource = parse_path(segment, site.root.model)
    return replace(place, key=resource.key) if isinstance(resource, Item) else place


def _next(site: Site, place: Place, segment: str) -> Place:
    if segment == "$count" and place.key is None:
        return replace(place, count=True)
    if place.key is None:
        raise not_found(f"Resource not found for the segment '{segment}'.")
    name, bracket, key = unquote(segment).partition("(")
    if name in place.page.streams:
        return replace(place, stream=name)
    navigation = place.page.navigation(name)
    if navigation is None:
        raise not_found(f"Resource not found for the segment '{name}'.")
    below = _along(site, place, navigation)
    if not bracket:
        return below
    resource = parse_path(f"{navigation.target}({key}", site.root.model)
    if not isinstance(resource, Item):
        raise bad_request(f"'{segment}' is no key.")
    return replace(below, key=resource.key)


def _along(site: Site, place: Place, navigation: Navigation) -> Place:
    """What a navigation property of one record leads to."""
    own = _value(place, navigation.own)
    page = site.root.by_name[navigation.target]
    path = f"{place.path}({place.key[0] if place.key else ''})/{navigation.name}"
    below = Place(place.store, page, path)
    if navigation.many:
        condition = Sql(f"{column(navigation.theirs)} = ?", (own,))
        return replace(below, where=condition, given=((navigation.theirs, own),))
    return replace(below, key=(own,))


def _value(place: Place, name: str) -> Stored:
    with place.store.reading() as connection:
        found = connection.execute(
            f"SELECT {column(name)} FROM {table(place.page.entity_set)} "  # noqa: S608 names of the model
            f"WHERE {key_condition(place.page.entity_set)}",
            place.key or (),
        ).fetchone()
    if found is None:
        raise no_record()
    value: Stored = found[0]
    return value
