"""A first integration file from what the systems say they have."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tandem.connectors.base import DefaultMapping
from tandem.core.anchors import best_version_field
from tandem.core.suggestions.lookups import identifies
from tandem.mapping_files.plain import plain_entity
from tandem.model.integration import System
from tandem.model.schema import Entity, Field, Kind, LookupTarget, Schema
from tandem.yaml_edit.writing import Style, block, flow

_HEADER: Final = """\
# yaml-language-server: $schema=../integration.schema.json
name: {name}
external: {{connector: {external_connector}, connection: {external_connection}}}
local: {{connector: {local_connector}, connection: {local_connection}}}
{provision}
schedule: null         # any Airflow schedule, for example "0 2 * * *"
entities:
"""

_PROVISION: Final = "provision: true        # create missing local tables and columns"
_IDS: Final = (Kind.GUID, Kind.STRING)


def draft(
    name: str,
    external: System,
    local: System,
    entities: Sequence[Entity],
    there: Schema | None = None,
) -> str:
    """The text of an integration file that downloads these external entities whole.

    Local names are the external ones in lower case; a key that is one guid or text becomes `id`.
    A lookup has one target: of a field that refers to records of several entities its parts are
    taken that lead to drafted ones; where it has no parts, it is a comment. `there` is what the
    local system has, if it makes no columns: what it cannot take is a comment too.
    """
    drafted = {entity.name: entity for entity in entities}
    return _head(name, external, local, provision=there is None) + "".join(
        _entity(entity, _Around(drafted, _local_entity(entity, there))) for entity in entities
    )


def draft_of_default(name: str, external: System, local: System, default: DefaultMapping) -> str:
    """The text of an integration file with the default mapping of the external system."""
    remarks = "".join(f"  # {remark}\n" for remark in default.remarks)
    plain = [plain_entity(entity) for entity in default.entities]
    lines = "".join(f"  {line}\n" for line in block(plain, Style(list_indent=2)))
    return _head(name, external, local) + remarks + lines


def _head(name: str, external: System, local: System, *, provision: bool = True) -> str:
    return _HEADER.format(
        name=flow(name),
        provision=_PROVISION if provision else "provision: false",
        external_connector=flow(external.connector),
        external_connection=flow(external.connection),
        local_connector=flow(local.connector),
        local_connection=flow(local.connection),
    )


@dataclass(frozen=True, slots=True)
class _Around:
    """What a field is drafted in view of."""

    drafted: Mapping[str, Entity]
    local: Entity | None
    """The local entity, if it is there and nothing can be added to it."""


def _local_entity(entity: Entity, there: Schema | None) -> Entity | None:
    return there.by_name.get(local_name(entity.name)) if there else None


def _entity(entity: Entity, around: _Around) -> str:
    version = None if entity.capabilities.delta else best_version_field(entity)
    ours = best_version_field(around.local) if around.local else None
    lines = [
        f"  - external: {flow(entity.name)}",
        f"    local: {flow(local_name(entity.name))}",
        "    direction: download_only",
        "    first_sync: link_and_merge",
        f"    primary_key: [{', '.join(map(flow, entity.key))}]",
        *([f"    version_number: {flow(version)}"] if version else []),
        *([f"    local_version_number: {flow(ours)}"] if ours else []),
        "    fields:",
        *(f"      {_field(entity, field, around)}" for field in _drafted(entity, around)),
    ]
    return "\n".join(lines) + "\n"


def _drafted(entity: Entity, around: _Around) -> list[Field]:
    """Of a lookup the parts that lead to what is drafted too; itself, where none does."""
    leads = {f.name: any(_lookup(t, around.drafted) for t in f.lookup) for f in entity.fields}
    split = {field.part_of for field in entity.fields if leads[field.name]}
    return [f for f in entity.fields if (leads[f.name] if f.part_of else f.name not in split)]


def _field(entity: Entity, field: Field, around: _Around) -> str:
    local = column_name(entity, field)
    ends = f"external: {flow(field.name)}, local: {flow(local)}"
    lookup = next(filter(None, (_lookup(target, around.drafted) for target in field.lookup)), "")
    if lookup and len(field.lookup) > 1:
        return f"# - {{{ends}}}  # refers to any of {_targets(field)}; a lookup has one target"
    if around.local and (why := _why_not(around.local.by_name.get(local), field, lookup)):
        return f"# - {{{ends}}}  # {why}"
    return f"- {{{ends}{lookup}}}"


def _why_not(local: Field | None, field: Field, lookup: str) -> str:
    """Why the local field cannot take the external one's values; empty: it can."""
    if local is None:
        return "the local system has no such field"
    if local.read_only:
        return "the local system sets it itself"
    if local.lookup and not lookup:
        return f"refers to {_targets(field) or 'another record'}, which is not mapped"
    return ""


def _targets(field: Field) -> str:
    return ", ".join(dict.fromkeys(flow(target.entity) for target in field.lookup))


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
