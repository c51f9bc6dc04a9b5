"""What the events of assets say: what a load did to the side that it wrote."""

from collections.abc import Iterator
from typing import Any

from airflow.sdk import Context

from tandem.airflow.assets import DIRECTIONS, asset_of
from tandem.sync.job import Run
from tandem.sync.manifests import Loaded
from tandem.sync.report import status_of


def tell(context: Context, run: Run, loaded: Loaded) -> None:
    """Let the events that Airflow sends once the task has succeeded say what was done.

    One is sent for each asset written, whether anything had to be: who waits for several entities
    is not kept waiting by the one in which nothing changed. `written` tells such events apart.
    """
    mapping = run.mapping(loaded.entity)
    for extra in _extras(run, loaded):
        asset = asset_of(run.integration, mapping, DIRECTIONS[extra["direction"]][1])
        context["outlet_events"][asset].extra.update(extra)


def _extras(run: Run, loaded: Loaded) -> Iterator[dict[str, Any]]:
    counts = {"download": loaded.counts, "upload": loaded.upload_counts}
    withheld = bool(loaded.withheld)
    for direction in run.directions(run.mapping(loaded.entity)):
        mine = counts[direction]
        yield {
            "integration": run.integration.name,
            "entity": loaded.entity,
            "run": run.run_id,
            "mode": loaded.mode,
            "direction": direction,
            "status": status_of(mine, withheld=withheld),
            "written": mine.created + mine.updated + mine.deleted,
            "counts": mine.model_dump(),
        }
        withheld = False  # as in the log, they are told of once
