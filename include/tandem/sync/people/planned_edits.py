"""Edits of an integration file that a person is shown before they are saved."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tandem.errors import ConfigurationError
from tandem.integration_files import integration_text, parse_integration
from tandem.model.edits import Edit
from tandem.model.integration import Integration
from tandem.model.problems import Problem, Severity
from tandem.sync.job import Job, Run
from tandem.sync.people.edits import save_edit
from tandem.sync.people.problems import look_at
from tandem.yaml_edit import UnsafeEdit, edited


@dataclass(frozen=True, slots=True)
class PlannedEdit:
    """A file before and after, and what the edit would break."""

    file: Path
    before: str
    after: str
    problems: tuple[Problem, ...] = ()
    """Errors of the entities that are edited, and those that others get by it: while there are
    any, nothing is saved."""
    warnings: tuple[Problem, ...] = ()
    """What else is to be said about the entities that are edited."""

    @property
    def changes(self) -> bool:
        """Whether the file would say anything else."""
        return self.before != self.after


def plan_edits(
    job: Job,
    file: Path,
    edits: Sequence[Edit],
    about: Sequence[str],
    *,
    known: tuple[Problem, ...] = (),
) -> PlannedEdit:
    """What these edits make of the file of the job's integration, by the systems as they are now.

    `about`: the external entities that are edited; `known`: what is wrong with the edits whatever
    the systems say. Nothing is written. ConfigurationError if the file is not what the job was
    opened with, if the edits make no integration of it, or if one could damage it.
    """
    before = text_of(job, file)
    if not edits:
        return _with_known(PlannedEdit(file, before, before), known)
    try:
        after = edited(before, edits)
    except UnsafeEdit as error:
        raise error.within(file) from error
    return _with_known(planned_edit(job, file, before, after, about), known)


def _with_known(planned: PlannedEdit, known: tuple[Problem, ...]) -> PlannedEdit:
    warnings = tuple(problem for problem in known if not _is_error(problem))
    return replace(
        planned,
        problems=(*filter(_is_error, known), *planned.problems),
        warnings=(*warnings, *planned.warnings),
    )


def text_of(job: Job, file: Path) -> str:
    """The file's text; ConfigurationError if it is not what the job was opened with."""
    text = integration_text(file)
    if parse_integration(file, text) != job.integration:
        raise ConfigurationError(
            f"{file} was saved while it was looked at.", remedy="Nothing was changed; try again."
        )
    return text


def planned_edit(
    job: Job, file: Path, before: str, after: str, about: Collection[str]
) -> PlannedEdit:
    """What the file is to say instead of what it says, with the problems of that."""
    found = _problems(job, parse_integration(file, after))
    mine = [problem for problem in found if problem.entity in about]
    others = [problem for problem in found if problem.entity not in about and _is_error(problem)]
    if others:
        had = {_identity(problem) for problem in _problems(job, job.integration)}
        others = [problem for problem in others if _identity(problem) not in had]
    return PlannedEdit(
        file,
        before,
        after,
        problems=(*filter(_is_error, mine), *others),
        warnings=tuple(problem for problem in mine if not _is_error(problem)),
    )


def save_planned(run: Run, planned: PlannedEdit, *, reason: str) -> None:
    """Save the file, so that it can be undone. Busy while a run is at work.

    ConfigurationError if there are problems.
    """
    if planned.problems:
        raise ConfigurationError(
            f"{len(planned.problems)} problems are in the way; nothing was saved.",
            remedy=str(planned.problems[0]),
        )
    save_edit(
        planned.file,
        run.state,
        reason=reason,
        before=planned.before,
        after=planned.after,
        at=run.now(),
    )


def _problems(job: Job, integration: Integration) -> tuple[Problem, ...]:
    try:
        return look_at(replace(job, integration=integration)).problems
    finally:
        job.staging.remove()


def _is_error(problem: Problem) -> bool:
    return problem.severity is Severity.ERROR


def _identity(problem: Problem) -> tuple[str, str, str]:
    """What makes it the same problem, wherever it stands in the file by now."""
    return problem.entity, problem.code, problem.text
