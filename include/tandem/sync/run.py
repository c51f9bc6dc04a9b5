"""A whole run in one process, in the order in which Airflow runs it as tasks."""

import logging
from typing import Final

from tandem.core.order import waits_for
from tandem.errors import RetryLater, TandemError
from tandem.sync import steps
from tandem.sync.job import Run, in_order
from tandem.sync.report import RunReport, report
from tandem.sync.second_pass import complete

_log: Final = logging.getLogger(__name__)


def run_all(run: Run) -> RunReport:
    """Read, plan, apply and account for every entity; one that fails stops those that need it."""
    steps.refresh_schema(run)
    steps.validate_metadata(run)
    failed: dict[str, TandemError | None] = {}
    for mapping in in_order(run):
        needed = waits_for(run.integration, mapping) - {mapping.external}
        if mapping.external not in run.stopped and needed & failed.keys():
            failed[mapping.external] = None
        elif error := _failure_of(run, mapping.external):
            failed[mapping.external] = error
    completed = _completed(run, failed)
    result = report(run, completed_lookups=completed)
    if result.status != "failed":
        run.staging.remove()
    errors = [error for error in failed.values() if error]
    may_pass = bool(errors) and all(isinstance(error, RetryLater) for error in errors)
    return result.model_copy(update={"may_pass": may_pass})


def _completed(run: Run, failed: dict[str, TandemError | None]) -> int:
    """What waited for other records; what stops it is in the next run's way, not in this one's."""
    try:
        return complete(run)
    except TandemError as error:
        failed[""] = error
        return 0


def _failure_of(run: Run, entity: str) -> TandemError | None:
    """Sync one entity; what stopped it, which is in the log too."""
    try:
        steps.load(run, steps.transform(run, steps.read_all(run, entity)))
    except TandemError as error:
        return error
    except Exception as error:  # noqa: BLE001 - a bug in one entity stops no other
        # The traceback may show values of records: only who asks for it gets it.
        _log.error("%s: stopped by a bug", entity, exc_info=_log.isEnabledFor(logging.INFO))
        return TandemError(f"bug: {type(error).__name__}")
    return None
