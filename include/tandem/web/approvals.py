"""What a run asks a person before it goes on; it is answered in Airflow."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final, Protocol

from fastapi import Request
from pydantic import BaseModel, ValidationError

from tandem.airflow.host import RunState
from tandem.state.questions import QuestionEntry
from tandem.web.access import dag_of
from tandem.web.airflow_runs import airflow_path
from tandem.web.answers import Shown
from tandem.web.desk import Desk

_TASK: Final = "approve"
_ENDED: Final = ("success", "failed", "skipped", "upstream_failed", "removed")
"""What Airflow says of a task that asks nobody any more."""


class DeletionsAsked(Shown):
    """Deletions that an earlier run withheld."""

    entity: str
    side: str
    """The side that the records would be deleted on."""
    count: int


class FirstSyncAsked(Shown):
    """A first sync that replaces local records."""

    entity: str
    local: str
    """The local entity."""
    records: int
    """How many of it there were when the run asked."""


class ApprovalAsked(Shown):
    """What a run at work waits for a person's approval of."""

    run_id: str
    dag_id: str
    since: datetime
    deletions: tuple[DeletionsAsked, ...]
    first_syncs: tuple[FirstSyncAsked, ...]
    airflow_path: str
    """Where it is answered: Required Actions of the task in Airflow."""

    def is_about(self, entity: str) -> bool:
        """Whether it is about that external entity, or may be: nobody knows what it is about."""
        known = {one.entity for one in self.deletions} | {one.entity for one in self.first_syncs}
        return not known or entity in known


class AtWork(Protocol):
    """A run that Airflow has begun."""

    @property
    def dag_id(self) -> str:
        """Its DAG."""

    @property
    def run_id(self) -> str:
        """Its id."""


class _Counts(BaseModel):
    """What the run has noted with its question."""

    deletions: tuple[DeletionsAsked, ...] = ()
    first_syncs: tuple[FirstSyncAsked, ...] = ()


def approval_asked(
    request: Request, desk: Desk, name: str, at_work: Iterable[AtWork]
) -> ApprovalAsked | None:
    """What one of these runs waits for approval of; None if none does.

    A run that waits has given its lease back, so that only Airflow knows whether it is at work:
    the question of one that was ended there stays without an answer.
    """
    run_ids = [run.run_id for run in at_work if run.dag_id == dag_of(name)]
    question = _open_question(desk, name, run_ids) if run_ids else None
    if question is None or not _asks(desk.host.run(dag_of(name), question.run_id)):
        return None
    counts = _counts(question.counts)
    path = airflow_path(request, dag_of(name), question.run_id, _TASK)
    return ApprovalAsked(
        run_id=question.run_id,
        dag_id=dag_of(name),
        since=question.asked_at,
        deletions=counts.deletions,
        first_syncs=counts.first_syncs,
        airflow_path=f"{path}/required_actions",
    )


def _open_question(desk: Desk, name: str, run_ids: list[str]) -> QuestionEntry | None:
    """The last question of these runs, if it has no answer. A task that was cleared while it
    waited leaves one before it that never gets any.
    """
    with desk.state(name) as state:
        last = next((one for one in state.questions() if one.run_id in run_ids), None)
    return last if last and last.answer is None else None


def _asks(run: RunState | None) -> bool:
    return run is not None and not any(
        task.task_id == _TASK and task.state in _ENDED for task in run.tasks
    )


def _counts(text: str) -> _Counts:
    """Nothing where another version has noted it otherwise: Airflow says what is asked."""
    try:
        return _Counts.model_validate_json(text)
    except ValidationError:
        return _Counts()
