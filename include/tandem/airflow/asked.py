"""What a task is asked to do: by the DAG that it belongs to, and by the params of its DAG run."""

from dataclasses import dataclass

from airflow.sdk import Context
from airflow.sdk.timezone import parse

from tandem.model.integration import Integration
from tandem.sync.job import JobKind, Request, Window


@dataclass(frozen=True, slots=True)
class Asked:
    """What a task is asked to do."""

    integration: Integration
    kind: JobKind
    entity: str
    """External entity; empty for the steps of the whole run."""
    step: str


def request_of(asked: Asked, context: Context) -> Request:
    """The request that the params of the DAG run make."""
    params = context["params"]
    return Request(
        context["run_id"],
        asked.kind,
        mode=params.get("mode", "full"),
        entities=tuple(params["entities"]),
        approved=params.get("confirm", False),
        window=_window(params.get("since"), params.get("until")),
    )


def _window(since: str | None, until: str | None) -> Window | None:
    if not since and not until:
        return None
    start, end = (parse(text) if text else None for text in (since, until))
    return Window(start, end)
