"""What a test can make the simulator do, and what it saw."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import BoundedSemaphore, Lock
from typing import Final

AT_ONCE: Final = 5
PAGE_SIZE: Final = 20_000
BATCH_SIZE: Final = 100
BODY_SIZE: Final = 350 * 2**20


@dataclass
class Control:
    """Limits, troubles to come, and counts.

    Microsoft Learn, "Operational limits for Business Central online" and "HTTP status errors":
    5 requests of a user at once, others wait; 20,000 records a page; 100 requests a batch; 350 MB
    a body; `retry-after` comes with 503, not with 429.
    """

    throttle: int = 0
    """How many of the next requests are a 429."""
    unavailable: int = 0
    """How many of the next requests are a 503."""
    retry_after: int = 1
    """Seconds that a 503 names."""
    lose_answers: int = 0
    """How many of the next writes are done and then answered with a 504."""
    slow_above: int | None = None
    """A page of more records than this takes too long: 504."""
    changed_status: int = 409
    """What a stale If-Match is: 409 or 412; the published texts have both."""
    refuse_null: bool = False
    """Whether null is refused; otherwise it is taken as blank."""
    page_size: int = PAGE_SIZE
    expanded_size: int = PAGE_SIZE
    """How many lines an expanded document has before a link to more."""
    batch_size: int = BATCH_SIZE
    body_size: int = BODY_SIZE
    requests: list[str] = field(default_factory=list)
    """Method and path of each request that was let in."""
    most_at_once: int = 0
    """How many requests there were at the same time, waiting ones included."""
    _now: int = 0
    _lock: Lock = field(default_factory=Lock)
    _places: BoundedSemaphore = field(default_factory=lambda: BoundedSemaphore(AT_ONCE))

    def take(self, name: str) -> bool:
        """Whether the trouble of that name happens now; it is counted down."""
        with self._lock:
            left: int = getattr(self, name)
            setattr(self, name, max(left - 1, 0))
        return left > 0

    @contextmanager
    def place(self) -> Iterator[None]:
        """One of the places of the user; waits for it."""
        with self._lock:
            self._now += 1
            self.most_at_once = max(self.most_at_once, self._now)
        try:
            with self._places:
                yield
        finally:
            with self._lock:
                self._now -= 1
