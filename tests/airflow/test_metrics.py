"""What steps tell Airflow's metrics, as it arrives at a StatsD socket."""

import re
import socket
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from tests.airflow.by_hand import Shop, open_shop

Received = Callable[[], list[str]]


@pytest.fixture
def received(monkeypatch: pytest.MonkeyPatch) -> Iterator[Received]:
    """What has arrived of ours, oldest first."""
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as server:
        server.bind(("127.0.0.1", 0))
        server.setblocking(False)
        monkeypatch.setenv("AIRFLOW__METRICS__STATSD_ON", "True")
        monkeypatch.setenv("AIRFLOW__METRICS__STATSD_HOST", "127.0.0.1")
        monkeypatch.setenv("AIRFLOW__METRICS__STATSD_PORT", str(server.getsockname()[1]))
        begin()

        def take() -> list[str]:
            lines = []
            with suppress(BlockingIOError):
                while True:
                    lines += server.recv(65_536).decode().splitlines()
            return [line for line in lines if line.startswith("airflow.tandem.")]

        yield take
    monkeypatch.undo()
    begin()
    while OPEN:
        OPEN.pop().statsd.close()


OPEN: list[Any] = []
"""Backends whose sockets are to be closed."""


def begin() -> None:
    """What Airflow does before it runs a task."""
    import airflow.sdk.serde  # noqa: F401 - begins on its own when it is imported
    from airflow.sdk.observability import stats
    from airflow.sdk.observability.metrics import stats_utils

    def backend() -> Any:
        made: Any = stats_utils.get_stats_factory()()
        OPEN.extend([made] if hasattr(made, "statsd") else [])
        return made

    stats.initialize(factory=backend, export_legacy_names=True)


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    shop = open_shop(tmp_path, monkeypatch)
    shop.sql("source", "insert into customers values ('c1', 'Ada'), ('c2', 'Bea')")
    return shop


def test_a_load_tells_what_became_of_records(shop: Shop, received: Received) -> None:
    shop.run("first")
    lines = received()
    assert "airflow.tandem.created:2|c" in lines
    assert "airflow.tandem.shop.customers.download.created:2|c" in lines
    assert "airflow.tandem.runs:1|c" in lines
    assert "airflow.tandem.shop.sync.success.runs:1|c" in lines
    assert any(
        re.fullmatch(r"airflow\.tandem\.shop\.customers\.download\.duration:[\d.]+\|ms", line)
        for line in lines
    )
    assert not any("lag" in line for line in lines), "there was no sync before"


def test_the_lag_is_that_of_the_sync_before(shop: Shop, received: Received) -> None:
    shop.run("first")
    shop.sql("state", "update integration_log set started_at = datetime('now', '-1 hour')")
    received()
    shop.run("second")
    (lag,) = [line for line in received() if line.startswith("airflow.tandem.lag:")]
    assert 3600 <= float(re.findall(r":([\d.]+)\|g", lag)[0]) < 4000


def test_tags_go_where_the_backend_has_some(
    shop: Shop, received: Received, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__METRICS__STATSD_INFLUXDB_ENABLED", "True")
    monkeypatch.setenv("AIRFLOW__METRICS__LEGACY_NAMES_ON", "False")
    begin()
    shop.run("first")
    tags = "integration=shop,entity=customers,direction=download"
    lines = received()
    assert f"airflow.tandem.created,{tags}:2|c" in lines
    assert not any("tandem.shop" in line for line in lines)


def test_what_a_step_waits_for_is_told(shop: Shop, received: Received) -> None:
    from datetime import timedelta

    from tandem.airflow.asked import Asked
    from tandem.airflow.metrics import throttled

    throttled(Asked(shop.integration, "sync", "customers", "extract"), timedelta(seconds=90))
    assert "airflow.tandem.shop.customers.throttle_time:90000.000000|ms" in received()


def test_nothing_happens_while_metrics_are_off(
    shop: Shop, received: Received, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__METRICS__STATSD_ON", "False")
    begin()
    shop.run("first")
    assert received() == []


def test_a_metric_that_cannot_be_sent_stops_nothing(
    shop: Shop, received: Received, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow.sdk.observability import stats

    def broken() -> object:
        raise ValueError("no metrics today")

    stats.initialize(factory=broken, export_legacy_names=True)
    assert shop.run("first")["ti"].handed_over["report"]["status"] == "success"
    assert received() == []
