"""A first integration file from what the systems say they have."""

from collections.abc import Mapping, Sequence
from typing import Final

from tandem.connectors.base import DefaultMapping
from tandem.core.anchors import best_version_field
from tandem.core.suggestions.lookups import identifies
from tandem.mapping_files.plain import plain_entity
from tandem.model.integration import System
from tandem.model.schema import Entity, Field, Kind, LookupTarget
from tandem.yaml_edit.writing import Style, block, flow

_HEADER: Final = """\
# yaml-language-server: $schema=../integration.schema.json
name: {name}
external: {{connector: {external_connector}, connection: {external_connection}}}
local: {{connector: {local_connector}, connection: {local_connection}}}
provision: true        # create missing local tables and columns
schedule: null         # any Airflow schedule, for example "0 2 * * *"
entities:
"""

_IDS: Final = (Kind.GUID, Kind.STRING)


def draft(name: str, external: System, local: System, entities: Sequence[Entity]) -> str:
    """The text of an integration file that downloads these external entities whole.

    Local names are the external ones in lower case; a key that is one guid or text becomes `id`.
    Fields that refer to records of several entities are comments: a lookup has one target.
    """
    drafted = {entity.name: entity for entity in entities}
    return _head(name, external, local) + "".join(_entity(entity, drafted) for entity in entities)


def draft_of_default(name: str, external: System, local: System, default: DefaultMapping) -> str:
    """The text of an integration file with the default mapping of the external system."""
    remarks = "".join(f"  # {remark}\n" for remark in default.remarks)
    plain = [plain_entity(entity) for entity in default.entities]
    lines = "".join(f"  {line}\n" for line in block(plain, Style(list_indent=2)))
    return _head(name, external, local) + remarks + lines


def _head(name: str, external: System, local: System) -> str:
    return _HEADER.format(
        name=flow(name),
        external_connector=flow(external.connector),
        external_connection=flow(external.connection),
        local_connector=flow(local.connector),
        local_connection=flow(local.connection),
    )


def _entity(entity: Entity, drafted: Mapping[str, Entity]) -> str:
    version = best_version_field(entity)
    lines = [
        f"  - external: {flow(entity.name)}",
        f"    local: {flow(local_name(entity.name))}",
        "    direction: download_only",
        "    first_sync: link_and_merge",
        f"    primary_key: [{', '.join(map(flow, entity.key))}]",
        *([f"    version_number: {flow(version)}"] if version else []),
        "    fields:",
        *(f"      {_field(entity, field, drafted)}" for field in entity.fields),
    ]
    return "\n".join(lines) + "\n"


def _field(entity: Entity, field: Field, drafted: Mapping[str, Entity]) -> str:
    ends = f"external: {flow(field.name)}, local: {flow(column_name(entity, field))}"
    lookup = next(filter(None, (_lookup(target, drafted) for target in field.lookup)), "")
    if lookup and len(field.lookup) > 1:
        targets = ", ".join(dict.fromkeys(flow(target.entity) for target in field.lookup))
        return f"# - {{{ends}}}  # refers to any of {targets}; a lookup has one target"
    return f"- {{{ends}{lookup}}}"


def _lookup(target: LookupTarget, drafted: Mapping[str, Entity]) -> str:
    """The lookup of a target that is drafted as well, where a value means one record of it."""
    entity = drafted.get(target.entity)
    if entity is None:
        return ""
    found_by = target.field or (entity.key[0] if len(entity.key) == 1 else "")
    if not identifies(entity, found_by):
        return ""
    return f", lookup: {{entity: {flow(entity.name)}, field: {flow(found_by)}}}"


def column_name(entity: Entity, field: Field) -> str:
    """What the local column is called that is made for an external field."""
    is_id = entity.key == (field.name,) and field.kind in _IDS
    return "id" if is_id else local_name(field.name)


def local_name(external: str) -> str:
    """What a local table or column is called that is made for an external name."""
    return external.replace("/", "_").lower()
