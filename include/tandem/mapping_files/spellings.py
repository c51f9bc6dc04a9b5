"""The words of the XML of Resco Integrations, and how else they may be spelt.

Seen in public: `EntityMapping` with `IsEnabled`, `ExternalName`, `LocalName`, `PrimaryKeys` and
`AttributesMapping`, and in it `AttributeMapping` with the first three. How the product writes the
sync direction, the version number, composite lookups and the targets of lookups was in no public
source: what is written here are the words of its editor, and what is read are all spellings of
them that make sense.
"""

from typing import Final

from tandem.model.integration import Direction, EntityMapping, FieldMapping

OURS: Final = "urn:tandem:mapping:1"
"""Namespace of what Tandem has beyond the product: values as YAML on one line."""

ENTITY: Final = "entitymapping"
FIELD: Final = "attributemapping"

ENTITY_PARTS: Final = {
    "isenabled": "enabled",
    "enabled": "enabled",
    "externalname": "external",
    "externalentity": "external",
    "localname": "local",
    "localentity": "local",
    "syncdirection": "direction",
    "direction": "direction",
    "synchronizationdirection": "direction",
    "primarykeys": "primary_key",
    "primarykey": "primary_key",
    "keys": "primary_key",
    "versionnumber": "version_number",
    "versionnumberfield": "version_number",
    "versionattribute": "version_number",
    "compositelookups": "composite_lookups",
    "compositelookup": "composite_lookups",
    "attributesmapping": "fields",
    "attributemappings": "fields",
    "attributes": "fields",
    "fields": "fields",
}
"""Element of an entity mapping, small → our key."""

FIELD_PARTS: Final = {
    "isenabled": "enabled",
    "enabled": "enabled",
    "externalname": "external",
    "externalfield": "external",
    "localname": "local",
    "localfield": "local",
    "targetexternalentity": "entity",
    "targetentity": "entity",
    "lookupentity": "entity",
    "targetexternalfield": "field",
    "targetfield": "field",
    "lookupfield": "field",
    "compositelookup": "composite",
    "compositelookupname": "composite",
    "target": "local_target",
}
"""Element of an attribute mapping, small → our key, or the key of its lookup; `local_target` is
how lookups were written first: `account.integration_bc_pk`, in local names."""

_WITH_WORDS: Final = frozenset((*ENTITY_PARTS.values(), *FIELD_PARTS.values(), "lookup"))
ENTITY_BEYOND: Final = tuple(key for key in EntityMapping.model_fields if key not in _WITH_WORDS)
FIELD_BEYOND: Final = (
    "direction",
    *(key for key in FieldMapping.model_fields if key not in _WITH_WORDS),
)
"""Our keys that the product has no element for."""

LIMITING: Final = (
    *("filter", "condition", "query", "fetch", "criteria", "where", "direction", "enabled"),
    *("disabled", "key", "lookup", "target", "default", "value", "option", "transform"),
)
"""Parts of element names: without such an element, something else would be synced."""

FOR_SHOW: Final = frozenset(("externaltype", "localtype", "string"))
"""Elements that only repeat what the systems say."""

DIRECTIONS: Final[dict[str, Direction]] = {
    "downloadonly": "download_only",
    "download": "download_only",
    "uploadonly": "upload_only",
    "upload": "upload_only",
    "bidirectional": "bidirectional",
    "both": "bidirectional",
}
"""Direction, small and without blanks → ours."""

WRITTEN_DIRECTION: Final[dict[Direction, str]] = {
    "download_only": "Download Only",
    "upload_only": "Upload Only",
    "bidirectional": "Bidirectional",
}


def small(name: str) -> str:
    """A name as it is looked up: `Sync Direction`, `sync_direction` and `SyncDirection` are one."""
    return "".join(letter for letter in name.casefold() if letter.isalnum())
