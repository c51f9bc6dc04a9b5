"""Both sides' schemas: read once a run, completed where the user asked for it, and checked."""

from tandem.connectors.base import Provisioner
from tandem.core.binding import bind, lookup_problems, policy_problem
from tandem.core.mapping import BoundMapping
from tandem.core.wanted import wanted_entity
from tandem.errors import ConfigurationError
from tandem.model.integration import EntityMapping
from tandem.model.schema import Entity, Field, Kind, Schema
from tandem.sync.job import Job


def pin_schemas(job: Job) -> list[str]:
    """Stage the schemas that this run is pinned to; what was provisioned, one line each."""
    external, local = job.external.schema(), job.local.schema()
    done = provision(job, external, local) if job.integration.provision else []
    if done:
        local = job.local.schema()
    stage_schemas(job, external, local, existing=local)
    return done


def pin_expected_schemas(job: Job) -> None:
    """Stage the schemas as a run would find them, creating nothing: what a preview needs."""
    external, local = job.external.schema(), job.local.schema()
    expected = local
    if job.integration.provision:
        expected = as_provisioned(local, wanted_entities(job, external, local))
    stage_schemas(job, external, expected, existing=local)


def stage_schemas(job: Job, external: Schema, local: Schema, *, existing: Schema) -> None:
    """Pin the run to these schemas; `existing` is what the local side has by now."""
    mappings = job.integration.active_entities
    sides = {
        "external": _only(external, [mapping.external for mapping in mappings]),
        "local": _only(local, [mapping.local for mapping in mappings]),
        "existing": _only(existing, [mapping.local for mapping in mappings]),
    }
    staged = {side: schema.model_dump(mode="json") for side, schema in sides.items()}
    job.staging.write_json(job.schema_path, staged)


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


def check_mappings(job: Job) -> None:
    """Bind every mapping of the run; ConfigurationError names all that is wrong."""
    _, problems = bind_all(job, job.schemas["external"], job.schemas["local"])
    wanted = [problems[m.external] for m in job.mappings if m.external in problems]
    if wanted:
        raise ConfigurationError(
            f"Integration {job.integration.name!r} does not fit its systems: " + " ".join(wanted)
        )


def bind_all(
    job: Job, external: Schema, local: Schema
) -> tuple[dict[str, BoundMapping], dict[str, str]]:
    """By external entity: the mappings that fit these schemas, and what is wrong with others."""
    bound: dict[str, BoundMapping] = {}
    problems: dict[str, str] = {}
    for mapping in job.integration.active_entities:
        try:
            sides = external.entity(mapping.external), local.entity(mapping.local)
            bound[mapping.external] = bind(mapping, *sides)
        except ConfigurationError as error:
            problems[mapping.external] = str(error)
    for name, mapped in bound.items():
        found = lookup_problems(mapped, bound)
        found += filter(None, [policy_problem(mapped, job.integration.on_conflict)])
        if found:
            problems[name] = f"Mapping {name} → {mapped.local.name}: {' '.join(found)}"
    return bound, problems


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


def _only(schema: Schema, names: list[str]) -> Schema:
    return Schema(entities=tuple(entity for entity in schema.entities if entity.name in names))
