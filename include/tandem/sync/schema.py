"""Both sides' schemas: read once a run, completed where the user asked for it, and pinned."""

from tandem.model.schema import Schema
from tandem.sync.job import Job
from tandem.sync.provisioning import as_provisioned, provision, wanted_entities


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


def _only(schema: Schema, names: list[str]) -> Schema:
    return Schema(entities=tuple(entity for entity in schema.entities if entity.name in names))
