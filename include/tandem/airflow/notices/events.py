"""What is said when a run failed, is partial, is late or waits for approval, and when.

Callbacks of tasks and DAGs, light to import: Airflow calls them in a worker, and in its DAG
processor when the worker was killed.
"""

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from airflow.sdk import Context

from tandem.airflow.places import run_in_airflow, run_in_tandem, waiting_in_tandem
from tandem.model.alerts import Event
from tandem.model.integration import Integration

if TYPE_CHECKING:
    from tandem.state.overview import Waits
    from tandem.sync.report import RunReport

log = logging.getLogger(__name__)

_HAPPENED: Final[dict[Event, str]] = {
    "failure": "failed",
    "partial": "is partial",
    "late": "is late",
    "approval": "waits for approval",
}
_MOST: Final = 20
"""Entities that are named."""
_LONGEST: Final = 500
"""Characters of what is said about one."""


def failed(context: Context) -> None:
    """Callback of the report, which fails if anything did."""
    integration = _integration_of(context)
    report, lines = _became(integration.name, context["run_id"])
    troubles = list(_troubles(report)) if report else []
    cause = _cause(context.get("exception"))
    _tell(integration, "failure", context, [*lines, *([cause] if cause else []), *troubles], report)


def ended(context: Context) -> None:
    """Callback of the report of a run that did not fail: it may be partial."""
    integration = _integration_of(context)
    if all("partial" not in notice.on for notice in integration.notify):
        return
    report, lines = _became(integration.name, context["run_id"])
    if report is None:
        log.warning("Nobody is told whether the run is partial. %s", " ".join(lines))
    elif report.status == "partial":
        _tell(integration, "partial", context, list(_troubles(report)), report)


def approval_waits(integration: Integration, context: Context, question: str) -> None:
    """Tell who wants to know that the run waits for approval. Never fails.

    `question`: what a person is asked, with the counts.
    """
    _tell(integration, "approval", context, [question], None)


def late(integration: Integration, context: Context, *, dag_id: str, run_id: str) -> None:
    """Tell who wants to know that a sync has not ended in time. Never fails."""
    after = f"It has not ended {integration.late_after} hours after it was queued."
    report, lines = _became(integration.name, run_id)
    troubles = list(_troubles(report)) if report else []
    _send(integration, "late", context, [after, *lines, *troubles], report, (dag_id, run_id))


def partial_line(name: str, waits: "Waits") -> str:
    """What waits after a partial run, and where to look."""
    kinds = {
        "rejected": f"tandem rejected {name}",
        "conflicts": f"tandem conflicts {name}",
        "deletions": f"tandem preview {name}",
    }
    there = [kind for kind in kinds if getattr(waits, kind)]
    counts = ", ".join(f"{getattr(waits, kind):,} {kind}" for kind in there)
    commands = ", ".join(kinds[kind] for kind in there)
    looks = f"See {commands or f'tandem log {name}'}, or {waiting_in_tandem(name)}"
    return f"PARTIAL: what waits: {counts or 'see the log'}. {looks}"


def _integration_of(context: Context) -> Integration:
    step: Any = context["task"]
    integration: Integration = step.integration
    return integration


def _became(name: str, run_id: str) -> tuple["RunReport | None", list[str]]:
    """What the log says about the run; None, and what to say of it, if it cannot be read."""
    from contextlib import closing

    from airflow.sdk.timezone import utcnow

    from tandem.airflow.connections import find_connection
    from tandem.errors import TandemError
    from tandem.settings import Settings
    from tandem.sync.environment import Environment, open_state_of
    from tandem.sync.report import report_of

    try:
        environment = Environment(Settings.from_environment(), find_connection, utcnow)
        with closing(open_state_of(name, environment)) as state:
            return report_of(name, run_id, state.run_entries(run_id)), []
    except TandemError as error:
        return None, [f"What became of its entities is not known: {error.problem}"]
    except Exception as error:  # noqa: BLE001 - it is told all the same that the run failed
        return None, [f"What became of its entities is not known: {type(error).__name__}"]


def _troubles(report: "RunReport") -> Iterable[str]:
    """A line for each entity that not all went well with."""
    found = [entity for entity in report.entities if entity.status != "success"]
    for entity in found[:_MOST]:
        line = f"{entity.entity} {entity.direction}: {entity.status}: {entity.line}"
        yield line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"
    if len(found) > _MOST:
        yield f"… and {len(found) - _MOST} more"


def _cause(error: Any) -> str:
    """What the report failed with; the text of what we do not know may hold values of records."""
    from airflow.sdk.exceptions import AirflowFailException

    from tandem.errors import TandemError

    if error is None:
        return ""
    return str(error) if isinstance(error, TandemError | AirflowFailException) else _kind(error)


def _kind(error: Any) -> str:
    return "" if isinstance(error, str) else type(error).__name__


def _tell(
    integration: Integration,
    event: Event,
    context: Context,
    lines: list[str],
    report: "RunReport | None",
) -> None:
    run = context["ti"].dag_id, context["run_id"]
    _send(integration, event, context, lines, report, run)


def _send(
    integration: Integration,
    event: Event,
    context: Context,
    lines: list[str],
    report: "RunReport | None",
    run: tuple[str, str],
) -> None:
    if all(event not in notice.on for notice in integration.notify):
        return
    from tandem.airflow.notices.sending import Message, send
    from tandem.errors import printable

    dag_id, run_id = run
    name = integration.name
    text = [
        f"{name} {_HAPPENED[event]}: run {run_id} of {dag_id}",
        *lines,
        *(report.results.splitlines() if report and report.entities else []),
        f"In Airflow: {run_in_airflow(dag_id, run_id)}",
        f"In Tandem: {run_in_tandem(name, run_id)}",
        f"On the command line: tandem log {name}",
    ]
    subject = f"Tandem: {name} {_HAPPENED[event]}"
    send(integration, Message(event, name, run_id, subject, printable("\n".join(text))), context)
