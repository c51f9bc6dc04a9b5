"""Ways to sign in, as httpx knows them: basic, bearer, API key, OAuth2 client credentials."""

import json
import re
from collections.abc import Callable, Generator
from functools import cached_property
from threading import Lock
from typing import Any, Final, Protocol

import httpx

from tandem.connectors.http import ERROR_LIMIT
from tandem.connectors.http_bodies import first_bytes
from tandem.connectors.http_errors import NotSigned, place, sentence, server_message, unanswered
from tandem.errors import AuthenticationError, ConfigurationError, Unreachable

MICROSOFT: Final = "https://login.microsoftonline.com"

Plain = Callable[[], httpx.Client]
"""Opens a client for the authority, which carries no credentials; closed after each request."""


class Tokens(Protocol):
    """Where access tokens come from."""

    def token(self, *, fresh: bool) -> str:
        """An access token; `fresh`: not the one that was given out last."""
        ...


class BearerAuth(httpx.Auth):
    """Access tokens in the Authorization header. After a 401 one fresh token is tried, once."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self._lock = Lock()

    def sync_auth_flow(
        self, request: httpx.Request
    ) -> Generator[httpx.Request, httpx.Response, None]:
        """Called by httpx for each request."""
        self._sign(request, fresh=False)
        response = yield request
        if response.status_code == httpx.codes.UNAUTHORIZED:
            self._sign(request, fresh=True)
            yield request

    def _sign(self, request: httpx.Request, *, fresh: bool) -> None:
        # The next page is fetched in another thread.
        with self._lock:
            try:
                token = self._tokens.token(fresh=fresh)
            except Unreachable as error:
                raise NotSigned(error.problem, remedy=error.remedy) from error
            request.headers["Authorization"] = f"Bearer {token}"


class HeaderAuth(httpx.Auth):
    """A fixed header: an API key, or a bearer token that a person pasted."""

    def __init__(self, header: str, value: str) -> None:
        self._header, self._value = header, value

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Called by httpx for each request."""
        request.headers[self._header] = self._value
        yield request


class MicrosoftTokens:
    """Client credentials at Microsoft Entra ID, or another authority that MSAL knows.

    MSAL's constructor asks the authority for its metadata, so it is built for the first token.
    """

    def __init__(
        self, authority: str, client_id: str, secret: str, scope: str, plain: Plain
    ) -> None:
        self._authority = authority
        self._client_id = client_id
        self._secret = secret
        self._scope = scope
        self._plain = plain

    def token(self, *, fresh: bool) -> str:
        """A token from MSAL's cache while it lasts. Raises AuthenticationError, Unreachable."""
        try:
            if fresh:
                self._application.remove_tokens_for_client()
            answer = self._application.acquire_token_for_client(scopes=[self._scope])
        except httpx.HTTPError as error:
            raise unanswered(self._authority, error) from error
        except (ValueError, KeyError) as error:  # MSAL: no usable metadata
            raise AuthenticationError(
                f"{place(self._authority)} cannot be used as authority.",
                remedy="Check tenant and authority in the connection's extra.",
            ) from error
        return _token(answer, place(self._authority))

    @cached_property
    def _application(self) -> Any:
        # Slow to import, and few connections need it.
        import msal  # type: ignore[import-untyped]

        return msal.ConfidentialClientApplication(
            self._client_id,
            client_credential=self._secret,
            authority=self._authority,
            instance_discovery=False if not self._authority.startswith(MICROSOFT) else None,
            http_client=_MsalClient(self._plain),
        )


class EndpointTokens:
    """Client credentials at any OAuth2 token endpoint (RFC 6749, 4.4).

    A token is used until the system refuses it: its life span needs no clock of ours.
    """

    def __init__(
        self, url: str, client_id: str, secret: str, scope: str | None, plain: Plain
    ) -> None:
        self._url = url
        self._form = {
            "grant_type": "client_credentials",
            "client_id": client_id,
            "client_secret": secret,
            **({"scope": scope} if scope else {}),
        }
        self._plain = plain
        self._last: str | None = None

    def token(self, *, fresh: bool) -> str:
        """The last token, or a fresh one. Raises AuthenticationError, Unreachable."""
        if fresh or self._last is None:
            self._last = self._ask()
        return self._last

    def _ask(self) -> str:
        try:
            with (
                self._plain() as client,
                client.stream("POST", self._url, data=self._form) as response,
            ):
                body = first_bytes(response, self._url, ERROR_LIMIT)
        except httpx.LocalProtocolError as error:
            raise unanswered(self._url, error) from None
        except httpx.HTTPError as error:
            raise unanswered(self._url, error) from error
        status = response.status_code
        if status >= 500 or status == 429:
            raise Unreachable(f"{place(self._url)} gave no token ({status}).")
        try:
            return _token(json.loads(body), place(self._url))
        except (ValueError, AttributeError, RecursionError):
            said = server_message(body)
            raise _refused(place(self._url), f"{status} {said}".rstrip()) from None


def header_value(value: str, what: str) -> str:
    """The value, if a header can carry it (RFC 9110, 5.5); it never shows in the error."""
    if not re.fullmatch(r"[\t -~]*", value):
        raise ConfigurationError(
            f"{what} holds a character that no HTTP header can carry.",
            remedy="Often that is a line end, or a character that was pasted with it: "
            "enter the value again.",
        )
    return value


def _token(answer: dict[str, Any], where: str) -> str:
    if "access_token" not in answer:
        said = answer.get("error_description") or answer.get("error") or "no reason given"
        raise _refused(where, " ".join(str(said).split()))
    return header_value(str(answer["access_token"]), f"The token that {where} gives us")


def _refused(where: str, said: str) -> AuthenticationError:
    return AuthenticationError(
        f"{where} gives us no token: {sentence(said)}",
        remedy="Check tenant, client id, client secret and scope of the connection.",
    )


class _MsalClient:
    """What MSAL wants of an HTTP client, in terms of httpx."""

    def __init__(self, plain: Plain) -> None:
        self._plain = plain

    def get(self, url: str, *, params: Any = None, headers: Any = None, **_: Any) -> httpx.Response:
        with self._plain() as client:
            return client.get(url, params=params, headers=headers)

    def post(
        self, url: str, *, params: Any = None, data: Any = None, headers: Any = None, **_: Any
    ) -> httpx.Response:
        with self._plain() as client:
            return client.post(url, params=params, data=data, headers=headers)

    def close(self) -> None:
        """Nothing stays open."""
