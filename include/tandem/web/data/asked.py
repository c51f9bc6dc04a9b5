"""What a preview or a run is asked for, as somebody chose it."""

from datetime import UTC, datetime
from typing import Any

from pydantic import Field

from tandem.airflow.travels import travelling
from tandem.errors import ConfigurationError
from tandem.model.integration import Integration
from tandem.sync.job import JobKind, Mode, Request, Window
from tandem.web.answers import Shown


class Asked(Shown):
    """What a preview or a run is asked for."""

    kind: JobKind = "sync"
    """import: download once; export: upload once; sync: keep both sides in step."""
    mode: Mode = Field("auto", description="Of a sync: what changed, or everything again.")
    entities: tuple[str, ...] = Field((), description="External entities; none: all of them.")
    since: datetime | None = Field(
        None, description="Of an import or export: only what was changed from then on (UTC)."
    )
    until: datetime | None = Field(
        None, description="Of an import or export: only what was changed before then (UTC)."
    )


def checked(asked: Asked, integration: Integration) -> Asked:
    """What is asked, with instants that say UTC; ConfigurationError if it is no run at all."""
    _check_entities(asked, integration)
    start, end = (_utc(moment) for moment in (asked.since, asked.until))
    if asked.kind == "sync" and (start or end):
        raise ConfigurationError(
            "A sync has no window of time: it reads what changed since the last one.",
            remedy="Choose import or export, or leave since and until empty.",
        )
    if start and end and start >= end:
        raise ConfigurationError(
            f"Nothing lies between {start:%Y-%m-%d %H:%M} and {end:%Y-%m-%d %H:%M}.",
            remedy="Choose a since that is before until.",
        )
    return asked.model_copy(update={"since": start, "until": end})


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


def _utc(moment: datetime | None) -> datetime | None:
    if moment is None:
        return None
    try:
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except OverflowError:
        raise ConfigurationError(
            f"{moment.isoformat()} is no time in UTC.", remedy="Write a year from 1 to 9999 there."
        ) from None


def request_of(asked: Asked, run_id: str) -> Request:
    """The request of a run, or preview, for what was asked and checked."""
    window = Window(asked.since, asked.until) if asked.since or asked.until else None
    mode = asked.mode if asked.kind == "sync" else "full"
    return Request(run_id, asked.kind, mode, asked.entities, window=window)


def params_of(asked: Asked, *, approved: bool = False) -> dict[str, Any]:
    """What was asked and checked as params of its DAG, see `tandem.airflow.dag_params`."""
    entities = [*asked.entities]
    if asked.kind == "sync":
        return {"mode": asked.mode, "entities": entities, "confirm": approved}
    since, until = (moment and moment.isoformat() for moment in (asked.since, asked.until))
    return {"preview": False, "entities": entities, "since": since, "until": until}
