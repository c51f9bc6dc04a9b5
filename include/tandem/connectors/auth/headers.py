"""What a request carries to be let in: a fixed header, or a bearer token that is replaced."""

import base64
import binascii
import json
import re
from collections.abc import Generator
from threading import Lock
from typing import Protocol

import httpx

from tandem.connectors.http_errors import NotSigned
from tandem.errors import ConfigurationError, RetryLater, Throttled


class Tokens(Protocol):
    """Where access tokens come from."""

    def token(self, *, fresh: bool, claims: str | None = None) -> str:
        """An access token; `fresh`: not the one that was given out last. `claims`: JSON of what
        the system wants of it besides (OpenID Connect Core, 5.5).
        """
        ...


class BearerAuth(httpx.Auth):
    """Access tokens in the Authorization header. After a 401 one fresh token is tried, once."""

    def __init__(self, tokens: Tokens) -> None:
        self.tokens = tokens
        self._lock = Lock()
        self._last = ""

    def sync_auth_flow(
        self, request: httpx.Request
    ) -> Generator[httpx.Request, httpx.Response, None]:
        """Called by httpx for each request."""
        refused = self._sign(request)
        response = yield request
        if response.status_code == httpx.codes.UNAUTHORIZED:
            self._sign(request, refused, claims_challenge(response.headers))
            yield request

    def _sign(self, request: httpx.Request, refused: str = "", claims: str | None = None) -> str:
        # The next page is fetched in another thread, which may have a fresh token already.
        with self._lock:
            fresh = claims is not None or (bool(refused) and refused == self._last)
            try:
                self._last = self.tokens.token(fresh=fresh, claims=claims)
            except RetryLater as error:
                wait = error.retry_after if isinstance(error, Throttled) else None
                raise NotSigned(error.problem, remedy=error.remedy, retry_after=wait) from error
            request.headers["Authorization"] = f"Bearer {self._last}"
            return self._last


class HeaderAuth(httpx.Auth):
    """A fixed header: an API key, or a bearer token that a person pasted."""

    def __init__(self, header: str, value: str) -> None:
        self._header, self._value = header, value

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Called by httpx for each request."""
        request.headers[self._header] = self._value
        yield request


def claims_challenge(headers: httpx.Headers) -> str | None:
    """The claims that a 401 asks for, as JSON; None: it asks for none that can be read.

    They are base64 in `WWW-Authenticate` (Microsoft Learn, "Claims challenges, claims requests,
    and client capabilities").
    """
    found = re.search(r'\bclaims="?([A-Za-z0-9+/_=-]+)', headers.get("WWW-Authenticate", ""))
    if found is None:
        return None
    text = found[1].rstrip("=").replace("+", "-").replace("/", "_")
    try:
        claims = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
        return claims if isinstance(json.loads(claims), dict) else None
    except (binascii.Error, ValueError, RecursionError):
        return None


def header_value(value: str, what: str) -> str:
    """The value, if a header can carry it (RFC 9110, 5.5); it never shows in the error."""
    if not re.fullmatch(r"[\t -~]*", value):
        raise ConfigurationError(
            f"{what} holds a character that no HTTP header can carry.",
            remedy="Often that is a line end, or a character that was pasted with it: "
            "enter the value again.",
        )
    return value
