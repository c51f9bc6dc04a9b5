"""Requests on their way until each is answered: repeats, smaller batches, several at a time."""

from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final, Protocol

from tandem.connectors.http import ATTEMPTS, Reply, pause
from tandem.connectors.http_codes import TooManyAtOnce
from tandem.connectors.http_errors import cannot_heal
from tandem.connectors.odata.channel import MOST_ALONE, Channel, Form, Pace
from tandem.connectors.odata.exchange import Exchange, alone, batch
from tandem.connectors.odata.requests import Request
from tandem.connectors.throttling import WORKER
from tandem.errors import RetryLater, StopRun, TandemError, Unreachable
from tandem.model.schema import Entity

_ALONE_AT: Final = 2
"""A refused batch of no more requests than this is sent as plain requests."""


@dataclass(slots=True)
class Delivery:
    """What became of the requests."""

    replies: dict[int, Reply] = field(default_factory=dict)
    """Row → its answer, good or bad."""
    unknown: list[int] = field(default_factory=list)
    """Rows whose request was sent and whose answer was lost."""
    unsent: list[int] = field(default_factory=list)
    repeated: set[int] = field(default_factory=set)
    """Rows whose first answer was lost, and that were answered when they were sent once more."""
    stopped_by: RetryLater | None = None

    @property
    def named(self) -> set[int]:
        """Rows that nothing more is to be done about."""
        return {*self.replies, *self.unknown, *self.unsent}

    def and_then(self, later: "Delivery") -> "Delivery":
        """Both; what was sent in vain at first, and not again, may have been done all the same."""
        lost = self.repeated.intersection(later.unsent)
        return Delivery(
            {**self.replies, **later.replies},
            [*self.unknown, *later.unknown, *sorted(lost)],
            [*self.unsent, *(row for row in later.unsent if row not in lost)],
            self.repeated.intersection(later.replies) | later.repeated,
            self.stopped_by or later.stopped_by,
        )


class Bulk(Protocol):
    """A vendor's own way to send many records at once."""

    def deliver(self, entity: Entity, requests: Sequence[Request]) -> Delivery:
        """What became of those that went this way; the others are not named. Those that were sent
        in vain, and may be sent once more, are `repeated`.
        """
        ...


def deliver(channel: Channel, form: Form | None, requests: Sequence[Request]) -> Delivery:
    """Send them all, each once, or more often where that is safe.

    Raises StopRun if the service does not let us in and has done nothing yet.
    """
    courier = _Courier(channel, form, requests)
    with ThreadPoolExecutor(MOST_ALONE, thread_name_prefix="tandem-write") as threads:
        while courier.waits():
            courier.go(threads)
    return courier.delivery


class _Courier:
    def __init__(self, channel: Channel, form: Form | None, requests: Sequence[Request]) -> None:
        self._channel = channel
        self._form = form
        self._waiting = deque(requests)
        self._parts: deque[list[Request]] = deque()
        """Batches that are sent as they are, before the others."""
        self._plain: set[int] = set()
        """Rows that travel alone."""
        self._failures = 0
        self._uncertain: set[int] = set()
        self.delivery = Delivery()

    def waits(self) -> bool:
        """Whether there is anything left to send."""
        return bool(self._waiting or self._parts)

    def go(self, threads: ThreadPoolExecutor) -> None:
        """Send some batches at the same time, and settle them in their order."""
        wave = self._wave()
        first, *others = wave
        later = [threads.submit(self._send, chunk) for chunk in others]
        exchanges = [self._send(first), *(result.result() for result in later)]
        again: list[Request] = []
        for chunk, exchange in zip(wave, exchanges, strict=True):
            again += self._settle(chunk, exchange)
        self._waiting.extendleft(reversed(again))
        faults = [e.fault for e in exchanges if e.fault and not (e.refused or e.too_large)]
        progress = any(reply for exchange in exchanges for reply in exchange.replies)
        if faults:
            too_many = (fault for fault in faults if isinstance(fault, TooManyAtOnce))
            self._recover(next(too_many, faults[0]), progress=progress)
        elif all(None not in exchange.replies for exchange in exchanges):
            self._failures = 0
            self._pace.faster()
        elif not progress and not any(e.refused or e.too_large for e in exchanges):
            self._recover(Unreachable("The service answers none of the requests."), progress=False)

    @property
    def _pace(self) -> Pace:
        return self._channel.pace if self._form else self._channel.alone

    def _wave(self) -> list[list[Request]]:
        """What is sent now: as many batches as may be under way."""
        wave: list[list[Request]] = []
        while self.waits() and len(wave) < self._pace.at_once:
            wave.append(self._parts.popleft() if self._parts else self._next())
        return wave

    def _next(self) -> list[Request]:
        """The next requests, as many as a batch may hold, of one kind: to travel alone or not."""
        chunk = [self._waiting.popleft()]
        size = len(chunk[0].body)
        while self._waiting and len(chunk) < self._pace.size:
            request = self._waiting[0]
            size += len(request.body) + _envelope(request)
            fits = not self._form or size <= self._channel.pace.bytes
            if not fits or (request.row in self._plain) != (chunk[0].row in self._plain):
                break
            chunk.append(self._waiting.popleft())
        return chunk

    def _send(self, chunk: list[Request]) -> Exchange:
        if self._form is None or chunk[0].row in self._plain:
            return alone(self._channel.http, chunk)
        return batch(self._channel.http, self._form, chunk)

    def _settle(self, chunk: list[Request], exchange: Exchange) -> list[Request]:
        """Keep what was answered; what is to be sent once more."""
        if exchange.refused or exchange.too_large:
            self._divide(chunk, exchange)
            return []
        if self._form and any(exchange.replies) and chunk[0].row not in self._plain:
            self._channel.accepted()
        again = []
        for position, (request, reply) in enumerate(zip(chunk, exchange.replies, strict=True)):
            if reply is not None:
                self.delivery.replies[request.row] = reply
                if request.row in self._uncertain:
                    self._uncertain.discard(request.row)
                    self.delivery.repeated.add(request.row)
            elif position in exchange.perhaps and not request.repeatable:
                self.delivery.unknown.append(request.row)
            else:
                if position in exchange.perhaps:
                    self._uncertain.add(request.row)
                again.append(request)
        return again

    def _divide(self, chunk: list[Request], exchange: Exchange) -> None:
        """A batch that was refused as such is sent in halves, in the end alone."""
        if exchange.too_large:
            self._channel.pace.lighter(exchange.too_large)
        else:
            self._channel.refused(len(chunk))
            self._form = self._form and self._channel.form
        if len(chunk) <= _ALONE_AT:
            self._plain.update(request.row for request in chunk)
        if len(chunk) <= _ALONE_AT or self._form is None:
            self._waiting.extendleft(reversed(chunk))
            return
        middle = len(chunk) // 2
        self._parts += [chunk[:middle], chunk[middle:]]

    def _recover(self, fault: TandemError, *, progress: bool) -> None:
        """Wait, or give up."""
        lost_creates = bool(self.delivery.unknown)
        if isinstance(fault, StopRun) and not (self.delivery.replies or lost_creates):
            raise fault
        self._failures = 1 if progress else self._failures + 1
        if isinstance(fault, TooManyAtOnce) and self._pace.at_once > 1:  # else others are too many
            self._pace.no_more_than(self._pace.at_once - 1)
        self._pace.slower()
        if not self.waits() and not lost_creates:
            return
        wait = None if lost_creates else self._patience(fault)
        if wait is None:
            self._stop(fault)
        else:
            WORKER.rest(self._channel.http.repeats.sleep, wait, fault)

    def _patience(self, fault: TandemError) -> float | None:
        if not isinstance(fault, RetryLater) or cannot_heal(fault) or self._failures >= ATTEMPTS:
            return None
        return pause(self._failures, fault, self._channel.http.repeats.random())

    def _stop(self, fault: TandemError) -> None:
        left = [*(request for part in self._parts for request in part), *self._waiting]
        for request in left:
            lost = request.row in self._uncertain
            (self.delivery.unknown if lost else self.delivery.unsent).append(request.row)
        self._parts.clear()
        self._waiting.clear()
        # Where we are not let in any more, somebody has to know what was done before; the next
        # call raises what this one does not.
        later = fault if isinstance(fault, RetryLater) else Unreachable(fault.problem)
        self.delivery.stopped_by = later


def _envelope(request: Request) -> int:
    """Bytes that a request takes in a batch besides its body, about."""
    return 160 + len(request.path) + sum(len(n) + len(v) + 4 for n, v in request.headers.items())
