"""What steps tell Airflow's metrics (StatsD, Datadog or OpenTelemetry, as Airflow is set up).

Each is sent by a name with tags, and while `[metrics] legacy_names_on` is set also by a name that
holds what the tags say, for plain StatsD has no tags.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Final

from airflow.sdk.configuration import conf
from airflow.sdk.observability import stats

from tandem.airflow.asked import Asked
from tandem.airflow.ids import task_key
from tandem.connectors.throttling import WORKER
from tandem.model.changes import Counts
from tandem.sync.job import Run
from tandem.sync.manifests import Loaded

log = logging.getLogger(__name__)

_BACKENDS: Final = ("statsd_on", "statsd_datadog_enabled", "otel_on")
_OUTCOMES: Final = {
    "created": "created",
    "updated": "updated",
    "deleted": "deleted",
    "unchanged": "unchanged",
    "failed": "rejected",
    "conflicts": "conflicts",
    "deferred": "deferred",
    "superseded": "superseded",
}
"""Of `Counts` → as the metric is called."""


def are_on() -> bool:
    """Whether Airflow sends metrics anywhere."""
    return any(conf.getboolean("metrics", name, fallback=False) for name in _BACKENDS)


@contextmanager
def measured(run: Run, asked: Asked) -> Iterator[Callable[[Mapping[str, Any]], None]]:
    """Measures one step; the body gives what the step hands over to what it is given.

    What goes wrong here is logged, and stops nothing.
    """
    if not are_on():
        yield lambda _: None
        return
    lags = _lags(run, asked.entity) if asked.step == "load" else {}
    slept = WORKER.slept

    def tell(manifest: Mapping[str, Any]) -> None:
        if asked.step == "load":
            _loaded(run, asked.entity, manifest, lags)

    try:
        yield tell
    finally:
        throttled(asked, timedelta(seconds=WORKER.slept - slept))


def throttled(asked: Asked, waits: timedelta) -> None:
    """A step has waited for a system that asked for it, or is going to."""
    if waits > timedelta(0) and are_on():
        tags = {"integration": asked.integration.name, "entity": asked.entity or "schema"}
        _send(stats.timing, "throttle_time", waits.total_seconds() * 1000, tags)


def _lags(run: Run, entity: str) -> dict[str, timedelta]:
    """Direction → since the start of the last sync that loaded the entity."""
    try:
        ways = [(entity, direction) for direction in run.directions(run.mapping(entity))]
        loads = run.state.last_loads(ways)
        return {direction: run.now() - at for (_, direction), at in loads.items()}
    except Exception:
        log.warning("The lag of %s could not be measured", entity, exc_info=True)
        return {}


def _loaded(
    run: Run, entity: str, manifest: Mapping[str, Any], lags: Mapping[str, timedelta]
) -> None:
    loaded = Loaded.model_validate(manifest)
    counts = {"download": loaded.counts, "upload": loaded.upload_counts}
    directions = run.directions(run.mapping(entity))
    for direction in directions:
        tags = {"integration": run.integration.name, "entity": entity, "direction": direction}
        for outcome, count in _counted(counts[direction]).items():
            _send(stats.incr, outcome, count, tags)
        if loaded.withheld and direction == directions[0]:
            _send(stats.incr, "withheld", loaded.withheld, tags)
        if direction in lags:
            _send(stats.gauge, "lag", lags[direction].total_seconds(), tags)


def _counted(counts: Counts) -> dict[str, int]:
    """What became of records → how many, where there are any."""
    return {name: count for of, name in _OUTCOMES.items() if (count := getattr(counts, of))}


def reported(run: Run, manifest: Mapping[str, Any]) -> None:
    """The run has ended; `manifest` is its `RunReport`."""
    if not are_on():
        return
    name = run.integration.name
    status = {"integration": name, "kind": run.kind, "status": manifest["status"]}
    _send(stats.incr, "runs", 1, status)
    for entity in manifest["entities"]:
        if entity["seconds"] is not None:
            tags = {"integration": name, **{of: entity[of] for of in ("entity", "direction")}}
            _send(stats.timing, "duration", entity["seconds"] * 1000, tags)


def _send(how: Callable[..., None], name: str, value: float, tags: Mapping[str, str]) -> None:
    values = {of: task_key(text) for of, text in tags.items()}
    try:
        how(f"tandem.{name}", value, tags=values)
        if conf.getboolean("metrics", "legacy_names_on", fallback=True):
            how(".".join(["tandem", *values.values(), name]), value)
    except Exception:
        log.warning("The metric %s could not be sent", name, exc_info=True)
