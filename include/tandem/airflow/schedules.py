"""Which schedules Airflow knows, and when they are due."""

from datetime import datetime

from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowTimetableInvalid


def refusal(dag: DAG) -> str | None:
    """Why Airflow could not run the DAG by its schedule; None if it can."""
    try:
        dag.timetable.validate()
    except AirflowTimetableInvalid as error:
        return str(error)
    return None


def schedule_problem(schedule: str) -> str | None:
    """The same of a schedule that no DAG has yet."""
    return refusal(
        DAG("tried", schedule=schedule, catchup=False, max_active_runs=1, auto_register=False)
    )


def next_due(dag: DAG, after: datetime) -> datetime | None:
    """When the DAG is due next after a run that was due at that time; None: never by itself."""
    from airflow.sdk.timezone import coerce_datetime
    from airflow.serialization.encoders import coerce_to_core_timetable
    from airflow.timetables.base import DataInterval, TimeRestriction

    following = coerce_to_core_timetable(dag.timetable).next_dagrun_info(
        last_automated_data_interval=DataInterval.exact(coerce_datetime(after)),
        restriction=TimeRestriction(earliest=None, latest=None, catchup=True),
    )
    return following.run_after if following else None
