"""`$metadata` in the style of Dataverse's own document.

Nothing says that a key or anything else has a value, lookups claim that they always do, choices
are numbers, and annotations come only where they are asked for (Microsoft Learn, "Web API Service
Documents"; the metadata documents that Microsoft publishes).
"""

from collections.abc import Iterable
from typing import Final
from xml.etree.ElementTree import Element, SubElement, tostring

from tandem.demo.csdl_xml import EDM, EDMX
from tandem.demo.dynamics.schema import BY_NAME, NAMESPACE
from tandem.demo.dynamics.tables import Lookup, Table, Target
from tandem.demo.model import Edm, Property

ALIAS: Final = "mscrm"
CONTAINER: Final = "System"
KEYS: Final = "OData.Community.Keys.V1"
VOCABULARIES: Final = (("Keys", KEYS), ("Display", "OData.Community.Display.V1"))
BULK: Final = ("CreateMultiple", "UpdateMultiple", "UpsertMultiple")
WHO_AM_I: Final = ("BusinessUnitId", "UserId", "OrganizationId")


def csdl(tables: Iterable[Table], *, annotated: bool) -> bytes:
    """$metadata; `annotated`: with what `?annotations=true` adds."""
    found = tuple(tables)
    edmx = Element("edmx:Edmx", {"xmlns:edmx": EDMX, "Version": "4.0"})
    for alias, namespace in VOCABULARIES:
        uri = f"http://vocabularies.odata.org/{namespace}.xml"
        reference = SubElement(edmx, "edmx:Reference", {"Uri": uri})
        SubElement(reference, "edmx:Include", {"Namespace": namespace, "Alias": alias})
    services = SubElement(edmx, "edmx:DataServices")
    about = {"xmlns": EDM, "Namespace": NAMESPACE, "Alias": ALIAS}
    schema = SubElement(services, "Schema", about)
    _base_types(schema)
    for table in found:
        _type(schema, table, annotated=annotated)
    _who_am_i(schema)
    for name in BULK:
        _bulk_actions(schema, name, found)
    container = SubElement(schema, "EntityContainer", {"Name": CONTAINER})
    for table in found:
        _set(container, table, annotated=annotated)
    who = {"Name": "WhoAmI", "Function": f"{NAMESPACE}.WhoAmI"}
    SubElement(container, "FunctionImport", who)
    document: bytes = tostring(edmx, encoding="utf-8", xml_declaration=True)
    return document


def _base_types(schema: Element) -> None:
    SubElement(schema, "EntityType", {"Name": "crmbaseentity", "Abstract": "true"})
    for name, base, abstract in (
        ("principal", "crmbaseentity", True),
        ("owner", "principal", False),
    ):
        about = {"Name": name, "BaseType": f"{ALIAS}.{base}"} | (
            {"Abstract": "true"} if abstract else {}
        )
        element = SubElement(schema, "EntityType", about)
        SubElement(SubElement(element, "Key"), "PropertyRef", {"Name": "ownerid"})
        if abstract:
            SubElement(element, "Property", {"Name": "ownerid", "Type": Edm.GUID})
        else:
            _property(element, Property("name"), annotated=False)


def _type(schema: Element, table: Table, *, annotated: bool) -> None:
    base = "principal" if table.principal else "crmbaseentity"
    about = {"Name": table.logical_name, "BaseType": f"{ALIAS}.{base}"}
    element = SubElement(schema, "EntityType", about)
    SubElement(SubElement(element, "Key"), "PropertyRef", {"Name": table.key})
    for path in table.shown:
        if path != "ownerid":  # it is inherited
            _property(element, table.entity_set.paths[path], annotated=annotated)
    for lookup in table.lookups:
        for navigation, type_, key in _ways(lookup):
            _navigation(element, table, lookup, navigation, type_, key)
    _alternate_keys(element, table)


def _property(element: Element, property_: Property, *, annotated: bool) -> None:
    about = {"Name": property_.name, "Type": str(property_.type)}
    if property_.type is Edm.STRING:
        about["Unicode"] = "false"
    if property_.type is Edm.DECIMAL:
        about["Scale"] = "Variable"
    made = SubElement(element, "Property", about)
    if annotated and property_.computed:
        computed = {"Term": "Org.OData.Core.V1.Computed", "Bool": "true"}
        SubElement(made, "Annotation", computed)
        term = SubElement(made, "Annotation", {"Term": "Org.OData.Core.V1.Permissions"})
        SubElement(term, "EnumMember").text = "Org.OData.Core.V1.PermissionType/Read"


def _ways(lookup: Lookup) -> list[tuple[str, str, str]]:
    """Navigation property, type and referenced property; where it is abstract, only one."""
    if lookup.abstract:
        return [(lookup.targets[0].navigation, lookup.abstract, "ownerid")]
    return [
        (each.navigation, each.table, BY_NAME[each.table].primary_id) for each in lookup.targets
    ]


def _navigation(
    element: Element, table: Table, lookup: Lookup, navigation: str, type_: str, key: str
) -> None:
    about = {
        "Name": navigation,
        "Type": f"{ALIAS}.{type_}",
        "Nullable": "false",
        "Partner": f"{table.logical_name}_{navigation}",
    }
    made = SubElement(element, "NavigationProperty", about)
    constraint = {"Property": lookup.column, "ReferencedProperty": key}
    SubElement(made, "ReferentialConstraint", constraint)


def _alternate_keys(element: Element, table: Table) -> None:
    if not table.alternate_keys:
        return
    term = SubElement(element, "Annotation", {"Term": f"{KEYS}.AlternateKeys"})
    collection = SubElement(term, "Collection")
    for names in table.alternate_keys:
        record = SubElement(collection, "Record", {"Type": f"{KEYS}.AlternateKey"})
        value = SubElement(record, "PropertyValue", {"Property": "Key"})
        parts = SubElement(value, "Collection")
        for name in names:
            part = SubElement(parts, "Record", {"Type": f"{KEYS}.PropertyRef"})
            SubElement(part, "PropertyValue", {"Property": "Alias", "String": name})
            SubElement(part, "PropertyValue", {"Property": "Name", "PropertyPath": name})


def _set(container: Element, table: Table, *, annotated: bool) -> None:
    about = {"Name": table.set_name, "EntityType": f"{NAMESPACE}.{table.logical_name}"}
    element = SubElement(container, "EntitySet", about)
    for lookup in table.lookups:
        for path, target in _bindings(lookup):
            SubElement(element, "NavigationPropertyBinding", {"Path": path, "Target": target})
    if annotated and table.tracks_changes:
        term = {"Term": "Org.OData.Capabilities.V1.ChangeTracking"}
        record = SubElement(SubElement(element, "Annotation", term), "Record")
        SubElement(record, "PropertyValue", {"Property": "Supported", "Bool": "true"})


def _bindings(lookup: Lookup) -> list[tuple[str, str]]:
    """Owners are bound to a set that the document does not have, as in Dataverse's own."""
    if lookup.abstract:
        return [(lookup.targets[0].navigation, "owners")]
    return [(target.navigation, _set_name(target)) for target in lookup.targets]


def _set_name(target: Target) -> str:
    return BY_NAME[target.table].set_name


def _who_am_i(schema: Element) -> None:
    answer = SubElement(schema, "ComplexType", {"Name": "WhoAmIResponse"})
    for name in WHO_AM_I:
        SubElement(answer, "Property", {"Name": name, "Type": Edm.GUID})
    function = SubElement(schema, "Function", {"Name": "WhoAmI"})
    SubElement(function, "ReturnType", {"Type": f"{ALIAS}.WhoAmIResponse", "Nullable": "false"})


def _bulk_actions(schema: Element, name: str, tables: Iterable[Table]) -> None:
    for table in tables:
        if table.in_bulk:
            action = SubElement(schema, "Action", {"Name": name, "IsBound": "true"})
            for parameter in ("entities", "Targets"):
                type_ = f"Collection({ALIAS}.{table.logical_name})"
                about = {"Name": parameter, "Type": type_, "Nullable": "false"}
                SubElement(action, "Parameter", about)
