"""Where the lookups of an entity lead, so that a filter can look at fields of their targets."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from tandem.errors import ConfigurationError, one_of
from tandem.model.filters import Condition, fields_of, lookup_path
from tandem.model.integration import EntityMapping, Integration, Lookup
from tandem.model.schema import Entity, Field, LookupTarget, Schema

SideName = Literal["external", "local"]


@dataclass(frozen=True, slots=True)
class Relation:
    """Where a lookup of one side leads."""

    entity: Entity
    """The target, of the same side."""
    on: str
    """The field of the target that the lookup's value equals."""
    navigation: str = ""
    """OData's navigation property that leads there; empty if there is none."""


Relations = Mapping[str, Relation]
"""Lookup field → where it leads."""

NO_RELATIONS: Final[Relations] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Compared:
    """What a comparison looks at: a field of the record, or one of a lookup's target."""

    field: Field
    lookup: str = ""
    """The record's field that leads to the target; empty where it is the record's own field."""
    relation: Relation | None = None


def relations(
    integration: Integration, mapping: EntityMapping, schema: Schema, side: SideName
) -> Relations:
    """Where the lookups of that side of the mapping lead: as the mapping says, else as the
    schema does where it names exactly one target. A target that the schema lacks is left out.
    """
    name = mapping.external if side == "external" else mapping.local
    entity = schema.by_name.get(name)
    if entity is None:
        return NO_RELATIONS
    lines = {
        entity.by_name[own]: line.lookup
        for line in mapping.active_fields
        if line.lookup
        and (own := line.external if side == "external" else line.local) in entity.by_name
    }
    found = {
        field.name: _mapped(field, lines[field], integration, schema, side)
        if field in lines
        else _told(field, schema)
        for field in entity.fields
    }
    return {name: relation for name, relation in found.items() if relation}


def compared(name: str, entity: Entity, relations: Relations = NO_RELATIONS) -> Compared:
    """What a comparison with that name looks at; ConfigurationError says why there is nothing."""
    path = lookup_path(name)
    if name in entity.by_name or path is None:
        return Compared(entity.field(name))
    lookup, target_field = path
    field = entity.field(lookup)
    relation = relations.get(lookup)
    if relation is None:
        raise _no_relation(name, field, entity)
    return Compared(relation.entity.field(target_field), lookup, relation)


def own_fields(names: frozenset[str], entity: Entity) -> frozenset[str]:
    """The entity's own fields among what a filter names: of `lookup.field` the lookup."""
    return frozenset(
        path[0] if name not in entity.by_name and (path := lookup_path(name)) else name
        for name in names
    )


def follows_lookups(condition: Condition | None, entity: Entity) -> bool:
    """Whether the condition looks at other records: when these change, it may hold of one that
    did not.
    """
    names = fields_of(condition)
    return own_fields(names, entity) != names


def _told(field: Field, schema: Schema) -> Relation | None:
    """As the system's metadata says."""
    if len(field.lookup) != 1:
        return None
    (target,) = field.lookup
    entity = schema.by_name.get(target.entity)
    on = _found_by(target, entity) if entity else ""
    return Relation(entity, on, target.navigation) if entity and on else None


def _mapped(
    field: Field, lookup: Lookup, integration: Integration, schema: Schema, side: SideName
) -> Relation | None:
    """As the mapping's line says: what the external field is looked up by; locally, the key."""
    if side == "local":
        mapping = integration.entity(lookup.entity)
        target = schema.by_name.get(mapping.local) if mapping else None
        return Relation(target, target.key[0]) if target and len(target.key) == 1 else None
    target = schema.by_name.get(lookup.entity)
    if target is None or lookup.composite:
        return None  # a field that the target lacks is the lookup's own problem
    named = (t for t in field.lookup if t.entity == target.name)
    navigations = (t.navigation for t in named if _found_by(t, target) == lookup.field)
    return Relation(target, lookup.field, next(navigations, ""))


def _found_by(target: LookupTarget, entity: Entity) -> str:
    """The field of the target that the lookup's value equals; empty if there is no such one."""
    key = entity.key[0] if len(entity.key) == 1 else ""
    name = target.field or key
    return name if name in entity.by_name else ""


def _no_relation(name: str, field: Field, entity: Entity) -> ConfigurationError:
    targets = sorted({target.entity for target in field.lookup})
    if len(targets) > 1:
        why = f"refers to records of {one_of(targets)}; only a mapped lookup says to which"
    elif targets:
        why = f"refers to {targets[0]!r}, whose key the metadata does not tell"
    else:
        why = "refers to no other record as far as the metadata and the mapping say"
    return ConfigurationError(
        f"Filter: {name!r} looks at a field of a lookup's target, but field {field.name!r} of "
        f"{entity.name!r} {why}.",
        remedy=f"Map {field.name} with lookup: {{entity: …, field: …}}, or filter by a field of "
        f"{entity.name!r} itself.",
    )


def reached(integration: Integration, schema: Schema, side: SideName) -> frozenset[str]:
    """The entities of that side that filters look into, mapped or not."""
    names: set[str] = set()
    for mapping in integration.active_entities:
        condition = mapping.download_filter if side == "external" else mapping.upload_filter
        paths = map(lookup_path, fields_of(condition))
        found = relations(integration, mapping, schema, side)
        names.update(found[path[0]].entity.name for path in paths if path and path[0] in found)
    return frozenset(names)
