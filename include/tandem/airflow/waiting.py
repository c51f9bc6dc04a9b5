"""What a step waits for without a worker: a system that asks for it, and its integration's turn.

It defers by a time trigger and is run again; no retry is used up.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from tandem.errors import Busy, Throttled, asks_to_wait

THROTTLED_AT_MOST: Final = timedelta(hours=6)
"""How long a step waits for a throttling system, all pauses together; then it fails."""
BUSY_AT_MOST: Final = timedelta(hours=12)
"""How long a step waits for another run to end, all in all: that may be a first sync."""
UNSAID: Final = timedelta(minutes=5)
"""What is waited for a system that does not say how long."""
LOOK_AGAIN: Final = timedelta(minutes=1)
"""How often a step looks whether the other run has ended."""
LONGEST_NAP: Final = timedelta(minutes=5)
"""The lease has to be renewed in between: it is good for twice as long."""


@dataclass(frozen=True, slots=True)
class Waited:
    """What a step has waited for so far; JSON-able, for it goes through the trigger."""

    throttled: float = 0.0
    """Seconds that systems asked for, those included that are still to come."""
    busy: float = 0.0
    """Seconds for other runs."""
    until: str = ""
    """ISO 8601 instant until which a system asks us to wait; empty: no longer."""

    def left(self, now: datetime) -> timedelta:
        """How long a system still wants us to wait; zero or less: not any more."""
        return datetime.fromisoformat(self.until) - now if self.until else timedelta(0)

    def nap(self, now: datetime) -> timedelta:
        """How long to be away before the lease is renewed, or the other run is looked at."""
        left = self.left(now)
        return min(left, LONGEST_NAP) if left > timedelta(0) else LOOK_AGAIN


def after(error: Throttled | Busy, waited: Waited, now: datetime) -> Waited | None:
    """What a step waits for that failed like this; None: it has waited long enough, and fails."""
    if isinstance(error, Busy):
        more = replace(waited, busy=waited.busy + LOOK_AGAIN.total_seconds())
        return more if more.busy <= BUSY_AT_MOST.total_seconds() else None
    if not asks_to_wait(error):
        return None
    wish = wish_of(error)
    throttled = waited.throttled + wish.total_seconds()
    if throttled > THROTTLED_AT_MOST.total_seconds():
        return None
    return replace(waited, throttled=throttled, until=(now + wish).isoformat())


def wish_of(error: Throttled) -> timedelta:
    """How long the system asks us to wait."""
    if error.retry_after is None:
        return UNSAID
    longest = 2 * THROTTLED_AT_MOST.total_seconds()  # more would make no difference
    return timedelta(seconds=min(max(error.retry_after, 1.0), longest))
