"""Several integrations at once, and what befalls them: both sides end equal."""

import os
import signal
from contextlib import ExitStack

import psutil
import pytest
from tests.live.airflow import LiveAirflow
from tests.live.integrations import (
    add_accounts,
    expect_equal,
    expect_once,
    lay,
    orders,
    people,
    run_once,
)
from tests.live.processes import session_of, wait_for

HELD = 300.0
"""Seconds in which a run has to come to its uploads."""


def test_overlapping_triggers(airflow: LiveAirflow) -> None:
    texts = {"lap_a": people("lap_a"), "lap_b": orders("lap_b"), "lap_c": orders("lap_c")}
    dag_ids = lay(airflow, texts)
    runs = []
    made = add_accounts(airflow, "lap_a", 60)
    for n in range(2):
        airflow.sql("source", f"insert into orders values (10{n}, 'c1', 10{n})")
        runs += [(dag_id, airflow.trigger(dag_id)) for dag_id in dag_ids]
    assert [airflow.wait(*run, seconds=400) for run in runs] == ["success"] * 6
    expect_equal(airflow, *texts)
    expect_once(airflow, made)


def test_two_dags_of_one_integration_take_turns(airflow: LiveAirflow) -> None:
    (sync,) = lay(airflow, {"turns": people("turns")})
    load = "turns__import"
    airflow.unpause(load)
    made = add_accounts(airflow, "turns", 20)
    with airflow.around.gate.shut_after(0):
        first = airflow.trigger(sync)
        assert airflow.around.gate.held.wait(HELD)
        second = airflow.trigger(load)
        airflow.wait_for_task(load, second, "refresh_schema", "deferred")
    assert airflow.wait(sync, first) == "success"
    assert airflow.wait(load, second) == "success"
    expect_equal(airflow, "turns")
    expect_once(airflow, made)


def test_a_scheduler_that_is_killed_and_started_again(airflow: LiveAirflow) -> None:
    """Its tasks die with it, as they do with its machine or its container."""
    dag_ids = lay(airflow, {"dead_a": people("dead_a"), "dead_b": orders("dead_b")})
    made = add_accounts(airflow, "dead_a", 300)
    airflow.sql("source", "insert into orders values (200, 'c2', 200)")
    with airflow.around.gate.shut_after(1):
        runs = [(dag_id, airflow.trigger(dag_id)) for dag_id in dag_ids]
        assert airflow.around.gate.held.wait(HELD)
        _kill_scheduler(airflow)
    airflow.processes.start("scheduler", "scheduler")
    assert [airflow.wait(*run, seconds=400) for run in runs] == ["success"] * 2
    assert airflow.tries(*runs[0])["Accounts.load"] > 1
    expect_once(airflow, made)
    run_once(airflow, dag_ids)  # what was sent without an answer is linked by the next run
    expect_equal(airflow, "dead_a", "dead_b")
    expect_once(airflow, made)


def test_a_state_database_that_cannot_be_reached(airflow: LiveAirflow) -> None:
    door = airflow.around.state_door
    if door is None:
        pytest.skip("no PostgreSQL at 127.0.0.1:5432 for user postgres: state is in a file")
    dag_ids = lay(airflow, {"gone_a": people("gone_a"), "gone_b": orders("gone_b")})
    made = add_accounts(airflow, "gone_a", 300)
    with ExitStack() as outage:
        with airflow.around.gate.shut_after(1):
            first = airflow.trigger(dag_ids[0])
            assert airflow.around.gate.held.wait(HELD)
            outage.enter_context(door.shut())
        second = airflow.trigger(dag_ids[1])
        airflow.wait_for_task(dag_ids[0], first, "Accounts.load", "up_for_retry")
        airflow.wait_for_task(dag_ids[1], second, "refresh_schema", "up_for_retry")
    assert airflow.wait(dag_ids[0], first) == "success"
    assert airflow.wait(dag_ids[1], second) == "success"
    expect_once(airflow, made)
    run_once(airflow, dag_ids)  # what was sent without an answer is linked by the next run
    expect_equal(airflow, "gone_a", "gone_b")
    expect_once(airflow, made)


def _kill_scheduler(airflow: LiveAirflow) -> None:
    """SIGKILL for the scheduler, its executor's workers and their tasks."""
    everything = session_of(airflow.processes["standalone"].pid)
    (scheduler,) = [
        process
        for process in everything
        if process.cmdline()[-1:] == ["scheduler"] and _is_of_standalone(airflow, process)
    ]
    for process in [scheduler, *scheduler.children(recursive=True)]:
        os.kill(process.pid, signal.SIGKILL)
    assert wait_for(lambda: not psutil.pid_exists(scheduler.pid), 30) or scheduler.status()


def _is_of_standalone(airflow: LiveAirflow, process: psutil.Process) -> bool:
    return process.ppid() == airflow.processes["standalone"].pid
