"""Relative dates: the span of time that `today`, `last_x_days` and the like mean, everywhere."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

_DAY: Final = timedelta(days=1)

_Bounds = tuple[datetime, datetime]

_WINDOWS: Final[dict[str, Callable[[datetime, datetime, int], _Bounds]]] = {
    "today": lambda _now, day, _n: (day, day + _DAY),
    "yesterday": lambda _now, day, _n: (day - _DAY, day),
    "tomorrow": lambda _now, day, _n: (day + _DAY, day + 2 * _DAY),
    "last_x_hours": lambda now, _day, n: (now - timedelta(hours=n), now),
    "last_x_days": lambda _now, day, n: (day - n * _DAY, day + _DAY),
    "next_x_days": lambda _now, day, n: (day, day + (n + 1) * _DAY),
    "this_week": lambda _now, day, _n: _week(day),
    "this_month": lambda _now, day, _n: _month(day),
    "this_year": lambda _now, day, _n: (
        day.replace(month=1, day=1),
        day.replace(year=day.year + 1, month=1, day=1),
    ),
}

RELATIVE: Final = frozenset(_WINDOWS)
"""The operators that count from now."""


def window(operator: str, now: datetime, count: int = 0) -> tuple[datetime, datetime]:
    """From when (inclusive) to when (exclusive) a relative operator reaches; UTC.

    Days are whole days in UTC, and today is one of them: `last_x_days: 1` is yesterday and today.
    Weeks begin on Monday (ISO 8601). `now` is aware; `count` is the x.
    """
    now = now.astimezone(UTC)
    day = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return _WINDOWS[operator](now, day, count)


def _week(day: datetime) -> _Bounds:
    monday = day - day.weekday() * _DAY
    return monday, monday + 7 * _DAY


def _month(day: datetime) -> _Bounds:
    first = day.replace(day=1)
    return first, (first + 31 * _DAY).replace(day=1)
