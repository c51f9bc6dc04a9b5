"""The schema of `$metadata` with what the table definitions know better."""

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
    return Schema(
        entities=tuple(_defined(entity, definitions.get(entity.name)) for entity in schema.entities)
    )


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
