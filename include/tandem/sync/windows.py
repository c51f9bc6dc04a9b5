"""Windows of time: only what was changed last within one is looked at."""

from dataclasses import dataclass
from datetime import UTC, datetime

from tandem.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Window:
    """A span of time: from its start on, before its end. Aware instants; None: open."""

    start: datetime | None = None
    end: datetime | None = None


def window_between(since: datetime | None, until: datetime | None) -> Window | None:
    """The window that somebody asked for; None: none. A time without zone is UTC.

    ConfigurationError where nothing can lie in it.
    """
    start, end = _utc(since), _utc(until)
    if start is None and end is None:
        return None
    if start and end and start >= end:
        raise ConfigurationError(
            f"Nothing lies between {_shown(start)} and {_shown(end)}.",
            remedy="Choose a since that is before until.",
        )
    return Window(start, end)


def check_window(kind: str, mode: str, window: Window | None) -> None:
    """ConfigurationError unless a sync has a window exactly if it is asked for one."""
    if kind == "sync" and mode != "window" and window:
        raise ConfigurationError(
            f"A sync in mode {mode} has no window of time: it reads what changed since the last "
            "one, or everything.",
            remedy="Choose mode window, or leave since and until empty.",
        )
    if mode == "window" and window is None:
        raise ConfigurationError(
            "Mode window reads a span of time again, and none is given.",
            remedy="Give since, until or both.",
        )
    if mode == "window" and kind != "sync":
        raise ConfigurationError(
            f"Mode window is one of syncs; an {kind} has only since and until.",
            remedy="Leave the mode out.",
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


def _shown(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}".removesuffix(":00")
