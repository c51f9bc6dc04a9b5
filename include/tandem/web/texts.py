"""How values read on pages."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from tandem.errors import TandemError, printable
from tandem.integration_files import BrokenFile

NOTHING: Final = "-"
LONG: Final = 200
"""Characters of a value that are shown."""


def value_text(value: Any) -> str | None:
    """A record's value as text that loses nothing; None stays None.

    int64 and decimals are texts in JSON too: JavaScript's numbers have 53 bits.
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value)


def shortened(text: str | None) -> str:
    """A value's text on a page: what it hides is in its title."""
    if text is None:
        return "null"
    shown = printable(text)
    return shown if len(shown) <= LONG else f"{shown[: LONG - 1]}…"


def problem_text(error: TandemError) -> str:
    """What is wrong. Of a file people see the name, not where on the server it is."""
    if isinstance(error, BrokenFile):
        return printable("\n".join(error.lines_without_folder))
    return error.problem


def instant(value: datetime | None) -> str:
    """A point in time, to the second."""
    return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if value else NOTHING


def duration(value: timedelta | float | None) -> str:
    """A span of time in its two largest units."""
    if value is None:
        return NOTHING
    seconds = int(value.total_seconds() if isinstance(value, timedelta) else value)
    for size, unit, small, sub in ((86_400, "d", 3_600, "h"), (3_600, "h", 60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit} {seconds % size // small} {sub}"
    return f"{seconds // 60} min {seconds % 60} s" if seconds >= 60 else f"{seconds} s"


def number(value: int) -> str:
    """A count with its thousands apart."""
    return f"{value:,}"


FILTERS: Final[dict[str, Callable[..., str]]] = {
    "shortened": shortened,
    "instant": instant,
    "duration": duration,
    "number": number,
}
