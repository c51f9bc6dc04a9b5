"""Table definitions and WhoAmI.

Microsoft Learn, "Query table definitions using the Web API", "Query schema definitions: retrieve
choices", "Define alternate keys", "WhoAmI Function".
"""

import re
from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import unquote
from uuid import NAMESPACE_OID, uuid5

from tandem.demo.call import Reply
from tandem.demo.dynamics.errors import bad_url, does_not_exist, no_segment
from tandem.demo.dynamics.listing import document
from tandem.demo.dynamics.organization import Ask
from tandem.demo.dynamics.sample import BUSINESS_UNIT_ID, ORGANIZATION_ID, USER_ID
from tandem.demo.dynamics.schema import BY_NAME, NAMESPACE, TABLES
from tandem.demo.dynamics.tables import Lookup, Table
from tandem.demo.errors import ServiceError
from tandem.demo.model import Edm, Property

Document = dict[str, Any]
_PATH: Final = re.compile(
    r"EntityDefinitions(?:\(LogicalName='(\w+)'\))?"
    r"(?:/(Attributes|Keys|ManyToOneRelationships)(?:\(LogicalName='(\w+)'\))?"
    r"(?:/Microsoft\.Dynamics\.CRM\.(\w+))?(?:/(OptionSet))?)?"
)
_TYPES: Final = {
    Edm.STRING: "String",
    Edm.GUID: "Uniqueidentifier",
    Edm.BOOLEAN: "Boolean",
    Edm.INT32: "Integer",
    Edm.INT64: "BigInt",
    Edm.DECIMAL: "Money",
    Edm.DOUBLE: "Double",
    Edm.DATE: "DateTime",
    Edm.DATE_TIME_OFFSET: "DateTime",
}


def who_am_i(ask: Ask) -> Reply:
    """Whose token it is."""
    return document(
        {
            "@odata.context": f"{ask.call.root}$metadata#{NAMESPACE}.WhoAmIResponse",
            "BusinessUnitId": BUSINESS_UNIT_ID,
            "UserId": USER_ID,
            "OrganizationId": ORGANIZATION_ID,
        }
    )


def definitions(ask: Ask, path: str) -> Reply:
    """`EntityDefinitions…`; `path` is decoded. There is no paging."""
    found = _PATH.fullmatch(path)
    if not found:
        raise no_segment(path)
    name, part, attribute, cast, _ = found.groups()
    root = f"{ask.call.root}$metadata#EntityDefinitions"
    if name is None:
        tables = _filtered(TABLES, ask.options.get("$filter"))
        value = [_shaped(_definition(table), ask) for table in tables]
        return document({"@odata.context": root, "value": value})
    table = BY_NAME.get(name)
    if table is None:
        raise does_not_exist("EntityMetadata", name)
    if part is None:
        return document({"@odata.context": f"{root}/$entity", **_shaped(_definition(table), ask)})
    return _part(ask, table, part, attribute, cast)


def _part(ask: Ask, table: Table, part: str, attribute: str | None, cast: str | None) -> Reply:
    items = _PARTS[part](table)
    if cast:
        items = [item for item in items if item["@odata.type"] == f"#{NAMESPACE}.{cast}"]
    context = f"{ask.call.root}$metadata#EntityDefinitions('{table.logical_name}')/{part}"
    if attribute is None:
        value = [_shaped(item, ask) for item in items]
        return document({"@odata.context": context, "value": value})
    for item in items:
        if item["LogicalName"] == attribute:
            return document({"@odata.context": f"{context}/$entity", **_shaped(item, ask)})
    raise ServiceError(
        404,
        "0x80040217",
        f"Could not find an attribute with specified name: {attribute}",
    )


def _definition(table: Table) -> Document:
    return {
        "MetadataId": _metadata_id(table.logical_name),
        "LogicalName": table.logical_name,
        "SchemaName": table.logical_name.capitalize(),
        "EntitySetName": table.set_name,
        "PrimaryIdAttribute": table.primary_id,
        "PrimaryNameAttribute": table.primary_name,
        "ChangeTrackingEnabled": table.tracks_changes,
        "IsOptimisticConcurrencyEnabled": True,
        "IsIntersect": False,
        "IsCustomEntity": "_" in table.logical_name,
        "IsActivity": False,
        "DataProviderId": None,
        "TableType": "Standard",
        "OwnershipType": "UserOwned" if table.tracks_changes else "OrganizationOwned",
        "DisplayName": _label(table.label),
        "DisplayCollectionName": _label(f"{table.label}s"),
        "Attributes": _attributes(table),
        "Keys": _keys(table),
        "ManyToOneRelationships": _relationships(table),
    }


def _attributes(table: Table) -> list[Document]:
    found = [_attribute(table, table.entity_set.paths[path]) for path in table.shown]
    return [item for item in found if not item["LogicalName"].startswith("_")] + [
        _lookup(table, lookup) for lookup in table.lookups
    ]


def _attribute(table: Table, property_: Property) -> Document:
    name = property_.name
    kind, options = _TYPES[property_.type] if isinstance(property_.type, Edm) else "", None
    if name in table.choices:
        kind = {"statecode": "State", "statuscode": "Status"}.get(name, "Picklist")
        options = table.choices[name]
    about = _named(table, name, kind, computed=property_.computed)
    if property_.max_length is not None:
        about["MaxLength"] = property_.max_length
    if options is not None:
        about["OptionSet"] = _option_set(table, name, options.items())
        about["GlobalOptionSet"] = None
    elif kind == "Boolean":
        about["OptionSet"] = _two_options()
    return about


def _named(table: Table, name: str, kind: str, *, computed: bool) -> Document:
    return {
        "@odata.type": f"#{NAMESPACE}.{kind}AttributeMetadata",
        "MetadataId": _metadata_id(f"{table.logical_name}.{name}"),
        "LogicalName": name,
        "SchemaName": name.capitalize(),
        "AttributeType": kind,
        "AttributeTypeName": {"Value": f"{kind}Type"},
        "DisplayName": _label(name.replace("_", " ").capitalize()),
        "IsPrimaryId": name == table.primary_id,
        "IsPrimaryName": name == table.primary_name,
        "IsValidForCreate": not computed,
        "IsValidForRead": True,
        "IsValidForUpdate": not computed and name not in table.ids,
        "RequiredLevel": {"Value": "None", "CanBeChanged": True},
    }


def _lookup(table: Table, lookup: Lookup) -> Document:
    kind = "Owner" if lookup.abstract else "Customer" if len(lookup.targets) > 1 else "Lookup"
    about = _named(table, lookup.name, kind, computed=lookup.set_by_service)
    about["@odata.type"] = f"#{NAMESPACE}.LookupAttributeMetadata"
    return about | {"Targets": [target.table for target in lookup.targets]}


def _option_set(table: Table, name: str, options: Iterable[tuple[int, str]]) -> Document:
    return {
        "MetadataId": _metadata_id(f"{table.logical_name}_{name}"),
        "Name": f"{table.logical_name}_{name}",
        "IsGlobal": False,
        "OptionSetType": "Picklist",
        "Options": [{"Value": value, "Label": _label(label)} for value, label in options],
    }


def _two_options() -> Document:
    return {
        "OptionSetType": "Boolean",
        "TrueOption": {"Value": 1, "Label": _label("Yes")},
        "FalseOption": {"Value": 0, "Label": _label("No")},
    }


def _keys(table: Table) -> list[Document]:
    return [
        {
            "@odata.type": f"#{NAMESPACE}.EntityKeyMetadata",
            "MetadataId": _metadata_id(f"{table.logical_name}/{'_'.join(names)}"),
            "LogicalName": "_".join(names),
            "SchemaName": "_".join(names),
            "EntityLogicalName": table.logical_name,
            "KeyAttributes": list(names),
            "EntityKeyIndexStatus": "Active",
        }
        for names in table.alternate_keys
    ]


def _relationships(table: Table) -> list[Document]:
    return [
        {
            "@odata.type": f"#{NAMESPACE}.OneToManyRelationshipMetadata",
            "MetadataId": _metadata_id(f"{table.logical_name}/{target.navigation}/{target.table}"),
            "LogicalName": target.navigation,
            "SchemaName": f"{target.table}_{table.logical_name}_{target.navigation}",
            "ReferencingEntity": table.logical_name,
            "ReferencingAttribute": lookup.name,
            "ReferencingEntityNavigationPropertyName": target.navigation,
            "ReferencedEntity": target.table,
            "ReferencedAttribute": BY_NAME[target.table].primary_id,
        }
        for lookup in table.lookups
        for target in lookup.targets
    ]


_PARTS: Final = {
    "Attributes": _attributes,
    "Keys": _keys,
    "ManyToOneRelationships": _relationships,
}
_EXPANDED: Final = ("Attributes", "Keys", "ManyToOneRelationships", "OptionSet", "GlobalOptionSet")


def _label(text: str) -> Document:
    localized = {"Label": text, "LanguageCode": 1033, "IsManaged": True, "HasChanged": None}
    return {"LocalizedLabels": [localized], "UserLocalizedLabel": localized}


def _metadata_id(name: str) -> str:
    return str(uuid5(NAMESPACE_OID, name))


def _filtered(tables: Iterable[Table], text: str | None) -> list[Table]:
    """Tables by one comparison, or several with `and`: all that definitions need here."""
    found = list(tables)
    for part in (text or "").split(" and ") if text else ():
        match = re.fullmatch(r"\s*(\w+) eq (?:'([^']*)'|(true|false))\s*", unquote(part))
        if not match:
            raise bad_url("This organization is a simulator: it filters definitions by eq only.")
        wanted = match[2] if match[3] is None else match[3] == "true"
        found = [table for table in found if _definition(table).get(match[1]) == wanted]
    return found


def _shaped(item: Document, ask: Ask) -> Document:
    """What $select and $expand leave of a document."""
    select, expand = ask.options.get("$select"), _expansions(ask.options.get("$expand", ""))
    names = {name.strip() for name in select.split(",")} | {"MetadataId"} if select else item.keys()
    shaped = {
        name: value
        for name, value in item.items()
        if (name in names and name not in _EXPANDED) or name.startswith("@")
    }
    for name, inner in expand.items():
        if name not in item:
            raise bad_url(
                f"Could not find a property named '{name}' on the type of the definition."
            )
        shaped[name] = _within(item[name], inner)
    return shaped


def _within(value: Any, names: frozenset[str]) -> Any:
    if isinstance(value, list):
        return [_within(each, names) for each in value]
    if not isinstance(value, dict) or not names:
        return value
    return {name: each for name, each in value.items() if name in names | {"MetadataId"}}


def _expansions(text: str) -> dict[str, frozenset[str]]:
    """`Keys($select=KeyAttributes),OptionSet` → each with what it selects; empty: all."""
    found = {}
    for name, inner in re.findall(r"(\w+)(?:\(\$select=([\w,]+)\))?(?:,|$)", text):
        found[name] = frozenset(filter(None, inner.split(",")))
    return found
