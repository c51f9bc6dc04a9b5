"""The span of time that a DAG run stands for: the window of a run that is given none."""

from datetime import datetime

from airflow.sdk import Context

from tandem.airflow.schedules import next_due


def interval_of(context: Context) -> tuple[datetime, datetime] | None:
    """From the run's logical date to the next one of its schedule, so that the runs of a backfill
    leave no gap; None where it has no logical date, no schedule, or was started by hand: Airflow's
    form gives such a run the time at which it was opened.

    Airflow's own data interval counts where it is one: that of a cron string has no length.
    """
    run = context["dag_run"]
    if run.run_type == "manual":
        return None
    start, end = run.data_interval_start, run.data_interval_end
    if start and end and start < end:
        return start, end
    if run.logical_date is None:
        return None
    following = next_due(context["dag"], run.logical_date)
    return (run.logical_date, following) if following else None
