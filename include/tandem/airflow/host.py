"""What the pages ask of the Airflow that they are in: who is there, what he may, and its runs.

Knows nothing of Airflow itself, so that the pages can be tried without one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol


class May(StrEnum):
    """What a user may do with an integration, by his permissions for its DAGs."""

    READ = "read"
    """See its DAG."""
    RUN = "run"
    """Trigger its DAG: whatever speaks to its systems."""
    EDIT = "edit"
    """Edit its DAG: change its file, and decide what becomes of records."""


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who is logged in to Airflow."""

    name: str
    of_airflow: Any = field(repr=False, default=None)
    """What Airflow's auth manager knows him as."""


@dataclass(frozen=True, slots=True)
class DagState:
    """What Airflow says about a DAG."""

    dag_id: str
    is_paused: bool
    next_run: datetime | None = None
    """When its schedule starts it next."""


@dataclass(frozen=True, slots=True)
class TaskState:
    """A task of a DAG run."""

    task_id: str
    """`report`, or `Accounts.extract` for a step of an entity."""
    state: str | None
    """Airflow's word: queued, running, success, failed, skipped, …; None: not looked at yet."""


@dataclass(frozen=True, slots=True)
class RunState:
    """A DAG run."""

    dag_id: str
    run_id: str
    state: str
    """Airflow's word: queued, running, success or failed."""
    tasks: tuple[TaskState, ...] = ()

    @property
    def has_ended(self) -> bool:
        """Whether nothing more comes of it."""
        return self.state in ("success", "failed")


class Host(Protocol):
    """The Airflow that the pages are in. Its methods may wait for its database."""

    async def user(self, request: Any) -> User | None:
        """Who sent that (Starlette) request, by its bearer token or else its cookie; None: nobody
        who is logged in.
        """
        ...

    def may(self, user: User, dag_ids: Sequence[str]) -> Mapping[str, frozenset[May]]:
        """What the user may do with each of these DAGs, whether they are there or not."""
        ...

    def may_use_connection(self, user: User, conn_id: str) -> bool:
        """Whether the user may read that connection, and so point an integration to it."""
        ...

    def dags(self, dag_ids: Sequence[str]) -> Mapping[str, DagState]:
        """Those of these DAGs that Airflow has."""
        ...

    def trigger(self, dag_id: str, conf: Mapping[str, Any], by: User) -> str:
        """Start a run of the DAG with these params; its run id. While it is paused the run waits.

        ConfigurationError if there is no such DAG, or a param is wrong.
        """
        ...

    def pause(self, dag_id: str, *, paused: bool) -> None:
        """Let the DAG's schedule rest, or go on. ConfigurationError if there is no such DAG."""
        ...

    def schedule_problem(self, schedule: str) -> str | None:
        """Why no DAG can have that schedule; None if one can."""
        ...

    def run(self, dag_id: str, run_id: str) -> RunState | None:
        """That run with its tasks; None if there is none."""
        ...

    def runs_at_work(self, dag_ids: Sequence[str]) -> Sequence[RunState]:
        """Runs of these DAGs that are queued or running, without their tasks."""
        ...

    def read_files_again(self) -> None:
        """Ask Airflow to look at the integration files soon, because one has changed."""
        ...

    def login_url(self, back_to: str) -> str:
        """Where somebody logs in who then comes back to that URL."""
        ...
