"""Backfills in a real Airflow: whole and of windows, beside another run of the same DAG."""

import json
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from tests.live.airflow import LiveAirflow
from tests.live.integrations import add_accounts, expect_equal, expect_once, lay, people
from tests.live.processes import wait_for

DAG = "fill__sync"
HELD = 300.0
"""Seconds in which a run has to come to its uploads."""


@pytest.fixture(scope="module")
def filled(airflow: LiveAirflow) -> None:
    """Accounts both ways, with a schedule; the demo service says when one was changed.

    The first backfill makes Airflow run the schedule's latest date as well, which takes its turn.
    """
    text = people("fill").partition("  - external: Contacts")[0]
    text = text.replace("version_number: rowVersion", "version_number: modifiedAt")
    lay(airflow, {"fill": text.replace("entities:", 'schedule: "0 3 1 * *"\nentities:')})


def backfill(airflow: LiveAirflow, since: str, until: str, **conf: object) -> list[str]:
    """Have these months done, two at once as far as Tandem lets them; the runs, by date."""
    assert wait_for(lambda: not running_backfills(airflow), 120)  # Airflow has one of a DAG
    asked = ("--dag-id", DAG, "--from-date", since, "--to-date", until)
    how = ("--max-active-runs", "2", "--dag-run-conf", json.dumps(conf))
    airflow.cli("backfill", "create", *asked, *how)
    between = f"&logical_date_gte={since}T00:00:00Z&logical_date_lte={until}T23:59:59Z"
    found = airflow.get(f"/api/v2/dags/{DAG}/dagRuns?order_by=logical_date{between}")
    return [run["dag_run_id"] for run in found["dag_runs"]]


def running_backfills(airflow: LiveAirflow) -> list[Any]:
    """Those of the DAG that Airflow has not closed; that takes it a while after their last run."""
    found = airflow.get(f"/api/v2/backfills?dag_id={DAG}")["backfills"]
    return [one for one in found if one["completed_at"] is None]


def log_of(airflow: LiveAirflow, run_id: str) -> dict[str, dict[str, Any]]:
    """What the run did with the accounts: download and upload."""
    entries = json.loads(airflow.tandem("log", "fill", "--json", "--limit", "100"))
    return {entry["direction"]: entry for entry in entries if entry["run_id"] == run_id}


def changed_between(airflow: LiveAirflow, since: datetime, until: datetime) -> int:
    """How many accounts of the demo service were last changed then."""
    bounds = [at.strftime("%Y-%m-%dT%H:%M:%SZ") for at in (since, until)]
    answer = accounts(airflow, f"$filter=modifiedAt ge {bounds[0]} and modifiedAt lt {bounds[1]}")
    return len(answer)


def accounts(airflow: LiveAirflow, asked: str) -> list[dict[str, Any]]:
    """What the demo service answers to such a query."""
    answer = httpx.get(f"{airflow.around.service_url}Accounts?{quote(asked, '$=&')}", timeout=60)
    found: list[dict[str, Any]] = answer.raise_for_status().json()["value"]
    return found


@pytest.mark.usefixtures("filled")
def test_a_full_backfill_while_another_run_is_at_work(airflow: LiveAirflow) -> None:
    with airflow.around.gate.shut_after(0):
        made = add_accounts(airflow, "fill", 20)
        by_hand = airflow.trigger(DAG)
        assert airflow.around.gate.held.wait(HELD)
        (run_id,) = backfill(airflow, "2025-02-01", "2025-02-28", mode="full")
        airflow.wait_for_task(DAG, run_id, "refresh_schema", "deferred")
    assert airflow.wait(DAG, by_hand) == "success"
    assert airflow.wait(DAG, run_id) == "success"
    modes = {(entry["kind"], entry["mode"]) for entry in log_of(airflow, run_id).values()}
    assert modes == {("sync", "full")}
    expect_equal(airflow, "fill")
    expect_once(airflow, made)


@pytest.mark.usefixtures("filled")
def test_a_backfill_of_windows_reads_its_months_and_moves_no_anchor(airflow: LiveAirflow) -> None:
    (newest,) = accounts(airflow, "$top=1&$orderby=modifiedAt desc")
    url = f"{airflow.around.service_url}Accounts({newest['ID']})"
    httpx.patch(url, json={"name": "Changed today"}, timeout=60).raise_for_status()
    months = [datetime(2025, month, 1, 3, tzinfo=UTC) for month in (4, 5, 6)]
    runs = backfill(airflow, "2025-04-01", "2025-05-31", mode="window")
    assert [airflow.wait(DAG, run_id) for run_id in runs] == ["success"] * 2
    for run_id, (since, until) in zip(runs, pairwise(months), strict=True):
        download = log_of(airflow, run_id)["download"]
        assert (download["kind"], download["mode"]) == ("window", "window")
        assert download["counts"]["all"] == changed_between(airflow, since, until) > 0
    by_hand = airflow.trigger(DAG)
    assert airflow.wait(DAG, by_hand) == "success"
    assert log_of(airflow, by_hand)["download"]["mode"] == "incremental"
    expect_equal(airflow, "fill")  # with what was changed today
