"""What a task does when it runs: the same use cases that the command line calls."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException
from airflow.sdk.timezone import utcnow

from tandem.airflow.connections import find_connection
from tandem.airflow.tasks import Step
from tandem.settings import Settings
from tandem.sync import preview, steps
from tandem.sync.extract import extract
from tandem.sync.job import Environment, Request, Run, open_job
from tandem.sync.manifests import Extracted, Planned
from tandem.sync.transform import transform

log = logging.getLogger(__name__)
Manifest = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Task:
    """The task that runs: its step, and what Airflow knows about it."""

    step: Step
    context: Context

    def manifest_of(self, step: str) -> Manifest:
        """What the earlier step of the same entity handed over."""
        own = self.step.task_id
        manifest: Manifest = self.context["ti"].xcom_pull(
            task_ids=own.removesuffix(self.step.name) + step
        )
        return manifest

    def failed(self) -> list[str]:
        """Tasks of this DAG run that failed, or could not start since others did."""
        run = self.context["dag_run"]
        states = self.context["ti"].get_task_states(dag_id=run.dag_id, run_ids=[run.run_id])
        found = states.get(run.run_id, {}).items()
        return sorted(task_id for task_id, state in found if state in ("failed", "upstream_failed"))


def run_step(step: Step, context: Context) -> Manifest:
    """Run the step; AirflowSkipException if its entity is not asked for, or a preview ends here."""
    params = context["params"]
    asked = tuple(params["entities"])
    if step.entity and asked and step.entity not in asked:
        raise AirflowSkipException(f"{step.entity} is not among the entities of this run.")
    table = _PREVIEW_STEPS if params.get("preview") else _STEPS
    request = Request(context["run_id"], step.kind, params.get("mode", "full"), asked)
    environment = Environment(Settings.from_environment(), find_connection, utcnow)
    with open_job(step.integration, request, environment) as run:
        return table[step.name](run, Task(step, context))


def _report(run: Run, task: Task) -> Manifest:
    report = steps.report(run)
    for line in [*report["lines"], report["results"]]:
        log.info(line)
    failed = task.failed()
    if failed:
        raise AirflowFailException(f"The run failed in {', '.join(failed)}. {report['results']}")
    return report


def _plan(run: Run, task: Task) -> Manifest:
    planned = transform(run, Extracted.model_validate(task.manifest_of("extract")))
    return planned.model_dump(mode="json")


def _skip(run: Run, task: Task) -> Manifest:
    raise AirflowSkipException("A preview writes nothing.")


_STEPS: Final[dict[str, Callable[[Run, Task], Manifest]]] = {
    "refresh_schema": lambda run, _: steps.refresh_schema(run),
    "validate_metadata": lambda run, _: steps.validate_metadata(run),
    "extract": lambda run, task: steps.extract(run, task.step.entity),
    "transform": lambda run, task: steps.transform(run, task.manifest_of("extract")),
    "load": lambda run, task: steps.load(run, task.manifest_of("transform")),
    "complete_lookups": lambda run, _: steps.complete_lookups(run),
    "report": _report,
}
_PREVIEW_STEPS: Final = _STEPS | {
    "extract": lambda run, task: extract(run, task.step.entity).model_dump(mode="json"),
    "transform": _plan,
    "load": _skip,
    "complete_lookups": _skip,
    "report": _plan,
}
