"""One exchange with the service: a batch, or a few requests one after the other."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tandem.connectors.http import Http, Reply, resolved
from tandem.connectors.http_bodies import is_web_page
from tandem.connectors.http_errors import (
    answers_otherwise,
    broke_off,
    error_code,
    never_sent,
    other_host,
    retry_after,
)
from tandem.connectors.odata.channel import Form, batch_url, post
from tandem.connectors.odata.requests import Request
from tandem.errors import ConfigurationError, StopRun, TandemError, Unreachable

NOT_DONE: Final = (424, 429, 503)
"""Statuses that say that the service did nothing: a request that depended on another one, or came
at a bad time (RFC 9110, 15.6.4; RFC 6585, 4; OData 4.01 Protocol, 11.7.5)."""
PERHAPS_DONE: Final = (202, 408, 502, 504)
"""Statuses of those who will do it later, or gave up waiting for others."""
UNABLE: Final = 501
TOO_LARGE: Final = 413


@dataclass(frozen=True, slots=True)
class Exchange:
    """What came of it."""

    replies: tuple[Reply | None, ...]
    """One for each request; None: no answer."""
    perhaps: frozenset[int] = frozenset()
    """Positions without an answer that the service may have done all the same."""
    fault: TandemError | None = None
    """Why some have no answer."""
    refused: bool = False
    """The batch was refused as a whole, as a batch: nothing was done."""
    too_large: int = 0
    """Bytes of a batch that was refused because of them."""


def batch(http: Http, form: Form, requests: Sequence[Request]) -> Exchange:
    """Send the requests as one batch."""
    nothing: tuple[Reply | None, ...] = (None,) * len(requests)
    every = frozenset(range(len(requests)))
    try:
        reply, size = post(http, form, requests)
    except Unreachable as error:
        return Exchange(nothing, frozenset() if never_sent(error) else every, error)
    except StopRun as error:
        return Exchange(nothing, fault=error)
    try:
        answers = form.read(reply, len(requests))
    except ValueError:
        return _as_a_whole(http, reply, size, nothing)
    return _one_by_one(http, answers.replies, whole=answers.whole)


def alone(http: Http, requests: Sequence[Request]) -> Exchange:
    """Send the requests one after the other, up to the first that is not answered."""
    replies: list[Reply | None] = [None] * len(requests)
    for position, request in enumerate(requests):
        url = http.root + request.path
        try:
            reply = http.send(request.method, url, request.headers, request.body)
        except Unreachable as error:
            perhaps = frozenset() if never_sent(error) else frozenset((position,))
            return Exchange(tuple(replies), perhaps, error)
        except StopRun as error:
            return Exchange(tuple(replies), fault=error)
        if reply.status == 401 or _leads_elsewhere(reply):
            return Exchange(tuple(replies), fault=_fault(http, reply))
        if _is_cut_short(reply):
            return Exchange(tuple(replies), frozenset((position,)), _fault(http, reply))
        replies[position] = reply
        if reply.status in NOT_DONE or is_lost(reply):
            break
    return _one_by_one(http, tuple(replies), whole=True)


def says_not_now(reply: Reply) -> bool:
    """Whether the service did nothing, and may do it later."""
    return reply.status in NOT_DONE and not _is_cut_short(reply)


def is_lost(reply: Reply) -> bool:
    """Whether the answer leaves open what became of the request.

    A service that says in its own words why it failed has undone what it began; whoever stands
    before it (520 to 524, 598, 599) knows no more than we.
    """
    if reply.status in PERHAPS_DONE or _is_web_page(reply):
        return True
    failed = reply.status >= 500 and reply.status not in (UNABLE, *NOT_DONE)
    return failed and error_code(reply.body) is None


def _is_web_page(reply: Reply) -> bool:
    """Whether a request that seems to have been done was answered with a web page."""
    return 200 <= reply.status < 300 and is_web_page(reply.headers, reply.body)


def _is_cut_short(reply: Reply) -> bool:
    """Whether a 503 may come from a proxy that lost the service on the way: the service itself
    says when to come again, or why not now. One in a batch cannot come from anybody else.
    """
    spoken = retry_after(reply.headers) is not None or error_code(reply.body) is not None
    return reply.status == 503 and not spoken


def _leads_elsewhere(reply: Reply) -> bool:
    return 300 <= reply.status < 400


def _fault(http: Http, reply: Reply) -> TandemError:
    """The error of a reply that settles nothing; it names the service, and no record."""
    link = resolved(http.root, reply.headers.get("Location", ""))
    if _leads_elsewhere(reply) and not http.is_own(link):
        return other_host(http.root, link)
    if _leads_elsewhere(reply):
        return answers_otherwise(http.root, f"a redirect ({reply.status})")
    if _is_web_page(reply):
        return answers_otherwise(http.root, "a web page")
    if reply.status == 202:
        return ConfigurationError(
            f"{http.root} puts writes off (202) and does not say what becomes of them."
        )
    return http.error(http.root, reply)


def _as_a_whole(http: Http, reply: Reply, size: int, nothing: tuple[Reply | None, ...]) -> Exchange:
    """What an answer means that is none to a batch."""
    error = http.error(batch_url(http), reply)
    every = frozenset(range(len(nothing)))
    if reply.status == TOO_LARGE:
        return Exchange(nothing, fault=error, too_large=size)
    if _is_web_page(reply):
        return Exchange(nothing, every, _fault(http, reply))
    if _leads_elsewhere(reply):
        return Exchange(nothing, fault=_fault(http, reply))
    if reply.status in (401, 403) or says_not_now(reply):
        return Exchange(nothing, fault=error)
    if 200 <= reply.status < 300:
        return Exchange(nothing, every, broke_off(http.root))
    if (reply.status >= 500 and reply.status != UNABLE) or reply.status == 408:
        return Exchange(nothing, every, error)
    return Exchange(nothing, fault=error, refused=True)


def _one_by_one(http: Http, replies: tuple[Reply | None, ...], *, whole: bool) -> Exchange:
    """The replies that settle something; the others count as not given."""
    perhaps = {p for p, reply in enumerate(replies) if reply is None and not whole}
    perhaps |= {p for p, reply in enumerate(replies) if reply is not None and is_lost(reply)}
    settled = tuple(
        None if reply is None or reply.status in NOT_DONE or position in perhaps else reply
        for position, reply in enumerate(replies)
    )
    troubles = [r for p, r in enumerate(replies) if r is not None and settled[p] is None]
    fault = _fault(http, troubles[0]) if troubles else None
    if fault is None and perhaps:
        fault = broke_off(http.root)
    return Exchange(settled, frozenset(perhaps), fault)
