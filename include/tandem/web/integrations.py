"""The list of integrations."""

from collections.abc import Iterable

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from tandem.airflow.host import DagState, May, RunState
from tandem.integration_files import BrokenFile
from tandem.model.integration import Integration
from tandem.web.access import AtDesk, SignedIn, dag_of, has_pages, what_may
from tandem.web.airflow_runs import dags_of
from tandem.web.answers import Problem, Shown, answer, path_to
from tandem.web.approvals import ApprovalAsked, approval_asked
from tandem.web.desk import Desk
from tandem.web.standings import (
    AtWork,
    LastRunShown,
    ScheduleShown,
    SystemShown,
    WaitingShown,
    standing_of,
)

router = APIRouter(tags=["integrations"])


class StandingShown(Shown):
    """How an integration stands: the worst of its enabled entities."""

    external: SystemShown
    local: SystemShown
    description: str
    entities: int
    """Enabled ones."""
    status: str | None
    """success, running, partial, cut short or failed; none: an entity has not been run yet."""
    last_run: LastRunShown | None
    lag_seconds: float | None
    """Since the start of the last sync that loaded the entity which is furthest behind: what was
    changed before is accounted for. None: an entity has not been synced yet.
    """
    waiting: WaitingShown
    approval: ApprovalAsked | None
    """What a run at work waits for a person's approval of."""


class Listed(Shown):
    """One integration."""

    name: str
    has_pages: bool
    """Whether its name, which is that of its file, can be in a path: else it has to be renamed."""
    schedule: ScheduleShown
    at_work: tuple[AtWork, ...]
    """Runs that are queued or running."""
    standing: StandingShown | None
    """None: its file is broken."""
    problems: tuple[str, ...]
    """What is wrong in its file, with file and line."""


class Integrations(Shown):
    """Those that the user may read."""

    integrations: tuple[Listed, ...]


@router.get("/", response_model=Integrations)
def list_integrations(request: Request, desk: AtDesk, user: SignedIn) -> Response:
    """All integrations that the user may read: how each stands, and what waits in it."""
    may = what_may(desk.host, user, list(desk.files()))
    names = [name for name in may if May.READ in may[name]]
    dags = desk.host.dags([dag_of(name) for name in names])
    runs = desk.host.runs_at_work([dag_id for name in names for dag_id in dags_of(name)])
    shown = Integrations(
        integrations=tuple(
            _listed(request, desk, name, dags.get(dag_of(name)), _of(name, runs)) for name in names
        )
    )
    return answer(request, shown, "integrations/list.html", user=user)


@router.get("/dags/{dag_id}", include_in_schema=False)
def show_dag(request: Request, dag_id: str, user: SignedIn, desk: AtDesk) -> Response:
    """The pages of the integration that a DAG belongs to: Airflow's tab on every DAG."""
    name = dag_id.rpartition("__")[0]
    if name in desk.files():
        return RedirectResponse(path_to(request, "show_integration", name=name))
    problem = Problem(problem=f"{dag_id} belongs to no integration.")
    return answer(request, problem, "problem.html", status=404, user=user)


def _of(name: str, runs: Iterable[RunState]) -> list[RunState]:
    return [run for run in runs if run.dag_id in dags_of(name)]


def _listed(
    request: Request, desk: Desk, name: str, dag: DagState | None, runs: list[RunState]
) -> Listed:
    at_work = tuple(AtWork.of(request, run) for run in runs)
    integration, problems = None, tuple[str, ...]()
    try:
        integration = desk.integration(name)
    except BrokenFile as error:  # it does not hide the others
        problems = tuple(error.lines_without_folder)
    return Listed(
        name=name,
        has_pages=has_pages(name),
        schedule=ScheduleShown.of(integration, dag),
        at_work=at_work,
        standing=_standing(request, desk, integration, at_work) if integration else None,
        problems=problems,
    )


def _standing(
    request: Request, desk: Desk, integration: Integration, at_work: tuple[AtWork, ...]
) -> StandingShown:
    found = standing_of(desk, integration, at_work)
    return StandingShown(
        external=SystemShown.of(integration.external),
        local=SystemShown.of(integration.local),
        description=integration.description,
        entities=len(integration.active_entities),
        status=found.status,
        last_run=LastRunShown.of(found.last_run),
        lag_seconds=found.lag.total_seconds() if found.lag is not None else None,
        waiting=WaitingShown.of(found.waits),
        approval=approval_asked(request, desk, integration.name, at_work),
    )
