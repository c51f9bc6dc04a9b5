"""The DAG `tandem__housekeeping`: once a day, what nobody needs any more goes. Light to import."""

from datetime import timedelta
from typing import Any, Final

from airflow.sdk import DAG, BaseOperator, Context
from airflow.sdk.exceptions import AirflowFailException

DAG_ID: Final = "tandem__housekeeping"

_DOC: Final = """\
Deletes staged files of runs that are over, and log rows older than `TANDEM_KEEP_DAYS` (90), of all
integrations: what `tandem housekeeping` does. Anchors, links, and all that waits, stay.
"""


class KeepHouse(BaseOperator):
    """Deletes what has expired; XCom carries how much that was."""

    ui_color = "#e8f1f8"

    def execute(self, context: Context) -> dict[str, Any]:  # noqa: ARG002 - Airflow's signature
        """Delete it. What could not be deleted fails the task, after all the rest is done."""
        from airflow.sdk.timezone import utcnow

        from tandem.airflow.connections import find_connection
        from tandem.settings import Settings
        from tandem.sync.environment import Environment
        from tandem.sync.people.housekeeping import keep_house

        done = keep_house(Environment(Settings.from_environment(), find_connection, utcnow))
        for line in done.lines(dry_run=False):
            self.log.info(line)
        if done.troubles:
            raise AirflowFailException("\n".join(done.troubles))
        files = {"runs": len(done.runs), "removed_files": done.removed_files, "bytes": done.bytes}
        return {**done.rows, **files}


def build_dag() -> DAG:
    """The DAG, once a day, whether or not somebody thinks of unpausing it."""
    with DAG(
        DAG_ID,
        schedule="@daily",
        description="Deletes staged files and log rows that nobody needs any more",
        doc_md=_DOC,
        tags=["tandem"],
        catchup=False,
        is_paused_upon_creation=False,
        auto_register=False,
        max_active_runs=1,
    ) as dag:
        KeepHouse(task_id="keep_house", owner="tandem", retries=3, retry_delay=timedelta(minutes=5))
    return dag
