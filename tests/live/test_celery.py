"""Two Celery workers with PostgreSQL and Redis, one of which is killed in the middle of loads."""

import os
import secrets
from collections.abc import Iterator
from typing import Final

import pytest
import redis
from tests.live.airflow import LiveAirflow
from tests.live.databases import why_no_postgresql
from tests.live.integrations import (
    add_accounts,
    expect_equal,
    expect_once,
    lay,
    orders,
    people,
    run_once,
)
from tests.live.processes import Processes, terminated_as_interrupted
from tests.live.surroundings import running, surroundings

REDIS: Final = "redis://127.0.0.1:6379"
WORKERS: Final = ("worker1", "worker2")
NOTICED: Final = 30
"""Seconds without a sign of life after which Airflow takes a task for dead."""


@pytest.fixture(scope="module")
def celery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveAirflow]:
    """Airflow's components and two workers, each a process of its own as in the compose file."""
    broker = _broker()
    home = tmp_path_factory.mktemp("celery")
    queue = f"tandem_{secrets.token_hex(4)}"
    with terminated_as_interrupted(), surroundings(home) as around:
        settings = {
            "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
            "AIRFLOW__CELERY__BROKER_URL": broker,
            "AIRFLOW__CELERY__RESULT_BACKEND": "db+"
            + around.environment["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"],
            "AIRFLOW__CELERY__WORKER_CONCURRENCY": "3",
            "AIRFLOW__OPERATORS__DEFAULT_QUEUE": queue,
            "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": str(NOTICED),
        }
        around.environment.update(settings)
        processes = Processes(around.environment, home)
        found = LiveAirflow(around, processes)
        found.cli("db", "migrate")
        for name in ("api-server", "scheduler", "dag-processor", "triggerer"):
            processes.start(name, name)
        for name in WORKERS:
            arguments = ("celery", "worker", "--queues", queue, "--skip-serve-logs")
            processes.start(name, *arguments, "--celery-hostname", f"{name}@%h")
        with running(around, processes, "api-server") as airflow:
            yield airflow
        _forget(broker)


def test_a_worker_that_is_killed_in_the_middle_of_a_load(celery: LiveAirflow) -> None:
    texts = {"cel_a": people("cel_a"), "cel_b": orders("cel_b"), "cel_c": orders("cel_c")}
    dag_ids = lay(celery, texts)
    made = add_accounts(celery, "cel_a", 300)
    celery.sql("source", "insert into orders values (300, 'c1', 300)")
    with celery.around.gate.shut_after(1):
        runs = [(dag_id, celery.trigger(dag_id)) for dag_id in dag_ids]
        assert celery.around.gate.held.wait(300)
        celery.processes.kill(_worker_of(celery, *runs[0], "Accounts.load"))
    assert [celery.wait(*run, seconds=400) for run in runs] == ["success"] * 3
    assert celery.tries(*runs[0])["Accounts.load"] > 1
    expect_once(celery, made)
    run_once(celery, dag_ids)  # what was sent without an answer is linked by the next run
    expect_equal(celery, *texts)
    expect_once(celery, made)


def _worker_of(airflow: LiveAirflow, dag_id: str, run_id: str, task_id: str) -> str:
    """The worker in whose session the task runs."""
    pid = airflow.process_of(dag_id, run_id, task_id)
    (name,) = [w for w in WORKERS if airflow.processes[w].pid == os.getsid(pid)]
    return name


def _broker() -> str:
    """A database of Redis that nobody uses."""
    if (why := why_no_postgresql()) is not None:
        pytest.skip(why)
    try:
        for number in range(15, 0, -1):
            with redis.Redis.from_url(f"{REDIS}/{number}", socket_connect_timeout=3) as client:
                if not client.dbsize():
                    return f"{REDIS}/{number}"
    except redis.ConnectionError as error:
        pytest.skip(f"no Redis at {REDIS}: {error}")
    raise AssertionError(f"Each database of {REDIS} has something in it.")


def _forget(broker: str) -> None:
    """Leave nothing in the database that was empty."""
    with redis.Redis.from_url(broker) as client:
        client.flushdb()
