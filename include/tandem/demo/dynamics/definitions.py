"""Table definitions and WhoAmI.

Microsoft Learn, "Query table definitions using the Web API", "Query schema definitions: retrieve
choices", "Define alternate keys", "WhoAmI Function".
"""

import re
from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import unquote

from tandem.demo.call import Reply
from tandem.demo.dynamics.attributes import (
    Document,
    attributes,
    keys,
    label,
    metadata_id,
    relationships,
)
from tandem.demo.dynamics.errors import bad_url, does_not_exist, no_segment
from tandem.demo.dynamics.listing import document
from tandem.demo.dynamics.organization import Ask
from tandem.demo.dynamics.sample import BUSINESS_UNIT_ID, ORGANIZATION_ID, USER_ID
from tandem.demo.dynamics.schema import BY_NAME, NAMESPACE, TABLES
from tandem.demo.dynamics.tables import Table
from tandem.demo.errors import ServiceError

_PATH: Final = re.compile(
    r"EntityDefinitions(?:\(LogicalName='(\w+)'\))?"
    r"(?:/(Attributes|Keys|ManyToOneRelationships)(?:\(LogicalName='(\w+)'\))?"
    r"(?:/Microsoft\.Dynamics\.CRM\.(\w+))?(?:/(OptionSet))?)?"
)


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
        "MetadataId": metadata_id(table.logical_name),
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
        "DisplayName": label(table.label),
        "DisplayCollectionName": label(f"{table.label}s"),
        "Attributes": attributes(table),
        "Keys": keys(table),
        "ManyToOneRelationships": relationships(table),
    }


_PARTS: Final = {
    "Attributes": attributes,
    "Keys": keys,
    "ManyToOneRelationships": relationships,
}
_EXPANDED: Final = ("Attributes", "Keys", "ManyToOneRelationships", "OptionSet", "GlobalOptionSet")


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
