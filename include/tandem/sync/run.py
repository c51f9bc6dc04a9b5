"""A whole run in one process, in the order in which Airflow runs it as tasks."""

from tandem.core.order import looked_up
from tandem.errors import TandemError
from tandem.sync import steps
from tandem.sync.job import Run, in_order
from tandem.sync.lookups import complete_lookups
from tandem.sync.report import RunReport, report


def run_all(run: Run) -> RunReport:
    """Read, plan, apply and account for every entity; one that fails stops those that need it."""
    steps.refresh_schema(run)
    steps.validate_metadata(run)
    failed: set[str] = set()
    for mapping in in_order(run):
        if looked_up(mapping) & failed or not _run_entity(run, mapping.external):
            failed.add(mapping.external)
    loaded = [m.external for m in run.mappings if looked_up(m) and m.external not in failed]
    completed = complete_lookups(run, loaded)
    result = report(run, completed_lookups=completed)
    if result.status != "failed":
        run.staging.remove()
    return result


def _run_entity(run: Run, entity: str) -> bool:
    try:
        steps.load(run, steps.transform(run, steps.extract(run, entity)))
    except TandemError:
        return False  # it is in the log, and so in the report
    return True
