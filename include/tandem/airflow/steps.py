"""What a task does when it runs: the same use cases that the command line calls."""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from typing import Any, Final

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException
from airflow.sdk.timezone import utcnow

from tandem.airflow.asked import Asked, request_of
from tandem.airflow.connections import find_connection
from tandem.airflow.ids import task_key
from tandem.errors import Busy
from tandem.settings import Settings
from tandem.sync import steps
from tandem.sync.environment import Environment
from tandem.sync.extract import extract
from tandem.sync.job import Run, check_mappings, open_job
from tandem.sync.lease import holding
from tandem.sync.manifests import Extracted
from tandem.sync.people.preview import show_plan
from tandem.sync.schema import pin_expected_schemas
from tandem.sync.transform import transform

log = logging.getLogger(__name__)
Manifest = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Task:
    """The task that runs: what it is asked, and what Airflow knows about it."""

    asked: Asked
    context: Context

    def manifest_of(self, entity: str, step: str) -> Any:
        """What that step of the entity handed over; None if it was skipped or failed."""
        return self.context["ti"].xcom_pull(task_ids=f"{task_key(entity)}.{step}")

    def fail_if_others_did(self) -> None:
        """AirflowFailException if a task of this DAG run failed, or could not start for that.

        A DAG run is judged by its last task, which reports whatever happened before.
        """
        run = self.context["dag_run"]
        found = self.context["ti"].get_task_states(dag_id=run.dag_id, run_ids=[run.run_id])
        states = found.get(run.run_id, {}).items()
        failed = [task_id for task_id, state in states if state in ("failed", "upstream_failed")]
        if failed:
            raise AirflowFailException(f"Failed, or not started for that: {', '.join(failed)}.")


def run_step(asked: Asked, context: Context) -> Manifest:
    """Run the step; AirflowSkipException if its entity is not asked for, or a preview ends here.

    Raises Busy, and does nothing, while another run of the integration is at work.
    """
    request = request_of(asked, context)
    if asked.entity and request.entities and asked.entity not in request.entities:
        raise AirflowSkipException(f"{asked.entity} is not among the entities of this run.")
    looks_only = bool(context["params"].get("preview"))
    action = (_PREVIEW if looks_only else _STEPS)[asked.step]
    environment = Environment(Settings.from_environment(), find_connection, utcnow)
    with open_job(asked.integration, request, environment, _log_progress) as run:
        turn = nullcontext() if looks_only else _turn(run, asked)
        with turn:
            return action(run, Task(asked, context))


def _turn(run: Run, asked: Asked) -> AbstractContextManager[None]:
    """The integration is this run's from its first step to its report, which gives it back."""
    return nullcontext() if asked.step == "report" else holding(run, keeps=True)


def _give_back(run: Run) -> None:
    """Let other runs in. One that has taken over already is left alone."""
    with suppress(Busy), holding(run):
        pass


def _log_progress(entity: str, step: str, records: int) -> None:
    log.info("%s %s: %s records", entity, step, f"{records:,}")


def _transform(run: Run, task: Task) -> Manifest:
    return steps.transform(run, task.manifest_of(task.asked.entity, "extract"))


def _load(run: Run, task: Task) -> Manifest:
    return steps.load(run, task.manifest_of(task.asked.entity, "transform"))


def _complete_lookups(run: Run, task: Task) -> Manifest:
    if not any(task.manifest_of(mapping.external, "load") for mapping in run.mappings):
        raise AirflowSkipException("Nothing was loaded.")
    return steps.complete_lookups(run)


def _report(run: Run, task: Task) -> Manifest:
    try:
        report = steps.report(run)
    finally:
        _give_back(run)
    for line in [*report["lines"], *report["results"].splitlines()]:
        log.info(line)
    task.fail_if_others_did()
    return report


_STEPS: Final[dict[str, Callable[[Run, Task], Manifest]]] = {
    "refresh_schema": lambda run, _: steps.refresh_schema(run),
    "validate_metadata": lambda run, _: steps.validate_metadata(run),
    "extract": lambda run, task: steps.extract(run, task.asked.entity),
    "transform": _transform,
    "load": _load,
    "complete_lookups": _complete_lookups,
    "report": _report,
}


def _preview_schema(run: Run, _: Task) -> Manifest:
    pin_expected_schemas(run)
    return {}


def _preview_validation(run: Run, _: Task) -> Manifest:
    check_mappings(run)
    return {"stopped": {entity: str(why) for entity, why in run.stopped.items()}}


def _preview_transform(run: Run, task: Task) -> Manifest:
    extracted = Extracted.model_validate(task.manifest_of(task.asked.entity, "extract"))
    return {"actions": show_plan(transform(run, extracted)).actions}


def _preview_report(run: Run, task: Task) -> Manifest:
    plans = {m.external: task.manifest_of(m.external, "transform") for m in run.mappings}
    planned = {entity: plan["actions"] for entity, plan in plans.items() if plan}
    for entity, actions in planned.items():
        counts = ", ".join(f"{count:,} {action}" for action, count in actions.items())
        log.info("PREVIEW %s: %s", entity, counts or "nothing to do")
    run.staging.remove()
    task.fail_if_others_did()
    return planned


def _write_nothing(_run: Run, _task: Task) -> Manifest:
    raise AirflowSkipException("A preview writes nothing.")


_PREVIEW: Final = _STEPS | {
    "refresh_schema": _preview_schema,
    "validate_metadata": _preview_validation,
    "extract": lambda run, task: extract(run, task.asked.entity).model_dump(mode="json"),
    "transform": _preview_transform,
    "load": _write_nothing,
    "complete_lookups": _write_nothing,
    "report": _preview_report,
}
