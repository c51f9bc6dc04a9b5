"""What was answered to the question of the task `approve`, as the tasks after it find it."""

from dataclasses import dataclass, replace
from typing import Any, Final

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowSkipException

from tandem.airflow.asked import Asked
from tandem.airflow.travels import may_ask, travelling
from tandem.staging import Staging
from tandem.state.questions import Answer
from tandem.sync.job import Request
from tandem.sync.people.approvals import granted

_BEFORE: Final = ("refresh_schema", "validate_metadata", "approve")
"""The steps that go before the answer."""


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer, as XCom carries it."""

    answer: Answer
    by: str
    """Who gave it; empty: nobody."""
    list: str = ""
    """Where the list is that was approved."""


def answer_of(asked: Asked, context: Context) -> Answered | None:
    """The answer that this DAG run got; None if nobody was asked."""
    if asked.kind != "sync" or not any(map(may_ask, travelling(asked.integration, "sync"))):
        return None
    handed_over: Any = context["ti"].xcom_pull(task_ids="approve")
    return Answered(**handed_over) if handed_over else None


def allowed(request: Request, asked: Asked, context: Context, staging: str) -> Request:
    """The request, with what somebody has approved for this run: its list is staged at that URL.

    AirflowSkipException after a rejection, but for the report; StopRun if the list is gone that
    was approved.
    """
    if asked.step in (*_BEFORE, "report"):
        return request
    answer = answer_of(asked, context)
    if answer is None or answer.answer == "none":
        return request
    if answer.answer == "rejected":
        raise AirflowSkipException(f"Rejected by {answer.by}.")
    staged = Staging(staging, asked.integration.name, context["run_id"])
    return replace(request, granted=granted(staged, answer.list))
