"""A first integration file from what the systems say they have."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Final

from tandem.core.anchors import best_version_field
from tandem.errors import printable
from tandem.model.integration import System
from tandem.model.schema import Entity, Field, Kind

_HEADER: Final = """\
# yaml-language-server: $schema=../integration.schema.json
name: {name}
external: {{connector: {external_connector}, connection: {external_connection}}}
local: {{connector: {local_connector}, connection: {local_connection}}}
provision: true        # create missing local tables and columns
schedule: null         # any Airflow schedule, for example "0 2 * * *"
entities:
"""


_PLAIN: Final = re.compile(r"[^\W\d][\w/.-]*")
_WORDS: Final = ("true", "false", "null", "yes", "no", "on", "off", "y", "n")
_IDS: Final = (Kind.GUID, Kind.STRING)


def draft(name: str, external: System, local: System, entities: Sequence[Entity]) -> str:
    """The text of an integration file that downloads these external entities whole.

    Local names are the external ones in lower case; a key that is one guid or text becomes `id`.
    """
    head = _HEADER.format(
        name=_scalar(name),
        external_connector=_scalar(external.connector),
        external_connection=_scalar(external.connection),
        local_connector=_scalar(local.connector),
        local_connection=_scalar(local.connection),
    )
    keys = {entity.name: entity.key[0] for entity in entities if len(entity.key) == 1}
    return head + "".join(_entity(entity, keys) for entity in entities)


def _entity(entity: Entity, keys: Mapping[str, str]) -> str:
    version = best_version_field(entity)
    lines = [
        f"  - external: {_scalar(entity.name)}",
        f"    local: {_scalar(local_name(entity.name))}",
        "    direction: download_only",
        "    first_sync: link_and_merge",
        f"    primary_key: [{', '.join(map(_scalar, entity.key))}]",
        *([f"    version_number: {_scalar(version)}"] if version else []),
        "    fields:",
        *(f"      - {{{_field(entity, field, keys)}}}" for field in entity.fields),
    ]
    return "\n".join(lines) + "\n"


def _field(entity: Entity, field: Field, keys: Mapping[str, str]) -> str:
    target = next((target for target in field.lookup if target.entity in keys), None)
    ends = f"external: {_scalar(field.name)}, local: {_scalar(column_name(entity, field))}"
    if target is None:
        return ends
    found_by = _scalar(target.field or keys[target.entity])
    return f"{ends}, lookup: {{entity: {_scalar(target.entity)}, field: {found_by}}}"


def _scalar(name: str) -> str:
    """The name as YAML; in quotes unless it is plain to each reader of YAML."""
    if _PLAIN.fullmatch(name) and name.lower() not in _WORDS:
        return name
    return printable(json.dumps(name, ensure_ascii=False))


def column_name(entity: Entity, field: Field) -> str:
    """What the local column is called that is made for an external field."""
    is_id = entity.key == (field.name,) and field.kind in _IDS
    return "id" if is_id else local_name(field.name)


def local_name(external: str) -> str:
    """What a local table or column is called that is made for an external name."""
    return external.replace("/", "_").lower()
