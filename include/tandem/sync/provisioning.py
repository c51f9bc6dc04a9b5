"""Local tables and columns that mappings need: shown, and created where the user asked for it."""

from tandem.connectors.base import Provisioner
from tandem.core.wanted import wanted_entity
from tandem.model.integration import EntityMapping
from tandem.model.schema import Entity, Field, Kind, Schema
from tandem.sync.job import Job


def provision(job: Job, external: Schema, local: Schema) -> list[str]:
    """Create the local tables and columns that the mappings lack; what was done."""
    if not isinstance(job.local, Provisioner):
        return []
    return [line for e in wanted_entities(job, external, local) for line in job.local.provision(e)]


def missing(job: Job, external: Schema, local: Schema) -> list[str]:
    """What `provision` would do, one line each."""
    if not isinstance(job.local, Provisioner):
        return []
    return [line for e in wanted_entities(job, external, local) for line in job.local.missing(e)]


def wanted_entities(job: Job, external: Schema, local: Schema) -> list[Entity]:
    """The local entities as the enabled mappings need them."""
    mappings = job.integration.active_entities
    keys = {
        mapping.external: _local_key(mapping, external, local.by_name.get(mapping.local))
        for mapping in mappings
    }
    return [
        wanted_entity(
            mapping, external.entity(mapping.external), local.by_name.get(mapping.local), keys
        )
        for mapping in mappings
    ]


def as_provisioned(local: Schema, wanted: list[Entity]) -> Schema:
    """The local schema as it will be once what is wanted has been created."""
    entities = dict(local.by_name)
    for entity in wanted:
        known = entities.get(entity.name, entity)
        added = tuple(f for f in entity.fields if f.name not in known.by_name)
        entities[entity.name] = known.model_copy(update={"fields": (*known.fields, *added)})
    return Schema(entities=tuple(entities.values()))


def _local_key(mapping: EntityMapping, external: Schema, known: Entity | None) -> Field:
    if known and known.key:
        return known.field(known.key[0])
    source = next(
        (f.external for f in mapping.active_fields if f.local and f.local.lower() == "id"), None
    )
    if source:
        return external.entity(mapping.external).field(source)
    return Field(name="id", kind=Kind.GUID)
