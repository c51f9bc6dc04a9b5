"""Every problem of an integration, as a person asks for it: by the systems as they are now."""

from collections.abc import Sequence
from dataclasses import dataclass

from tandem.connectors.base import Provisioner
from tandem.core.validation.validate import stopped_entities
from tandem.errors import RetryLater, TandemError
from tandem.model.problems import Problem, Remedy, Severity
from tandem.sync.job import Job
from tandem.sync.people.match_keys import ambiguous_match_keys
from tandem.sync.provisioning import missing
from tandem.sync.schema import pin_expected_schemas
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
    seen = pin_expected_schemas(job)
    problems = validated(
        job.integration,
        seen.external,
        seen.local,
        job.state,
        can_provision=isinstance(job.local, Provisioner),
        functions=job.functions,
    )
    return Looked(
        problems,
        stopped_entities(job.integration, problems),
        missing(job, seen.external, seen.existing),
    )


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
            for problem in _counted(job, entity)
        ]
        problems = _in_order(job, [*looked.problems, *counted])
        stopped = stopped_entities(job.integration, problems)
        return Looked(
            tuple(problem for problem in problems if problem.entity in asked),
            {entity: why for entity, why in stopped.items() if entity in asked},
            looked.missing,
        )
    finally:
        job.staging.remove()


def _counted(job: Job, entity: str) -> list[Problem]:
    """What the records say; where they cannot be read, that is what is wrong."""
    try:
        return list(ambiguous_match_keys(job, job.bound(entity)))
    except TandemError as error:
        at = job.integration.entities.index(job.mapping(entity))
        may_pass = isinstance(error, RetryLater)
        found = Problem(
            Severity.WARNING if may_pass else Severity.ERROR,
            entity,
            ("entities", at, "fields"),
            "match_keys_not_counted" if may_pass else "records_not_readable",
            f"Reading its records fails: {error.problem}",
            Remedy.NONE if may_pass else Remedy.EDIT,
            error.remedy,
        )
        return [found]


def _in_order(job: Job, problems: Sequence[Problem]) -> list[Problem]:
    """By entity, as the file has them; those of one entity stay in their order."""
    names = [mapping.external for mapping in job.integration.active_entities]
    return sorted(problems, key=lambda problem: names.index(problem.entity))
