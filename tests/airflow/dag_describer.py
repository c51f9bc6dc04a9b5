"""Parses the DAG file as Airflow does, and prints as JSON what it found."""

import json
import runpy
import sys
from typing import Any

from airflow.sdk import (  # noqa: F401 - what the DAG file takes from Airflow
    DAG,
    BaseOperator,
    Context,
    Param,
    TaskGroup,
    TriggerRule,
    get_parsing_context,
)
from airflow.sdk.definitions.retry_policy import RetryRule  # noqa: F401

AIRFLOWS_OWN = set(sys.modules)


def describe(dag: Any) -> dict[str, Any]:
    """What a person sees of the DAG."""
    return {
        "tasks": {task.task_id: sorted(task.downstream_task_ids) for task in dag.tasks},
        "params": {name: dag.params.get_param(name).schema for name in dag.params},
        "defaults": dag.params.dump(),
        "tags": sorted(dag.tags),
        "schedule": dag.schedule,
        "doc": dag.doc_md,
        "max_active_runs": dag.max_active_runs,
        "catchup": dag.catchup,
        "retries": {task.task_id: task.retries for task in dag.tasks},
    }


found = runpy.run_path(sys.argv[1])
dags = {name: describe(value) for name, value in found.items() if isinstance(value, DAG)}
dags.pop("dag", None)
sys.stdout.write(json.dumps({"dags": dags, "modules": sorted(set(sys.modules) - AIRFLOWS_OWN)}))
