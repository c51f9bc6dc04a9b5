"""The window of a DAG run that is given none: from its logical date to the next one."""

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import pytest
from tests.airflow.conftest import House, Ran

ASKED: Final = """
import json, sys
from datetime import datetime
from types import SimpleNamespace
from airflow.sdk import DAG
from airflow.sdk.timezone import datetime as utc
from airflow.timetables.base import TimeRestriction
from airflow.serialization.encoders import coerce_to_core_timetable
from tandem.airflow.intervals import interval_of

def dates(dag, since, until):
    timetable = coerce_to_core_timetable(dag.timetable)
    last = None
    while True:
        span = TimeRestriction(since, until, catchup=True)
        found = timetable.next_dagrun_info(last_automated_data_interval=last, restriction=span)
        if found is None:
            return
        yield found
        last = found.data_interval

def windows(schedule, zone):
    import pendulum
    start = pendulum.datetime(2026, 3, 20, tz=zone)
    dag = DAG("tried", schedule=schedule, start_date=start, auto_register=False)
    for info in dates(dag, start, start.add(days=14)):
        run = SimpleNamespace(
            run_type="backfill",
            logical_date=info.logical_date,
            data_interval_start=info.data_interval.start,
            data_interval_end=info.data_interval.end,
        )
        found = interval_of({"dag_run": run, "dag": dag})
        yield [info.logical_date.isoformat(), *(at.isoformat() for at in found)]

def unscheduled():
    dag = DAG("tried", schedule=None, auto_register=False)
    for moment in (None, utc(2026, 1, 1)):
        run = SimpleNamespace(
            run_type="backfill",
            logical_date=moment,
            data_interval_start=moment,
            data_interval_end=moment,
        )
        yield interval_of({"dag_run": run, "dag": dag})

def by_hand():
    dag = DAG("tried", schedule="0 2 * * *", auto_register=False)
    now = utc(2026, 1, 1)
    run = SimpleNamespace(
        run_type="manual", logical_date=now, data_interval_start=now, data_interval_end=now
    )
    return interval_of({"dag_run": run, "dag": dag})

schedules = [tuple(one.split("|")) for one in sys.argv[1:]]
found = {"|".join(one): list(windows(*one)) for one in schedules}
json.dump({"windows": found, "without": [*unscheduled(), by_hand()]}, sys.stdout)
"""
SCHEDULES: Final = ("0 2 * * *|UTC", "30 2 * * 1-5|Europe/Prague", "*/45 * * * *|Europe/Prague")


@pytest.mark.parametrize("intervals", ["False", "True"])
def test_runs_that_follow_each_other_leave_no_gap(tmp_path: Path, intervals: str) -> None:
    """In the night that the clocks change too, and where Airflow gives data intervals a length."""
    done = subprocess.run(
        [sys.executable, "-c", ASKED, *SCHEDULES],
        env={
            "AIRFLOW_HOME": str(tmp_path),
            "AIRFLOW__SCHEDULER__CREATE_CRON_DATA_INTERVALS": intervals,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["without"] == [None, None, None]
    for schedule, windows in found["windows"].items():
        assert len(windows) > 5, schedule
        spans = [[datetime.fromisoformat(at) for at in window] for window in windows]
        assert all(logical == start < end for logical, start, end in spans), schedule
        assert all(one[2] == other[1] for one, other in pairwise(spans)), schedule


def test_a_run_without_a_time_of_its_own_says_what_a_window_needs(
    house: House, run_dag: Callable[..., Ran]
) -> None:
    house.integrate("timeless")
    ran = run_dag("timeless__sync", mode="window")
    assert ran.state == "failed"
    assert "Give since, until or both." in ran.log


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"since": "2026-01-01T00:00:00Z"}, "A sync in mode auto has no window"),
        ({"sinse": "2026-01-01T00:00:00Z"}, "Did you mean since?"),
        (
            {"mode": "window", "since": "2026-02-01T00:00:00Z", "until": "2026-01-01T00:00:00Z"},
            "Nothing lies between",
        ),
    ],
)
def test_a_window_that_makes_no_sense_fails_at_once(
    house: House, run_dag: Callable[..., Ran], params: dict[str, Any], said: str
) -> None:
    house.integrate("senseless")
    ran = run_dag("senseless__sync", **params)
    assert ran.state == "failed"
    assert said in ran.log
    assert "extract" not in {name.rpartition(".")[2] for name in ran.handed_over}
