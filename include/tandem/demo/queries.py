"""GET: documents, collections, counts and single entities."""

import json

from tandem.demo import read
from tandem.demo.call import Call, Reply, json_headers
from tandem.demo.csdl_json import csdl_json
from tandem.demo.csdl_xml import csdl_xml
from tandem.demo.deltas import list_changes
from tandem.demo.errors import not_found
from tandem.demo.headers import JSON, XML, names_etag
from tandem.demo.listing import list_set
from tandem.demo.metadata import service_document
from tandem.demo.options import (
    OF_A_COUNT,
    OF_A_DOCUMENT,
    OF_AN_ENTITY,
    filtered,
    names_option,
    selected,
    system_options,
)
from tandem.demo.resources import Collection, Count, Item, Metadata, ServiceDocument


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
    """One page of an entity set, or of its changes if the URL is a delta link."""
    if names_option(call.query, "$deltatoken"):
        return list_changes(call, resource.entity_set)
    return list_set(call, resource.entity_set)


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
    selection = call.service.selection(
        entity_set, paths, accepted.ieee754, context if accepted.metadata != "none" else None
    )
    with call.service.store.reading() as connection:
        found = read.entity(connection, selection, resource.key)
    if found is None:
        raise not_found(f"{entity_set.name!r} has no entity with this key.")
    text, etag = found
    headers = {"etag": etag} if etag else {}
    if etag and names_etag(call.headers.get("if-none-match", '""'), etag):
        return Reply(304, headers=headers)
    return Reply(body=text.encode(), headers=json_headers(accepted) | headers)
