"""How integrations stand, as the list and the overview show it."""

from datetime import datetime

from fastapi import Request

from tandem.airflow.host import DagState, RunState
from tandem.model.integration import Integration, System
from tandem.state.overview import Waits
from tandem.sync.people.overview import LastRun, Standing, standing
from tandem.web.airflow_runs import airflow_path
from tandem.web.answers import Shown
from tandem.web.desk import Desk


class SystemShown(Shown):
    """One side."""

    connector: str
    connection: str

    @classmethod
    def of(cls, system: System) -> "SystemShown":
        """That system."""
        return cls(connector=system.connector, connection=system.connection)


class WaitingShown(Shown):
    """How many records wait, by what they wait for."""

    conflicts: int
    rejected: int
    deferred: int
    deletions: int

    @classmethod
    def of(cls, waits: Waits) -> "WaitingShown":
        """What waits."""
        return cls(**{name: getattr(waits, name) for name in cls.model_fields})

    @property
    def kinds(self) -> list[tuple[str, int]]:
        """Those that there are, in words."""
        counts = self.model_dump()
        return [(_words(kind, count), count) for kind, count in counts.items() if count]


class LastRunShown(Shown):
    """A run."""

    run_id: str
    started_at: datetime
    status: str
    """success, partial, failed, running or cut short."""
    message: str

    @classmethod
    def of(cls, run: LastRun | None) -> "LastRunShown | None":
        """That run."""
        if run is None:
            return None
        return cls(**{name: getattr(run, name) for name in cls.model_fields})


class ScheduleShown(Shown):
    """When an integration syncs by itself."""

    schedule: str | None
    """As the file says it; none: by hand only."""
    is_paused: bool | None
    """Whether it rests; none: Airflow has not read the file yet."""
    next_run: datetime | None

    @classmethod
    def of(cls, integration: Integration | None, dag: DagState | None) -> "ScheduleShown":
        """That of the integration (none: its file is broken), whose DAG is in that state."""
        return cls(
            schedule=integration.schedule if integration else None,
            is_paused=dag.is_paused if dag else None,
            next_run=dag.next_run if dag and not dag.is_paused else None,
        )


class AtWork(Shown):
    """A run that Airflow has begun."""

    run_id: str
    dag_id: str
    state: str
    """queued or running."""
    airflow_path: str

    @classmethod
    def of(cls, request: Request, run: RunState) -> "AtWork":
        """That run."""
        path = airflow_path(request, run.dag_id, run.run_id)
        return cls(run_id=run.run_id, dag_id=run.dag_id, state=run.state, airflow_path=path)


def standing_of(desk: Desk, integration: Integration, at_work: tuple[AtWork, ...]) -> Standing:
    """How the integration stands now."""
    now = desk.environment.now()
    with desk.state(integration.name) as state:
        holder = state.at_work(now)
        going = {*(run.run_id for run in at_work), *([holder] if holder else [])}
        return standing(integration, state, now, going)


def _words(kind: str, count: int) -> str:
    if kind == "deletions":
        return "withheld deletion" if count == 1 else "withheld deletions"
    return "conflict" if (kind, count) == ("conflicts", 1) else kind
