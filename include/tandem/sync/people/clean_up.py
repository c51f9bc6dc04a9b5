"""Clean Up: what is gone from the external system goes from the integration file, on request."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from tandem.core.clean_up.plan import CleanUp, Effect, clean_up
from tandem.core.order import looked_up
from tandem.errors import ConfigurationError
from tandem.integration_files import BrokenFile
from tandem.model.integration import Integration
from tandem.model.problems import Problem, Remedy
from tandem.state.protocols import StateStore
from tandem.sync.job import Job
from tandem.sync.people.edits import save_edit
from tandem.sync.people.planned_edits import planned_edit, text_of
from tandem.sync.people.problems import look_at
from tandem.yaml_edit import Removed, removed
from tandem.yaml_source import YamlSource

_REASON: Final = "clean up"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that goes."""

    effect: Effect
    line: int
    """Of the file as it is."""
    by_hand: str = ""
    """Why Tandem cannot remove it without harm to the file; empty: it can."""


@dataclass(frozen=True, slots=True)
class Planned:
    """What cleaning up would change, and why."""

    file: Path
    before: str
    after: str
    """The same text where there is nothing that could be done."""
    steps: tuple[Step, ...]
    """In the order of the file."""
    idle: tuple[str, ...]
    """What stays without being of use, in sentences."""
    problems: tuple[Problem, ...]
    """What is wrong afterwards with the entities that are changed or look up changed ones."""
    doubt: str = ""
    """Why it looks as if not the file were wrong: nothing is saved then."""

    @property
    def changes(self) -> bool:
        """Whether the file would say anything else."""
        return self.before != self.after


def plan_clean_up(job: Job, file: Path) -> Planned:
    """What to remove from the file of the job's integration, by the systems as they are now.

    Of the entities that the job is about; lookups of others go with what they look up. Nothing is
    written. ConfigurationError if the file is not what the job was opened with, if nothing would
    be left of it, or if it would be no integration without what can be removed safely.
    """
    before = text_of(job, file)
    problems = _found(job)
    links = {e.external: job.state.link_count(e.external) for e in job.integration.active_entities}
    found = clean_up(job.integration, problems, links)
    new = removed(before, [edit.place for edit in found.edits])
    doubt = "" if job.entities else _doubt(job.integration, problems)
    steps = _steps(before, found, new)
    if new.text == before:
        return Planned(file, before, before, steps, found.remaining, (), doubt)
    try:
        edit = planned_edit(job, file, before, new.text, _about(job.integration, steps))
    except BrokenFile as error:
        if new.unsafe:
            raise new.unsafe[0].within(file) from error
        raise
    left = (*edit.problems, *edit.warnings)
    return Planned(file, before, new.text, steps, found.remaining, left, doubt)


def apply_clean_up(state: StateStore, planned: Planned, *, at: datetime) -> None:
    """Save the cleaned-up file, so that it can be undone.

    Busy while a run is at work; ConfigurationError while there is doubt.
    """
    if planned.doubt:
        raise ConfigurationError(
            planned.doubt,
            remedy="Check the connection's company or environment and its user's permissions; "
            "name those that are really gone with --entity.",
        )
    save_edit(
        planned.file, state, reason=_REASON, before=planned.before, after=planned.after, at=at
    )


def _found(job: Job) -> list[Problem]:
    """The problems of the entities that the job is about."""
    asked = {mapping.external for mapping in job.mappings}
    try:
        return [problem for problem in look_at(job).problems if problem.entity in asked]
    finally:
        job.staging.remove()


def _about(integration: Integration, steps: Sequence[Step]) -> set[str]:
    """The entities that are changed, and those that look them up."""
    changed = {step.effect.entity for step in steps}
    looking = (m.external for m in integration.active_entities if changed & {*looked_up(m)})
    return {*changed, *looking}


def _doubt(integration: Integration, problems: Sequence[Problem]) -> str:
    known = len(integration.active_entities)
    gone = {p.place[1] for p in problems if p.remedy is Remedy.CLEAN_UP and _is_of_entity(p)}
    if 2 * len(gone) <= known:
        return ""
    return (
        f"The external system shows {known - len(gone)} of {known} entities: it looks like another "
        "company or missing permissions, not like entities that are gone."
    )


def _is_of_entity(problem: Problem) -> bool:
    return len(problem.place) == 3 and problem.place[2] == "external"


def _steps(before: str, found: CleanUp, new: Removed) -> tuple[Step, ...]:
    """In the order of the file."""
    source = YamlSource(before.removeprefix("\ufeff"))
    causes = {error.edit.place: error.cause for error in new.unsafe}
    steps = []
    for effect in found.effects:
        upwards = (effect.place[:n] for n in range(2, len(effect.place) + 1))
        cause = next((causes[place] for place in upwards if place in causes), "")
        steps.append(Step(effect, source.line(effect.place), cause))
    return tuple(sorted(steps, key=lambda step: step.line))
