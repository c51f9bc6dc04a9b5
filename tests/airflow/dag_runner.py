"""Runs DAGs in a process of its own, since Airflow changes logging and warnings of its process.

Reads one JSON request a line (`dag_id`, `conf`, `again`: tasks to be cleared and run once more) and
answers each with one JSON line: the state of the run, of each task, what the tasks handed over, and
the log.
"""

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ANSWERS = os.fdopen(os.dup(1), "w")
LOG = Path(os.environ["AIRFLOW_HOME"]) / "runner.log"
# Airflow logs to standard output; that of this process is for answers.
with LOG.open("w") as _log:
    os.dup2(_log.fileno(), 1)
    os.dup2(_log.fileno(), 2)

from airflow.dag_processing.dagbag import DagBag  # noqa: E402
from airflow.models.xcom import XComModel  # noqa: E402
from airflow.sdk.definitions.dag import _run_task  # noqa: E402
from airflow.utils.session import create_session  # noqa: E402


def run(
    dags_folder: str, dag_id: str, conf: dict[str, Any], again: Sequence[str]
) -> dict[str, Any]:
    """Run the DAG to its end, and these tasks of it a second time."""
    begin = LOG.stat().st_size
    bag = DagBag(dags_folder)
    dag = bag.dags[dag_id]
    for task in dag.tasks:
        task.retries = 0  # nobody waits here for what may pass
    ended = dag.test(run_conf=conf)
    for task_id in again:
        _clear_and_run(ended, dag.task_dict[task_id])
    with create_session() as session:
        rows = session.query(XComModel).filter(XComModel.run_id == ended.run_id).all()
        handed_over = {row.task_id: XComModel.deserialize_value(row) for row in rows}
    return {
        "state": str(ended.state),
        "tasks": {ti.task_id: str(ti.state) for ti in ended.get_task_instances()},
        "handed_over": handed_over,
        "import_errors": bag.import_errors,
        "log": LOG.read_bytes()[begin:].decode(),
    }


def _clear_and_run(ended: Any, task: Any) -> None:
    with create_session() as session:
        ti = ended.get_task_instance(task.task_id, session=session)
        ti.try_number += 1
        session.commit()
        _run_task(ti=ti, task=task)


for line in sys.stdin:
    ANSWERS.write(json.dumps(run(sys.argv[1], **json.loads(line))) + "\n")
    ANSWERS.flush()
