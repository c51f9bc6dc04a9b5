"""The metadata service (Resco's own TypeScript client, XrmMetadataService).

It reads the entities and their attributes by their XML attributes; the names of the elements
around them are made up, and so is the shape of localizations, of which only the names of option
labels (`entity.attribute.value`) are known.
"""

from collections.abc import Iterator
from itertools import groupby
from typing import Final
from urllib.parse import parse_qs
from uuid import NAMESPACE_OID, uuid5
from xml.etree.ElementTree import Element

from tandem.demo.call import Reply
from tandem.demo.dispatch import Incoming, method_not_allowed
from tandem.demo.errors import not_found
from tandem.demo.resco import xml
from tandem.demo.resco.attributes import Attribute, Entity, Kind
from tandem.demo.resco.entities import USER
from tandem.demo.resco.organization import Organization

ENGLISH: Final = "1033"


class MetadataService:
    """Answers the requests below the service root."""

    def __init__(self, organization: Organization) -> None:
        self._entities = organization.entities

    def answer(self, _root: str, request: Incoming) -> Reply:
        """The reply; ServiceError if there is none."""
        if request.path not in ("$entities", "$localizations"):
            raise not_found(f"There is no document {request.path!r}.")
        if request.method not in ("GET", "HEAD"):
            raise method_not_allowed(request.method, ["GET"])
        if request.path == "$entities":
            return self._documents()
        return self._localizations(parse_qs(request.query).get("lcid", [ENGLISH])[0])

    def _documents(self) -> Reply:
        root = Element("Entities")
        for entity in self._entities.values():
            _describe(root, entity)
        return xml.reply(root)

    def _localizations(self, language: str) -> Reply:
        """Labels in English; there are none in other languages."""
        root = Element("Localizations", {"Lcid": language})
        for entity in self._entities.values() if language == ENGLISH else ():
            for name, label in _labels(entity):
                xml.child(root, "Localization", Name=name, Value=label)
        return xml.reply(root)


def _describe(root: Element, entity: Entity) -> None:
    element = xml.child(
        root,
        "Entity",
        Id=str(uuid5(NAMESPACE_OID, entity.name)),
        Name=entity.name,
        PrimaryKeyName="id",
        PrimaryFieldName="name",
        EntityAttributes="None",
        OwnershipType="None" if entity.name == USER else "User",
        IsAuditEnabled="false",
    )
    attributes = xml.child(element, "Attributes")
    for attribute in entity.attributes:
        xml.child(attributes, "Attribute", **dict(_facts(entity, attribute)))
    xml.child(element, "Description")


def _facts(entity: Entity, attribute: Attribute) -> Iterator[tuple[str, str]]:
    yield "Id", str(uuid5(NAMESPACE_OID, f"{entity.name}.{attribute.name}"))
    yield "Name", attribute.name
    yield "Type", str(attribute.kind)
    yield "Permissions", "Read" if attribute.computed else "Create Read Update"
    if attribute.length is not None:
        yield "Length", str(attribute.length)
    if attribute.precision is not None:
        yield "Precision", str(attribute.precision)
    if attribute.targets:
        yield "LookupTargets", ";".join(attribute.targets)
    if attribute.required:
        yield "Required", "true"
    if attribute.options:
        yield "OptionSetValues", _values(attribute)


def _values(attribute: Attribute) -> str:
    """The values; those of a PicklistMap in groups of a state and its status, the default first."""
    if attribute.kind is not Kind.PICKLIST_MAP:
        return ";".join(str(option.value) for option in attribute.options)
    groups = groupby(attribute.options, key=lambda option: option.state)
    return ";".join(
        ",".join(map(str, (state, *(option.value for option in options))))
        for state, options in groups
    )


def _labels(entity: Entity) -> Iterator[tuple[str, str]]:
    yield entity.name, entity.label
    for attribute in entity.attributes:
        for option in attribute.options:
            yield f"{entity.name}.{attribute.name}.{option.value}", option.label
