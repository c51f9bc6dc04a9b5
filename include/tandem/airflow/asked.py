"""What a task is asked to do: by the DAG that it belongs to, and by the params of its DAG run."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from typing import Any

from airflow.sdk import Context

from tandem.airflow.dag_params import params as known_params
from tandem.airflow.intervals import interval_of
from tandem.errors import ConfigurationError
from tandem.model.integration import Integration
from tandem.sync.job import JobKind, Request
from tandem.sync.windows import Window, window_between
from tandem.yaml_source import shortened


@dataclass(frozen=True, slots=True)
class Asked:
    """What a task is asked to do."""

    integration: Integration
    kind: JobKind
    entity: str
    """External entity; empty for the steps of the whole run."""
    step: str
    part: Mapping[str, Any] | None = None
    """Which part of the entity the step reads, as `split` has told; None: all of it."""


def request_of(asked: Asked, context: Context) -> Request:
    """The request that the params of the DAG run make."""
    params = context["params"]
    _refuse_unknown(params, [*known_params(asked.kind, ())])
    return Request(
        context["run_id"],
        asked.kind,
        mode=params.get("mode", "full"),
        entities=tuple(params["entities"]),
        approved=params.get("confirm", False),
        window=_window(context),
    )


def _refuse_unknown(params: Mapping[str, Any], known: list[str]) -> None:
    """A param that is misspelt would be left out: a preview would write."""
    for name in params.keys() - {*known}:
        close = get_close_matches(name, known, n=1)
        raise ConfigurationError(
            f"The run was asked for {shortened(name)!r}, which is no param of its DAG.",
            remedy=f"Did you mean {close[0]}?" if close else f"There is {', '.join(known)}.",
        )


def _window(context: Context) -> Window | None:
    """The window that the params name; in mode `window`, if they name none, the run's own."""
    params = context["params"]
    named = window_between(*(_moment(name, params.get(name)) for name in ("since", "until")))
    if named or params.get("mode") != "window":
        return named
    own = interval_of(context)
    if own is None:
        raise ConfigurationError(
            "Mode window reads a span of time again, and this run has none of its own: only one "
            "with a logical date of the schedule has, as in a backfill.",
            remedy="Give since, until or both.",
        )
    return window_between(*own)


def _moment(name: str, text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(
            f"{name}: {text!r} is no time.", remedy="Write it like 2026-01-31T06:00:00Z."
        ) from None
