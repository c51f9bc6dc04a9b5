"""From integration files to DAGs: `<name>__sync` and `<name>__import`, or one that says why not.

Parsed by Airflow again and again: knows the YAML, the models and Airflow's SDK, nothing heavier.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from airflow.sdk import DAG, Param, TaskGroup, TriggerRule
from airflow.sdk.definitions.retry_policy import ExceptionRetryPolicy, RetryAction, RetryRule
from airflow.sdk.exceptions import AirflowTimetableInvalid

from tandem.airflow.ids import task_key
from tandem.airflow.tasks import Kind, Refuse, Step
from tandem.core.order import entity_order, looked_up, waits_for
from tandem.errors import ConfigurationError, StopRun
from tandem.integration_files import BrokenFile, list_integration_files, load_integration
from tandem.model.integration import Integration

RETRIES: Final[dict[str, Any]] = {
    "owner": "tandem",
    "retries": 3,
    "retry_delay": timedelta(seconds=30),
    "retry_exponential_backoff": 2,
    "max_retry_delay": timedelta(minutes=10),
    "retry_policy": ExceptionRetryPolicy(
        [RetryRule(StopRun, RetryAction.FAIL, reason="A person has to act first.")]
    ),
}
"""Faults that may pass are tried again after 30, 60 and 120 s; what needs a person is not.

Given to each task: as a DAG's default_args it would be copied deeply for each, at every parse.
"""


def build_dags(folder: Path, only: str | None = None) -> Iterator[DAG]:
    """The DAGs of all files in the folder; with `only`, no more than the DAG of that id needs."""
    for path in list_integration_files(folder):
        kinds = {f"{_dag_name(path)}__{kind}": build for kind, build in _KINDS.items()}
        chosen = [build for dag_id, build in kinds.items() if only in (None, dag_id)]
        if chosen:
            yield from _dags_of_file(path, chosen)


def _dags_of_file(path: Path, builders: Iterable[Callable[[Integration], DAG]]) -> list[DAG]:
    try:
        integration = load_integration(path)
        return [build(integration) for build in builders]
    except BrokenFile as error:
        return [_broken_dag(path, error.lines)]
    except ConfigurationError as error:
        return [_broken_dag(path, [f"{path}: {error}"])]
    except Exception as error:  # noqa: BLE001 - one file must never hide the others
        return [_broken_dag(path, [f"{path}: {type(error).__name__}: {error}"])]


def _sync_dag(integration: Integration) -> DAG:
    mode = Param(
        "auto",
        type="string",
        enum=["auto", "full"],
        values_display={"auto": "What changed (auto)", "full": "Everything again (full)"},
        description="What is read of the external system.",
    )
    with DAG(
        f"{integration.name}__sync",
        schedule=integration.schedule,
        params={"mode": mode, "entities": _entities_param(integration)},
        **_common(integration),
    ) as dag:
        _add_tasks(integration, "sync")
    _check_schedule(dag, integration.schedule)
    return dag


def _check_schedule(dag: DAG, schedule: str | None) -> None:
    try:
        dag.timetable.validate()
    except AirflowTimetableInvalid as error:
        raise ConfigurationError(
            f"schedule {schedule!r} is none that Airflow knows ({error}).",
            remedy='Write a cron expression such as "0 2 * * *", or @daily and the like, or null.',
        ) from None


def _import_dag(integration: Integration) -> DAG:
    preview = Param(False, type="boolean", description="Plan and report, but write nothing.")
    with DAG(
        f"{integration.name}__import",
        schedule=None,
        params={"preview": preview, "entities": _entities_param(integration)},
        **_common(integration),
    ) as dag:
        _add_tasks(integration, "import")
    return dag


_KINDS: Final = {"sync": _sync_dag, "import": _import_dag}


def _entities_param(integration: Integration) -> Param:
    names = [mapping.external for mapping in integration.active_entities]
    return Param(
        [],
        type="array",
        items={"type": "string", "enum": names},
        examples=names,
        description="Only these entities. Empty: all of them.",
    )


def _common(integration: Integration) -> dict[str, Any]:
    return {
        "description": integration.description or None,
        "doc_md": _document(integration),
        "tags": ["tandem", integration.name],
        "catchup": False,
        "auto_register": False,  # one that turns out to be broken must not stay
        "max_active_runs": 1,
    }


def _document(integration: Integration) -> str:
    rows = [
        f"| {mapping.external} | {mapping.local} | {mapping.direction} |"
        for mapping in integration.active_entities
    ]
    sides = " ↔ ".join(
        f"{system.connector} `{system.connection}`"
        for system in (integration.external, integration.local)
    )
    head = [integration.description, "", sides, "", "| external | local | direction |", "|-|-|-|"]
    return "\n".join(head + rows)


def _add_tasks(integration: Integration, kind: Kind) -> None:
    """refresh_schema → validate_metadata → extract → transform → load, an entity → … → report."""

    def step(task_id: str, **options: Any) -> Step:
        return Step(task_id=task_id, integration=integration, kind=kind, **RETRIES, **options)

    refresh_schema, validate_metadata = step("refresh_schema"), step("validate_metadata")
    report = step("report", trigger_rule=TriggerRule.ALL_DONE)
    refresh_schema >> validate_metadata
    loads = _add_entities(integration, step, validate_metadata)
    if any(looked_up(mapping) for mapping in integration.active_entities):
        complete_lookups = step("complete_lookups", trigger_rule=TriggerRule.ALL_DONE)
        loads >> complete_lookups >> report
    else:
        (loads or validate_metadata) >> report


def _add_entities(integration: Integration, step: Callable[..., Step], before: Step) -> list[Step]:
    """A task group an entity; a transform waits for the loads that it needs. The loads."""
    loads: dict[str, Step] = {}
    for group in entity_order(integration):
        loaded = {}
        for mapping in group:
            with TaskGroup(task_key(mapping.external), tooltip=f"→ {mapping.local}"):
                extract = step("extract", entity=mapping.external)
                # Entities that are not asked for are skipped, and must not skip who looks them up.
                transform = step(
                    "transform", entity=mapping.external, trigger_rule=TriggerRule.NONE_FAILED
                )
                load = step("load", entity=mapping.external)
            before >> extract >> transform >> load
            needed = waits_for(integration, mapping) & loads.keys()
            [loads[name] for name in sorted(needed)] >> transform
            loaded[mapping.external] = load
        loads |= loaded
    return list(loads.values())


def _broken_dag(path: Path, lines: list[str]) -> DAG:
    """The place that the file's DAG would take, saying what is wrong with the file."""
    message = "\n".join(lines)
    with DAG(
        f"{_dag_name(path)}__sync",
        schedule=None,
        dag_display_name=f"{path.name} is broken",
        description=f"{path.name} is broken: {len(lines)} problem(s)",
        doc_md=f"## {path.name} is broken\n```\n{message}\n```\nMend it: the DAG follows.",
        tags=["tandem", "broken"],
        catchup=False,
        auto_register=False,
    ) as dag:
        Refuse(task_id="read_integration_file", message=message)
    return dag


def _dag_name(path: Path) -> str:
    return task_key(path.stem if path.suffix == ".yaml" else path.name)
