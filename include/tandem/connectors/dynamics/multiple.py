"""Many records in one request: CreateMultiple and UpdateMultiple (Microsoft Learn, "Use bulk
operation messages").

On standard tables such a request is done as a whole or not at all. What was refused is therefore
left to be sent as it is sent elsewhere, each row by itself, so that each has a fate of its own. It
carries no etags: rows with one are left as well. UpsertMultiple has no place: it is documented
for records named by alternate keys, and does not tell which ones it made.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final

import httpx

from tandem.connectors.dynamics.catalogue import Catalogue
from tandem.connectors.dynamics.definitions import Definition
from tandem.connectors.http import Http, Reply
from tandem.connectors.http_errors import broke_off, never_sent
from tandem.connectors.odata.channel import FEW
from tandem.connectors.odata.delivery import Delivery
from tandem.connectors.odata.exchange import NOT_DONE, TOO_LARGE, is_lost, says_not_now
from tandem.connectors.odata.keys import key_of
from tandem.connectors.odata.query import collection_url
from tandem.connectors.odata.requests import Request
from tandem.errors import RetryLater, StopRun, Unreachable
from tandem.model.schema import Entity

NAMESPACE: Final = "Microsoft.Dynamics.CRM"
MOST_ROWS: Final = 1_000
"""Learn: "1,000 records per request is a reasonable place to start"."""
MOST_BYTES: Final = 4 * 1024 * 1024
_REFUSALS: Final = 2
"""Requests refused one after the other after which a message is not worth trying: Learn advises
to fall back only where most of them succeed."""
_MESSAGES: Final = {"POST": "CreateMultiple", "PATCH": "UpdateMultiple"}
_CARRIED: Final = ("content-type", "accept")


class _Fate(Enum):
    DONE = auto()
    REFUSED = auto()
    LOST = auto()


@dataclass(frozen=True, slots=True)
class _Load:
    """One request with many records."""

    message: str
    entity: Entity
    table: Definition
    requests: Sequence[Request]

    @property
    def path(self) -> str:
        return f"{collection_url('', self.entity)}/{NAMESPACE}.{self.message}"

    @property
    def headers(self) -> dict[str, str]:
        headers = self.requests[0].headers
        return {name: value for name, value in headers.items() if name.lower() in _CARRIED}

    @property
    def body(self) -> bytes:
        return b'{"Targets":[' + b",".join(self._target(r) for r in self.requests) + b"]}"

    def _target(self, request: Request) -> bytes:
        """The record as it would travel alone, and what it is; of one that is there, its key."""
        members = [f'"@odata.type":"{NAMESPACE}.{self.table.logical_name}"'.encode()]
        if request.method == "PATCH":
            key = key_of(self.entity, request.path) or {}
            members += [json.dumps({self.table.key: v}).encode()[1:-1] for v in key.values()]
        own = request.body.strip()[1:-1]
        return b"{" + b",".join([*members, *([own] if own else [])]) + b"}"

    def replies(self, reply: Reply) -> dict[int, Reply] | None:
        """The answer taken apart, as if each record had travelled alone; None if it is of no use.

        CreateMultiple answers with the ids in the order of the targets, UpdateMultiple with 204.
        """
        if self.message == "UpdateMultiple":
            return {r.row: Reply(204, httpx.Headers(), b"") for r in self.requests}
        try:
            ids = [str(one) for one in json.loads(reply.body)["Ids"]]
        except (ValueError, KeyError, TypeError):
            return None
        if len(ids) != len(self.requests):
            return None
        made = (httpx.Headers({"OData-EntityId": f"{self.entity.name}({one})"}) for one in ids)
        return {r.row: Reply(204, h, b"") for r, h in zip(self.requests, made, strict=True)}


@dataclass(slots=True)
class Multiple:
    """Sends what it can as bulk operations; belongs to one connector."""

    http: Http
    catalogue: Catalogue
    _largest: int = MOST_ROWS
    _refusals: dict[tuple[str, str], int] = field(default_factory=dict)

    def deliver(self, entity: Entity, requests: Sequence[Request]) -> Delivery:
        """What became of those that could be sent; the others are not named, but for those whose
        answer was lost, and that may be sent once more: `repeated`.
        """
        delivery = Delivery()
        for message, ready in _by_message(requests).items():
            table = self._table(entity, message, len(ready))
            left = list(ready) if table else []
            while table and left and not self._gave_up(entity, message):
                chunk = _chunk(left, self._largest)
                left = left[len(chunk) :]
                self._settle(_Load(message, entity, table, chunk), delivery)
                if delivery.stopped_by:
                    delivery.unsent += [request.row for request in left]
                    return delivery
        return delivery

    def _table(self, entity: Entity, message: str, count: int) -> Definition | None:
        """The table, if it takes the message and so many records are worth it. Elastic tables do
        some of the records where others fail, and virtual ones whatever their source does.
        """
        if count <= FEW or len(entity.key) != 1 or self._gave_up(entity, message):
            return None
        try:
            table = self.catalogue.of(entity)
        except RetryLater:
            return None
        usable = table and table.is_standard and table.key
        return table if table and usable and self.catalogue.offers(message, table) else None

    def _gave_up(self, entity: Entity, message: str) -> bool:
        return self._refusals.get((entity.name, message), 0) >= _REFUSALS

    def _settle(self, load: _Load, delivery: Delivery) -> None:
        rows = [request.row for request in load.requests]
        try:
            reply = self.http.patiently(lambda: self._ask(load))
        except RetryLater as error:  # it did nothing, and does not want to now
            delivery.unsent += rows
            delivery.stopped_by = error
            return
        except StopRun as error:  # what was done before has to be told
            if not (delivery.named or delivery.repeated):
                raise
            delivery.unsent += rows
            delivery.stopped_by = Unreachable(error.problem)
            return
        fate, replies = _fate(load, reply)
        self._learn(load, reply, fate)
        if fate is _Fate.DONE:
            delivery.replies.update(replies)
        elif fate is _Fate.LOST and load.requests[0].repeatable:
            delivery.repeated.update(rows)
        elif fate is _Fate.LOST:
            delivery.unknown += rows
            delivery.stopped_by = broke_off(self.http.root)

    def _ask(self, load: _Load) -> Reply | None:
        """The answer, None if it was lost. Raises RetryLater if the service did nothing."""
        url = self.http.root + load.path
        try:
            reply = self.http.send("POST", url, load.headers, load.body)
        except Unreachable as error:
            if never_sent(error):
                raise
            return None
        if says_not_now(reply):
            later = self.http.error(url, reply)
            raise later if isinstance(later, RetryLater) else Unreachable(str(later))
        return reply

    def _learn(self, load: _Load, reply: Reply | None, fate: _Fate) -> None:
        asked = (load.entity.name, load.message)
        if fate is _Fate.DONE:
            self._refusals[asked] = 0
            return
        self._refusals[asked] = self._refusals.get(asked, 0) + 1
        if reply is None or reply.status == TOO_LARGE or reply.status >= 500:
            self._largest = max(self._largest // 2, FEW + 1)


def _fate(load: _Load, reply: Reply | None) -> tuple[_Fate, dict[int, Reply]]:
    if reply is None or reply.status in NOT_DONE or is_lost(reply):
        return _Fate.LOST, {}
    if not 200 <= reply.status < 300:
        return _Fate.REFUSED, {}
    replies = load.replies(reply)
    return (_Fate.LOST, {}) if replies is None else (_Fate.DONE, replies)


def _by_message(requests: Sequence[Request]) -> dict[str, list[Request]]:
    """The requests that a bulk operation can carry: new records, and changes that need no etag."""
    found: dict[str, list[Request]] = {}
    for request in requests:
        guarded = request.headers.get("If-Match", "*") != "*"
        if request.method in _MESSAGES and not guarded:
            found.setdefault(_MESSAGES[request.method], []).append(request)
    return found


def _chunk(requests: Sequence[Request], most: int) -> list[Request]:
    return list(_within(requests[:most], MOST_BYTES))


def _within(requests: Sequence[Request], most: int) -> Iterator[Request]:
    size = 0
    for position, request in enumerate(requests):
        size += len(request.body) + 120
        if position and size > most:
            return
        yield request
