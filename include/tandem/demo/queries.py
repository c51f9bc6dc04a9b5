"""GET: documents, pages, counts and single entities."""

import json
from collections.abc import Mapping
from typing import Any, Final

from tandem.demo import read
from tandem.demo.call import Call, Reply, json_headers
from tandem.demo.csdl_json import csdl_json
from tandem.demo.csdl_xml import csdl_xml
from tandem.demo.errors import not_found
from tandem.demo.headers import JSON, XML
from tandem.demo.metadata import service_document
from tandem.demo.model import EntitySet
from tandem.demo.options import (
    OF_A_COLLECTION,
    OF_A_COUNT,
    OF_A_DOCUMENT,
    OF_AN_ENTITY,
    filtered,
    flag,
    ordered,
    selected,
    system_options,
    whole_number,
)
from tandem.demo.paging import next_link, token, token_values
from tandem.demo.read import Listing, Rows, Selection
from tandem.demo.resources import Collection, Count, Item, Metadata, ServiceDocument

MAX_PAGE: Final = 5_000
"""The most entities in one page, whatever a client prefers."""


def service_root(call: Call, _: ServiceDocument) -> Reply:
    """The service document."""
    accepted = call.accepts(system_options(call.query, OF_A_DOCUMENT), JSON)
    document = service_document(call.service.store.model, call.root)
    return Reply(body=json.dumps(document).encode(), headers=json_headers(accepted))


def metadata(call: Call, _: Metadata) -> Reply:
    """$metadata; XML unless JSON is preferred."""
    accepted = call.accepts(system_options(call.query, OF_A_DOCUMENT), XML, JSON)
    model = call.service.store.model
    document = csdl_xml(model) if accepted.name == XML else json.dumps(csdl_json(model)).encode()
    return Reply(body=document, headers={"content-type": accepted.name})


def list_entities(call: Call, resource: Collection) -> Reply:
    """One page of an entity set."""
    options = system_options(call.query, OF_A_COLLECTION)
    entity_set = resource.entity_set
    accepted = call.accepts(options, JSON)
    selection = Selection(
        entity_set, selected(options.get("$select"), entity_set), accepted.ieee754
    )
    size, applied = _page_size(call)
    listing = _listing(call, options, entity_set, size)
    with call.service.store.reading() as connection:
        total = (
            read.count(connection, entity_set, listing.where) if flag(options, "$count") else None
        )
        rows = read.page(connection, selection, listing)
    head: dict[str, Any] = {}
    if accepted.metadata != "none":
        head["@odata.context"] = call.context(entity_set, selection.paths)
    if total is not None:
        head["@odata.count"] = str(total) if accepted.ieee754 else total
    tail = _next(call, rows, whole_number(options, "$top"), entity_set)
    body = _collection(head, rows.texts, tail).encode()
    return Reply(body=body, headers=json_headers(accepted) | applied)


def _page_size(call: Call) -> tuple[int, dict[str, str]]:
    text = call.preferences.get("maxpagesize", "")
    if not (text.isascii() and text.isdigit() and int(text[:9])):
        return call.service.page_size, {}
    size = min(int(text[:9]), MAX_PAGE)
    return size, {"preference-applied": f"odata.maxpagesize={size}"}


def _listing(call: Call, options: Mapping[str, str], entity_set: EntitySet, size: int) -> Listing:
    top = whole_number(options, "$top")
    start = options.get("$skiptoken")
    orderings = ordered(options.get("$orderby"), entity_set)
    return Listing(
        where=filtered(options.get("$filter"), entity_set, call.service.store.model),
        orderings=orderings,
        limit=size if top is None else min(size, top),
        start=None if start is None else token_values(start, orderings),
        skip=whole_number(options, "$skip") or 0,
    )


def _next(call: Call, rows: Rows, top: int | None, entity_set: EntitySet) -> dict[str, str]:
    left = None if top is None else top - len(rows.texts)
    if rows.end is None or left == 0:
        return {}
    url = f"{call.root}{entity_set.name}"
    return {"@odata.nextLink": next_link(url, call.query, token(rows.end), top=left)}


def _collection(head: dict[str, Any], texts: list[str], tail: dict[str, str]) -> str:
    # The rows are JSON already; only what stands around them is made here.
    before = "".join(f"{json.dumps(name)}:{json.dumps(value)}," for name, value in head.items())
    after = "".join(f",{json.dumps(name)}:{json.dumps(value)}" for name, value in tail.items())
    return f'{{{before}"value":[{",".join(texts)}]{after}}}'


def count_entities(call: Call, resource: Count) -> Reply:
    """How many entities satisfy $filter, as plain text."""
    options = system_options(call.query, OF_A_COUNT)
    where = filtered(options.get("$filter"), resource.entity_set, call.service.store.model)
    with call.service.store.reading() as connection:
        total = read.count(connection, resource.entity_set, where)
    return Reply(body=str(total).encode(), headers={"content-type": "text/plain"})


def read_entity(call: Call, resource: Item) -> Reply:
    """One entity."""
    options = system_options(call.query, OF_AN_ENTITY)
    entity_set = resource.entity_set
    accepted = call.accepts(options, JSON)
    paths = selected(options.get("$select"), entity_set)
    context = f"{call.context(entity_set, paths)}/$entity"
    selection = Selection(
        entity_set, paths, accepted.ieee754, context if accepted.metadata != "none" else None
    )
    with call.service.store.reading() as connection:
        found = read.entity(connection, selection, resource.key)
    if found is None:
        raise not_found(f"{entity_set.name!r} has no entity with this key.")
    text, etag = found
    return Reply(
        body=text.encode(), headers=json_headers(accepted) | ({"etag": etag} if etag else {})
    )
