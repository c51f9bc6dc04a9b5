"""The schema of `$metadata` with what the table definitions know better."""

from collections.abc import Mapping

from tandem.connectors.dynamics.definitions import Definition, Definitions
from tandem.connectors.dynamics.names import column_of
from tandem.model.schema import Capabilities, Deletes, Entity, Field, Schema


def without_guesses(schema: Schema) -> Schema:
    """Nothing is required because of `$metadata`, where Nullable says nothing about columns."""
    return Schema(
        entities=tuple(
            entity.model_copy(update={"fields": tuple(_optional(entity, f) for f in entity.fields)})
            for entity in schema.entities
        )
    )


def defined(schema: Schema, definitions: Definitions) -> Schema:
    """The schema, each entity as its table is defined. What has no definition is no table, such
    as the definitions themselves, and tracks no changes.
    """
    known = _by_own_ids(schema, definitions)
    return Schema(
        entities=tuple(_defined(entity, definitions.get(entity.name)) for entity in known.entities)
    )


def _by_own_ids(schema: Schema, definitions: Definitions) -> Schema:
    """Users and teams inherit the key `ownerid`, and nothing says that conditions on it are
    evaluated. The ids that their definitions name have the same values (Microsoft Learn,
    "systemuser EntityType"): those are the keys, and what lookups refer to.
    """
    replaced = {
        (entity.name, entity.key[0]): table.key
        for entity in schema.entities
        if (table := definitions.get(entity.name)) and len(entity.key) == 1
        if table.key not in entity.key and table.key in entity.by_name
    }
    if not replaced:
        return schema
    return Schema(entities=tuple(_by_own_id(entity, replaced) for entity in schema.entities))


def _by_own_id(entity: Entity, replaced: Mapping[tuple[str, str], str]) -> Entity:
    fields = [_referring(field, replaced) for field in entity.fields]
    if not entity.key or (own := replaced.get((entity.name, entity.key[0]))) is None:
        return entity.model_copy(update={"fields": tuple(fields)})
    inherited = entity.field(entity.key[0])
    like_a_key = {
        name: getattr(inherited, name)
        for name in ("nullable", "read_only", "immutable", "defaulted")
    }
    changed = {own: like_a_key, inherited.name: {"read_only": True, "nullable": True}}
    fields = [field.model_copy(update=changed.get(field.name, {})) for field in fields]
    return entity.model_copy(update={"key": (own,), "fields": tuple(fields)})


def _referring(field: Field, replaced: Mapping[tuple[str, str], str]) -> Field:
    targets = tuple(
        target.model_copy(
            update={"field": replaced.get((target.entity, target.field), target.field)}
        )
        for target in field.lookup
    )
    return field if targets == field.lookup else field.model_copy(update={"lookup": targets})


def _optional(entity: Entity, field: Field) -> Field:
    known = field.nullable or field.name in entity.key
    return field if known else field.model_copy(update={"nullable": True})


def _defined(entity: Entity, table: Definition | None) -> Entity:
    if table is None:
        return entity.model_copy(update={"capabilities": _tracking(entity, enabled=False)})
    key = entity.key or ((table.key,) if table.key in entity.by_name else ())
    able = _tracking(entity, enabled=bool(key) and table.tracks_changes)
    able = able.model_copy(update={"optimistic_concurrency": table.guards_edits})
    if table.is_intersect:
        none = {"creates": False, "updates": False, "removes": False, "client_keys": False}
        able = able.model_copy(update=none)
    return entity.model_copy(
        update={
            "key": key,
            "label": table.label or entity.label,
            "fields": tuple(_keyed(field, table) for field in entity.fields),
            "capabilities": able,
        }
    )


def _tracking(entity: Entity, *, enabled: bool) -> Capabilities:
    deletes = Deletes.KEY_SWEEP if entity.key else Deletes.NONE
    update = {"delta": enabled, "deletes": Deletes.NATIVE if enabled else deletes}
    return entity.capabilities.model_copy(update=update)


def _keyed(field: Field, table: Definition) -> Field:
    if table.unique is None:
        return field
    unique = not field.part_of and column_of(field) in table.unique
    return field if unique == field.unique else field.model_copy(update={"unique": unique})
