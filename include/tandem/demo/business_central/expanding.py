"""`$expand`: what hangs on a record within it, with a link of its own to what is left."""

import re
import sqlite3
from dataclasses import dataclass
from typing import Any, Final

from tandem.demo import read
from tandem.demo.business_central.fields import ROW_VERSION
from tandem.demo.business_central.pages import Navigation, Page
from tandem.demo.conditions import Sql, column
from tandem.demo.errors import bad_request
from tandem.demo.model import EntitySet, ServiceModel
from tandem.demo.options import ordered, selected
from tandem.demo.paging import token
from tandem.demo.read import Listing, Selection

_ITEM: Final = re.compile(r"\s*(\w+)\s*(?:\(([^()]*)\))?\s*(?:,|$)")


@dataclass(frozen=True, slots=True)
class Expansion:
    """One navigation property to expand, and which properties of its records to return."""

    navigation: Navigation
    target: EntitySet
    paths: tuple[str, ...]


def parse_expand(text: str | None, page: Page, model: ServiceModel) -> tuple[Expansion, ...]:
    """The expansions of a $expand, each with at most a $select of its own."""
    if not text:
        return ()
    position, found = 0, []
    while position < len(text):
        match = _ITEM.match(text, position)
        if not match:
            raise bad_request(f"The $expand '{text}' is not supported.", "$expand")
        found.append(_expansion(match[1], match[2], page, model))
        position = match.end()
    return tuple(found)


def _expansion(name: str, options: str | None, page: Page, model: ServiceModel) -> Expansion:
    navigation = page.navigation(name)
    if navigation is None:
        type_ = page.entity_set.type_name
        raise bad_request(f"Could not find a property named '{name}' on type '{type_}'.", "$expand")
    given = (options or "").strip()
    if given and not given.startswith("$select="):
        raise bad_request(f"The option '{given}' of $expand is not supported.", "$expand")
    target = model.by_name[navigation.target]
    paths = selected(given.removeprefix("$select=") if given else None, target)
    return Expansion(navigation, target, tuple(p for p in paths if p != ROW_VERSION.name))


def expanded(
    connection: sqlite3.Connection,
    expansion: Expansion,
    record: dict[str, Any],
    url: str,
    size: int,
) -> str:
    """The members of the record's JSON that hold what is expanded."""
    navigation = expansion.navigation
    if navigation.own not in record:
        raise bad_request(f"'{navigation.own}' has to be selected with '{navigation.name}'.")
    orderings = ordered(_order(expansion.target), expansion.target)
    own = record[navigation.own]
    listing = Listing(Sql(f"{column(navigation.theirs)} = ?", (own,)), orderings, size)
    rows = read.page(connection, Selection(expansion.target, expansion.paths), listing)
    name = navigation.name
    if not navigation.many:
        return f'"{name}":{rows.texts[0]}' if rows.texts else f'"{name}":null'
    members = [f'"{name}":[{",".join(rows.texts)}]']
    if rows.end is not None:
        link = f"{url}/{name}?aid=FIXED&$orderby={_order(expansion.target)}"
        members.append(f'"{name}@odata.nextLink":"{link}&$skiptoken={token(rows.end)}"')
    return ",".join(members)


def _order(entity_set: EntitySet) -> str:
    return "sequence" if "sequence" in entity_set.paths else entity_set.key[0]
