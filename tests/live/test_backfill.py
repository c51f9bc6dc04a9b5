"""Backfills in a real Airflow: whole and of windows, beside another run of the same DAG."""

import json
import time
from datetime import UTC, datetime, timedelta

from tests.live.airflow import LiveAirflow
from tests.live.integrations import add_accounts, expect_equal, expect_once, lay, people


def scheduled(name: str) -> str:
    """Both ways, daily; accounts and contacts say when they were changed."""
    text = people(name).replace("version_number: rowVersion", "version_number: modifiedAt")
    return text.replace("provision: true", 'provision: true\nschedule: "0 3 * * *"')


def backfill(airflow: LiveAirflow, dag_id: str, days: int, **conf: object) -> list[str]:
    """Backfill the days before today; the final states of its runs, by their dates."""
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    span = (today - timedelta(days=days), today - timedelta(seconds=1))
    before = {run["dag_run_id"] for run in _runs(airflow, dag_id)}
    airflow.cli(
        "backfill",
        "create",
        "--dag-id",
        dag_id,
        "--from-date",
        span[0].isoformat(),
        "--to-date",
        span[1].isoformat(),
        "--max-active-runs",
        "2",
        "--dag-run-conf",
        json.dumps(conf),
    )
    mine = [run for run in _runs(airflow, dag_id) if run["dag_run_id"] not in before]
    return [run["dag_run_id"] for run in mine if run["run_type"] == "backfill"]


def _runs(airflow: LiveAirflow, dag_id: str) -> list[dict[str, str]]:
    found: list[dict[str, str]] = airflow.get(f"/dags/{dag_id}/dagRuns")["dag_runs"]
    return found


def _log(airflow: LiveAirflow, name: str, run_id: str) -> list[dict[str, str]]:
    found = json.loads(airflow.tandem("log", name, "--json"))
    return [entry for entry in found if entry["run_id"] == run_id]


def _until_over(airflow: LiveAirflow, dag_id: str, runs: list[str]) -> list[str]:
    return [airflow.wait(dag_id, run_id, seconds=400) for run_id in runs]


def test_a_full_backfill_while_another_run_is_at_work(airflow: LiveAirflow) -> None:
    (dag_id,) = lay(airflow, {"fill": scheduled("fill")})
    made = add_accounts(airflow, "fill", 20)
    airflow.around.gate.shut_after(0)
    by_hand = airflow.trigger(dag_id)
    assert airflow.around.gate.held.wait(120)
    runs = backfill(airflow, dag_id, 2, mode="full")
    assert len(runs) == 2
    time.sleep(5)  # they are begun, and wait for their turn
    airflow.around.gate.open()
    assert airflow.wait(dag_id, by_hand) == "success"
    assert _until_over(airflow, dag_id, runs) == ["success"] * 2
    for run_id in runs:
        assert {entry["mode"] for entry in _log(airflow, "fill", run_id)} == {"full"}
    expect_equal(airflow, "fill")
    expect_once(airflow, made)


def test_a_backfill_of_windows_reads_its_days_and_moves_no_anchor(airflow: LiveAirflow) -> None:
    (dag_id,) = lay(airflow, {"days": scheduled("days")})
    made = add_accounts(airflow, "days", 5)
    runs = backfill(airflow, dag_id, 3, mode="window")
    assert _until_over(airflow, dag_id, runs) == ["success"] * 3
    for run_id in runs:
        assert {entry["mode"] for entry in _log(airflow, "days", run_id)} == {"window"}
    by_hand = airflow.trigger(dag_id)
    assert airflow.wait(dag_id, by_hand) == "success"
    modes = {entry["direction"]: entry["mode"] for entry in _log(airflow, "days", by_hand)}
    assert modes["download"] == "incremental"
    expect_equal(airflow, "days")
    expect_once(airflow, made)
