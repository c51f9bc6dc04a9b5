"""Starts: a run of an integration's DAG, and how it goes."""

from typing import Annotated, Final

from fastapi import APIRouter, Path, Request, Response

from tandem.airflow.host import May, RunState
from tandem.airflow.travels import Kind
from tandem.errors import ConfigurationError
from tandem.sync.report import report_of
from tandem.web.access import AtDesk, Edits, NotAllowed, Reads, Runs, Visit
from tandem.web.answers import Problem, Shown, answer
from tandem.web.data.asked import Asked, checked, params_of
from tandem.web.data.previews import PreviewId, found_by
from tandem.web.data.progress import EntityProgress, StepShown, Waiting, entities_of, steps_of
from tandem.web.desk import Desk

router = APIRouter()

RunId = Annotated[str, Path(max_length=250)]
_STARTED: Final = 202


class StartShown(Shown):
    """How a run goes."""

    kind: Kind
    dag_id: str
    run_id: str
    state: str
    """Airflow's word: queued, running, success or failed."""
    has_ended: bool
    steps: tuple[StepShown, ...]
    """Those of the whole run."""
    entities: tuple[EntityProgress, ...]
    """Those that it is about, in the order in which they are written."""
    others: int
    """Entities that are not part of it."""
    records: int
    """Records that have been dealt with so far."""
    results: tuple[str, ...] = ()
    """Once it has ended: the result lines, one for each direction."""
    waiting: Waiting | None = None
    """Once it has ended: what waits of its entities."""


class Approval(Shown):
    """Deletions that a person has seen in a preview, and approves."""

    deletions: int
    """How many: all that the preview shows, or nothing is started."""


@router.post("/integrations/{name}/starts", status_code=_STARTED, response_model=StartShown)
def start(request: Request, visit: Runs, desk: AtDesk, asked: Asked) -> Response:
    """Start a run. Deletions that need approval are withheld. A paused DAG is unpaused, which
    takes permission to edit it."""
    wanted = checked(asked, desk.integration(visit.name))
    return _start(request, visit, desk, wanted, approved=False)


@router.post(
    "/integrations/{name}/previews/{preview_id}/approvals",
    status_code=_STARTED,
    response_model=StartShown,
)
def approve_and_start(
    request: Request, visit: Edits, desk: AtDesk, preview_id: PreviewId, approval: Approval
) -> Response:
    """Start the sync that was previewed, and approve the deletions that the preview shows.

    Where an earlier run withheld deletions only these are carried out; else what the run finds.
    """
    found = found_by(desk, visit.name, preview_id)
    shown = found.withheld if found else 0
    if found is None or not shown or found.asked.kind != "sync":
        raise ConfigurationError(
            "This preview shows no deletions that wait for approval.",
            remedy="Preview a sync, and look at what it would delete.",
        )
    if approval.deletions != shown:
        raise ConfigurationError(
            f"The preview shows {shown:,} deletions, and {approval.deletions:,} are approved.",
            remedy="Look at the preview again, and approve what it shows.",
        )
    wanted = checked(found.asked, desk.integration(visit.name))
    return _start(request, visit, desk, wanted, approved=True)


@router.get("/integrations/{name}/starts/{kind}/{run_id}", response_model=StartShown)
def show_start(request: Request, visit: Reads, desk: AtDesk, kind: Kind, run_id: RunId) -> Response:
    """How a run of that DAG goes: its tasks by entity, and at the end what came of it."""
    run = desk.host.run(f"{visit.name}__{kind}", run_id)
    if run is None:
        problem = Problem(
            problem=f"Airflow knows no run {run_id!r} of {visit.name}__{kind}.",
            remedy="See the runs of the integration.",
        )
        return answer(request, problem, "problem.html", status=404, visit=visit)
    return _answer(request, visit, _shown(desk, visit.name, kind, run))


def _start(request: Request, visit: Visit, desk: Desk, asked: Asked, *, approved: bool) -> Response:
    dag_id = f"{visit.name}__{asked.kind}"
    _require_run(desk, visit, dag_id)
    _wake(desk, visit, dag_id)
    run_id = desk.host.trigger(dag_id, params_of(asked, approved=approved), visit.user)
    run = desk.host.run(dag_id, run_id) or RunState(dag_id, run_id, "queued")
    shown = _shown(desk, visit.name, asked.kind, run)
    return _answer(request, visit, shown, status=_STARTED)


def _require_run(desk: Desk, visit: Visit, dag_id: str) -> None:
    """The guard asked for the DAG of syncs; each kind of run has a DAG, and permissions, of its
    own.
    """
    if May.RUN not in desk.host.may(visit.user, [dag_id])[dag_id]:
        raise NotAllowed(
            f"{visit.user.name} may not run {dag_id}.",
            remedy=f"Permission to trigger the DAG {dag_id} has to be granted in Airflow.",
        )


def _wake(desk: Desk, visit: Visit, dag_id: str) -> None:
    """Unpause the DAG, whose run would wait for ever; its schedule then goes on too, which is not
    for everybody to decide.
    """
    dag = desk.host.dags([dag_id]).get(dag_id)
    if dag is None or not dag.is_paused:
        return
    if not visit.may_edit:
        raise NotAllowed(
            f"{dag_id} is paused, and {visit.user.name} may not unpause it.",
            remedy="Ask somebody who may edit the DAG to let its schedule go on.",
        )
    desk.host.pause(dag_id, paused=False)


def _shown(desk: Desk, name: str, kind: Kind, run: RunState) -> StartShown:
    integration = desk.integration(name)
    with desk.state(name) as state:
        entries = state.run_entries(run.run_id)
        ended = entries if run.has_ended else [entry for entry in entries if entry.finished_at]
        report = report_of(name, run.run_id, ended)
        found = entities_of(integration, kind, run.tasks, report)
        mine = [entity for entity in found if entity.is_part]
        waits = state.waits([entity.entity for entity in mine]) if run.has_ended else {}
    return StartShown(
        kind=kind,
        dag_id=run.dag_id,
        run_id=run.run_id,
        state=run.state,
        has_ended=run.has_ended,
        steps=steps_of(run.tasks),
        entities=tuple(mine),
        others=len(found) - len(mine),
        records=report.counts.all,
        results=tuple(report.results.splitlines()) if run.has_ended and entries else (),
        waiting=Waiting.of(waits.values()) if run.has_ended else None,
    )


def _answer(request: Request, visit: Visit, shown: StartShown, status: int = 200) -> Response:
    context = {"visit": visit, "tab": "Data", "is_new": status == _STARTED}
    return answer(request, shown, "data/start.html", status=status, **context)
