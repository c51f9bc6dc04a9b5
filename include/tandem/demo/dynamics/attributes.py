"""What the definition of a table says of its columns, keys and relationships.

Microsoft Learn, "Query schema definitions: retrieve choices", "Define alternate keys",
"AttributeMetadata EntityType".
"""

from collections.abc import Iterable
from typing import Any, Final
from uuid import NAMESPACE_OID, uuid5

from tandem.demo.dynamics.schema import BY_NAME, NAMESPACE
from tandem.demo.dynamics.tables import Lookup, Table
from tandem.demo.model import Edm, Property

Document = dict[str, Any]
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


def attributes(table: Table) -> list[Document]:
    """The columns; those of lookups by their logical names."""
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
        about["GlobalOptionSet"] = None
    return about


def _named(table: Table, name: str, kind: str, *, computed: bool) -> Document:
    return {
        "@odata.type": f"#{NAMESPACE}.{kind}AttributeMetadata",
        "MetadataId": metadata_id(f"{table.logical_name}.{name}"),
        "LogicalName": name,
        "SchemaName": name.capitalize(),
        "AttributeType": kind,
        "AttributeTypeName": {"Value": f"{kind}Type"},
        "DisplayName": label(name.replace("_", " ").capitalize()),
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
        "MetadataId": metadata_id(f"{table.logical_name}_{name}"),
        "Name": f"{table.logical_name}_{name}",
        "IsGlobal": False,
        "OptionSetType": "Picklist",
        "Options": [{"Value": value, "Label": label(words)} for value, words in options],
    }


def _two_options() -> Document:
    return {
        "OptionSetType": "Boolean",
        "TrueOption": {"Value": 1, "Label": label("Yes")},
        "FalseOption": {"Value": 0, "Label": label("No")},
    }


def keys(table: Table) -> list[Document]:
    """The alternate keys, all of them in force."""
    return [
        {
            "@odata.type": f"#{NAMESPACE}.EntityKeyMetadata",
            "MetadataId": metadata_id(f"{table.logical_name}/{'_'.join(names)}"),
            "LogicalName": "_".join(names),
            "SchemaName": "_".join(names),
            "EntityLogicalName": table.logical_name,
            "KeyAttributes": list(names),
            "EntityKeyIndexStatus": "Active",
        }
        for names in table.alternate_keys
    ]


def relationships(table: Table) -> list[Document]:
    """Each lookup once for every table that it can lead to."""
    return [
        {
            "@odata.type": f"#{NAMESPACE}.OneToManyRelationshipMetadata",
            "MetadataId": metadata_id(f"{table.logical_name}/{target.navigation}/{target.table}"),
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


def label(text: str) -> Document:
    """A text in one language."""
    localized = {"Label": text, "LanguageCode": 1033, "IsManaged": True, "HasChanged": None}
    return {"LocalizedLabels": [localized], "UserLocalizedLabel": localized}


def metadata_id(name: str) -> str:
    """The same id for the same thing, always."""
    return str(uuid5(NAMESPACE_OID, name))
