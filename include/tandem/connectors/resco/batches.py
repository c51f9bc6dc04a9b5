"""Elements on their way to the service: a hundred an exchange, each answered by itself.

The answer has a `Result` or a `Fault` for each element, in order. They are handed on as the
answers that OData would have given, so that one set of rules settles both.
"""

import json
from collections import deque
from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from typing import Final
from xml.etree.ElementTree import Element

import httpx

from tandem.connectors.http import ATTEMPTS, Reply, pause
from tandem.connectors.http_errors import broke_off, cannot_heal, never_sent
from tandem.connectors.odata.delivery import Delivery
from tandem.connectors.resco.elements import execute_multiple
from tandem.connectors.resco.rest import DataService
from tandem.connectors.resco.xml import children, local_name, said, text_of
from tandem.connectors.throttling import WORKER
from tandem.errors import RetryLater, StopRun, TandemError, Throttled, Unreachable
from tandem.xml_source import NotXml, RefusedXml, xml_tree

_OK: Final = range(200, 300)
_NOT_NOW: Final = (429, 503)
_CREDENTIALS: Final = (401, 403)
_LOST: Final = 500
_TIMEOUT: Final = 408
_BEFORE_ALL: Final = (404, 405, 411, 413, 414, 415, 431)
"""Statuses about the request itself: what it holds was not looked at (RFC 9110, 15.5)."""


def delivered(
    service: DataService,
    entity: str,
    elements: Mapping[int, str],
    size: int,
    repeatable: Container[int] = (),
) -> Delivery:
    """What became of these elements, by row; nothing is sent twice that may have been done.

    `repeatable`: rows that change nothing when they are done again, as those that name a record.

    Raises StopRun if the service does not let us in and has done nothing yet.
    """
    courier = _Courier(service, entity, elements, repeatable)
    rows = list(elements)
    courier.waiting.extend(rows[start : start + size] for start in range(0, len(rows), size))
    while courier.waiting:
        courier.go(courier.waiting.popleft())
    return courier.delivery


@dataclass(slots=True)
class _Courier:
    service: DataService
    entity: str
    elements: Mapping[int, str]
    repeatable: Container[int]
    waiting: deque[list[int]] = field(default_factory=deque)
    delivery: Delivery = field(default_factory=Delivery)
    failures: int = 0

    def go(self, rows: list[int]) -> None:
        body = execute_multiple(self.elements[row] for row in rows)
        try:
            reply = self.service.send("ExecuteMultiple", body)
        except Unreachable as error:
            self._failed(rows, error, sent=not never_sent(error))
            return
        except StopRun as error:
            self._stop(rows, error)
            return
        self._settle(rows, reply)

    def _settle(self, rows: list[int], reply: Reply) -> None:
        if reply.status in _OK:
            self._read(rows, reply)
        elif reply.status in _CREDENTIALS:
            self._stop(rows, self._error(reply))
        elif reply.status in _NOT_NOW:
            error = self._error(reply)
            said_so = isinstance(error, Throttled)
            later = error if isinstance(error, RetryLater) else Unreachable(error.problem)
            self._failed(rows, later, sent=not said_so)
        elif reply.status >= _LOST or reply.status == _TIMEOUT:
            self._failed(rows, Unreachable(self._error(reply).problem), sent=True)
        else:
            self._refused(rows, reply)

    def _read(self, rows: list[int], reply: Reply) -> None:
        try:
            root = xml_tree(reply.body)
        except (NotXml, RefusedXml):
            self._failed(rows, broke_off(self.service.http.root), sent=True)
            return
        if local_name(root) == "Fault":
            self._refused(rows, reply)
            return
        answers = [child for child in root if local_name(child) in ("Result", "Fault")]
        for row, answer in zip(rows, answers, strict=False):
            self.delivery.replies[row] = self._as_reply(answer)
        self.failures = 0
        if left := rows[len(answers) :]:
            self._failed(left, broke_off(self.service.http.root), sent=True)

    def _as_reply(self, answer: Element) -> Reply:
        text = text_of(answer)
        if local_name(answer) == "Fault":
            return _reply(400, fault_words(answer), said(answer, "Code"))
        if text.lower() == "false":
            return _reply(400, "The service did not do it, and does not say why.")
        where = {"Location": f"{self.entity}({text})"} if said(answer, "Type") == "guid" else {}
        return Reply(200, httpx.Headers(where), b"")

    def _refused(self, rows: list[int], reply: Reply) -> None:
        """As a whole: halves find the one that is to blame, unless it may have been done in part
        and would be done twice.
        """
        if len(rows) == 1:
            words = _words(reply) or self._error(reply).problem
            self.delivery.replies[rows[0]] = _reply(400, words)
        elif reply.status in _BEFORE_ALL or all(row in self.repeatable for row in rows):
            middle = len(rows) // 2
            self.waiting.extendleft((rows[middle:], rows[:middle]))
        else:
            self._failed(rows, _unclear(reply), sent=True)

    def _failed(self, rows: list[int], error: RetryLater, *, sent: bool) -> None:
        """Without an answer: once more if it cannot have been done."""
        self.failures += 1
        http = self.service.http
        wait = pause(self.failures, error, http.repeats.random())
        if sent or wait is None or cannot_heal(error) or self.failures >= ATTEMPTS:
            (self.delivery.unknown if sent else self.delivery.unsent).extend(rows)
            self._give_up(error)
            return
        WORKER.rest(http.repeats.sleep, wait, error)
        self.waiting.appendleft(rows)

    def _stop(self, rows: list[int], error: TandemError) -> None:
        if not (self.delivery.replies or self.delivery.unknown):
            raise error
        self.delivery.unsent.extend(rows)
        self._give_up(Unreachable(error.problem, remedy=error.remedy))

    def _give_up(self, error: RetryLater) -> None:
        self.delivery.unsent.extend(row for rows in self.waiting for row in rows)
        self.waiting.clear()
        self.delivery.stopped_by = error

    def _error(self, reply: Reply) -> TandemError:
        return self.service.http.error(f"{self.service.urls.data}/ExecuteMultiple", reply)


def fault_words(fault: Element) -> str:
    """Why, in the service's words."""
    words = [said(fault, "Reason"), said(fault, "Detail")]
    return ": ".join(dict.fromkeys(filter(None, words))) or text_of(fault)


def _unclear(reply: Reply) -> Unreachable:
    return Unreachable(
        f"The data service refused many records at once: {_words(reply) or reply.status}. "
        "It may have created some of them."
    )


def _words(reply: Reply) -> str:
    """The words of a fault that stands for all."""
    try:
        root = xml_tree(reply.body)
    except (NotXml, RefusedXml):
        return ""
    faults = [root] if local_name(root) == "Fault" else list(children(root, "Fault"))
    return fault_words(faults[0]) if faults else ""


def _reply(status: int, words: str, code: str = "") -> Reply:
    """An answer as OData would have given it (OData JSON 4.01, 21.1)."""
    body = json.dumps({"error": {"code": code, "message": words}})
    return Reply(status, httpx.Headers(), body.encode())
