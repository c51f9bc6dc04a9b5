"""Mappings as the XML of Resco Integrations (see `spellings`), with all that Tandem has beyond."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from xml.sax.saxutils import escape

from tandem.mapping_files.model import MappingFile
from tandem.mapping_files.plain import plain
from tandem.mapping_files.spellings import ENTITY_BEYOND, FIELD_BEYOND, OURS, WRITTEN_DIRECTION
from tandem.model.integration import EntityMapping, FieldMapping
from tandem.yaml_edit.writing import one_line

_NAMESPACES: Final = (
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    f'xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:t="{OURS}"'
)


def xml_text(file: MappingFile, *, single: bool = False) -> str:
    """The file's text: an array of entity mappings, or the only one by itself."""
    policy = f' t:on_conflict="{file.on_conflict}"' if file.on_conflict else ""
    attributes = f" {_NAMESPACES}{policy}"
    if single:
        body = _entity(file.entities[0], attributes)
    else:
        inner = [line for entity in file.entities for line in _entity(entity)]
        body = _within("ArrayOfEntityMapping", inner, attributes)
    return "\n".join(['<?xml version="1.0" encoding="utf-8"?>', *body]) + "\n"


def _entity(entity: EntityMapping, attributes: str = "") -> list[str]:
    parts = [
        _leaf("IsEnabled", _truth(entity.enabled)),
        _leaf("ExternalName", entity.external),
        _leaf("LocalName", entity.local),
        _leaf("SyncDirection", WRITTEN_DIRECTION[entity.direction]),
        *_strings("PrimaryKeys", entity.primary_key),
        *([_leaf("VersionNumber", entity.version_number)] if entity.version_number else []),
        *_strings("CompositeLookups", entity.composite_lookups),
        *_within("AttributesMapping", [line for f in entity.fields for line in _field(f)]),
        *_beyond(plain(entity), ENTITY_BEYOND),
    ]
    return _within("EntityMapping", parts, attributes)


def _field(field: FieldMapping) -> list[str]:
    parts = [_leaf("IsEnabled", _truth(field.enabled))]
    parts += [
        _leaf(name, value)
        for name, value in (("ExternalName", field.external), ("LocalName", field.local))
        if value is not None
    ]
    if field.lookup:
        parts.append(_leaf("TargetExternalEntity", field.lookup.entity))
        parts.append(_leaf("TargetExternalField", field.lookup.field))
        if field.lookup.composite is not None:
            parts.append(_leaf("CompositeLookup", field.lookup.composite))
    return _within("AttributeMapping", [*parts, *_beyond(plain(field), FIELD_BEYOND)])


def _beyond(values: Mapping[str, Any], keys: Sequence[str]) -> Iterator[str]:
    """What the product has no word for."""
    for key, value in values.items():
        if key in keys:
            yield _leaf(f"t:{key}", one_line(value))


def _strings(name: str, values: Sequence[str]) -> list[str]:
    return _within(name, [_leaf("string", value) for value in values]) if values else []


def _within(name: str, lines: Sequence[str], attributes: str = "") -> list[str]:
    return [f"<{name}{attributes}>", *(f"  {line}" for line in lines), f"</{name}>"]


def _leaf(name: str, text: str) -> str:
    space = ' xml:space="preserve"' if text.strip() != text or not text else ""
    return f"<{name}{space}>{escape(text)}</{name}>"


def _truth(value: bool) -> str:  # noqa: FBT001 - a value
    return "true" if value else "false"
