"""Where HTTP becomes our errors: statuses and failed connections, as tables."""

import json
import re
import socket
import ssl
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from typing import Any, Final

import httpx

from tandem.connectors.http_codes import Meaning, meaning
from tandem.errors import (
    AnchorExpired,
    AuthenticationError,
    ConfigurationError,
    TandemError,
    Throttled,
    Unreachable,
    printable,
)

_CHECK_HOST: Final = "Check the host of the connection."
_TRUST: Final = (
    'Write the path of the CA bundle that signed it into the connection\'s extra: {"verify": "…"}.'
)
_ASK_THE_SERVICE: Final = (
    "Try again; if it stays so, ask whoever runs the service, whose log says more."
)

_FAILURES: Final[tuple[tuple[type[BaseException], str, str], ...]] = (
    (socket.gaierror, "its name cannot be resolved (DNS)", _CHECK_HOST),
    (ConnectionRefusedError, "it refused the connection", f"Is it running? {_CHECK_HOST}"),
    (ssl.SSLCertVerificationError, "its TLS certificate is not trusted", _TRUST),
    (ssl.SSLError, "the TLS handshake failed", f"Is it https at all? {_CHECK_HOST}"),
    (httpx.TooManyRedirects, "it redirects in a circle", _CHECK_HOST),
    (httpx.ConnectTimeout, "it did not answer (connecting timed out)", _CHECK_HOST),
    (httpx.TimeoutException, "it did not answer in time (timed out)", _ASK_THE_SERVICE),
    (httpx.ConnectError, "the connection failed", _CHECK_HOST),
    (httpx.TransportError, "the connection broke off", _ASK_THE_SERVICE),
)
"""Cause of a failed request → what to say, the most telling first."""

_STATUSES: Final[dict[int, Meaning]] = {
    401: (
        AuthenticationError,
        "does not accept our credentials",
        "Check the sign-in of connection {name!r}.",
    ),
    403: (
        AuthenticationError,
        "does not permit this",
        "Give the user of connection {name!r} the permission.",
    ),
    404: (
        ConfigurationError,
        "has nothing there",
        "Check the host of connection {name!r} (the service root URL) and the entity's name.",
    ),
    408: (Unreachable, "gave up waiting", _ASK_THE_SERVICE),
    429: (Throttled, "asks us to slow down", ""),
    501: (ConfigurationError, "does not support this", ""),
}
_OTHERS: Final = (
    (500, Unreachable, "failed", _ASK_THE_SERVICE),
    (0, ConfigurationError, "refuses the request", ""),
)
"""Lowest status → error, for statuses that the table does not name."""

_EXCERPT: Final = 300

_LOOKED_AT: Final = 4_096
"""Bytes of an error's body in which we look for its reason."""
_EXPIRED: Final = (
    (
        (400, 404, 501),
        re.compile(rb"delta ?token|skip ?token|delta ?link|sync ?token", re.IGNORECASE),
    ),
    (
        (400, 404, 500, 501),
        re.compile(
            rb"0x80044352|-2147204270|Expired ?Version ?Stamp|version ?stamp associated"
            rb"|syncStateNotFound|resyncRequired|does not support delta",
            re.IGNORECASE,
        ),
    ),
)
"""Statuses besides 410 Gone (OData 4.01 Protocol, 11.3) and the words that mean the same with
them: Dataverse's ExpiredVersionStamp, also after a change of the table; Graph's and Business
Central's words; and whoever complains of the token that our link holds."""


class FilterRefused(ConfigurationError):
    """The service does not take the filter of a query."""


class TooSlow(Unreachable):
    """What was asked for takes the system too long: less of it may do."""


class NotSigned(Unreachable, Throttled):
    """No token is to be had, and so the request was not sent or not let in. The authority may
    say how long to wait.
    """


def cannot_heal(error: BaseException) -> bool:
    """Whether asking again at once is of no use, although no answer came."""
    lasting = (ssl.SSLCertVerificationError, httpx.TooManyRedirects)
    return any(isinstance(cause, lasting) for cause in _causes(error))


def never_sent(error: BaseException) -> bool:
    """Whether the system cannot have received, or let in, the request that was not answered."""
    before = (NotSigned, httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
    # Not `__context__`: we may have been called while another failure was dealt with.
    return isinstance(error, before) or isinstance(error.__cause__, before)


def error_code(body: bytes) -> str | None:
    """The `code` of an OData error (JSON 4.01, 21.1), perhaps empty; None: it is no such error."""
    try:
        error = json.loads(body)["error"]
        return str(error.get("code", "")) if "message" in error else None
    except (ValueError, RecursionError, TypeError, KeyError, AttributeError):
        return None


def unwelcome(name: str, response: httpx.Response, body: bytes) -> TandemError:
    """The error for a status that is neither success nor redirect.

    `name` is the connection's. Says what the system said.
    """
    status = response.status_code
    said = server_message(body)
    tracked = "track-changes" in response.request.headers.get("Prefer", "")
    special = meaning(error_code(body), said, tracked=tracked)
    kind, what, remedy = special or _by_status(status)
    if _is_about_filter(response, body):
        kind = FilterRefused
    where = f"{place(response.request.url)} {what} ({status})"
    problem = f"{where}: {sentence(said)}" if said else f"{where}."
    wait = retry_after(response.headers)
    if kind is Unreachable and wait is not None:
        kind = Throttled
    if issubclass(kind, Throttled):
        return kind(problem, remedy="It is tried again later.", retry_after=wait)
    return kind(problem, remedy=remedy.format(name=name))


def _by_status(status: int) -> Meaning:
    return _STATUSES.get(status) or next(
        (kind, what, remedy) for lowest, kind, what, remedy in _OTHERS if status >= lowest
    )


def _is_about_filter(response: httpx.Response, body: bytes) -> bool:
    """Whether a query is refused for the filter that it has."""
    asked = "$filter=" in str(response.request.url.query, "ascii", "replace")
    refused = response.status_code in (400, 501) and error_code(body) is not None
    return asked and refused and "filter" in server_message(body).lower()


def is_expired(status: int, body: bytes) -> bool:
    """Whether an answer to a link that we kept says that the link is not known any more."""
    return status == 410 or any(
        status in statuses and words.search(body[:_LOOKED_AT]) for statuses, words in _EXPIRED
    )


def expired(response: httpx.Response, body: bytes) -> AnchorExpired:
    """The error for a link that is not known any more."""
    said = server_message(body)
    where = place(response.request.url)
    problem = f"{where} does not know any more where we stopped reading ({response.status_code})"
    return AnchorExpired(f"{problem}: {sentence(said)}" if said else f"{problem}.")


def unanswered(root: str, error: httpx.HTTPError) -> TandemError:
    """The error for a request that got no answer: names host and cause."""
    if isinstance(error, httpx.UnsupportedProtocol | httpx.LocalProtocolError):
        # Its own words may quote a header, and with it the password.
        return ConfigurationError(
            f"{_host(root)} cannot be asked: HTTP cannot carry what the connection says.",
            remedy="Check its host, its password and the headers in its extra.",
        )
    causes = list(_causes(error))
    for kind, what, remedy in _FAILURES:
        if any(isinstance(cause, kind) for cause in causes):
            return Unreachable(f"{_host(root)} cannot be reached: {what}.", remedy=remedy)
    return Unreachable(f"The answer of {_host(root)} cannot be used: {error}.")


def other_host(root: str, url: str) -> ConfigurationError:
    """The error for a redirect or a nextLink that leaves the system."""
    return ConfigurationError(
        f"{_host(root)} sends us on to {_host(url)}: "
        "a link or redirect to another host is never followed.",
        remedy="If that is where the service lives, make it the host of the connection.",
    )


def answers_otherwise(url: str, what: str) -> ConfigurationError:
    """The error for a web page, or XML, where data was asked for."""
    return ConfigurationError(
        f"{place(url)} answers with {what}, not with the data asked for.",
        remedy="The host of the connection is the service root URL of an OData 4 service, such as "
        "https://host/odata/v4/service/; a sign-in page looks like this too.",
    )


def broke_off(root: str) -> Unreachable:
    """The error for an answer that was cut."""
    return Unreachable(
        f"The answer of {_host(root)} breaks off in the middle.", remedy=_ASK_THE_SERVICE
    )


def other_coding(root: str, coding: str) -> ConfigurationError:
    """The error for a body in a Content-Encoding that was not asked for."""
    return ConfigurationError(
        f"{_host(root)} answers with Content-Encoding {coding[:60]!r}; "
        "gzip or deflate, once, is what was asked for.",
        remedy="Check the proxy or the service behind the host of the connection.",
    )


def too_large(root: str, limit: int) -> ConfigurationError:
    """The error for an answer of more bytes than we take."""
    return ConfigurationError(
        f"{_host(root)} answers with more than {limit // 2**20} MB at once.",
        remedy="Check that the host of the connection is an OData service.",
    )


def retry_after(headers: httpx.Headers) -> float | None:
    """Seconds that the system wishes us to wait (RFC 9110, 10.2.3), None if it doesn't say.

    A date counts from the answer's own Date, so that our clock does not matter.
    """
    value = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"[0-9]{1,9}", value):
        return float(value)
    try:
        until, now = parsedate_to_datetime(value), parsedate_to_datetime(headers.get("Date", ""))
        return max(0.0, (until - now).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return None


def server_message(body: bytes) -> str:
    """What the system says about an error: OData's error.message, or the start of plain text."""
    try:
        return _shortened(_message(json.loads(body)))
    except (ValueError, RecursionError):
        text = body[: _EXCERPT * 4].decode(errors="replace")
        return "" if text.lstrip().startswith("<") else _shortened(text)


def _message(document: Any) -> str:
    error = document.get("error", document) if isinstance(document, dict) else document
    message = error.get("message", "") if isinstance(error, dict) else error
    if isinstance(message, dict):  # OData 2
        message = message.get("value", "")
    return str(message)


def _shortened(text: str) -> str:
    text = printable(" ".join(text.split()))
    return text if len(text) <= _EXCERPT else text[:_EXCERPT] + "…"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _host(url: str) -> str:
    """Host and port, whatever the URL is like; without credentials."""
    return re.split(r"[/?#]", url.partition("://")[2], maxsplit=1)[0].rpartition("@")[2] or url


def place(url: httpx.URL | str) -> str:
    """A URL without its query, which may hold values, and without credentials."""
    url = httpx.URL(url)
    return f"{url.scheme}://{url.netloc.decode()}{url.path}"


def sentence(text: str) -> str:
    """The text with a full stop, unless it has an end of its own."""
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."
