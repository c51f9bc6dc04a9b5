"""What the task `approve` does: it asks, and notes the answer."""

import logging
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, Final

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowFailException

from tandem.airflow.approval.answer import Answered
from tandem.airflow.approval.words import body, subject
from tandem.airflow.schedules import next_due
from tandem.errors import RetryLater
from tandem.state.questions import Answer, QuestionEntry
from tandem.sync import steps
from tandem.sync.job import Run
from tandem.sync.lease import give_back, holding
from tandem.sync.people import approvals
from tandem.sync.people.approvals import Needed

LONGEST: Final = timedelta(days=7)
"""So long a run waits that somebody started, or that no other one follows."""

_ANSWERS: Final[Mapping[str, Answer]] = {"Approve": "approved", "Reject": "rejected"}
OPTIONS: Final = list(_ANSWERS)
"""What a person can answer."""

log = logging.getLogger(__name__)


def ask(run: Run, context: Context) -> dict[str, Any]:
    """The question, if somebody has to be asked and may be: its id, `subject`, `body`, `options`
    and `seconds` to wait. Other runs are let in then.
    """
    if run.approved:
        log.info("Approved beforehand: confirm is set.")
        return {}
    with holding(run, keeps=True):
        wanted = approvals.needed(run)
        if wanted.is_nothing:
            log.info("Nothing has to be approved.")
            return {}
        patience = patience_of(context, run.now())
        refused = _why_not(run, wanted, context, patience)
        if refused:
            log.warning("Nobody is asked: %s %s", refused, _AS_BEFORE)
            return {}
        question = approvals.ask(run, wanted)
    give_back(run)
    return {
        "question": question,
        "subject": subject(run.integration.name, wanted),
        "body": body(run.integration.name, wanted, run.now() + patience),
        "options": OPTIONS,
        "seconds": patience.total_seconds(),
    }


_AS_BEFORE: Final = (
    "What needs approval waits on, all else is synced. To be asked, start a run by hand."
)


def patience_of(context: Context, now: datetime) -> timedelta:
    """How long this DAG run may wait for a person; nothing, or less: not at all."""
    run = context["dag_run"]
    if run.run_type == "backfill":
        return timedelta(0)
    if run.run_type == "manual":
        return LONGEST
    due = next_due(context["dag"], run.run_after)
    return LONGEST if due is None else min(LONGEST, due - now)


def _why_not(run: Run, wanted: Needed, context: Context, patience: timedelta) -> str:
    """Why nobody is asked; empty if somebody is."""
    kind = context["dag_run"].run_type
    if kind == "backfill":
        return "nobody waits at a backfill."
    if patience <= timedelta(0):
        return "the next run is due."
    before = approvals.asked_before(run, wanted) if kind != "manual" else None
    return _said(before) if before else ""


def _said(question: QuestionEntry) -> str:
    when = f"{question.asked_at:%Y-%m-%d %H:%M} UTC"
    if question.answer == "rejected":
        return f"asked about the same list at {when}, {question.answered_by} rejected it."
    return f"asked about the same list at {when}, nobody answered."


def answered(run: Run, question: int, event: Mapping[str, Any]) -> dict[str, Any]:
    """Note the answer that Airflow has; it is handed over to the tasks that follow."""
    answer, by = _read(event)
    run.state.answer(question, answer, by=by or None, at=run.now())
    if answer == "none":
        log.warning("Nobody has answered. %s", _AS_BEFORE)
    else:
        log.info("%s by %s.", answer.capitalize(), by)
    if answer != "rejected":
        _look_again(run)
    path = approvals.list_of(run, question) if answer == "approved" else ""
    return asdict(Answered(answer, by, path))


def _read(event: Mapping[str, Any]) -> tuple[Answer, str]:
    """The answer, and who gave it."""
    if event.get("error_type") == "timeout":
        return "none", ""
    if "error" in event:
        raise AirflowFailException(f"The answer cannot be read: {event['error']}")
    (chosen,) = event["chosen_options"]
    user = event.get("responded_by_user") or {}
    return _ANSWERS[chosen], str(user.get("name") or user.get("id") or "somebody")


def _look_again(run: Run) -> None:
    """The schemas that the run was pinned to may be days old."""
    try:
        with holding(run, keeps=True):
            steps.refresh_schema(run)
    except RetryLater as error:
        # The tasks that follow try again, and wait; the answer would be lost here.
        log.warning("The schemas were not read again: %s", error)


def report_rejection(run: Run, answer: Answered) -> dict[str, Any]:
    """The report of a run that did nothing, since somebody said so."""
    give_back(run)
    run.staging.remove()
    line = f"Rejected by {answer.by}: nothing was synced."
    log.info(line)
    return {
        "integration": run.integration.name,
        "run_id": run.run_id,
        "status": "rejected",
        "entities": [],
        "lines": [line],
        "results": "",
    }
