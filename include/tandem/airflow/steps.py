"""What a task does when it runs: the same use cases that the command line calls."""

import logging
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, Final

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException
from airflow.sdk.timezone import utcnow

from tandem.airflow.approval.answer import allowed, answer_of
from tandem.airflow.approval.asking import answered, ask, report_rejection
from tandem.airflow.asked import Asked, request_of
from tandem.airflow.asset_events import tell as tell_assets
from tandem.airflow.connections import find_connection
from tandem.airflow.ids import task_key
from tandem.airflow.metrics import measured, reported
from tandem.airflow.notices.events import partial_line
from tandem.airflow.notices.sending import problems
from tandem.errors import Stale, TandemError
from tandem.settings import Settings
from tandem.state.overview import Waits
from tandem.state.protocols import StateStore
from tandem.sync import steps
from tandem.sync.environment import Environment, open_state_of
from tandem.sync.extract import extract
from tandem.sync.job import Run, check_mappings, open_job
from tandem.sync.lease import give_back, holding, keep
from tandem.sync.manifests import Extracted, Loaded, Part
from tandem.sync.parts import joined, read_part, split
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

    def manifest_of(self, entity: str, step: str, **which: Any) -> Any:
        """What that step of the entity handed over; None if it was skipped or failed."""
        return self.context["ti"].xcom_pull(task_ids=f"{task_key(entity)}.{step}", **which)

    @property
    def extracted(self) -> list[Manifest]:
        """What was read of the task's entity: a manifest for each part."""
        entity = self.asked.entity
        mapping = self.asked.integration.entity(entity)
        if mapping is None or mapping.parallel_reads == 1:
            return [self.manifest_of(entity, "extract")]
        # Of a reading before this one that had more parts, Airflow keeps what these handed over.
        parts = range(len(self.manifest_of(entity, "split")))
        return list(self.manifest_of(entity, "extract", map_indexes=parts))

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
    environment = _environment()
    request = allowed(request, asked, context, environment.settings.staging)
    looks_only = bool(context["params"].get("preview"))
    action = (_PREVIEW if looks_only else _STEPS)[asked.step]
    with open_job(asked.integration, request, environment, _log_progress) as run:
        turn = nullcontext() if looks_only else _turn(run, asked)
        with turn, measured(run, asked) as tell:
            manifest: Manifest = action(run, Task(asked, context))  # of `split` a list of them
            tell(manifest)
            return manifest


def take_answer(asked: Asked, context: Context, question: int, event: Manifest) -> Manifest:
    """Note the answer to that question, as Airflow tells it, and give it."""
    with open_job(asked.integration, request_of(asked, context), _environment()) as run:
        return answered(run, question, event)


def keep_turn(asked: Asked, context: Context) -> None:
    """The integration stays this run's while the step waits; Busy if another run has it."""
    if asked.step != "report" and not context["params"].get("preview"):
        keep(_environment(), asked.integration.name, context["run_id"])


def note_wait(asked: Asked, context: Context, failure: Exception, why: str) -> None:
    """The log says of the step's entity that it waits, not that it has failed."""
    with _log_of(asked, context) as state:
        if state:
            state.wait(asked.entity, context["run_id"], why, failure=str(failure))


def note_failure(asked: Asked, context: Context, failure: Exception) -> None:
    """The log says that the step's entity waits no more."""
    with _log_of(asked, context) as state:
        if state:
            message = str(failure) if isinstance(failure, TandemError) else type(failure).__name__
            state.wait_no_more(asked.entity, context["run_id"], message, at=utcnow())


@contextmanager
def _log_of(asked: Asked, context: Context) -> Iterator[StateStore | None]:
    """Where it is logged what becomes of the step's entity, if that is logged. A log that cannot be
    written stops nothing.
    """
    if not asked.entity or context["params"].get("preview"):
        yield None
        return
    try:
        with closing(open_state_of(asked.integration.name, _environment())) as state:
            yield state
    except TandemError as error:
        log.warning("%s is not logged as it is: %s", asked.entity, error)


def _environment() -> Environment:
    return Environment(Settings.from_environment(), find_connection, utcnow)


@contextmanager
def _turn(run: Run, asked: Asked) -> Iterator[None]:
    """The integration is this run's from its first step to its report, which gives it back. No
    report follows a task that was cleared alone, and that is refused.
    """
    if asked.step in ("approve", "report"):
        yield
        return
    goes_on = run.state.at_work(run.now()) == run.run_id
    try:
        with holding(run, keeps=True):
            yield
    except Stale:
        if not goes_on:
            give_back(run)
        raise


def _log_progress(entity: str, step: str, records: int) -> None:
    log.info("%s %s: %s records", entity, step, f"{records:,}")


def _extract(run: Run, task: Task) -> Manifest:
    if task.asked.part is None:
        return steps.extract(run, task.asked.entity)
    return steps.extract_part(run, dict(task.asked.part))


def _validate_metadata(run: Run, _: Task) -> Manifest:
    for problem in problems(run.integration):
        log.warning(problem)
    return steps.validate_metadata(run)


def _transform(run: Run, task: Task) -> Manifest:
    return steps.transform(run, steps.joined(run, task.extracted))


def _load(run: Run, task: Task) -> Manifest:
    loaded = steps.load(run, task.manifest_of(task.asked.entity, "transform"))
    tell_assets(task.context, run, Loaded.model_validate(loaded))
    return loaded


def _complete_lookups(run: Run, task: Task) -> Manifest:
    if not any(task.manifest_of(mapping.external, "load") for mapping in run.mappings):
        raise AirflowSkipException("Nothing was loaded.")
    return steps.complete_lookups(run)


def _report(run: Run, task: Task) -> Manifest:
    answer = answer_of(task.asked, task.context)
    if answer and answer.answer == "rejected":
        return report_rejection(run, answer)
    try:
        report = steps.report(run)
    finally:
        give_back(run)
    for line in [*report["lines"], *report["results"].splitlines()]:
        log.info(line)
    reported(run, report)
    if report["status"] == "partial":
        waits = Waits.sum(run.state.waits([m.external for m in run.mappings]).values())
        log.warning(partial_line(run.integration.name, waits))
    task.fail_if_others_did()
    if report["exceeded"]:
        raise AirflowFailException(" ".join(report["exceeded"]))
    return report


_STEPS: Final[dict[str, Callable[[Run, Task], Any]]] = {
    "refresh_schema": lambda run, _: steps.refresh_schema(run),
    "validate_metadata": _validate_metadata,
    "approve": lambda run, task: ask(run, task.context),
    "split": lambda run, task: steps.split(run, task.asked.entity),
    "extract": _extract,
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


def _preview_extract(run: Run, task: Task) -> Manifest:
    part, entity = task.asked.part, task.asked.entity
    extracted = extract(run, entity) if part is None else read_part(run, Part.model_validate(part))
    return extracted.model_dump(mode="json")


def _preview_transform(run: Run, task: Task) -> Manifest:
    extracted = joined(run, [Extracted.model_validate(part) for part in task.extracted])
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
    "split": lambda run, task: [p.model_dump(mode="json") for p in split(run, task.asked.entity)],
    "extract": _preview_extract,
    "transform": _preview_transform,
    "load": _write_nothing,
    "complete_lookups": _write_nothing,
    "report": _preview_report,
}
