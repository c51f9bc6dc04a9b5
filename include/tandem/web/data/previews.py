"""Previews: what a run would do to each record. Nothing is written to either system."""

from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Request, Response

from tandem.airflow.travels import travelling
from tandem.model.integration import Integration
from tandem.sync.job import Progress
from tandem.sync.people.preview import preview_all
from tandem.web.access import AtDesk, Reads, Runs, Visit
from tandem.web.answers import Shown, answer
from tandem.web.data.asked import Asked, checked, request_of
from tandem.web.data.plans import (
    ACTIONS,
    Planned,
    Plans,
    PlanShown,
    RecordShown,
    chosen,
    planned,
    plans_of,
)
from tandem.web.desk import Desk
from tandem.web.work import Seen

router = APIRouter()

_OF_ALL: Final = 2_000
_OF_ONE: Final = 200
"""Records that a preview keeps of all entities, and of one."""
_PAGE: Final = 50
"""Records of a page."""

PreviewId = Annotated[str, Path(pattern=r"^[0-9a-f]{1,40}$")]


class PreviewShown(Shown):
    """How far a preview is, and what it has found."""

    id: str
    state: str
    """waiting, running, done or failed."""
    progress: str
    """What it is doing, in words."""
    problem: str = ""
    """Why it failed."""
    remedy: str = ""
    asked: Asked | None = None
    plans: tuple[PlanShown, ...] = ()
    withheld: int = 0
    """Deletions of all entities that a person has to approve."""
    entity: str = ""
    action: str = ""
    """What the records below are limited to; empty: not at all, but unchanged ones are left out."""
    total: int = 0
    """Records that fit."""
    kept: int = 0
    """Those of them that can be looked at, a fair share of each action."""
    page: int = 1
    pages: int = 1
    records: tuple[RecordShown, ...] = ()
    """Those of this page."""

    @property
    def has_ended(self) -> bool:
        """Whether nothing more comes of it."""
        return self.state in ("done", "failed")

    def total_of(self, action: str) -> int:
        """How many records of all entities that action concerns."""
        return sum(plan.actions.get(action, 0) for plan in self.plans)


@router.post("/integrations/{name}/previews", status_code=202, response_model=PreviewShown)
def begin_preview(request: Request, visit: Runs, desk: AtDesk, asked: Asked) -> Response:
    """Begin to plan what a run would do; ask for what it finds by its id."""
    integration = desk.integration(visit.name)
    wanted = checked(asked, integration)

    def look(progress: Progress) -> Planned:
        run = request_of(wanted, desk.run_id("preview"))
        with desk.job(visit.name, run, progress) as job:
            return planned(wanted, preview_all(job, limit=_limit(wanted, integration)))

    seen = desk.work.seen(visit.name, desk.work.begin(visit.name, look))
    return _answer(request, visit, _shown(seen), status=202)


@router.get("/integrations/{name}/previews/{preview_id}", response_model=PreviewShown)
def show_preview(  # noqa: PLR0913 - what a page of it is chosen by
    request: Request,
    visit: Reads,
    desk: AtDesk,
    preview_id: PreviewId,
    entity: str = "",
    action: str = "",
    page: Annotated[int, Query(ge=1)] = 1,
) -> Response:
    """How far a preview is; once it is done a page of its records, of one entity or action.

    Without an action, unchanged records are left out.
    """
    seen = desk.work.seen(visit.name, preview_id)
    return _answer(request, visit, _shown(seen, entity, action, page))


def found_by(desk: Desk, name: str, preview_id: str) -> Plans | None:
    """What that preview has found; None if it is not done. ConfigurationError if unknown."""
    seen = desk.work.seen(name, preview_id)
    return plans_of(seen.result) if seen.state == "done" else None


def _limit(asked: Asked, integration: Integration) -> int:
    entities = len(asked.entities) or len(travelling(integration, asked.kind))
    return max(10, min(_OF_ONE, _OF_ALL // entities))


def _shown(seen: Seen, entity: str = "", action: str = "", page: int = 1) -> PreviewShown:
    told = {name: getattr(seen, name) for name in ("id", "state", "progress", "problem", "remedy")}
    if seen.state != "done":
        return PreviewShown(**told)
    found = plans_of(seen.result)
    records = chosen(seen.result, entity, action)
    pages = max(1, -(-len(records) // _PAGE))
    at = min(page, pages)
    return PreviewShown(
        **told,
        asked=found.asked,
        plans=found.plans,
        withheld=found.withheld,
        entity=entity,
        action=action,
        total=found.total(entity, action),
        kept=len(records),
        page=at,
        pages=pages,
        records=tuple(
            RecordShown.model_validate(record) for record in records[(at - 1) * _PAGE : at * _PAGE]
        ),
    )


def _answer(request: Request, visit: Visit, shown: PreviewShown, status: int = 200) -> Response:
    actions = [action.value for action in ACTIONS if shown.total_of(action.value)]
    template = "data/preview.html"
    context = {"visit": visit, "tab": "Data", "actions": actions, "is_new": status != 200}
    return answer(request, shown, template, status=status, **context)
