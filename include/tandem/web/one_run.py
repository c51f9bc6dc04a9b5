"""One run: what the log says about each entity, beside what Airflow says about its tasks."""

from collections.abc import Sequence
from datetime import datetime

from fastapi import Request

from tandem.airflow.host import RunState
from tandem.airflow.ids import task_key
from tandem.model.changes import Counts, results_line
from tandem.state.run_log import LogEntry
from tandem.sync.report import CREATED_WORDS
from tandem.web.airflow_runs import airflow_path, dag_of_run, dags_of
from tandem.web.answers import Shown
from tandem.web.desk import Desk


class Counted(Shown):
    """Records by what became of them."""

    all: int
    created: int
    updated: int
    deleted: int
    unchanged: int
    failed: int
    conflicts: int
    deferred: int
    superseded: int

    @classmethod
    def of(cls, counts: Counts) -> "Counted":
        """As the log has them."""
        return cls(all=counts.all, **counts.model_dump())

    def counts(self) -> Counts:
        """As the log has them."""
        return Counts(**self.model_dump(exclude={"all"}))

    @property
    def waiting(self) -> int:
        """Records that wait since this run, unless somebody has seen to them."""
        return self.failed + self.conflicts + self.deferred


class Task(Shown):
    """A task of the run."""

    step: str
    state: str
    """Airflow's word; waiting: not looked at yet."""
    airflow_path: str
    """Where its log is."""


class Way(Shown):
    """What became of an entity in one direction."""

    direction: str
    status: str
    mode: str
    seconds: float | None
    counts: Counted
    results: str
    """The result line; empty if nothing was loaded."""
    message: str


class EntityOfRun(Shown):
    """An entity of the run."""

    entity: str
    ways: tuple[Way, ...]
    """Empty if it has not begun."""
    tasks: tuple[Task, ...]

    @property
    def waiting(self) -> int:
        """Records that wait since this run, in both directions."""
        return sum(way.counts.waiting for way in self.ways)


class RunShown(Shown):
    """A run."""

    name: str
    run_id: str
    kind: str
    status: str
    is_at_work: bool
    started_at: datetime | None
    finished_at: datetime | None
    seconds: float | None
    results: tuple[str, ...]
    """The result line of each direction."""
    entities: tuple[EntityOfRun, ...]
    tasks: tuple[Task, ...]
    """Those of no entity."""
    dag_id: str | None
    airflow_path: str | None


def shown_run(request: Request, desk: Desk, name: str, run_id: str) -> RunShown | None:
    """That run; None if neither the log nor Airflow knows it."""
    with desk.state(name) as state:
        entries = state.run_entries(run_id)
        holder = state.at_work(desk.environment.now())
    of_airflow = _run_in_airflow(desk, name, run_id, entries)
    if not entries and of_airflow is None:
        return None
    is_at_work = holder == run_id or (of_airflow is not None and not of_airflow.has_ended)
    ended = [entry.finished_at for entry in entries if entry.finished_at]
    started = min((entry.started_at for entry in entries), default=None)
    finished = max(ended) if ended and not is_at_work else None
    tasks = _tasks(request, of_airflow)
    return RunShown(
        name=name,
        run_id=run_id,
        kind=_kind(entries, of_airflow),
        status=_status(entries, of_airflow, is_at_work=is_at_work),
        is_at_work=is_at_work,
        started_at=started,
        finished_at=finished,
        seconds=(finished - started).total_seconds() if finished and started else None,
        results=_results(entries),
        entities=_entities(entries, tasks, is_at_work=is_at_work),
        tasks=tuple(tasks.get("", ())),
        dag_id=of_airflow.dag_id if of_airflow else None,
        airflow_path=airflow_path(request, of_airflow.dag_id, run_id) if of_airflow else None,
    )


def _run_in_airflow(
    desk: Desk, name: str, run_id: str, entries: Sequence[LogEntry]
) -> RunState | None:
    dags = [dag_of_run(name, entries[0].kind, run_id)] if entries else dags_of(name)
    found = (desk.host.run(dag_id, run_id) for dag_id in dags if dag_id)
    return next((run for run in found if run), None)


def _kind(entries: Sequence[LogEntry], run: RunState | None) -> str:
    if entries:
        return entries[0].kind
    return run.dag_id.rpartition("__")[2] if run else ""


def _status(entries: Sequence[LogEntry], run: RunState | None, *, is_at_work: bool) -> str:
    if is_at_work:
        return run.state if run else "running"
    found = {_way_status(entry, is_at_work=False) for entry in entries}
    if run and run.state == "failed":
        found.add("failed")
    return next((one for one in ("cut short", "failed", "partial") if one in found), "success")


def _results(entries: Sequence[LogEntry]) -> tuple[str, ...]:
    went = {entry.direction for entry in entries}
    return tuple(
        results_line(
            sum((entry.counts for entry in entries if entry.direction == way), Counts()), word
        )
        for way, word in CREATED_WORDS.items()
        if way in went
    )


def _tasks(request: Request, run: RunState | None) -> dict[str, list[Task]]:
    """Task group (an entity's; empty: none) → its tasks, in Airflow's order."""
    found: dict[str, list[Task]] = {}
    for task in run.tasks if run else ():
        group, _, step = task.task_id.rpartition(".")
        path = airflow_path(request, run.dag_id, run.run_id, task.task_id) if run else ""
        shown = Task(step=step, state=task.state or "waiting", airflow_path=path)
        found.setdefault(group, []).append(shown)
    order = {step: at for at, step in enumerate(_STEPS)}
    return {
        group: sorted(tasks, key=lambda task: order.get(task.step, len(order)))
        for group, tasks in found.items()
    }


_STEPS = (
    "refresh_schema",
    "validate_metadata",
    "approve",
    "extract",
    "transform",
    "load",
    "complete_lookups",
    "report",
)


def _entities(
    entries: Sequence[LogEntry], tasks: dict[str, list[Task]], *, is_at_work: bool
) -> tuple[EntityOfRun, ...]:
    """Those of the log in its order, then those that have only tasks."""
    ways: dict[str, list[Way]] = {}
    for entry in entries:
        ways.setdefault(entry.entity, []).append(_way(entry, is_at_work=is_at_work))
    logged = {task_key(entity) for entity in ways}
    rest: dict[str, list[Way]] = {group: [] for group in tasks if group and group not in logged}
    return tuple(
        EntityOfRun(entity=entity, ways=tuple(found), tasks=tuple(tasks.get(task_key(entity), ())))
        for entity, found in {**ways, **rest}.items()
    )


def _way(entry: LogEntry, *, is_at_work: bool) -> Way:
    loaded = entry.status in ("success", "partial")
    ended = entry.finished_at
    word = CREATED_WORDS[entry.direction]
    return Way(
        direction=entry.direction,
        status=_way_status(entry, is_at_work=is_at_work),
        mode=entry.mode,
        seconds=(ended - entry.started_at).total_seconds() if ended else None,
        counts=Counted.of(entry.counts),
        results=results_line(entry.counts, word) if loaded else "",
        message=entry.message,
    )


def _way_status(entry: LogEntry, *, is_at_work: bool) -> str:
    return "cut short" if entry.status == "running" and not is_at_work else entry.status
