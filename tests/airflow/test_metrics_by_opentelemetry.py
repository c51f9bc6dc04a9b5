"""What steps tell Airflow's metrics, as it arrives at a collector by OTLP."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry import metrics
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from tests.airflow.by_hand import open_shop

from tandem.demo.server import serving

Collected = list[ExportMetricsServiceRequest]


@pytest.fixture
def collected(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collected]:
    """All that the collector has been sent."""
    found: Collected = []

    async def take(request: Request) -> Response:
        found.append(ExportMetricsServiceRequest.FromString(await request.body()))
        return Response(media_type="application/x-protobuf")

    routes = [Route("/health", lambda _: Response()), Route("/v1/metrics", take, methods=["POST"])]
    with serving(Starlette(routes=routes), root="/") as url:
        monkeypatch.setenv("AIRFLOW__METRICS__OTEL_ON", "True")
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")
        begin()
        yield found
        provider().shutdown()
        # When the process ends, Airflow flushes once more.
        logging.getLogger("opentelemetry.exporter.otlp.proto.http.metric_exporter").disabled = True
    monkeypatch.undo()
    begin()


def begin() -> None:
    """What Airflow does before it runs a task."""
    import airflow.sdk.serde  # noqa: F401 - begins on its own when it is imported
    from airflow.sdk.observability import stats
    from airflow.sdk.observability.metrics import stats_utils

    stats.initialize(factory=stats_utils.get_stats_factory(), export_legacy_names=False)


def provider() -> Any:
    """What sends them, of OpenTelemetry's SDK."""
    return metrics.get_meter_provider()


def test_records_and_runs_arrive_with_their_tags(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, collected: Collected
) -> None:
    shop = open_shop(tmp_path, monkeypatch)
    shop.sql("source", "insert into customers values ('c1', 'Ada'), ('c2', 'Bea')")
    shop.run("first")
    provider().force_flush()
    told = {metric.name: metric for metric in _metrics(collected)}
    (created,) = told["airflow.tandem.created"].sum.data_points
    assert (created.as_double or created.as_int) == 2
    assert {tag.key: tag.value.string_value for tag in created.attributes} == {
        "integration": "shop",
        "entity": "customers",
        "direction": "download",
    }
    (duration,) = told["airflow.tandem.duration"].exponential_histogram.data_points
    assert duration.count == 1
    (runs,) = told["airflow.tandem.runs"].sum.data_points
    assert {tag.value.string_value for tag in runs.attributes} >= {"shop", "success"}


def _metrics(collected: Collected) -> Iterator[Any]:
    for sent in collected:
        for resource in sent.resource_metrics:
            for scope in resource.scope_metrics:
                yield from scope.metrics
