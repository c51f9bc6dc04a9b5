"""The REST data service (Resco wiki, Resco CRM Connector; Resco's own TypeScript client).

Writes check no versions: the client's own notes say that the service has no way to.
"""

import json
import sqlite3
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import partial
from typing import Any, Final
from urllib.parse import parse_qs
from uuid import NAMESPACE_URL, uuid5
from xml.etree.ElementTree import Element

from tandem.demo import read
from tandem.demo.call import Reply
from tandem.demo.dispatch import Incoming, method_not_allowed
from tandem.demo.errors import ServiceError, bad_request, not_found
from tandem.demo.paging import token
from tandem.demo.resco import xml
from tandem.demo.resco.attributes import Attribute, Entity
from tandem.demo.resco.fetch import Query, read_query
from tandem.demo.resco.organization import Organization
from tandem.demo.resco.records import Records
from tandem.demo.resco.values import from_texts
from tandem.demo.values import Stored

NOBODY: Final = "00000000-0000-0000-0000-000000000000"


class DataService:
    """Answers the requests below the service root, all of which are POSTs."""

    def __init__(self, organization: Organization) -> None:
        self._organization = organization
        self._methods: dict[str, Callable[[Incoming], Reply]] = {
            "": self._fetch,
            "Fetch": self._fetch,
            "WhoAmI": self._who_am_i,
            "GetMaxRowVersion": self._max_row_version,
            "Execute": self._execute,
            "Create": partial(self._execute, action="Create"),
            "Update": self._update,
            "Delete": partial(self._execute, action="Delete"),
            "ExecuteMultiple": self._execute_multiple,
        }

    def answer(self, _root: str, request: Incoming) -> Reply:
        """The reply; ServiceError if there is none."""
        if request.path not in self._methods:
            raise not_found(f"There is no method {request.path!r}.")
        if request.method != "POST":
            raise method_not_allowed(request.method, ["POST"])
        return self._methods[request.path](request)

    def _who_am_i(self, _: Incoming) -> Reply:
        organization = self._organization
        with organization.store.reading() as connection:
            user = organization.user_id(connection)
        root = xml.root("WhoAmI", OrganizationName=organization.name)
        xml.child(root, "OrganizationId", str(uuid5(NAMESPACE_URL, organization.name)))
        xml.child(root, "UserId", user or NOBODY)
        xml.child(root, "OrganizationVersion", "1")
        return xml.reply(root)

    def _max_row_version(self, _: Incoming) -> Reply:
        root = xml.root("MaxRowVersion")
        with self._organization.store.reading() as connection:
            root.text = str(self._organization.max_row_version(connection))
        return xml.reply(root)

    def _fetch(self, request: Incoming) -> Reply:
        organization = self._organization
        document = xml.parse(_bytes(request))
        query = read_query(document, dict(organization.entities), organization.store.model)
        entity = query.entity
        paths = tuple(entity.column(attribute) for attribute in query.attributes)
        shown = Records(entity.stored, paths, entity=entity, typed=True, labels=True)
        with organization.store.reading() as connection:
            rows = read.page(connection, shown, query.listing)
            lowest = organization.min_active_row_version(connection)
        records = [json.loads(text, parse_float=Decimal) for text in rows.texts]
        return xml.reply(_found(query, records, rows.end, lowest))

    def _update(self, request: Incoming) -> Reply:
        """`$create=true` makes it an upsert."""
        creates = parse_qs(request.query).get("$create", ["false"])[0].lower() == "true"
        return self._execute(request, action="Upsert" if creates else "Update")

    def _execute(self, request: Incoming, action: str | None = None) -> Reply:
        root = xml.root("ExecuteResponse")
        self._one(root, xml.parse(_bytes(request)), action)
        return xml.reply(root)

    def _execute_multiple(self, request: Incoming) -> Reply:
        """The results in the order of the records, up to the first fault unless it goes on."""
        document = xml.parse(_bytes(request))
        limit = self._organization.controls.execute_limit
        if len(document) > limit:
            raise bad_request(f"There are {len(document)} records; at most {limit} are taken.")
        continues = document.get("ContinueOnError", "").lower() in ("true", "1")
        root = xml.root("ExecuteMultipleResponse")
        for element in document:
            if not self._one(root, element, None) and not continues:
                break
        return xml.reply(root)

    def _one(self, root: Element, element: Element, action: str | None) -> bool:
        """Do what one record asks for and tell of it; whether it went well."""
        try:
            with self._organization.store.writing() as connection:
                kind, text = self._done(connection, element, action)
        except ServiceError as error:
            xml.fault(root, error)
            return False
        xml.child(root, "Result", text, Type=kind)
        return True

    def _done(
        self, connection: sqlite3.Connection, element: Element, action: str | None
    ) -> tuple[str, str]:
        """What is answered: the id of a new record, or that the rest went well."""
        entity = self._organization.entity(element.get("EntityName", ""))
        action = action or element.get("Action", "")
        if action not in ("Create", "Update", "Upsert", "Delete"):
            raise bad_request(f"There is no action {action!r}.", "Action")
        keys = tuple(element.get("PrimaryKey", "id").split(";"))
        values = from_texts(entity, {xml.local_name(item): item.text or "" for item in element})
        key = self._key(connection, entity, keys, values, action)
        if key is None:
            return "guid", self._organization.create(connection, entity, values)
        if action == "Delete":
            self._organization.delete(connection, entity, key)
        else:
            self._organization.update(connection, entity, key, values)
        return "bool", "True"

    def _key(
        self,
        connection: sqlite3.Connection,
        entity: Entity,
        keys: tuple[str, ...],
        values: Mapping[str, Stored],
        action: str,
    ) -> str | None:
        """The record to change; None if one is to be created."""
        if action == "Create" or (action == "Upsert" and keys == ("id",) and not values.get("id")):
            return None
        key = self._organization.find(connection, entity, keys, values)
        if key is None and action != "Upsert":
            raise not_found(f"{entity.name!r} has no record with this primary key.")
        return key


def _bytes(request: Incoming) -> bytes:
    return request.body if isinstance(request.body, bytes) else b""


def _found(
    query: Query,
    records: list[dict[str, Any]],
    end: tuple[Stored, ...] | None,
    lowest: int,
) -> Element:
    entity = query.entity
    root = xml.root("FetchResult")
    metadata = xml.child(root, "Metadata", PrimaryEntity=entity.name)
    types = xml.child(metadata, "Attributes")
    for attribute in query.attributes:
        facts = {"Name": attribute.name, "Type": str(attribute.kind), "EntityName": entity.name}
        xml.child(types, "Attribute", **facts)
    found = xml.child(root, "Entities")
    for record in records:
        element = xml.child(found, "Entity", EntityName=entity.name)
        for attribute in query.attributes:
            xml.child(element, attribute.name, _text(entity, attribute, record))
    xml.child(root, "MoreRecords", str(end is not None))
    xml.child(root, "PagingCookie", token(end) if end else "")
    xml.child(root, "MinActiveRowVersion", str(lowest))
    return root


def _text(entity: Entity, attribute: Attribute, record: Mapping[str, Any]) -> str:
    """As the client reads it: booleans `True` and `False`, null an empty element."""
    value = record[entity.column(attribute)]
    return "" if value is None else str(value)
