"""The page on which somebody chooses what to look at, or to start."""

from datetime import datetime
from typing import Final, get_args

from fastapi import APIRouter, Request, Response

from tandem.airflow.host import Host
from tandem.airflow.travels import Kind, travelling
from tandem.model.changes import results_line
from tandem.model.integration import Integration
from tandem.state.run_history import LoggedRun, RunFilter
from tandem.sync.report import CREATED_WORDS
from tandem.web.access import AtDesk, Reads
from tandem.web.answers import Shown, answer
from tandem.web.desk import Desk

router = APIRouter()

_KINDS: Final[tuple[Kind, ...]] = get_args(Kind)


class DagShown(Shown):
    """The DAG of one kind of run."""

    kind: Kind
    dag_id: str
    entities: int
    """Entities that go that way; there is no such DAG where there are none."""
    is_there: bool
    """Whether Airflow has it. A file that was just saved is read within half a minute."""
    is_paused: bool
    next_run: datetime | None


class Choice(Shown):
    """An entity that can be chosen."""

    external: str
    local: str
    direction: str


class AtWork(Shown):
    """A run that is queued or running."""

    kind: str
    run_id: str
    state: str


class LastRun(Shown):
    """The newest run in the log."""

    run_id: str
    kind: str
    mode: str
    started_at: datetime
    finished_at: datetime | None
    status: str
    results: tuple[str, ...]
    """Its result lines, one for each direction."""


class DataPage(Shown):
    """What can be started, what is at work, and what came of the last run."""

    name: str
    schedule: str | None
    dags: tuple[DagShown, ...]
    entities: tuple[Choice, ...]
    at_work: tuple[AtWork, ...]
    holder: str | None
    """The run that the integration belongs to now, if Airflow did not start it."""
    last: LastRun | None
    deletions: int
    """Deletions that wait for approval."""
    kind: Kind
    """What is chosen to begin with."""
    entity: str | None
    """The external entity that is chosen to begin with."""
    left_out: str | None
    """The entity that was asked for, but does not go that way."""


@router.get("/integrations/{name}/data", response_model=DataPage)
def show_data(
    request: Request, visit: Reads, desk: AtDesk, kind: Kind = "sync", entity: str | None = None
) -> Response:
    """What can be looked at and started, what is at work, and what came of the last run. `kind`
    and the external `entity` are what the form has chosen.
    """
    shown = _page(desk, desk.integration(visit.name), visit.name, (kind, entity))
    return answer(request, shown, "data/page.html", visit=visit, tab="Data")


def _page(
    desk: Desk, integration: Integration, name: str, asked: tuple[Kind, str | None]
) -> DataPage:
    kind, entity = asked
    goes = entity in [mapping.external for mapping in travelling(integration, kind)]
    dag_ids = {kind: f"{name}__{kind}" for kind in _KINDS}
    at_work = tuple(
        AtWork(kind=run.dag_id.removeprefix(f"{name}__"), run_id=run.run_id, state=run.state)
        for run in desk.host.runs_at_work([*dag_ids.values()])
    )
    active = integration.active_entities
    with desk.state(name) as state:
        last = state.runs(RunFilter(), limit=1)
        waits = state.waits([mapping.external for mapping in active])
        holder = state.at_work(desk.environment.now())
    return DataPage(
        name=name,
        schedule=integration.schedule,
        dags=_dags(desk.host, integration, dag_ids),
        entities=tuple(
            Choice(external=m.external, local=m.local, direction=m.direction) for m in active
        ),
        at_work=at_work,
        holder=holder if holder not in [run.run_id for run in at_work] else None,
        last=_last(last[0]) if last else None,
        deletions=sum(one.deletions for one in waits.values()),
        kind=kind if travelling(integration, kind) else "sync",
        entity=entity if goes else None,
        left_out=None if goes else entity,
    )


def _dags(host: Host, integration: Integration, dag_ids: dict[Kind, str]) -> tuple[DagShown, ...]:
    found = host.dags([*dag_ids.values()])
    return tuple(
        DagShown(
            kind=kind,
            dag_id=dag_id,
            entities=len(travelling(integration, kind)),
            is_there=dag_id in found,
            is_paused=dag_id in found and found[dag_id].is_paused,
            next_run=found[dag_id].next_run if dag_id in found else None,
        )
        for kind, dag_id in dag_ids.items()
    )


def _last(run: LoggedRun) -> LastRun:
    lines = [results_line(counts, CREATED_WORDS[way]) for way, counts in run.counts.items()]
    return LastRun(
        run_id=run.run_id,
        kind=run.kind,
        mode=run.mode,
        started_at=run.started_at,
        finished_at=run.finished_at,
        status=run.status,
        results=tuple(lines),
    )
