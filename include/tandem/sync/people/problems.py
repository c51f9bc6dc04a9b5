"""Every problem of an integration, as a person asks for it: by the systems as they are now."""

from collections.abc import Sequence
from dataclasses import dataclass

from tandem.connectors.base import Provisioner
from tandem.core.validation.validate import stopped_entities
from tandem.model.problems import Problem
from tandem.sync.job import Job
from tandem.sync.people.match_keys import ambiguous_match_keys
from tandem.sync.provisioning import as_provisioned, missing, wanted_entities
from tandem.sync.schema import stage_schemas
from tandem.sync.validation import validated


@dataclass(frozen=True, slots=True)
class Looked:
    """What was found."""

    problems: tuple[Problem, ...]
    """In the order of the file."""
    stopped: dict[str, str]
    """External entity → why it is not synced until that is mended."""
    missing: Sequence[str]
    """What provisioning would create, one line each."""


def look_at(job: Job) -> Looked:
    """Check all mappings against what both systems have now, and pin the job to that.

    Nothing is created: what a run would provision counts as there.
    """
    external, local = job.external.schema(), job.local.schema()
    integration = job.integration
    expected = local
    if integration.provision:
        expected = as_provisioned(local, wanted_entities(job, external, local))
    stage_schemas(job, external, expected, existing=local)
    able = isinstance(job.local, Provisioner)
    problems = validated(
        integration,
        external,
        expected,
        job.state,
        can_provision=able,
        functions=job.functions,
    )
    return Looked(problems, stopped_entities(integration, problems), missing(job, external, local))


def all_problems(job: Job) -> Looked:
    """`look_at`, and what the records themselves say: match keys that are not unique.

    Only of the entities that the job is about; their match keys are read whole.
    """
    try:
        looked = look_at(job)
        asked = [mapping.external for mapping in job.mappings]
        counted = [
            problem
            for entity in asked
            if entity not in looked.stopped
            for problem in ambiguous_match_keys(job, job.bound(entity))
        ]
        return Looked(
            tuple(p for p in _in_order(job, [*looked.problems, *counted]) if p.entity in asked),
            {entity: why for entity, why in looked.stopped.items() if entity in asked},
            looked.missing,
        )
    finally:
        job.staging.remove()


def _in_order(job: Job, problems: Sequence[Problem]) -> list[Problem]:
    """By entity, as the file has them; those of one entity stay in their order."""
    names = [mapping.external for mapping in job.integration.active_entities]
    return sorted(problems, key=lambda problem: names.index(problem.entity))
