"""POST, PATCH and DELETE."""

import sqlite3

from tandem.demo import read
from tandem.demo.call import Call, Reply, json_headers
from tandem.demo.errors import ServiceError
from tandem.demo.headers import JSON, parse_media_type
from tandem.demo.model import EntitySet
from tandem.demo.options import NONE, system_options
from tandem.demo.preconditions import Precondition
from tandem.demo.read import Selection
from tandem.demo.resources import Collection, Item, key_predicate
from tandem.demo.values import Stored
from tandem.demo.write import Writer, parse_body, read_json


def create_entity(call: Call, resource: Collection) -> Reply:
    """201 with the new entity, or 204 if `return=minimal` is preferred."""
    entity_set = resource.entity_set
    values = _values(call, entity_set)
    with call.service.store.writing() as connection:
        key = _writer(call, connection, entity_set).create(values)
        return _written(call, connection, Item(entity_set, key), created=True)


def update_entity(call: Call, resource: Item) -> Reply:
    """204, or 200 with the entity if `return=representation` is preferred."""
    values = _values(call, resource.entity_set)
    with call.service.store.writing() as connection:
        writer = _writer(call, connection, resource.entity_set)
        writer.update(resource.key, values, _precondition(call))
        return _written(call, connection, resource, created=False)


def delete_entity(call: Call, resource: Item) -> Reply:
    """204."""
    system_options(call.query, NONE)
    with call.service.store.writing() as connection:
        writer = _writer(call, connection, resource.entity_set)
        writer.delete(resource.key, _precondition(call))
    return Reply(204)


def _precondition(call: Call) -> Precondition:
    headers = call.headers
    return Precondition(
        headers.get("if-match"), headers.get("if-none-match"), call.service.if_match_required
    )


def _writer(call: Call, connection: sqlite3.Connection, entity_set: EntitySet) -> Writer:
    return Writer(connection, entity_set, call.service.clock, call.service.new_id)


def _values(call: Call, entity_set: EntitySet) -> dict[str, Stored]:
    system_options(call.query, NONE)
    media_type = parse_media_type(call.headers.get("content-type", ""))
    if media_type.name != JSON:
        raise ServiceError(415, "UnsupportedMediaType", f"The body has to be {JSON}.")
    payload = read_json(call.body) if isinstance(call.body, bytes) else call.body.value
    return parse_body(payload, entity_set, ieee754=media_type.ieee754)


def _written(call: Call, connection: sqlite3.Connection, item: Item, *, created: bool) -> Reply:
    """What the write made (OData Protocol 4.01, 8.2.8.7 and 11.4.2)."""
    entity_set = item.entity_set
    accepted = call.accepts({}, JSON)
    paths = tuple(entity_set.paths)
    context = f"{call.context(entity_set, paths)}/$entity"
    selection = Selection(entity_set, paths, accepted.ieee754, context)
    text, etag = read.entity(connection, selection, item.key) or ("", None)
    url = f"{call.root}{entity_set.name}{key_predicate(entity_set, item.key)}"
    headers = {"location": url} if created else {}
    if etag:
        headers["etag"] = etag
    preferred = call.preferences.get("return")
    if preferred in ("minimal", "representation"):
        headers["preference-applied"] = f"return={preferred}"
    if preferred == "minimal" or (preferred is None and not created):
        return Reply(204, headers=headers | {"odata-entityid": url})
    status = 201 if created else 200
    return Reply(status, text.encode(), headers | json_headers(accepted))
