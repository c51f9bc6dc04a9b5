"""The OData v4 service of an organisation (Resco wiki, OData service; Microsoft's connector).

Not there: `$batch`, whose support no document tells of, `$schema`, webhooks and reports.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Final
from urllib.parse import quote, unquote

from tandem.demo.call import Call, Reply, Service, json_headers
from tandem.demo.csdl_xml import csdl_xml
from tandem.demo.dispatch import Incoming, method_not_allowed
from tandem.demo.errors import ServiceError, bad_request, not_found
from tandem.demo.headers import JSON, XML, check_version, preferences
from tandem.demo.options import NONE, OF_A_DOCUMENT, system_options
from tandem.demo.preconditions import Precondition
from tandem.demo.queries import count_entities, list_entities, read_entity
from tandem.demo.read import entity as read_one
from tandem.demo.resco.attributes import Attribute, Entity, LookupForm
from tandem.demo.resco.entities import NAMESPACE, USER, shown
from tandem.demo.resco.organization import Organization
from tandem.demo.resco.records import Records
from tandem.demo.resco.values import from_body
from tandem.demo.resources import Collection, Count, Item
from tandem.demo.write import read_json

PAGE_SIZE: Final = 1_000
"""Also the largest there is (Resco wiki, OData service)."""
EXPAND: Final = "resco-expand"
"""Stands for `$expand` within the links of pages, which are for the service alone."""
_GUID: Final = "[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}"
_ITEM: Final = re.compile(rf"(\w+)\('({_GUID})'\)")
_QUOTED_GUID: Final = re.compile(rf"'(?:\w+:)?({_GUID})'")
_HEXADECIMAL: Final = re.compile(r'"([0-9A-Fa-f]{16})"')
_DECIMAL: Final = re.compile(r'"(\d+)"')


class ODataService:
    """Answers the requests below a service root."""

    def __init__(self, organization: Organization, form: LookupForm) -> None:
        """`form`: how lookups are shown."""
        self._organization = organization
        self._entities = organization.entities
        self._form = form
        self._service = Service(
            organization.store, organization.clock, organization.new_id, PAGE_SIZE
        )

    def answer(self, root: str, request: Incoming) -> Reply:
        """The reply; ServiceError if there is none."""
        check_version(request.headers)
        path = unquote(request.path)
        documents = {"": self._service_document, "$metadata": self._metadata, "me": self._me}
        if path in documents:
            _check_method(request, "GET")
            return documents[path](self._call(root, request))
        name, _, rest = path.partition("/")
        if rest == "$count" and name in self._entities:
            _check_method(request, "GET")
            return count_entities(self._call(root, request), Count(self._entities[name].stored))
        if match := _ITEM.fullmatch(path):
            return self._item(root, request, match[1], match[2].lower())
        if path in self._entities:
            return self._collection(root, request, self._entities[path])
        raise not_found(f"There is no resource {path!r}.")

    def _collection(self, root: str, request: Incoming, entity: Entity) -> Reply:
        call = self._call(root, request, entity)
        if _check_method(request, "GET", "POST") == "GET":
            return list_entities(call, Collection(entity.stored))
        values = from_body(entity, _body(call))
        with self._organization.store.writing() as connection:
            key = self._organization.create(connection, entity, values)
            return self._written(call, connection, entity, key, status=201)

    def _item(self, root: str, request: Incoming, name: str, key: str) -> Reply:
        if name not in self._entities:
            raise not_found(f"There is no resource {name!r}.")
        entity = self._entities[name]
        call = self._call(root, request, entity)
        method = _check_method(request, "GET", "PATCH", "DELETE")
        if method == "GET":
            return _with_hexadecimal_etag(read_entity(call, Item(entity.stored, (key,))))
        condition = Precondition(call.headers.get("if-match"))
        if method == "PATCH":
            values = from_body(entity, _body(call))
            with self._organization.store.writing() as connection:
                self._organization.update(connection, entity, key, values, condition)
                return self._written(call, connection, entity, key, status=200)
        system_options(call.query, NONE)
        with self._organization.store.writing() as connection:
            self._organization.delete(connection, entity, key, condition)
        return Reply(204)

    def _written(self, call: Call, connection: Any, entity: Entity, key: str, status: int) -> Reply:
        """201 and 200 with the record (the OpenAPI document of Microsoft's connector)."""
        accepted = call.accepts({}, JSON)
        paths = tuple(entity.stored.paths)
        context = f"{call.context(entity.stored, paths)}/$entity"
        selection = call.service.selection(entity.stored, paths, accepted.ieee754, context)
        text, etag = read_one(connection, selection, (key,)) or ("", None)
        headers = json_headers(accepted) | {"etag": etag or ""}
        if status == 201:
            headers["location"] = f"{call.root}{entity.name}('{key}')"
        return _with_hexadecimal_etag(Reply(status, text.encode(), headers))

    def _call(self, root: str, request: Incoming, entity: Entity | None = None) -> Call:
        """The request in the terms of the demo service.

        Nothing is known of preferences but those of Microsoft's connector, so others are ignored.
        """
        strict = preferences(request.headers.get("prefer", "")).get("resco.strictlookup") == "true"
        headers = {k: v for k, v in request.headers.items() if k != "prefer"}
        for name in ("if-match", "if-none-match"):
            if name in headers:
                headers[name] = _HEXADECIMAL.sub(lambda m: f'"{int(m[1], 16)}"', headers[name])
        query, expanded = _without_expand(request.query)
        service = self._service
        if entity:
            lookups = self._expanded(entity, expanded)
            typed = strict and self._form is LookupForm.TYPED
            show = partial(_show, entity=entity, typed=typed, expanded=lookups)
            service = replace(service, selection=show)
        return Call(service, root, _with_plain_guids(query), headers, request.body)

    def _expanded(
        self, entity: Entity, text: str | None
    ) -> list[tuple[Attribute, tuple[Entity, ...]]]:
        names = text.split(",") if text else []
        lookups = {lookup.name: lookup for lookup in entity.lookups}
        if text and self._form is not LookupForm.SUFFIXED:
            raise ServiceError(501, "NotImplemented", "There are no navigation properties.")
        if unknown := [name for name in names if name not in lookups]:
            raise bad_request(f"{entity.name!r} has no lookup {unknown[0]!r}.", unknown[0])
        return [
            (lookups[name], tuple(self._entities[target] for target in lookups[name].targets))
            for name in names
        ]

    def _service_document(self, call: Call) -> Reply:
        """The entities with their labels; `$kind` and `$entitySet` choose among them."""
        options = system_options(call.query, OF_A_DOCUMENT | {"$kind", "$entitySet", "$property"})
        accepted = call.accepts(options, JSON)
        wanted = options.get("$entitySet")
        value = [
            {"kind": "EntitySet", "title": entity.label, "name": name, "url": name}
            for name, entity in self._entities.items()
            if wanted in (None, name) and options.get("$kind", "EntitySet") == "EntitySet"
        ]
        document = {"@odata.context": f"{call.root}$metadata", "value": value}
        return Reply(body=json.dumps(document).encode(), headers=json_headers(accepted))

    def _metadata(self, call: Call) -> Reply:
        call.accepts(system_options(call.query, OF_A_DOCUMENT), XML)
        model = shown(tuple(self._entities.values()))
        return Reply(body=csdl_xml(model, capabilities=False), headers={"content-type": XML})

    def _me(self, call: Call) -> Reply:
        """The record of the user whose credentials came."""
        with self._organization.store.reading() as connection:
            key = self._organization.user_id(connection)
        if key is None:
            raise not_found("The user is no record of the organisation.")
        show = partial(_show, entity=self._entities[USER])
        call = replace(call, service=replace(call.service, selection=show))
        item = Item(self._entities[USER].stored, (key,))
        return _with_hexadecimal_etag(read_entity(call, item))


def error_body(error: ServiceError) -> bytes:
    """An error as the OpenAPI document of Microsoft's connector describes it."""
    body: Mapping[str, Any] = {
        "code": error.code,
        "message": error.message,
        "target": error.target or "",
        "details": [],
        "innererror": {"type": f"{NAMESPACE}.{error.code}"},
    }
    return json.dumps({"error": body}).encode()


def _show(
    entity_set: Any,
    paths: tuple[str, ...],
    ieee754: bool,  # noqa: FBT001 as Selection takes it
    context: str | None,
    **shape: Any,
) -> Records:
    return Records(entity_set, paths, ieee754, context, **shape)


def _check_method(request: Incoming, *allowed: str) -> str:
    method = "GET" if request.method == "HEAD" else request.method
    if method not in allowed:
        raise method_not_allowed(request.method, list(allowed))
    return method


def _body(call: Call) -> Any:
    system_options(call.query, NONE)
    return read_json(call.body if isinstance(call.body, bytes) else b"")


def _without_expand(query: str) -> tuple[str, str | None]:
    """The query with another name for `$expand`, and its value."""
    parts, expanded = [], None
    for part in query.split("&"):
        name, _, value = part.partition("=")
        if unquote(name) in ("$expand", EXPAND):
            expanded = unquote(value)
            part = f"{EXPAND}={value}"
        parts.append(part)
    return "&".join(parts), expanded


def _with_plain_guids(query: str) -> str:
    """The query with guids as the protocol writes them.

    Keys are quoted (`account('…')`), so that guids in `$filter` may be as well; both are taken.
    """
    parts = []
    for part in query.split("&"):
        name, mark, value = part.partition("=")
        if unquote(name) == "$filter":
            value = quote(_QUOTED_GUID.sub(r"\1", unquote(value)))
        parts.append(f"{name}{mark}{value}")
    return "&".join(parts)


def _with_hexadecimal_etag(reply: Reply) -> Reply:
    headers = dict(reply.headers)
    if "etag" in headers:
        headers["etag"] = _DECIMAL.sub(lambda m: f'"{int(m[1]):016X}"', headers["etag"])
    return replace(reply, headers=headers)
