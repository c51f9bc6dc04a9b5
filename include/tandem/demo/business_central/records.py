"""Reading records: collections page by page, counts, single records, and what hangs on them.

Microsoft Learn, "Server-driven paging in OData web services" and "OData web services": at most
20,000 records a page, fewer where `odata.maxpagesize` says so; the link to the next page is opaque.
Changes are not tracked ("Deprecated features in the platform": delta links, removed in version 24).
"""

import json
import sqlite3
from dataclasses import dataclass, replace
from typing import Any, Final

from tandem.demo import read
from tandem.demo.business_central.control import Control
from tandem.demo.business_central.errors import no_record, refused
from tandem.demo.business_central.expanding import Expansion, expanded, parse_expand
from tandem.demo.business_central.fields import ROW_VERSION
from tandem.demo.business_central.filters import check_lines, filtered
from tandem.demo.business_central.pages import Page
from tandem.demo.business_central.places import ALL, Place
from tandem.demo.call import Call, Reply
from tandem.demo.conditions import Sql
from tandem.demo.headers import JSON
from tandem.demo.model import EntitySet
from tandem.demo.options import flag, ordered, selected, system_options, whole_number
from tandem.demo.pages import as_json, preference_applied
from tandem.demo.paging import next_link, token, token_values
from tandem.demo.read import Listing, Selection

CONTENT: Final = {"content-type": f"{JSON}; odata.metadata=minimal; odata.streaming=true"}
LINK: Final = "aid=FIXED&"
"""What stands in the link to a page before its token; opaque as all of it is."""
OF_MANY: Final = frozenset(
    (
        "$select",
        "$filter",
        "$orderby",
        "$top",
        "$skip",
        "$count",
        "$skiptoken",
        "$expand",
        "$format",
        "$schemaversion",
    )
)
OF_ONE: Final = frozenset(("$select", "$expand", "$format", "$schemaversion"))


@dataclass(frozen=True)
class Request:
    """One request, and the place that it is about."""

    call: Call
    place: Place
    control: Control
    pages: tuple[Page, ...] = ()
    """All that the service root publishes."""

    def context(self, *, one: bool = False, shape: str = "") -> str:
        """The context URL of the records."""
        return f"{self.call.root}$metadata#{self.place.path}{shape}{'/$entity' if one else ''}"


def list_records(request: Request) -> Reply:
    """One page of the records of a place."""
    place, call = request.place, request.call
    entity_set = place.page.entity_set
    options = system_options(call.query, OF_MANY)
    selection = Selection(entity_set, shown(options.get("$select"), entity_set))
    expansions = parse_expand(options.get("$expand"), place.page, place.store.model)
    size, applied = _page_size(request)
    top = whole_number(options, "$top")
    listing = replace(_listing(place, options), limit=size if top is None else min(size, top))
    with place.store.reading() as connection:
        total = (
            read.count(connection, entity_set, listing.where) if flag(options, "$count") else None
        )
        rows = read.page(connection, selection, listing)
        if request.control.slow_above is not None and len(rows.texts) > request.control.slow_above:
            raise refused("Unknown", "The request took too long.", 504)
        texts = _texts(request, connection, rows.texts, expansions)
    head: dict[str, Any] = {"@odata.context": request.context(shape=_shape(options))}
    if total is not None:
        head["@odata.count"] = total
    left = None if top is None else top - len(texts)
    tail = {}
    if rows.end is not None and left != 0:
        link = next_link(f"{call.root}{place.path}", _query(call.query), token(rows.end), top=left)
        tail["@odata.nextLink"] = link.replace("?", f"?{LINK}", 1)
    return Reply(body=as_json(head, texts, tail), headers=CONTENT | preference_applied(applied))


def _query(query: str) -> str:
    return "&".join(part for part in query.split("&") if not part.startswith("aid="))


def _shape(options: dict[str, str]) -> str:
    return f"({options['$select']})" if "$select" in options else ""


def _page_size(request: Request) -> tuple[int, tuple[str, ...]]:
    text = request.call.preferences.get("maxpagesize", "")
    if not (text.isascii() and text.isdigit() and int(text[:9])):
        return request.control.page_size, ()
    size = min(int(text[:9]), request.control.page_size)
    return size, (f"odata.maxpagesize={size}",)


def _listing(place: Place, options: dict[str, str]) -> Listing:
    orderings = ordered(options.get("$orderby"), place.page.entity_set)
    start = options.get("$skiptoken")
    return Listing(
        where=_where(place, options),
        orderings=orderings,
        limit=0,
        start=None if start is None else token_values(start, orderings),
        skip=whole_number(options, "$skip") or 0,
    )


def _where(place: Place, options: dict[str, str]) -> Sql:
    text = options.get("$filter")
    if place.where is ALL:
        check_lines(text, place.page)
    asked = filtered(text, place.page, place.store.model, options.get("$schemaversion", "1.0"))
    if place.where is ALL:
        return asked
    parameters = (*place.where.parameters, *asked.parameters)
    return Sql(f"{place.where.text} AND ({asked.text})", parameters)


def shown(text: str | None, entity_set: EntitySet) -> tuple[str, ...]:
    """The properties to return."""
    return tuple(path for path in selected(text, entity_set) if path != ROW_VERSION.name)


def _texts(
    request: Request,
    connection: sqlite3.Connection,
    texts: list[str],
    expansions: tuple[Expansion, ...],
) -> list[str]:
    """The records with their streams and what is expanded."""
    page = request.place.page
    if not expansions and not page.streams:
        return texts
    return [_more(request, connection, text, expansions) for text in texts]


def _more(
    request: Request, connection: sqlite3.Connection, text: str, expansions: tuple[Expansion, ...]
) -> str:
    record = json.loads(text)
    key = record[request.place.page.entity_set.key[0]]
    url = f"{request.call.root}{request.place.path}({key})"
    streams = [
        f"{json.dumps(name + '@odata.mediaReadLink')}:{json.dumps(f'{url}/{name}')}"
        for name in request.place.page.streams
    ]
    inner = [
        expanded(connection, expansion, record, url, request.control.expanded_size)
        for expansion in expansions
    ]
    return ",".join([text[:-1], *streams, *inner]) + "}"


def count_records(request: Request) -> Reply:
    """How many records the place has that satisfy $filter, as plain text."""
    place = request.place
    options = system_options(request.call.query, frozenset(("$filter", "$schemaversion")))
    where = _where(place, options)
    with place.store.reading() as connection:
        total = read.count(connection, place.page.entity_set, where)
    return Reply(body=str(total).encode(), headers={"content-type": "text/plain"})


def read_record(request: Request) -> Reply:
    """One record."""
    place, call = request.place, request.call
    options = system_options(call.query, OF_ONE)
    expansions = parse_expand(options.get("$expand"), place.page, place.store.model)
    paths = shown(options.get("$select"), place.page.entity_set)
    context = request.context(one=True, shape=_shape(options))
    with place.store.reading() as connection:
        text = record_text(request, connection, paths, context)
        found = _texts(request, connection, [text], expansions)[0]
    return Reply(body=found.encode(), headers=CONTENT)


def record_text(
    request: Request, connection: sqlite3.Connection, paths: tuple[str, ...], context: str
) -> str:
    """The record as JSON; ServiceError (404) if there is none."""
    place = request.place
    selection = Selection(place.page.entity_set, paths, context=context)
    found = read.entity(connection, selection, place.key or ())
    if found is None:
        raise no_record()
    return found[0]


def read_stream(request: Request) -> Reply:
    """The content of a stream property: none has any here."""
    with request.place.store.reading() as connection:
        record_text(request, connection, request.place.page.entity_set.key, "")
    return Reply(204)
