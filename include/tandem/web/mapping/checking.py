"""Checking the mappings against the systems as they are now, and against their records."""

from collections import Counter
from typing import Final

from fastapi import APIRouter, Request, Response

from tandem.model.problems import Severity
from tandem.sync.job import Job, Progress, open_job
from tandem.sync.job import Request as Asked
from tandem.sync.people.problems import all_problems
from tandem.web.access import AtDesk, Reads, Runs, Visit
from tandem.web.answers import Shown
from tandem.web.mapping import tools
from tandem.web.mapping.drafts import Drafted, opened
from tandem.web.mapping.found import Found, found
from tandem.web.mapping.tools import Tool, WorkId

router = APIRouter(tags=["mapping"])

_RANK: Final = {severity.value: rank for rank, severity in enumerate(Severity)}


class Stopped(Shown):
    """An entity that is not synced until something is mended."""

    entity: str
    why: str


class Checked(Shown):
    """What was found."""

    entities: int
    """Mappings that were looked at: the enabled ones."""
    counts: dict[str, int]
    """Problems by severity."""
    problems: tuple[Found, ...]
    """The worst first."""
    stopped: tuple[Stopped, ...]
    missing: tuple[str, ...]
    """What a run would create on the local side, or a person may have created."""
    of_draft: bool
    """Whether unsaved changes were looked at too."""


@router.post("/integrations/{name}/mapping/check", response_model=Tool[Checked], status_code=202)
def check_mapping(request: Request, visit: Runs, desk: AtDesk, body: Drafted) -> Response:
    """Begin to check the mappings, as the draft has them, against what both systems and their
    records say now. Match keys are read whole, to see whether they are unique.
    """
    drafted = opened(desk, visit, body)
    mine = desk.integration(visit.name)
    # Only the mappings are the draft's: it leads nobody to other systems.
    integration = mine.model_copy(update={"entities": drafted.usable().entities})
    asked = Asked(desk.run_id("check"))

    def do(progress: Progress) -> Checked:
        with open_job(integration, asked, desk.environment, progress) as run:
            return _checked(run, of_draft=bool(drafted.draft.edits))

    work = desk.work.begin(visit.name, do)
    return _shown(request, visit, tools.seen(desk, visit, work, Tool[Checked]))


@router.get("/integrations/{name}/mapping/check/{work}", response_model=Tool[Checked])
def show_checked(request: Request, visit: Reads, desk: AtDesk, work: WorkId) -> Response:
    """Everything that is wrong with the mappings, and what helps."""
    return _shown(request, visit, tools.seen(desk, visit, work, Tool[Checked]))


def _checked(job: Job, *, of_draft: bool) -> Checked:
    looked = all_problems(job)
    problems = [found(problem) for problem in looked.problems]
    counts = Counter(problem.severity for problem in problems)
    return Checked(
        entities=len(job.integration.active_entities),
        counts={severity.value: counts[severity.value] for severity in Severity},
        problems=tuple(sorted(problems, key=lambda one: _RANK[one.severity])),
        stopped=tuple(Stopped(entity=e, why=why) for e, why in looked.stopped.items()),
        missing=tuple(looked.missing),
        of_draft=of_draft,
    )


def _shown(request: Request, visit: Visit, tool: Tool[Checked]) -> Response:
    return tools.shown(request, tool, "checked.html", visit=visit, route="show_checked")
