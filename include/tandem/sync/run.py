"""A whole run in one process, in the order in which Airflow runs it as tasks."""

from tandem.core.order import entity_order, looked_up
from tandem.errors import TandemError
from tandem.model.integration import EntityMapping
from tandem.sync import steps
from tandem.sync.job import Job, Run
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


def in_order(job: Job) -> tuple[EntityMapping, ...]:
    """The mappings of the job, those that others look up first."""
    groups = entity_order(job.integration)
    return tuple(m for group in groups for m in group if m in job.mappings)


def _run_entity(run: Run, entity: str) -> bool:
    try:
        steps.load(run, steps.transform(run, steps.extract(run, entity)))
    except TandemError:
        return False  # it is in the log, and so in the report
    return True
