"""Runs DAGs in a process of its own, since Airflow changes logging and warnings of its process.

Reads one JSON request a line (`dag_id`, `conf`, `again`: tasks to be cleared and run once more,
`says`: what a person answers who is asked; null: nothing, and the time is over at once). Answers
each with one JSON line: the state of the run, of each task, what the tasks handed over, the log.
"""

import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import current_thread, main_thread
from typing import Any
from unittest.mock import patch

ANSWERS = os.fdopen(os.dup(1), "w")
LOG = Path(os.environ["AIRFLOW_HOME"]) / "runner.log"
# Airflow logs to standard output; that of this process is for answers.
with LOG.open("w") as _log:
    os.dup2(_log.fileno(), 1)
    os.dup2(_log.fileno(), 2)

from airflow.dag_processing.dagbag import DagBag  # noqa: E402
from airflow.models.taskinstance import TaskInstance  # noqa: E402
from airflow.models.taskmap import TaskMap  # noqa: E402
from airflow.models.trigger import handle_event_submit  # noqa: E402
from airflow.models.xcom import XComModel  # noqa: E402
from airflow.sdk.definitions.dag import _run_task  # noqa: E402
from airflow.sdk.timezone import utcnow  # noqa: E402
from airflow.triggers.base import TriggerEvent  # noqa: E402
from airflow.utils.session import create_session  # noqa: E402
from sqlalchemy.orm import joinedload  # noqa: E402

OVER = {"error": "The response timeout has passed.", "error_type": "timeout"}
"""What Airflow's scheduler tells a task that nobody has answered."""


@contextmanager
def person(says: str | None) -> Iterator[None]:
    """Somebody who answers so whatever is asked: `dag.test()` sleeps while a task waits for it."""
    sleep = time.sleep

    def answer_or_sleep(seconds: float) -> None:
        if current_thread() is not main_thread() or not _answer_all(says):
            sleep(seconds)

    with patch("time.sleep", answer_or_sleep):
        yield


def _answer_all(says: str | None) -> bool:
    """Whether something was asked."""
    with create_session() as session:
        query = session.query(TaskInstance).filter(TaskInstance.state == "awaiting_input")
        asked = query.options(joinedload(TaskInstance.hitl_detail)).all()
        for ti in asked:
            _answer(ti, says, session)
    return bool(asked)


def _answer(ti: Any, says: str | None, session: Any) -> None:
    """As Airflow's API does it."""
    event: dict[str, Any] = OVER
    if says:
        detail = ti.hitl_detail
        detail.responded_by = {"id": "1", "name": "Eva"}
        detail.responded_at = utcnow()
        detail.chosen_options, detail.params_input = [says], {}
        session.add(detail)
        event = detail.as_resume_event_payload()
    handle_event_submit(TriggerEvent(event), task_instance=ti, session=session)


def run(
    dags_folder: str,
    dag_id: str,
    conf: dict[str, Any],
    again: Sequence[str],
    says: str | None = None,
) -> dict[str, Any]:
    """Run the DAG to its end, and these tasks of it a second time."""
    begin = LOG.stat().st_size
    bag = DagBag(dags_folder)
    dag = bag.dags[dag_id]
    for task in dag.tasks:
        task.retries = 0  # nobody waits here for what may pass
    with person(says):
        ended = dag.test(run_conf=conf)
    for task_id in again:
        for number in _instances(ended, task_id):
            _clear_and_run(ended, dag.task_dict[task_id], number)
    with create_session() as session:
        of_run = session.query(XComModel).filter_by(run_id=ended.run_id)
        rows = of_run.filter_by(key="return_value").all()  # links of a task have keys of their own
        handed_over = {row.task_id: XComModel.deserialize_value(row) for row in rows}
    return {
        "state": str(ended.state),
        "tasks": {ti.task_id: str(ti.state) for ti in ended.get_task_instances()},
        "handed_over": handed_over,
        "import_errors": bag.import_errors,
        "log": LOG.read_bytes()[begin:].decode(),
    }


def _instances(ended: Any, task_id: str) -> list[int]:
    """The map indexes of the task that are to run; Airflow removes those that are too many now."""
    task = ended.dag.get_task(task_id)
    with create_session() as session:
        if task.is_mapped:
            TaskMap.expand_mapped_task(task, ended.run_id, session=session)
        found = session.query(TaskInstance).filter_by(run_id=ended.run_id, task_id=task_id).all()
        return sorted(ti.map_index for ti in found if ti.state != "removed")


def _clear_and_run(ended: Any, task: Any, number: int) -> None:
    with create_session() as session:
        ti = ended.get_task_instance(task.task_id, session=session, map_index=number)
        ti.try_number += 1
        session.commit()
        _run_task(ti=ti, task=task)


for line in sys.stdin:
    ANSWERS.write(json.dumps(run(sys.argv[1], **json.loads(line))) + "\n")
    ANSWERS.flush()
