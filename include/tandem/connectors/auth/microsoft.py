"""Microsoft Entra ID by way of MSAL: what its applications share, and client credentials."""

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import httpx

from tandem.connectors.auth.answers import refused, token_of
from tandem.connectors.auth.endpoint import Plain, refuse_failures
from tandem.connectors.http import ERROR_LIMIT
from tandem.connectors.http_bodies import CODINGS, first_bytes
from tandem.connectors.http_errors import place, sentence, unanswered
from tandem.connectors.http_hiding import without
from tandem.errors import AuthenticationError, one_line

logging.getLogger("msal").setLevel(logging.WARNING)
# At DEBUG, which somebody may set all the same, it writes down the device codes that it redeems.
logging.getLogger("msal.token_cache").addFilter(lambda record: record.levelno > logging.DEBUG)

_SECRETS: Final = ("client_secret", "client_assertion", "device_code", "code", "refresh_token")
"""Fields of what the authority is asked (RFC 6749, 4 and 6; RFC 8628, 3.4; RFC 7521, 4.2)."""

_AMISS: Final = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RuntimeError)
"""What MSAL raises for documents that are not what it expects; it checks next to nothing."""

MICROSOFT: Final = "https://login.microsoftonline.com"


@dataclass(frozen=True, slots=True)
class Registration:
    """An application as an authority knows it, and what is asked for."""

    authority: str
    """URL of the authority with its tenant; MSAL takes https only."""
    client_id: str
    scopes: tuple[str, ...]
    plain: Plain

    @property
    def where(self) -> str:
        """The authority, for messages."""
        return place(self.authority)

    @property
    def options(self) -> dict[str, Any]:
        """What MSAL's applications take of it. Instance discovery asks Microsoft whether a host
        is an authority, and what else it is called: a connection says which one it means.
        """
        return {
            "client_id": self.client_id,
            "authority": self.authority,
            "instance_discovery": False,
            "http_client": _MsalClient(self.plain),
        }

    @contextmanager
    def asking(self) -> Iterator[None]:
        """MSAL and its HTTP client raise our errors in this block."""
        try:
            yield
        except httpx.LocalProtocolError as error:
            raise unanswered(self.authority, error) from None
        except httpx.HTTPError as error:
            raise unanswered(self.authority, error) from error
        except _AMISS as error:
            raise _unusable(self.where) from error


class MicrosoftTokens:
    """Client credentials at Microsoft Entra ID, or another authority that MSAL knows.

    MSAL's constructor asks the authority for its metadata, so it is built for the first token.
    """

    def __init__(self, registration: Registration, secret: str) -> None:
        self._registration = registration
        self._secret = secret

    def token(self, *, fresh: bool, claims: str | None = None) -> str:
        """A token from MSAL's cache while it lasts. Raises AuthenticationError, Unreachable,
        Throttled.
        """
        scopes = list(self._registration.scopes)
        with self._registration.asking():
            if fresh:
                self._application.remove_tokens_for_client()
            answer = self._application.acquire_token_for_client(scopes, claims_challenge=claims)
        return token_of(answer, self._registration.where, self._secret)

    @cached_property
    def _application(self) -> Any:
        # Slow to import, and few connections need it.
        import msal  # type: ignore[import-untyped]

        return msal.ConfidentialClientApplication(
            client_credential=self._secret, **self._registration.options
        )


class _MsalClient:
    """What MSAL wants of an HTTP client, in terms of httpx.

    What is no answer is raised here: MSAL would remember it, and give it to the next who asks
    without asking again.
    """

    def __init__(self, plain: Plain) -> None:
        self._plain = plain

    def get(self, url: str, *, params: Any = None, headers: Any = None, **_: Any) -> httpx.Response:
        """The authority's metadata."""
        response = self._asked("GET", url, params=params, headers=headers)
        if not response.is_success:
            where = place(url).partition("/v2.0/")[0]
            raise _unusable(where, _document(response).get("error_description"))
        return response

    def post(
        self, url: str, *, params: Any = None, data: Any = None, headers: Any = None, **_: Any
    ) -> httpx.Response:
        """Tokens, or why there are none: always JSON (RFC 6749, 5)."""
        response = self._asked("POST", url, params=params, data=data, headers=headers)
        if not _document(response):
            said = f"{response.status_code}, and nothing that can be read"
            raise refused({"error_description": said}, place(url))
        return response if response.is_success else _discreet(response, data or {})

    def _asked(self, method: str, url: str, *, headers: Any, **sent: Any) -> httpx.Response:
        """The answer, cut off where it is longer than any that we know what to do with."""
        headers = {**(headers or {}), "Accept-Encoding": ", ".join(CODINGS)}
        with (
            self._plain() as client,
            client.stream(method, url, headers=headers, **sent) as response,
        ):
            body = first_bytes(response, url, ERROR_LIMIT)
        refuse_failures(response)
        return _copy(response, body)

    def close(self) -> None:
        """Nothing stays open."""


def _discreet(response: httpx.Response, data: Mapping[str, Any]) -> httpx.Response:
    """A refusal, which MSAL may log and which we show, without the secrets that it quotes."""
    hidden = [str(data[name]) for name in _SECRETS if data.get(name)]
    return _copy(response, without(response.content, hidden))


def _copy(response: httpx.Response, body: bytes) -> httpx.Response:
    """The response with another body."""
    kept = {"Content-Type": response.headers.get("Content-Type", "application/json")}
    return httpx.Response(
        response.status_code, headers=kept, content=body, request=response.request
    )


def _document(response: httpx.Response) -> dict[str, Any]:
    try:
        document = json.loads(response.content)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _unusable(where: str, said: object = None) -> AuthenticationError:
    because = f": {sentence(one_line(str(said))[:400])}" if said else "."
    return AuthenticationError(
        f"{where} cannot be used as authority{because}",
        remedy="Check tenant and authority in the connection's extra.",
    )
