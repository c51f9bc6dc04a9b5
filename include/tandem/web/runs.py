"""Runs: the log as a list with a chart, and one run with all that it did."""

from datetime import datetime
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field

from tandem.model.changes import Counts
from tandem.state.run_history import LoggedRun, RunFilter
from tandem.web.access import AtDesk, Reads, Visit
from tandem.web.airflow_runs import airflow_path, dag_of_run, dags_of
from tandem.web.answers import Problem, Shown, answer
from tandem.web.charts import Chart, Point, chart_of
from tandem.web.one_run import Counted, RunShown, shown_run

router = APIRouter(tags=["runs"])

AT_ONCE: Final = 20
"""Runs of a page."""
RunId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_.~:+-]+$", max_length=250)]


class Listed(Shown):
    """One run."""

    run_id: str
    place: int
    """Where it is in the log: smaller ones are older."""
    kind: str
    """sync, import or export; window: a sync of a window of time; asked: somebody decided about
    records.
    """
    mode: str
    """full, incremental or window; mixed: some entities this way, some that way."""
    status: str
    """success, partial, failed or running; cut short: it says that it runs, and does not."""
    started_at: datetime
    finished_at: datetime | None
    seconds: float | None
    entities: int
    counts: dict[str, Counted]
    """By direction."""
    airflow_path: str | None
    """Where it is in Airflow, if it is a run of a DAG."""


class Begun(Shown):
    """A run of a DAG that is queued or running."""

    run_id: str
    dag_id: str
    state: str
    airflow_path: str


class RunList(Shown):
    """Runs, the newest first."""

    name: str
    runs: tuple[Listed, ...]
    at_work: tuple[Begun, ...]
    """What Airflow has begun and not ended."""
    older: int | None
    """`before` of the next page; none if this one is the last."""
    entities: tuple[str, ...]
    """All that the log knows."""


class Asked(Shown):
    """Which runs; empty: any."""

    entity: str = ""
    status: Literal["", "success", "partial", "failed", "running"] = ""
    kind: Literal["", "sync", "window", "import", "export", "asked"] = ""
    before: int | None = Field(None, ge=0, lt=2**63)

    def filter(self) -> RunFilter:
        """As the state has it."""
        return RunFilter(self.entity or None, self.status or None, self.kind or None)


@router.get("/integrations/{name}/runs", response_model=RunList)
def list_runs(
    request: Request,
    desk: AtDesk,
    visit: Reads,
    asked: Annotated[Asked, Query()],
) -> Response:
    """The log, run by run: counts, durations and what came of them, a page at a time.

    With `entity`, only what the runs did about that entity. `status` is the worst of a run's
    entities. `before` is the place of the last run of the page before.
    """
    begun = desk.host.runs_at_work(dags_of(visit.name))
    with desk.state(visit.name) as state:
        found = state.runs(asked.filter(), before=asked.before, limit=AT_ONCE + 1)
        names = state.logged_entities()
        holder = state.at_work(desk.environment.now())
    at_work = {*(run.run_id for run in begun), holder}
    runs = tuple(_listed(request, visit, run, at_work) for run in found[:AT_ONCE])
    shown = RunList(
        name=visit.name,
        runs=runs,
        at_work=tuple(
            Begun(
                run_id=run.run_id,
                dag_id=run.dag_id,
                state=run.state,
                airflow_path=airflow_path(request, run.dag_id, run.run_id),
            )
            for run in begun
        ),
        older=runs[-1].place if len(found) > AT_ONCE else None,
        entities=tuple(names),
    )
    chart = _chart(runs)
    return answer(
        request, shown, "runs/list.html", visit=visit, tab="Runs", asked=asked, chart=chart
    )


@router.get("/integrations/{name}/runs/{run_id}", response_model=RunShown)
def show_run(request: Request, desk: AtDesk, visit: Reads, run_id: RunId) -> Response:
    """One run: what became of each entity in each direction, and its tasks in Airflow."""
    shown = shown_run(request, desk, visit.name, run_id)
    if shown is None:
        problem = Problem(
            problem=f"Neither the log of {visit.name} nor Airflow has a run {run_id!r}.",
            remedy="See the list of runs.",
        )
        return answer(request, problem, "problem.html", status=404)
    return answer(request, shown, "runs/one.html", visit=visit, tab="Runs")


def _listed(request: Request, visit: Visit, run: LoggedRun, at_work: set[str | None]) -> Listed:
    cut_short = run.status == "running" and run.run_id not in at_work
    ended = run.finished_at
    dag_id = dag_of_run(visit.name, run.kind, run.run_id)
    return Listed(
        run_id=run.run_id,
        place=run.place,
        kind=run.kind,
        mode=run.mode,
        status="cut short" if cut_short else run.status,
        started_at=run.started_at,
        finished_at=ended,
        seconds=(ended - run.started_at).total_seconds() if ended else None,
        entities=run.entities,
        counts={way: Counted.of(counts) for way, counts in run.counts.items()},
        airflow_path=airflow_path(request, dag_id, run.run_id) if dag_id else None,
    )


def _chart(runs: tuple[Listed, ...]) -> Chart:
    return chart_of(
        [
            Point(
                label=f"{run.started_at:%Y-%m-%d %H:%M}, {run.kind}, {run.status}",
                counts=sum((one.counts() for one in run.counts.values()), Counts()),
                seconds=run.seconds,
                has_failed=run.status in ("failed", "cut short"),
            )
            for run in reversed(runs)
        ]
    )
