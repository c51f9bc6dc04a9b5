"""Clean Up: what is gone from the external system goes from the integration file, on request."""

from dataclasses import dataclass
from pathlib import Path

from tandem.core.clean_up.plan import CleanUp, clean_up
from tandem.errors import ConfigurationError
from tandem.integration_files import integration_text, parse_integration
from tandem.sync.job import Job, Run
from tandem.sync.people.edits import save_edit
from tandem.sync.people.problems import look_at
from tandem.yaml_edit import edited

REASON = "clean up"


@dataclass(frozen=True, slots=True)
class Planned:
    """What cleaning up would change, and why."""

    file: Path
    before: str
    after: str
    """The same text where there is nothing to do."""
    clean_up: CleanUp


def plan_clean_up(job: Job, file: Path) -> Planned:
    """What to remove from the file of the job's integration, by the systems as they are now.

    Nothing is written. ConfigurationError if the file is not what the job was opened with, if
    nothing would be left of it, or if an edit could damage it.
    """
    before = integration_text(file)
    if parse_integration(file, before) != job.integration:
        raise ConfigurationError(
            f"{file} was saved while it was looked at.", remedy="Nothing was changed; try again."
        )
    try:
        problems = look_at(job).problems
    finally:
        job.staging.remove()
    links = {e.external: job.state.link_count(e.external) for e in job.integration.active_entities}
    found = clean_up(job.integration, problems, links)
    return Planned(file, before, edited(before, found.edits), found)


def apply_clean_up(run: Run, planned: Planned) -> None:
    """Save the cleaned-up file, so that it can be undone. Busy while a run is at work."""
    save_edit(
        planned.file,
        run.state,
        reason=REASON,
        before=planned.before,
        after=planned.after,
        at=run.now(),
    )
