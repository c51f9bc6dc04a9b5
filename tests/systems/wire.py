"""What lies between Tandem and a simulated system: a wire that can be disturbed, and a clock."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx

Disturbance = Callable[[httpx.Request], httpx.Response | Exception | None]


@dataclass
class Wire(httpx.BaseTransport):
    """Notes what Tandem asks of the system, and disturbs it as it is told."""

    there: httpx.BaseTransport
    host: str = ""
    """The system's; what other hosts are asked is let pass unnoticed. Empty: there is no other."""
    before: Disturbance = lambda _request: None
    """An answer or an error in place of the system's; None: let it pass."""
    after: Disturbance = lambda _request: None
    """The same, once the system has done what it was asked."""
    asked: list[httpx.Request] = field(default_factory=list)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        if self.host and request.url.host != self.host:
            return self.there.handle_request(request)
        self.asked.append(request)
        disturbed = self.before(request)
        if disturbed is None:
            answer = self.there.handle_request(request)
            disturbed = self.after(request)
        if isinstance(disturbed, Exception):
            raise disturbed
        return answer if disturbed is None else disturbed


@dataclass
class Time:
    """The clock of the simulated systems: each look at it is a moment later."""

    now: datetime = field(default_factory=lambda: datetime(2026, 3, 2, 8, tzinfo=UTC))

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=7)
        return self.now

    def go_on(self, minutes: float) -> None:
        """Let time pass."""
        self.now += timedelta(minutes=minutes)
