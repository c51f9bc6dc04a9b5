"""What tests and people make the organization do: throttle, forget tokens, lose answers.

Microsoft Learn, "Service protection API limits", for codes, texts and limits.
"""

import threading
from collections import deque
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from tandem.demo.errors import ServiceError

WINDOW: Final = timedelta(seconds=300)


class Limit(Enum):
    """The three limits: code and text."""

    REQUESTS = (
        "0x80072322",
        "Number of requests exceeded the limit of {limit} over time window of 300 seconds.",
    )
    TIME = (
        "0x80072321",
        "Combined execution time of incoming requests exceeded limit of {limit:,} milliseconds "
        "over time window of 300 seconds. Decrease number of concurrent requests or reduce the "
        "duration of requests and try again later.",
    )
    CONCURRENT = ("0x80072326", "Number of concurrent requests exceeded the limit of {limit}.")


@dataclass(frozen=True, slots=True)
class Protection:
    """How much a user may ask for, in a sliding window of 300 seconds."""

    requests: int = 6_000
    milliseconds: int = 1_200_000
    concurrent: int = 52

    def of(self, limit: Limit) -> int:
        """The number that belongs to a limit."""
        return {
            Limit.REQUESTS: self.requests,
            Limit.TIME: self.milliseconds,
            Limit.CONCURRENT: self.concurrent,
        }[limit]


@dataclass(frozen=True, slots=True)
class _Plan:
    throttled: int = 0
    limit: Limit = Limit.REQUESTS
    retry_after: int = 1
    refused: int = 0
    lost: int = 0
    without_privilege: frozenset[str] = frozenset()
    tokens_before: datetime | None = None


@dataclass
class Control:
    """The hand on the organization. Safe to use from several threads."""

    protection: Protection = Protection()
    _plan: _Plan = field(default_factory=_Plan)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _begun: deque[datetime] = field(default_factory=deque)
    _spent: deque[tuple[datetime, timedelta]] = field(default_factory=deque)
    _running: int = 0

    # What tests do.

    def throttle(
        self, times: int = 1, *, limit: Limit = Limit.REQUESTS, retry_after: int = 1
    ) -> None:
        """The next requests are a 429."""
        self._change(throttled=times, limit=limit, retry_after=retry_after)

    def refuse_tokens(self, times: int = 1) -> None:
        """The next requests are a 401, whatever token they bring."""
        self._change(refused=times)

    def lose_answers(self, times: int = 1) -> None:
        """The next writes are done, and the connection is closed before they are answered."""
        self._change(lost=times)

    def take_privilege(self, *logical_names: str) -> None:
        """Nobody may read the changes of these tables; none: of all they may again."""
        self._change(without_privilege=frozenset(logical_names))

    def expire_delta_tokens(self, now: datetime) -> None:
        """Delta tokens up to now have expired, as after a change of the tables."""
        self._change(tokens_before=now)

    # What the organization asks.

    def admit(self, now: datetime) -> None:
        """Count a request in. ServiceError (429) if it is one too many."""
        with self._lock:
            while self._begun and self._begun[0] <= now - WINDOW:
                self._begun.popleft()
            while self._spent and self._spent[0][0] <= now - WINDOW:
                self._spent.popleft()
            if self._plan.throttled:
                self._plan = replace(self._plan, throttled=self._plan.throttled - 1)
                raise self._too_many(self._plan.limit, self._plan.retry_after)
            self._check(now)
            self._begun.append(now)
            self._running += 1

    def leave(self, began: datetime, now: datetime) -> None:
        """An admitted request has ended."""
        with self._lock:
            self._running -= 1
            self._spent.append((now, now - began))

    def refuses(self) -> bool:
        """Whether this request's token is refused."""
        return self._take("refused")

    def loses(self) -> bool:
        """Whether the answer to this write is lost."""
        return self._take("lost")

    def may_track(self, logical_name: str) -> bool:
        """Whether the user reads the table's rows organization-wide."""
        return logical_name not in self._plan.without_privilege

    def has_expired(self, issued: datetime) -> bool:
        """Whether a delta token of that time is no longer good."""
        before = self._plan.tokens_before
        return before is not None and issued <= before

    def _check(self, now: datetime) -> None:
        spent = sum((duration for _, duration in self._spent), timedelta())
        if len(self._begun) >= self.protection.requests:
            raise self._too_many(Limit.REQUESTS, self._wait(self._begun[0], now))
        if spent >= timedelta(milliseconds=self.protection.milliseconds):
            raise self._too_many(Limit.TIME, self._wait(self._spent[0][0], now))
        if self._running >= self.protection.concurrent:
            raise self._too_many(Limit.CONCURRENT, 1)

    @staticmethod
    def _wait(oldest: datetime, now: datetime) -> int:
        """Seconds until the oldest of the window has left it."""
        return max(1, -((now - oldest - WINDOW) // timedelta(seconds=1)))

    def _too_many(self, limit: Limit, seconds: int) -> ServiceError:
        code, text = limit.value
        message = text.format(limit=self.protection.of(limit))
        return ServiceError(429, code, message, headers={"retry-after": str(seconds)})

    def _change(self, **changes: object) -> None:
        with self._lock:
            self._plan = replace(self._plan, **changes)  # type: ignore[arg-type]

    def _take(self, name: str) -> bool:
        with self._lock:
            left: int = getattr(self._plan, name)
            if left:
                self._plan = replace(self._plan, **{name: left - 1})  # type: ignore[arg-type]
            return left > 0
