"""One pooled HTTP client for one system: bounded repeats, and where HTTP becomes our errors."""

import logging
import random
import re
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Final, TypeVar
from urllib.parse import quote, urljoin

import httpx

from tandem.connectors.http_bodies import CODINGS, first_bytes, is_web_page, start_of
from tandem.connectors.http_errors import (
    TooSlow,
    answers_otherwise,
    broke_off,
    cannot_heal,
    expired,
    is_expired,
    other_host,
    too_large,
    unanswered,
    unwelcome,
)
from tandem.connectors.http_hiding import credentials, without
from tandem.connectors.throttling import WORKER
from tandem.errors import ConfigurationError, RetryLater, TandemError, Throttled, Unreachable

# httpx reports every URL at INFO, and with it the values in filters.
logging.getLogger("httpx").setLevel(logging.WARNING)

T = TypeVar("T")

ATTEMPTS: Final = 5
FIRST_PAUSE: Final = 0.5
LONGEST_PAUSE: Final = 30.0
LONGEST_WISH: Final = 600.0
"""Seconds that a `Retry-After` is obeyed on the spot; Business Central's window is 300."""
REDIRECTS: Final = 5
_TOO_SLOW: Final = (408, 504)
"""Business Central gives up after eight minutes, its gateway after ten: once more would do no
better (Microsoft Learn, "Operational limits" and "HTTP status codes")."""
_KEPT: Final = (307, 308)
"""Redirects that keep method and body (RFC 9110, 15.4)."""
WRITE_LIMIT: Final = 64 * 1024 * 1024
"""Bytes of an answer to a write that are read."""
ERROR_LIMIT: Final = 64 * 1024
"""Bytes of an error's body that are read: messages are short."""
TIMEOUT: Final = httpx.Timeout(120.0, connect=15.0)


@dataclass(frozen=True, slots=True)
class Format:
    """What a request asks for, and what a whole answer to it looks like."""

    accept: str
    beginnings: bytes = b""
    """A body that begins with none of these is something else; empty: anything will do."""
    endings: bytes = b""
    """A body that ends with none of these was cut; empty: anything will do."""
    limit: int = 512 * 1024 * 1024
    """Bytes, after decompression."""
    splits: bool = False
    """Whether less is asked for where it takes the system too long: then TooSlow, at once."""
    may_expire: bool = False
    """Whether the URL is one that the system may have forgotten: then AnchorExpired."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A good answer: where it came from after redirects, its headers and its whole body."""

    url: str
    headers: httpx.Headers
    body: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as it came, whatever its status says, with its whole body."""

    status: int
    headers: httpx.Headers
    body: bytes


@dataclass(frozen=True, slots=True)
class Repeats:
    """What repeating needs from outside."""

    sleep: Callable[[float], None] = time.sleep
    random: Callable[[], float] = random.random


class Http:
    """Requests to one origin (scheme, host and port); nothing is ever sent to another one."""

    def __init__(
        self, client: httpx.Client, root: str, name: str, repeats: Repeats | None = None
    ) -> None:
        """`client` carries authentication and headers; `name` is the connection's, for messages."""
        self.root = root
        self.name = name
        self._client = client
        self._origin = _origin(root)
        self.repeats = repeats or Repeats()

    def get(
        self,
        url: str,
        wanted: Format,
        headers: Mapping[str, str] | None = None,
        still_wanted: Callable[[], bool] = lambda: True,
    ) -> Answer:
        """The whole answer to `GET url`, sent character by character as it stands.

        Asked again with growing pauses when no usable answer comes, as long as `still_wanted`.
        Raises the errors of `http_errors`.
        """
        sent = {
            "Accept": wanted.accept,
            "Accept-Encoding": ", ".join(CODINGS),
            **(headers or {}),
        }
        return self.patiently(lambda: self._ask(url, wanted, sent), still_wanted)

    def patiently(self, ask: Callable[[], T], still_wanted: Callable[[], bool] = lambda: True) -> T:
        """What `ask` gives; it is called again, after pauses, as long as it raises RetryLater."""
        for attempt in range(1, ATTEMPTS):
            try:
                return WORKER.answered(ask())
            except RetryLater as error:
                wait = pause(attempt, error, self.repeats.random())
                lasting = isinstance(error, TooSlow) or cannot_heal(error)
                if wait is None or lasting or not still_wanted() or WORKER.leaves(wait, error):
                    raise
                WORKER.rest(self.repeats.sleep, wait, error)
        return ask()

    def send(self, method: str, url: str, headers: Mapping[str, str], content: bytes) -> Reply:
        """The answer to this request, which is sent once, whatever its status.

        Raises Unreachable if no whole answer came; `http_errors.never_sent` tells whether the
        system cannot have received the request. Only redirects that keep the method are followed.
        """
        sent = {"Accept-Encoding": ", ".join(CODINGS), **headers}
        for _ in range(REDIRECTS):
            if not self.is_own(url):
                raise other_host(self.root, url)
            response, body = self._exchange(method, url, sent, content)
            if response.status_code not in _KEPT or not response.has_redirect_location:
                return Reply(response.status_code, response.headers, body)
            url = resolved(url, response.headers["Location"])
        circle = httpx.TooManyRedirects("redirected in a circle")
        raise unanswered(self.root, circle) from circle

    def is_own(self, url: str) -> bool:
        """Whether the URL is one of this origin."""
        return _origin(url) == self._origin

    def error(self, url: str, reply: Reply) -> TandemError:
        """The error that an answer to a request to `url` stands for, in our words."""
        request = httpx.Request("POST", url)
        response = httpx.Response(reply.status, headers=reply.headers, request=request)
        return unwelcome(self.name, response, reply.body)

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def _exchange(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes
    ) -> tuple[httpx.Response, bytes]:
        fields = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
        request = self._client.build_request(method, url, headers=fields, content=content)
        request.url = VerbatimUrl(url)
        try:
            with closing(self._client.send(request, stream=True)) as response:
                return response, self._received(response)
        except httpx.LocalProtocolError as error:
            raise unanswered(self.root, error) from None
        except httpx.HTTPError as error:
            raise unanswered(self.root, error) from error

    def _received(self, response: httpx.Response) -> bytes:
        """The body of an answer to a write; an error may carry the answers of a whole batch."""
        try:
            body = first_bytes(response, self.root, WRITE_LIMIT)
            return body if response.is_success else without(body, credentials(response.request))
        except ConfigurationError as error:  # the request was received all the same
            raise Unreachable(error.problem, remedy=error.remedy) from error

    def _ask(self, url: str, wanted: Format, headers: Mapping[str, str]) -> Answer:
        for _ in range(REDIRECTS):
            if not self.is_own(url):
                raise other_host(self.root, url)
            answer = self._ask_once(url, wanted, headers)
            if isinstance(answer, Answer):
                return answer
            url = answer
        circle = httpx.TooManyRedirects("redirected in a circle")
        raise unanswered(self.root, circle) from circle

    def _ask_once(self, url: str, wanted: Format, headers: Mapping[str, str]) -> Answer | str:
        """The answer, or where we are redirected to."""
        request = self._client.build_request("GET", url, headers=headers)
        request.url = VerbatimUrl(url)
        try:
            with closing(self._client.send(request, stream=True)) as response:
                body = self._body(response, wanted.limit)
        except httpx.LocalProtocolError as error:
            raise unanswered(self.root, error) from None
        except httpx.HTTPError as error:
            said = unanswered(self.root, error)
            # A gateway's own time-out may be longer than ours.
            if wanted.splits and isinstance(error, httpx.ReadTimeout):
                said = TooSlow(said.problem, remedy=said.remedy)
            raise said from error
        if response.has_redirect_location:
            return resolved(url, response.headers["Location"])
        if not response.is_success:
            if wanted.may_expire and is_expired(response.status_code, body):
                raise expired(response, body)
            said = unwelcome(self.name, response, body)
            if wanted.splits and response.status_code in _TOO_SLOW:
                raise TooSlow(said.problem, remedy=said.remedy)
            raise said
        self._refuse_other_things(url, wanted, response.headers, body)
        return Answer(url, response.headers, body)

    def _refuse_other_things(
        self, url: str, wanted: Format, headers: httpx.Headers, body: bytes
    ) -> None:
        start, end = start_of(body), body[-64:].rstrip()
        declared = headers.get("Content-Type", "")
        if is_web_page(headers, body):
            raise answers_otherwise(url, "a web page")
        if wanted.beginnings and start and start[0] not in wanted.beginnings:
            raise answers_otherwise(url, declared or "something else")
        if wanted.endings and (not end or end[-1] not in wanted.endings):
            raise broke_off(self.root)

    def _body(self, response: httpx.Response, limit: int) -> bytes:
        """The body, in one piece; refused as soon as it exceeds the limit, an error's cut."""
        limit = limit if response.is_success else ERROR_LIMIT
        body = first_bytes(response, self.root, limit)
        if response.is_success and len(body) > limit:
            raise too_large(self.root, limit)
        return body if response.is_success else without(body, credentials(response.request))


class VerbatimUrl(httpx.URL):
    """A URL whose path and query are sent as they stand.

    httpx would quote some characters anew, and a link of the server's is to be given back as it
    was received (OData 4.01 Protocol, 11.2.6.7: clients treat it as opaque). Only what a request
    line cannot carry (spaces, control characters, other than ASCII) is quoted.
    """

    def __init__(self, url: str) -> None:
        super().__init__(url)
        after_scheme = url.partition("#")[0].partition("://")[2]
        path = re.search(r"[/?].*", after_scheme, re.DOTALL)
        target = path[0] if path else "/"
        target = target if target.startswith("/") else "/" + target
        self._target = re.sub(r"[^!-~]+", lambda match: quote(match[0]), target).encode()

    @property
    def raw_path(self) -> bytes:
        """What stands in the request line."""
        return self._target


def resolved(base: str, link: str) -> str:
    """The link as a URL; one that is absolute stays as it is, character by character."""
    if re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*://", link):
        return link
    try:
        return urljoin(base, link)
    except ValueError:  # no URL at all: whoever asks for it will be told so
        return link


def pause(attempt: int, error: RetryLater, chance: float) -> float | None:
    """Seconds to wait before the next attempt; None: longer than anyone wants to wait here.

    Exponential with jitter (`chance` is 0 to 1), or what the system wishes.
    """
    if isinstance(error, Throttled) and error.retry_after is not None:
        return error.retry_after + chance if error.retry_after <= LONGEST_WISH else None
    return min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** (attempt - 1)) * (0.5 + chance)


def _origin(url: str) -> tuple[str, str, int | None]:
    """Scheme, host and port as the client will understand them; the default port is None."""
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, UnicodeError):
        return "", url, None
    return parsed.scheme, parsed.host, parsed.port
