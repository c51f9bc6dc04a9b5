"""Whether every mapping fits the schemas of both sides."""

from tandem.core.binding import bind, lookup_problems, policy_problem
from tandem.core.mapping import BoundMapping
from tandem.errors import ConfigurationError
from tandem.model.schema import Schema
from tandem.sync.job import Job


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
