"""Several integrations at once, and what befalls them: both sides end equal."""

import time
from contextlib import ExitStack, suppress

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
from tests.live.processes import wait_for

HELD = 300.0
"""Seconds in which a run has to come to its uploads."""
AWAY = 60.0
"""Seconds in which the state database cannot be reached: longer than the first retry waits."""


@pytest.fixture(scope="module")
def laid(airflow: LiveAirflow) -> list[str]:
    """`east`, both ways, and `west`, a download, each synced once; the ids of the DAGs."""
    return lay(airflow, {"east": people("east"), "west": orders("west")})


def test_overlapping_triggers(airflow: LiveAirflow, laid: list[str]) -> None:
    """Of two integrations that were synced before, and one that was not."""
    airflow.integrate("north", orders("north"))
    airflow.unpause("north__sync")
    made = add_accounts(airflow, "east", 60, "lap")
    runs = []
    for n in range(2):
        airflow.sql("source", f"insert into orders values (10{n}, 'c1', 10{n})")
        runs += [(dag_id, airflow.trigger(dag_id)) for dag_id in (*laid, "north__sync")]
    assert [airflow.wait(*run) for run in runs] == ["success"] * 6
    expect_equal(airflow, "east", "west", "north")
    expect_once(airflow, made)


def test_two_dags_of_one_integration_take_turns(airflow: LiveAirflow, laid: list[str]) -> None:
    sync, load = laid[0], "east__import"
    airflow.unpause(load)
    made = add_accounts(airflow, "east", 20, "turn")
    with airflow.around.gate.shut_after(0):
        first = airflow.trigger(sync)
        assert airflow.around.gate.held.wait(HELD)
        second = airflow.trigger(load)
        airflow.wait_for_task(load, second, "refresh_schema", "deferred")
    assert airflow.wait(sync, first) == "success"
    assert airflow.wait(load, second) == "success"
    expect_equal(airflow, "east")
    expect_once(airflow, made)


def test_a_scheduler_that_is_killed_and_started_again(
    airflow: LiveAirflow, laid: list[str]
) -> None:
    """Its tasks die with it, as they do with its machine or its container."""
    made = add_accounts(airflow, "east", 300, "dead")
    airflow.sql("source", "insert into orders values (200, 'c2', 200)")
    with airflow.around.gate.shut_after(1):
        runs = [(dag_id, airflow.trigger(dag_id)) for dag_id in laid]
        assert airflow.around.gate.held.wait(HELD)
        _kill_scheduler(airflow)
    airflow.processes.start("scheduler", "scheduler")
    assert [airflow.wait(*run) for run in runs] == ["success"] * 2
    assert airflow.tries(*runs[0])["Accounts.load"] > 1
    expect_once(airflow, made)
    run_once(airflow, laid[:1])  # what was sent without an answer is linked by the next run
    expect_equal(airflow, "east", "west")
    expect_once(airflow, made)


def test_a_state_database_that_cannot_be_reached(airflow: LiveAirflow, laid: list[str]) -> None:
    door = airflow.around.state_door
    if door is None:
        pytest.skip("no PostgreSQL at 127.0.0.1:5432 for user postgres: state is in a file")
    made = add_accounts(airflow, "east", 300, "gone")
    with ExitStack() as outage:
        with airflow.around.gate.shut_after(1):
            first = airflow.trigger(laid[0])
            assert airflow.around.gate.held.wait(HELD)
            outage.enter_context(door.shut())
            back = time.monotonic() + AWAY
        second = airflow.trigger(laid[1])
        airflow.wait_for_task(laid[0], first, "Accounts.load", "up_for_retry")
        airflow.wait_for_task(laid[1], second, "refresh_schema", "up_for_retry")
        time.sleep(max(0.0, back - time.monotonic()))
    assert airflow.wait(laid[0], first) == "success"
    assert airflow.wait(laid[1], second) == "success"
    expect_once(airflow, made)
    run_once(airflow, laid[:1])  # what was sent without an answer is linked by the next run
    expect_equal(airflow, "east", "west")
    expect_once(airflow, made)


def _kill_scheduler(airflow: LiveAirflow) -> None:
    """SIGKILL for the scheduler, its executor's workers and their tasks."""
    parts = psutil.Process(airflow.processes["standalone"].pid).children()
    (scheduler,) = [process for process in parts if process.cmdline()[-1:] == ["scheduler"]]
    for process in [scheduler, *scheduler.children(recursive=True)]:
        with suppress(psutil.NoSuchProcess):  # a task that has just ended
            process.kill()
    # `airflow standalone` does not collect its dead.
    assert wait_for(lambda: _is_dead(scheduler), 30)


def _is_dead(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
