"""Runs DAGs in a process of its own, since Airflow changes logging and warnings of its process.

Reads one JSON request a line (`dag_id`, `conf`) and answers each with one JSON line: the state of
the run, of each task, what the tasks handed over, and the log.
"""

import json
import os
import sys
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
from airflow.utils.session import create_session  # noqa: E402


def run(dags_folder: str, dag_id: str, conf: dict[str, Any]) -> dict[str, Any]:
    """Run the DAG to its end."""
    begin = LOG.stat().st_size
    bag = DagBag(dags_folder)
    ended = bag.dags[dag_id].test(run_conf=conf)
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


for line in sys.stdin:
    ANSWERS.write(json.dumps(run(sys.argv[1], **json.loads(line))) + "\n")
    ANSWERS.flush()
