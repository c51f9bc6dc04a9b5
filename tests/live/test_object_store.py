"""Syncs whose batches are staged in S3, as moto speaks it, while there is room and when there is
none.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import pytest
from moto.server import DomainDispatcherApplication, create_backend_app
from tests.live.airflow import LiveAirflow
from tests.live.integrations import add_accounts, expect_equal, expect_once, lay, orders, people
from tests.live.processes import Processes, terminated_as_interrupted, wait_for
from tests.live.surroundings import running, surroundings
from werkzeug.serving import make_server

BUCKET = "tandem"
FULL = b"<Error><Code>InsufficientStorage</Code><Message>There is no room.</Message></Error>"


class Store:
    """S3, which takes no more while it is full."""

    def __init__(self) -> None:
        self.refused = threading.Event()
        self._room: float = float("inf")
        self._moto = DomainDispatcherApplication(create_backend_app)

    @contextmanager
    def full_after(self, objects: int) -> Iterator[None]:
        """There is room for so many objects more, until the block ends."""
        self.refused.clear()
        self._room = objects
        try:
            yield
        finally:
            self._room = float("inf")

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Any:
        """Answer a request, as WSGI has it."""
        if environ["REQUEST_METHOD"] == "PUT":
            self._room -= 1
            if self._room < 0:
                self.refused.set()
                start("507 Insufficient Storage", [("Content-Type", "application/xml")])
                return [FULL]
        return self._moto(environ, start)


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    """The store, and in the environment where it is."""
    store = Store()
    server = make_server("127.0.0.1", 0, store, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "live")
        patch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.port}")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        boto3.client("s3").create_bucket(Bucket=BUCKET)
        yield store
    server.shutdown()


@pytest.fixture(scope="module")
def airflow(tmp_path_factory: pytest.TempPathFactory, store: Store) -> Iterator[LiveAirflow]:
    """One that stages there."""
    home = tmp_path_factory.mktemp("store")
    with terminated_as_interrupted(), surroundings(home) as around:
        around.environment["TANDEM_STAGING"] = f"s3://{BUCKET}/staging"
        processes = Processes(around.environment, home)
        processes.start("standalone", "standalone")
        with running(around, processes, "standalone") as found:
            yield found


@pytest.fixture(scope="module")
def laid(airflow: LiveAirflow) -> list[str]:
    """An integration both ways and a download, each synced once; the ids of the DAGs."""
    return lay(airflow, {"pail": people("pail"), "tub": orders("tub")})


def staged() -> list[str]:
    """The objects that are in the bucket."""
    found = boto3.client("s3").list_objects_v2(Bucket=BUCKET)
    return [one["Key"] for one in found.get("Contents", [])]


def test_a_sync_leaves_nothing_in_the_store(airflow: LiveAirflow, laid: list[str]) -> None:
    assert len(laid) == 2
    expect_equal(airflow, "pail", "tub")
    assert staged() == []
    assert not list(airflow.home.glob("staging/*"))


def test_a_store_that_is_full_costs_time_and_no_record(
    airflow: LiveAirflow, laid: list[str], store: Store
) -> None:
    made = add_accounts(airflow, "pail", 100)
    airflow.sql("source", "insert into orders values (500, 'c1', 500)")
    with store.full_after(5):
        runs = [(dag_id, airflow.trigger(dag_id)) for dag_id in laid]
        assert store.refused.wait(200)
        failed = task_that_waits(airflow, runs)
    assert [airflow.wait(*run) for run in runs] == ["success"] * 2
    assert "no room left" in airflow.log(*failed, attempt=1)
    expect_equal(airflow, "pail", "tub")
    expect_once(airflow, made)
    assert staged() == []


def task_that_waits(airflow: LiveAirflow, runs: list[tuple[str, str]]) -> tuple[str, str, str]:
    """DAG, run and task of one that failed and will be tried again."""
    found: list[tuple[str, str, str]] = []

    def look() -> bool:
        for dag_id, run_id in runs:
            states = airflow.tasks(dag_id, run_id)
            found.extend((dag_id, run_id, t) for t, s in states.items() if s == "up_for_retry")
        return bool(found)

    assert wait_for(look, 120)
    return found[0]
