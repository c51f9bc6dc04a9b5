"""The steps of a run, each logged: what Airflow's tasks and the command line call alike.

Manifests are JSON-able, and all that steps hand to each other.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pyarrow as pa

from tandem.core.order import looked_up
from tandem.errors import TandemError
from tandem.model.changes import Counts
from tandem.sync import extract as reading
from tandem.sync import load as loading
from tandem.sync import lookups, schema
from tandem.sync import transform as planning
from tandem.sync.job import Run
from tandem.sync.manifests import Extracted, Planned
from tandem.sync.report import report as read_report

Manifest = dict[str, Any]


def refresh_schema(run: Run) -> Manifest:
    """Read both sides' schemas, provision what the file allows, and pin the run to them."""
    return {"provisioned": schema.pin_schemas(run)}


def validate_metadata(run: Run) -> Manifest:
    """Check every mapping against the pinned schemas; ConfigurationError names all problems."""
    schema.check_mappings(run)
    return {"entities": [mapping.external for mapping in run.mappings]}


def extract(run: Run, entity: str) -> Manifest:
    """Stage what changed in the entity."""
    run.state.start(_log_key(run, entity), mode=run.mode, at=run.now())
    with _failure_logged(run, entity):
        extracted = reading.extract(run, entity)
        run.state.note_mode(_log_key(run, entity), extracted.mode)
        return extracted.model_dump(mode="json")


def transform(run: Run, extracted: Manifest) -> Manifest:
    """Stage what is to be done about it."""
    manifest = Extracted.model_validate(extracted)
    with _failure_logged(run, manifest.entity):
        return planning.transform(run, manifest).model_dump(mode="json")


def load(run: Run, planned: Manifest) -> Manifest:
    """Do it, account for it, and move the anchor."""
    manifest = Planned.model_validate(planned)
    with _failure_logged(run, manifest.entity):
        loaded = loading.load(run, manifest)
    status = "partial" if loaded.counts.failed else "success"
    _finish(run, loaded.entity, status, loaded.counts)
    return loaded.model_dump(mode="json")


def complete_lookups(run: Run) -> Manifest:
    """Fill the lookups that waited for their partner and whose partner is there now."""
    with_lookups = [mapping.external for mapping in run.mappings if looked_up(mapping)]
    return {"completed": lookups.complete_lookups(run, with_lookups)}


def report(run: Run) -> Manifest:
    """What became of the run; staged batches of a run without failures are removed."""
    result = read_report(run)
    if result.status != "failed":
        run.staging.remove()
    lines = [f"{entity.entity}: {entity.line}" for entity in result.entities]
    return {
        **result.model_dump(mode="json"),
        "lines": lines,
        "results": result.results,
    }


def _log_key(run: Run, entity: str) -> dict[str, str]:
    return {"run_id": run.run_id, "entity": entity, "direction": "download"}


def _finish(run: Run, entity: str, status: str, counts: Counts, message: str = "") -> None:
    run.state.finish(
        _log_key(run, entity), status=status, counts=counts, message=message, at=run.now()
    )


@contextmanager
def _failure_logged(run: Run, entity: str) -> Iterator[None]:
    try:
        yield
    except TandemError as error:
        _finish(run, entity, "failed", Counts(), str(error))
        raise
    except Exception as error:
        # Its text may hold values of records.
        _finish(run, entity, "failed", Counts(), f"bug: {type(error).__name__}")
        raise
    finally:
        # What a step needed is given back, or the next one would come on top of it.
        pa.default_memory_pool().release_unused()
