"""Which schedules Airflow knows."""

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
