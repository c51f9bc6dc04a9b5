"""What a preview or a run is asked for, as somebody chose it."""

from datetime import datetime
from typing import Any

from pydantic import Field

from tandem.airflow.travels import travelling
from tandem.errors import ConfigurationError
from tandem.model.integration import Integration
from tandem.sync.job import JobKind, Mode, Request
from tandem.sync.windows import Window, check_window, window_between
from tandem.web.answers import Shown


class Asked(Shown):
    """What a preview or a run is asked for."""

    kind: JobKind = "sync"
    """import: download once; export: upload once; sync: keep both sides in step."""
    mode: Mode = Field(
        "auto", description="Of a sync: what changed, everything again, or a window of time again."
    )
    entities: tuple[str, ...] = Field((), description="External entities; none: all of them.")
    since: datetime | None = Field(
        None, description="Except in modes auto and full: only what was changed from then on (UTC)."
    )
    until: datetime | None = Field(
        None, description="Except in modes auto and full: only what was changed before then (UTC)."
    )


def checked(asked: Asked, integration: Integration) -> Asked:
    """What is asked, with instants that say UTC; ConfigurationError if it is no run at all."""
    _check_entities(asked, integration)
    window = window_between(asked.since, asked.until)
    check_window(asked.kind, _mode(asked), window)
    span = window or Window()
    return asked.model_copy(update={"since": span.start, "until": span.end})


def _mode(asked: Asked) -> Mode:
    return asked.mode if asked.kind == "sync" else "full"


def _check_entities(asked: Asked, integration: Integration) -> None:
    known = [mapping.external for mapping in travelling(integration, asked.kind)]
    if not known:
        way = {"import": "downloads", "export": "uploads"}.get(asked.kind, "syncs")
        raise ConfigurationError(
            f"No enabled entity of {integration.name} {way}.",
            remedy="Give one of them a direction that goes this way, or enable it.",
        )
    other = [entity for entity in asked.entities if entity not in known]
    if other:
        raise ConfigurationError(
            f"{other[0]} is not part of an {asked.kind} of {integration.name}."
            if asked.kind != "sync"
            else f"{integration.name} has no enabled entity {other[0]!r}.",
            remedy="Leave it out, or change its mapping.",
        )


def request_of(asked: Asked, run_id: str) -> Request:
    """The request of a run, or preview, for what was asked and checked."""
    window = window_between(asked.since, asked.until)
    return Request(run_id, asked.kind, _mode(asked), asked.entities, window=window)


def params_of(asked: Asked, *, approved: bool = False) -> dict[str, Any]:
    """What was asked and checked as params of its DAG, see `tandem.airflow.dag_params`."""
    since, until = (moment and moment.isoformat() for moment in (asked.since, asked.until))
    span = {"entities": [*asked.entities], "since": since, "until": until}
    if asked.kind == "sync":
        return {"mode": asked.mode, "confirm": approved, **span}
    return {"preview": False, **span}
