"""The host of the pages: Airflow's API server, whose plugin they are."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from airflow.api.common.trigger_dag import trigger_dag
from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.base_auth_manager import ResourceMethod
from airflow.api_fastapi.auth.managers.models.resource_details import (
    ConnectionDetails,
    DagAccessEntity,
    DagDetails,
)
from airflow.api_fastapi.core_api.security import bearer_scheme, get_user
from airflow.exceptions import ParamValidationError
from airflow.models.connection import Connection
from airflow.models.dag import DagModel
from airflow.models.dagbag import DagPriorityParsingRequest
from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from airflow.sdk.exceptions import AirflowException
from airflow.utils.session import create_session
from airflow.utils.state import DagRunState
from airflow.utils.types import DagRunTriggeredByType
from fastapi import HTTPException
from sqlalchemy import select

from tandem.airflow.host import DagState, May, RunState, TaskState, User
from tandem.airflow.schedules import schedule_problem
from tandem.errors import ConfigurationError

_ASKS: Final[dict[May, tuple[ResourceMethod, DagAccessEntity | None]]] = {
    May.READ: ("GET", None),
    May.RUN: ("POST", DagAccessEntity.RUN),
    May.EDIT: ("PUT", None),
}
_DAG_FILE: Final = "integrations.py"
_AT_WORK: Final = (DagRunState.QUEUED, DagRunState.RUNNING)


class AirflowHost:
    """A `Host`: Airflow's auth manager and its database, in the process of its API server."""

    async def user(self, request: Any) -> User | None:
        try:
            found = await get_user(request, None, await bearer_scheme(request))
        except HTTPException:
            return None
        return User(found.get_name(), found)

    def may(self, user: User, dag_ids: Sequence[str]) -> Mapping[str, frozenset[May]]:
        teams = DagModel.get_dag_id_to_team_name_mapping(list(dag_ids))
        return {
            dag_id: frozenset(
                may for may in _ASKS if _is_authorized(user, may, dag_id, teams.get(dag_id))
            )
            for dag_id in dag_ids
        }

    def may_use_connection(self, user: User, conn_id: str) -> bool:
        details = ConnectionDetails(conn_id=conn_id, team_name=Connection.get_team_name(conn_id))
        return get_auth_manager().is_authorized_connection(
            method="GET", details=details, user=user.of_airflow
        )

    def dags(self, dag_ids: Sequence[str]) -> Mapping[str, DagState]:
        columns = (DagModel.dag_id, DagModel.is_paused, DagModel.next_dagrun_create_after)
        query = select(*columns).where(DagModel.dag_id.in_(dag_ids), ~DagModel.is_stale)
        with create_session() as session:
            return {row[0]: DagState(*row) for row in session.execute(query)}

    def trigger(self, dag_id: str, conf: Mapping[str, Any], by: User) -> str:
        try:
            run = trigger_dag(
                dag_id,
                conf=dict(conf),
                triggered_by=DagRunTriggeredByType.UI,
                triggering_user_name=by.name,
            )
        except (AirflowException, ParamValidationError, ValueError) as error:
            raise ConfigurationError(
                f"Airflow does not start {dag_id}: {error}.",
                remedy="See its page in Airflow.",
            ) from error
        if run is None:
            raise _no_such(dag_id)
        return str(run.run_id)

    def pause(self, dag_id: str, *, paused: bool) -> None:
        with create_session() as session:
            dag = session.get(DagModel, dag_id)
            if dag is None or dag.is_stale:
                raise _no_such(dag_id)
            dag.is_paused = paused

    def schedule_problem(self, schedule: str) -> str | None:
        return schedule_problem(schedule)

    def run(self, dag_id: str, run_id: str) -> RunState | None:
        with create_session() as session:
            state = session.scalar(
                select(DagRun.state).where(DagRun.dag_id == dag_id, DagRun.run_id == run_id)
            )
            tasks = session.execute(
                select(TaskInstance.task_id, TaskInstance.state).where(
                    TaskInstance.dag_id == dag_id, TaskInstance.run_id == run_id
                )
            ).all()
        if state is None:
            return None
        return RunState(dag_id, run_id, str(state), tuple(TaskState(*task) for task in tasks))

    def runs_at_work(self, dag_ids: Sequence[str]) -> Sequence[RunState]:
        query = select(DagRun.dag_id, DagRun.run_id, DagRun.state).where(
            DagRun.dag_id.in_(dag_ids), DagRun.state.in_(_AT_WORK)
        )
        with create_session() as session:
            found = session.execute(query.order_by(DagRun.id)).all()
        return [RunState(dag_id, run_id, str(state)) for dag_id, run_id, state in found]

    def read_files_again(self) -> None:
        files = select(DagModel.bundle_name, DagModel.relative_fileloc).distinct()
        with create_session() as session:
            for bundle, file in session.execute(files.where(DagModel.fileloc.endswith(_DAG_FILE))):
                if bundle and file:
                    session.merge(DagPriorityParsingRequest(bundle, file))

    def login_url(self, back_to: str) -> str:
        return get_auth_manager().get_url_login(next_url=back_to)


def _is_authorized(user: User, may: May, dag_id: str, team: str | None) -> bool:
    method, part = _ASKS[may]
    return get_auth_manager().is_authorized_dag(
        method=method,
        access_entity=part,
        details=DagDetails(id=dag_id, team_name=team),
        user=user.of_airflow,
    )


def _no_such(dag_id: str) -> ConfigurationError:
    return ConfigurationError(
        f"Airflow has no DAG {dag_id!r} yet.",
        remedy="A file that was just saved is read within half a minute; then try again.",
    )
