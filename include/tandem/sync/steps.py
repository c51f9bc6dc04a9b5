"""The steps of a run, each logged: what Airflow's tasks and the command line call alike.

Manifests are JSON-able, and all that steps hand to each other.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from functools import partial
from typing import Any, Final, TypeVar

import pyarrow as pa
from pydantic import ValidationError

from tandem.errors import Stale, TandemError, Throttled, printable
from tandem.model.changes import Counts
from tandem.model.problems import Problem
from tandem.model.schema import Model
from tandem.pipeline import in_parallel
from tandem.sync import extract as reading
from tandem.sync import load as loading
from tandem.sync import parts, schema
from tandem.sync import transform as planning
from tandem.sync.changed_mapping.gone_between import refuse_emptied
from tandem.sync.changed_mapping.mapped_anew import refuse_second_copies
from tandem.sync.changed_mapping.restating import forget_emptied, restate
from tandem.sync.job import Run, check_mappings
from tandem.sync.manifests import Extracted, Loaded, Part, Planned
from tandem.sync.report import LOADED, status_of
from tandem.sync.report import report as read_report
from tandem.sync.second_pass import complete
from tandem.sync.stale import READ_AGAIN, refuse_ended

Manifest = dict[str, Any]
M = TypeVar("M", bound=Model)

_log: Final = logging.getLogger(__name__)


def refresh_schema(run: Run) -> Manifest:
    """Read both sides' schemas, provision what the file allows, and pin the run to them.

    `versions`: the snapshots that the run is pinned to. `changes`: since the versions before.
    """
    with _failure_of_all_logged(run):
        return asdict(schema.pin_schemas(run))


def validate_metadata(run: Run) -> Manifest:
    """Check every mapping against the pinned schemas, and log what is wrong.

    `stopped`: entity → why it is not synced. They fail, each alone, with those that need them;
    ConfigurationError if that leaves nothing to be done.
    """
    asked = [mapping.external for mapping in run.mappings]
    for problem in run.problems:
        if problem.entity in asked:
            _log.info("%s: %s: %s", problem.entity, problem.severity, _one_line(problem))
    stopped = {entity: str(run.stopped[entity]) for entity in asked if entity in run.stopped}
    for entity, why in stopped.items():
        _start(run, entity)
        _log_failure(run, entity, why)
    with _failure_of_all_logged(run):
        check_mappings(run)
    return {"entities": [entity for entity in asked if entity not in stopped], "stopped": stopped}


def _one_line(problem: Problem) -> str:
    return printable(" ".join(str(problem).split()))


def extract(run: Run, entity: str) -> Manifest:
    """Stage what changed in the entity."""
    _start(run, entity)
    with _failure_logged(run, entity):
        _prepare(run, entity)
        extracted = reading.extract(run, entity)
        _note_modes(run, extracted)
        return extracted.model_dump(mode="json")


def _prepare(run: Run, entity: str) -> None:
    """What has to be so before anything is read. A load that still writes would be half read."""
    run.state.stop_plan(entity)
    bound = run.bound(entity)
    refuse_second_copies(run, bound)
    refuse_emptied(run, bound)
    if not run.syncs_window:
        forget_emptied(run, bound)
    restate(run, bound)


def _note_modes(run: Run, extracted: Extracted) -> None:
    for key in _log_keys(run, extracted.entity):
        run.state.note_mode(key, extracted.mode_of(key["direction"]))


def split(run: Run, entity: str) -> list[Manifest]:
    """The parts in which the entity is read, each a manifest for `extract_part`."""
    _start(run, entity)
    with _failure_logged(run, entity):
        _prepare(run, entity)
        return [part.model_dump(mode="json") for part in parts.split(run, entity)]


def extract_part(run: Run, part: Manifest) -> Manifest:
    """Stage that part of what there is in the entity, or what changed if there is but one."""
    manifest = _received(Part, part)
    if manifest.of == 1:
        return extract(run, manifest.entity)
    with _failure_logged(run, manifest.entity):
        return parts.read_part(run, manifest).model_dump(mode="json")


def joined(run: Run, extracted: Sequence[Manifest]) -> Manifest:
    """All parts of the entity, as `extract` would have staged them."""
    manifests = [_received(Extracted, manifest) for manifest in extracted]
    with _failure_logged(run, manifests[0].entity):
        whole = parts.joined(run, manifests)
        _note_modes(run, whole)
        return whole.model_dump(mode="json")


def read_all(run: Run, entity: str) -> Manifest:
    """Stage what changed in the entity, in as many parts at once as its mapping allows."""
    at_once = run.mapping(entity).parallel_reads
    if at_once == 1:
        return extract(run, entity)
    shared = split(run, entity)
    return joined(run, list(in_parallel(partial(extract_part, run), shared, workers=at_once)))


def _start(run: Run, entity: str) -> None:
    refuse_ended(run)  # or a task that is cleared would erase from the log what the run had done
    _log_start(run, entity)


def _log_start(run: Run, entity: str) -> None:
    kind = "asked" if run.only_waiting else "window" if run.syncs_window else run.kind
    for key in _log_keys(run, entity):
        run.state.start(key, mode=run.mode, at=run.now(), kind=kind)


def transform(run: Run, extracted: Manifest) -> Manifest:
    """Stage what is to be done about it."""
    manifest = _received(Extracted, extracted)
    with _failure_logged(run, manifest.entity):
        planned = planning.transform(run, manifest)
        return planned.model_dump(mode="json", exclude_defaults=True)


def load(run: Run, planned: Manifest) -> Manifest:
    """Do it, account for it, and move the anchors."""
    manifest = _received(Planned, planned)
    with _failure_logged(run, manifest.entity):
        loaded = loading.load(run, manifest)
    log_loaded(run, loaded)
    return loaded.model_dump(mode="json")


def log_loaded(run: Run, loaded: Loaded) -> None:
    """Log what became of an entity, in each direction."""
    counts = {"download": loaded.counts, "upload": loaded.upload_counts}
    keys = _log_keys(run, loaded.entity)
    for key in keys:
        mine, told = counts[key["direction"]], key == keys[0]
        status = status_of(mine, withheld=bool(loaded.withheld) and told)
        message = _message(run.integration.name, loaded) if told else ""
        run.state.finish(key, status=status, counts=mine, message=message, at=run.now())


def _message(name: str, loaded: Loaded) -> str:
    """What a person has to know beside the counts."""
    parts = []
    if loaded.withheld:
        parts.append(
            f"{loaded.withheld:,} deletions wait for approval: decide on the page Waiting, or see "
            f"tandem preview {name}, then tandem sync {name} --yes."
        )
    if loaded.kept:
        parts.append(f"The local records that were removed are kept in {loaded.kept}.")
    if loaded.cuts:
        counts = ", ".join(f"{name} ({count})" for name, count in sorted(loaded.cuts.items()))
        parts.append(f"Values were cut to fit: {counts}.")
    return " ".join(parts)


def complete_lookups(run: Run) -> Manifest:
    """Deal with what waited for other records, now that these are there, or are not any more."""
    return {"completed": complete(run)}


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


def _received(kind: type[M], manifest: Manifest) -> M:
    """What another step handed over."""
    try:
        return kind.model_validate(manifest)
    except ValidationError:
        raise Stale(
            "The task before this one was run by another version of Tandem.", remedy=READ_AGAIN
        ) from None


def _log_keys(run: Run, entity: str) -> list[dict[str, str]]:
    """What the log knows an entity of this run by, in each direction that it goes."""
    mapping = run.mapping(entity)
    return [
        {"run_id": run.run_id, "entity": entity, "direction": direction}
        for direction in run.directions(mapping)
    ]


@contextmanager
def _failure_of_all_logged(run: Run) -> Iterator[None]:
    """A run that ends before its first entity begins is in the log too, with each of them."""
    try:
        yield
    except Throttled:
        raise  # it may go on
    except TandemError as error:
        entries = run.state.run_entries(run.run_id)
        loaded = {entry.entity for entry in entries if entry.status in LOADED}
        for mapping in run.mappings:
            if mapping.external not in loaded:  # cleared tasks: what the run had done stays true
                _log_start(run, mapping.external)
                _log_failure(run, mapping.external, str(error))
        raise


@contextmanager
def _failure_logged(run: Run, entity: str) -> Iterator[None]:
    try:
        yield
    except Stale as error:
        if not _statuses(run, entity) <= LOADED:  # what a cleared task of it had done stays true
            with suppress(Stale):  # another task of it is at work
                _log_failure(run, entity, str(error))
        raise
    except Throttled as error:
        if "failed" not in _statuses(run, entity):  # this one may go on; another part has not
            _log_failure(run, entity, str(error))
        raise
    except TandemError as error:
        _log_failure(run, entity, str(error))
        raise
    except Exception as error:
        # Its text may hold values of records.
        _log_failure(run, entity, f"bug: {type(error).__name__}")
        raise
    finally:
        # What a step needed is given back, or the next one would come on top of it.
        pa.default_memory_pool().release_unused()


def _statuses(run: Run, entity: str) -> set[str]:
    """What the log says of the entity in this run, which has begun it."""
    entries = run.state.run_entries(run.run_id)
    return {entry.status for entry in entries if entry.entity == entity} or {"running"}


def _log_failure(run: Run, entity: str, message: str) -> None:
    for key in _log_keys(run, entity):
        run.state.finish(key, status="failed", counts=Counts(), message=message, at=run.now())
