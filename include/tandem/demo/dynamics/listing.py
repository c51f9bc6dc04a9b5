"""GET of a table, page by page, and of one row.

Microsoft Learn, "Query data using the Web API", "Page results using OData", "Count rows".
"""

import json
from typing import Any, Final

from tandem.demo import read
from tandem.demo.call import Reply
from tandem.demo.conditions import Sql, condition
from tandem.demo.dynamics.cookies import cookie, last_row, parse_cookie, start
from tandem.demo.dynamics.errors import bad_url
from tandem.demo.dynamics.organization import Ask
from tandem.demo.dynamics.rows import Place, find, missing
from tandem.demo.dynamics.schema import MODEL, NAMESPACE
from tandem.demo.dynamics.shown import Shown, chosen
from tandem.demo.dynamics.tables import Table
from tandem.demo.dynamics.texts import FUNCTIONS
from tandem.demo.headers import JSON, names_etag
from tandem.demo.options import flag, ordered, whole_number
from tandem.demo.pages import as_json
from tandem.demo.paging import next_link
from tandem.demo.parser import parse_filter
from tandem.demo.read import Listing

MAX: Final = 5_000
"""The most rows of a page, and the most that are counted."""
CONTENT_TYPE: Final = {"content-type": f"{JSON}; odata.metadata=minimal"}


def list_rows(ask: Ask, table: Table) -> Reply:
    """One page; without `$top` a next link follows while there are more rows."""
    options = ask.options
    _refuse_expansion(ask)
    rows = shown(ask, table)
    size, applied = page_size(ask)
    top = whole_number(options, "$top")
    limited = top is not None and "maxpagesize" not in ask.call.preferences
    orderings = ordered(options.get("$orderby"), table.entity_set)
    page, place = _place(ask)
    listing = Listing(
        where=filtered(ask, table),
        orderings=orderings,
        limit=min(size, top) if limited and top is not None else size,
        start=None if place is None else start(orderings, place, table.entity_set),
    )
    with ask.organization.store.reading() as connection:
        total = (
            read.count(connection, table.entity_set, listing.where)
            if flag(options, "$count")
            else None
        )
        found = read.page(connection, rows, listing)
    head = {"@odata.context": context(ask, table)} | _counted(rows, total)
    tail = {}
    if found.end is not None and not (limited and len(found.texts) == top):
        last = last_row(orderings, found.end, table.entity_set)
        tail = {"@odata.nextLink": link(ask, table, cookie(page + 1, last))}
    return reply(head, found.texts, tail, applied, ask)


def count_rows(ask: Ask, table: Table) -> Reply:
    """How many rows satisfy $filter, 5,000 at most."""
    where = filtered(ask, table)
    with ask.organization.store.reading() as connection:
        total = read.count(connection, table.entity_set, where)
    # The document of a running service begins with a byte order mark.
    body = f"\ufeff{min(total, MAX)}".encode()
    return Reply(body=body, headers={"content-type": "text/plain"})


def read_row(ask: Ask, place: Place) -> Reply:
    """One row; 304 if the client has it, unless annotations are wanted."""
    _refuse_expansion(ask)
    table = place.table
    entity = f"{context(ask, table)}/$entity"
    paths = chosen(ask.options.get("$select"), table)
    selection = Shown(table.entity_set, paths, False, entity, annotations=ask.annotations)
    with ask.organization.store.reading() as connection:
        row = find(connection, place)
        found = read.entity(connection, selection, (row[0],)) if row else None
    if not found:
        raise missing(place)
    text, etag = found
    headers = CONTENT_TYPE | ({"etag": etag} if etag else {}) | applied_annotations(ask)
    unchanged = ask.header("if-none-match")
    if unchanged and not ask.annotations and names_etag(unchanged, etag):
        return Reply(304, headers=headers)
    return Reply(body=text.encode(), headers=headers)


def shown(ask: Ask, table: Table) -> Shown:
    """The rows as this request wants them."""
    paths = chosen(ask.options.get("$select"), table)
    return Shown(table.entity_set, paths, annotations=ask.annotations)


def context(ask: Ask, table: Table) -> str:
    """The context URL: what was selected, and no more."""
    select = ask.options.get("$select")
    shape = f"({','.join(part.strip() for part in select.split(','))})" if select else ""
    return f"{ask.call.root}$metadata#{table.set_name}{shape}"


def filtered(ask: Ask, table: Table) -> Sql:
    """The condition of `$filter`."""
    text = ask.options.get("$filter")
    if text is None:
        return Sql("1")
    return condition(parse_filter(text), table.entity_set, MODEL, FUNCTIONS)


def page_size(ask: Ask) -> tuple[int, list[str]]:
    """Rows of a page, and the preference that was followed."""
    text = ask.call.preferences.get("maxpagesize", "")
    largest = ask.organization.service.page_size
    if not (text.isascii() and text.isdigit() and int(text[:9])):
        return largest, []
    return min(int(text[:9]), largest), [f"odata.maxpagesize={text}"]


def link(ask: Ask, table: Table, token: str) -> str:
    """The request's own URL with a paging cookie."""
    return next_link(f"{ask.call.root}{table.set_name}", ask.call.query, token, top=None)


def applied_annotations(ask: Ask) -> dict[str, str]:
    """Preference-Applied for annotations alone."""
    if not ask.annotations:
        return {}
    text = ask.call.preferences["include-annotations"]
    return {"preference-applied": f'odata.include-annotations="{text}"'}


def reply(
    head: dict[str, Any], texts: list[str], tail: dict[str, Any], applied: list[str], ask: Ask
) -> Reply:
    """A collection, and the preferences that were followed."""
    followed = [*applied, *applied_annotations(ask).values()]
    headers = {"preference-applied": ", ".join(followed)} if followed else {}
    return Reply(body=as_json(head, texts, tail), headers=CONTENT_TYPE | headers)


def _counted(rows: Shown, total: int | None) -> dict[str, Any]:
    if total is None:
        return {}
    count = min(total, MAX)
    found: dict[str, Any] = {"@odata.count": count}
    for name, value in (
        ("totalrecordcount", count),
        ("totalrecordcountlimitexceeded", total > MAX),
    ):
        if rows.wants(f"{NAMESPACE}.{name}"):
            found[f"@{NAMESPACE}.{name}"] = value
    return found


def _place(ask: Ask) -> tuple[int, dict[str, str | None] | None]:
    token = ask.options.get("$skiptoken")
    return (1, None) if token is None else parse_cookie(token)


def _refuse_expansion(ask: Ask) -> None:
    if "$expand" in ask.options:
        raise bad_url("This organization is a simulator: it does not know $expand.")


def document(value: object) -> Reply:
    """A JSON answer of any shape."""
    return Reply(body=json.dumps(value).encode(), headers=CONTENT_TYPE)
