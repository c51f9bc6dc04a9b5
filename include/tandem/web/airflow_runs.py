"""Which run of which DAG a run of the log is, and where Airflow shows it."""

from typing import Final
from urllib.parse import quote

from fastapi import Request

from tandem.web.answers import path_in_airflow

_KINDS: Final = ("sync", "import", "export")
_OWN: Final = ("cli__", "pages__")
"""How the ids of runs begin that Airflow knows nothing of."""


def dags_of(name: str) -> list[str]:
    """The DAGs of an integration."""
    return [f"{name}__{kind}" for kind in _KINDS]


def dag_of_run(name: str, kind: str, run_id: str) -> str | None:
    """The DAG that a logged run is of; None if it is none of Airflow's."""
    dag = "sync" if kind == "window" else kind
    if dag not in _KINDS or run_id.startswith(_OWN):
        return None
    return f"{name}__{dag}"


def airflow_path(request: Request, dag_id: str, run_id: str, task_id: str = "") -> str:
    """Where Airflow shows the run, or the log of one of its tasks."""
    run = f"/dags/{quote(dag_id, safe='')}/runs/{quote(run_id, safe=':')}"
    path = path_in_airflow(request, run)
    return f"{path}/tasks/{quote(task_id, safe='')}" if task_id else path
