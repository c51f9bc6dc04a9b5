"""The tasks of an integration's DAG, and what waits for what."""

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any, Final

from airflow.sdk import TaskGroup, TriggerRule
from airflow.sdk.definitions.retry_policy import ExceptionRetryPolicy, RetryAction, RetryRule

from tandem.airflow.approval.task import Approve
from tandem.airflow.assets import read, written
from tandem.airflow.dag_params import ARROWS
from tandem.airflow.ids import task_key
from tandem.airflow.notices.events import ended, failed
from tandem.airflow.parts import read_tasks
from tandem.airflow.pools import pool_of
from tandem.airflow.tasks import Step
from tandem.airflow.travels import Kind, may_ask, may_wait
from tandem.core.order import entity_order, waits_for
from tandem.errors import Busy, StopRun, Throttled, Unreachable
from tandem.model.integration import EntityMapping, Integration

RETRIES: Final[dict[str, Any]] = {
    "owner": "tandem",
    "retries": 3,
    "retry_delay": timedelta(seconds=30),
    "retry_exponential_backoff": 2,
    "max_retry_delay": timedelta(minutes=10),
    "retry_policy": ExceptionRetryPolicy(
        [
            RetryRule(StopRun, RetryAction.FAIL, reason="A person has to act first."),
            RetryRule(Unreachable, RetryAction.DEFAULT),  # without a token, perhaps Throttled too
            # The step has waited for hours already: see `waiting`.
            RetryRule(Throttled, RetryAction.FAIL, reason="The system asked us to wait too long."),
            RetryRule(Busy, RetryAction.FAIL, reason="Another run is at work for too long."),
        ]
    ),
}
"""Faults that may pass are tried again after 30, 60 and 120 s; what needs a person is not.

Given to each task: as a DAG's default_args it would be copied deeply for each, at every parse.
"""


def add_tasks(integration: Integration, kind: Kind, mappings: Iterable[EntityMapping]) -> None:
    """refresh_schema → validate_metadata → approve → extract → transform → load, an entity → … →
    report."""

    def step(task_id: str, make: Callable[..., Any] = Step, **options: Any) -> Any:
        common = {"integration": integration, "kind": kind, **RETRIES}
        return make(task_id=task_id, **common, **pool_of(integration, task_id), **options)

    refresh_schema, validate_metadata = step("refresh_schema"), step("validate_metadata")
    told = {"on_failure_callback": failed, "on_success_callback": ended}
    report = step(
        "report", trigger_rule=TriggerRule.ALL_DONE, **(told if integration.notify else {})
    )
    refresh_schema >> validate_metadata
    travelling, ready = tuple(mappings), validate_metadata
    if kind == "sync" and any(map(may_ask, travelling)):
        ready = step("approve", Approve)
        validate_metadata >> ready
    loads = _add_entities(integration, kind, travelling, step, ready)
    if any(may_wait(mapping) for mapping in travelling):
        complete_lookups = step("complete_lookups", trigger_rule=TriggerRule.ALL_DONE)
        loads >> complete_lookups >> report
    else:
        (loads or ready) >> report


def _add_entities(
    integration: Integration,
    kind: Kind,
    travelling: tuple[EntityMapping, ...],
    step: Callable[..., Any],
    before: Step,
) -> list[Step]:
    """A task group an entity; a transform waits for the loads that it needs. The loads."""
    loads: dict[str, Step] = {}
    names = {mapping.external for mapping in travelling}
    for group in entity_order(integration):
        loaded = {}
        for mapping in group:
            if mapping.external not in names:
                continue
            with TaskGroup(task_key(mapping.external), tooltip=_way(mapping)):
                first, extract = read_tasks(mapping, step, inlets=read(integration, mapping, kind))
                # Entities that are not asked for are skipped, and must not skip who looks them up.
                transform = step(
                    "transform", entity=mapping.external, trigger_rule=TriggerRule.NONE_FAILED
                )
                load = step(
                    "load", entity=mapping.external, outlets=written(integration, mapping, kind)
                )
            before >> first
            extract >> transform >> load
            needed = waits_for(integration, mapping) & loads.keys()
            [loads[name] for name in sorted(needed)] >> transform
            loaded[mapping.external] = load
        loads |= loaded
    return list(loads.values())


def _way(mapping: EntityMapping) -> str:
    return f"{ARROWS[mapping.direction]} {mapping.local}"
