"""Client credentials at any OAuth2 token endpoint."""

import json
from collections.abc import Callable

import httpx

from tandem.connectors.auth.answers import refused, token_of
from tandem.connectors.http import ERROR_LIMIT
from tandem.connectors.http_bodies import first_bytes
from tandem.connectors.http_errors import place, retry_after, server_message, unanswered
from tandem.connectors.http_hiding import without
from tandem.errors import Throttled, Unreachable

Plain = Callable[[], httpx.Client]
"""Opens a client for the authority, which carries no credentials; closed after each request."""


class EndpointTokens:
    """Client credentials at any OAuth2 token endpoint (RFC 6749, 4.4).

    A token is used until the system refuses it: its life span needs no clock of ours.
    """

    def __init__(
        self, url: str, client_id: str, secret: str, scope: str | None, plain: Plain
    ) -> None:
        self._url = url
        self._secret = secret
        self._form = {
            "grant_type": "client_credentials",
            "client_id": client_id,
            "client_secret": secret,
            **({"scope": scope} if scope else {}),
        }
        self._plain = plain
        self._last: str | None = None

    def token(self, *, fresh: bool, claims: str | None = None) -> str:  # noqa: ARG002 - Microsoft's
        """The last token, or a fresh one. Raises AuthenticationError, Unreachable, Throttled."""
        if fresh or self._last is None:
            self._last = self._ask()
        return self._last

    def _ask(self) -> str:
        try:
            with (
                self._plain() as client,
                client.stream("POST", self._url, data=self._form) as response,
            ):
                body = without(first_bytes(response, self._url, ERROR_LIMIT), [self._secret])
        except httpx.LocalProtocolError as error:
            raise unanswered(self._url, error) from None
        except httpx.HTTPError as error:
            raise unanswered(self._url, error) from error
        refuse_failures(response)
        where, status = place(self._url), response.status_code
        try:
            return token_of(json.loads(body), where, self._secret)
        except (ValueError, AttributeError, TypeError, RecursionError):
            said = f"{status} {server_message(body)}".rstrip()
            raise refused({"error_description": said}, where, self._secret) from None


def refuse_failures(response: httpx.Response) -> None:
    """Throttled or Unreachable if the authority could not answer at all."""
    status = response.status_code
    if status >= 500 or status == 429:
        problem = f"{place(response.request.url)} gave no token ({status})."
        wait = retry_after(response.headers)
        if status == 429 or wait is not None:
            raise Throttled(problem, remedy="It is tried again later.", retry_after=wait)
        raise Unreachable(problem)
