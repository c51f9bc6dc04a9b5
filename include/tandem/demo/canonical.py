"""The one text of a guid, a date or a time: equal values have equal texts, which sort as they do.

Times carry no zone (a point in time is UTC) and no trailing zeros: `2024-01-31T07:05:00.5`.
"""

import re
from datetime import UTC, date, datetime, time
from typing import Final

_GUID: Final = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")
_TIME: Final = re.compile(r"(\d\d:\d\d(?::\d\d)?)(?:\.(\d{1,12}))?")
_INSTANT: Final = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?)(?:\.(\d{1,12}))?(Z|[+-]\d\d:\d\d)"
)


def guid_text(text: str) -> str:
    """A guid as it is kept; ValueError if it is none."""
    if not _GUID.fullmatch(text):
        raise ValueError(text)
    return text.lower()


def date_text(text: str) -> str:
    """A date as it is kept; ValueError if it is none."""
    if not _DATE.fullmatch(text):
        raise ValueError(text)
    return date.fromisoformat(text).isoformat()


def time_text(text: str) -> str:
    """A time of day as it is kept; ValueError if it is none."""
    match = _TIME.fullmatch(text)
    if not match:
        raise ValueError(text)
    return time.fromisoformat(match[1]).isoformat() + _fraction(match[2])


def instant_text(text: str) -> str:
    """A point in time as it is kept; ValueError if it is none, or before year 1 in UTC."""
    match = _INSTANT.fullmatch(text)
    if not match:
        raise ValueError(text)
    try:
        instant = datetime.fromisoformat(match[1] + match[3]).astimezone(UTC)
    except OverflowError as error:
        raise ValueError(text) from error
    return instant.replace(tzinfo=None).isoformat() + _fraction(match[2])


def _fraction(digits: str | None) -> str:
    trimmed = (digits or "").rstrip("0")
    return f".{trimmed}" if trimmed else ""
