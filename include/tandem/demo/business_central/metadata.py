"""`$metadata` and the service document, in the form of Business Central's own.

Its documents contain everything in everything: each navigation property has ContainsTarget, also
one that only refers; one to a collection states the constraint of its partner the wrong way round.
Nullable is stated where it is false, which says nothing of blanks. Changes are tracked nowhere.
"""

from typing import Any, Final
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from tandem.demo.business_central.fields import ROW_VERSION
from tandem.demo.business_central.pages import Navigation, Page, Root
from tandem.demo.csdl_xml import EDM, EDMX
from tandem.demo.model import Edm, EnumType, Property

_CAPABILITIES: Final = "Org.OData.Capabilities.V1"
CONTAINER: Final = "NAV"


def metadata_xml(root: Root) -> bytes:
    """The metadata document."""
    edmx = Element("edmx:Edmx", {"Version": "4.0", "xmlns:edmx": EDMX})
    services = SubElement(edmx, "edmx:DataServices")
    schema = SubElement(services, "Schema", {"Namespace": root.namespace, "xmlns": EDM})
    for page in root.by_name.values():
        _entity_type(schema, root, page)
    for enum_type in root.model.enum_types:
        _enum_type(schema, enum_type)
    container = SubElement(schema, "EntityContainer", {"Name": CONTAINER})
    for page in root.by_name.values():
        _entity_set(container, root, page)
    _partners(schema, root)
    indent(edmx, space="    ")
    text: bytes = tostring(edmx, encoding="utf-8", xml_declaration=True)
    return text


def service_document(root: Root, url: str) -> dict[str, Any]:
    """The entity sets that the root names."""
    return {
        "@odata.context": f"{url}$metadata",
        "value": [{"name": name, "kind": "EntitySet", "url": name} for name in root.by_name],
    }


def _entity_type(schema: Element, root: Root, page: Page) -> None:
    element = SubElement(schema, "EntityType", {"Name": page.entity_set.type_name})
    key = SubElement(element, "Key")
    for name in page.entity_set.key:
        SubElement(key, "PropertyRef", {"Name": name})
    for property_ in page.entity_set.paths.values():
        if property_ != ROW_VERSION:
            _property(element, root, page, property_)
    for name in page.streams:
        SubElement(element, "Property", {"Name": name, "Type": "Edm.Stream"})
    for navigation in _navigations(root, page):
        _navigation(element, root, navigation)


def _navigations(root: Root, page: Page) -> tuple[Navigation, ...]:
    if page.entity_set is not root.companies:
        return page.navigations
    return tuple(Navigation(item.name, item.name, "", many=True) for item in root.pages)


def _property(parent: Element, root: Root, page: Page, property_: Property) -> None:
    type_ = property_.type
    name = type_ if isinstance(type_, Edm) else f"{root.namespace}.{type_.name}"
    attributes = {"Name": property_.name, "Type": str(name)}
    if property_.name in (*page.entity_set.key, *page.required):
        attributes["Nullable"] = "false"
    if property_.max_length is not None:
        attributes["MaxLength"] = str(property_.max_length)
    if type_ is Edm.DECIMAL:
        attributes["Scale"] = "Variable"
    SubElement(parent, "Property", attributes)


def _navigation(parent: Element, root: Root, navigation: Navigation) -> None:
    target = root.by_name[navigation.target].entity_set
    name = f"{root.namespace}.{target.type_name}"
    attributes = {
        "Name": navigation.name,
        "Type": f"Collection({name})" if navigation.many else name,
    }
    if navigation.partner:
        attributes["Partner"] = navigation.partner
    element = SubElement(parent, "NavigationProperty", {**attributes, "ContainsTarget": "true"})
    if navigation.own:
        constraint = {"Property": navigation.own, "ReferencedProperty": navigation.theirs}
        SubElement(element, "ReferentialConstraint", constraint)


def _enum_type(schema: Element, enum_type: EnumType) -> None:
    element = SubElement(schema, "EnumType", {"Name": enum_type.name})
    for value, member in enumerate(enum_type.members):
        SubElement(element, "Member", {"Name": member, "Value": str(value)})


def _entity_set(container: Element, root: Root, page: Page) -> None:
    attributes = {
        "Name": page.name,
        "EntityType": f"{root.namespace}.{page.entity_set.type_name}",
    }
    element = SubElement(container, "EntitySet", attributes)
    writable = page.entity_set is not root.companies
    _capability(element, "ChangeTracking", "Supported", told=False)
    _capability(element, "DeleteRestrictions", "Deletable", told=writable)
    _capability(element, "InsertRestrictions", "Insertable", told=writable)
    _capability(element, "UpdateRestrictions", "Updatable", told=writable)
    _capability(element, "SortRestrictions", "Sortable", told=True)


def _capability(parent: Element, term: str, name: str, *, told: bool) -> None:
    annotation = SubElement(parent, "Annotation", {"Term": f"{_CAPABILITIES}.{term}"})
    record = SubElement(annotation, "Record")
    SubElement(record, "PropertyValue", {"Property": name, "Bool": str(told).lower()})


def _partners(schema: Element, root: Root) -> None:
    for page in root.pages:
        for navigation in page.navigations:
            if not navigation.partner or navigation.many:
                continue
            target = f"{root.namespace}.{page.entity_set.type_name}/{navigation.name}"
            element = SubElement(schema, "Annotations", {"Target": target})
            term = f"{root.namespace}.IsBidirectionalPartnerNavigation"
            SubElement(element, "Annotation", {"Term": term, "Bool": "true"})
