"""What clocks of a time zone show at an instant, and at which instants they show it."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

CLOCK: Final = pa.timestamp("us")
INSTANT: Final = pa.timestamp("us", tz="UTC")

_LATE: Final = 2_114_380_800_000_000
"""2037, in microseconds since 1970. From here on Arrow knows no daylight saving time: the zone
files that it reads end with that year."""


def is_zone(name: str) -> bool:
    """Whether the time zone database has a zone of that name."""
    try:
        pc.local_timestamp(pa.array([0], pa.timestamp("us", tz=name)))
    except pa.ArrowInvalid:
        return False
    return True


def clocks_at(instants: pa.Array, zone: str) -> pa.Array:
    """What clocks of the zone show; null where that is beyond the year 9999."""
    shown = pc.local_timestamp(instants.cast(pa.timestamp("us", tz=zone)))
    there = ZoneInfo(zone)
    return _late_ones(
        instants, shown, lambda instant: instant.astimezone(there).replace(tzinfo=None)
    )


def first_instants(clocks: pa.Array, zone: str) -> pa.Array:
    """When clocks of the zone show this first; some instant near it where they never do."""
    return _instants(clocks, zone, 0, "earliest")


def last_instants(clocks: pa.Array, zone: str) -> pa.Array:
    """When clocks of the zone show this last; some instant near it where they never do."""
    return _instants(clocks, zone, 1, "latest")


def _instants(clocks: pa.Array, zone: str, fold: int, which: str) -> pa.Array:
    found = pc.assume_timezone(clocks, zone, ambiguous=which, nonexistent="earliest").cast(INSTANT)
    there = ZoneInfo(zone)
    return _late_ones(
        clocks, found, lambda clock: clock.replace(tzinfo=there, fold=fold).astimezone(UTC)
    )


def _late_ones(
    moments: pa.Array, found: pa.Array, exact: Callable[[datetime], datetime]
) -> pa.Array:
    """`found`, with the late ones as Python knows them: each distinct value once."""
    late = pc.greater_equal(moments.cast(pa.int64()), _LATE)
    if not pc.any(late).as_py():
        return found
    distinct = pc.unique(moments.filter(late)).drop_null()
    values = [_or_none(exact, value) for value in distinct.to_pylist()]
    there = pa.array(values, found.type).take(pc.index_in(moments, value_set=distinct))
    return pc.if_else(late, there, found)


def _or_none(exact: Callable[[datetime], datetime], value: datetime) -> datetime | None:
    try:
        return exact(value)
    except OverflowError:
        return None
