"""A person's tokens by way of MSAL: from its cache, refreshed, or by a device code."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Final

from tandem.connectors.auth.answers import refused, token_of
from tandem.connectors.auth.flows import sign_in_of
from tandem.connectors.auth.microsoft import Registration
from tandem.connectors.sign_in import PendingSignIn
from tandem.errors import one_line

_NEEDS_A_PERSON: Final = (
    "invalid_grant",
    "interaction_required",
    "login_required",
    "consent_required",
)
"""Errors of a refresh that a new sign-in mends (RFC 6749, 5.2; OpenID Connect Core, 3.1.2.6)."""


class PublicClient:
    """A public client application. Its cache is in memory: `load` it before, `kept` it after."""

    def __init__(self, registration: Registration) -> None:
        self.registration = registration
        self._scopes = list(registration.scopes)

    def load(self, cache: str) -> None:
        """Go on with tokens that were kept."""
        self._cache.deserialize(cache)

    def kept(self) -> str:
        """The tokens, to be kept: a secret."""
        return str(self._cache.serialize())

    def silently(self, *, fresh: bool, claims: str | None) -> str | None:
        """A token that needs nobody; None if somebody has to sign in. `fresh`: a new one, by the
        refresh token.
        """
        with self.registration.asking():
            accounts = self._application.get_accounts()
            if not accounts:
                return None
            answer = self._application.acquire_token_silent_with_error(
                self._scopes, accounts[0], force_refresh=fresh, claims_challenge=claims
            )
        if not answer or answer.get("error") in _NEEDS_A_PERSON:
            return None
        return token_of(answer, self.registration.where)

    def begin(self, claims: str | None) -> PendingSignIn:
        """Ask for a code that somebody can enter."""
        with self.registration.asking():
            flow = self._application.initiate_device_flow(self._scopes, claims_challenge=claims)
        if "error" in flow:
            raise refused(flow, self.registration.where)
        return sign_in_of(flow, self.registration.where)

    def redeem(self, flow: dict[str, Any], claims: str | None) -> dict[str, Any]:
        """The answer to one question whether the code was entered. `flow`, as JSON has it, is
        changed: its `interval` grows when we ask too often (RFC 8628, 3.5).

        Tokens that were loaded are gone: they are of whoever signed in before, and MSAL's cache
        would go on to offer them first.
        """
        self.load("{}")
        flow.pop("latest_attempt_at", None)  # MSAL warns by its own clock; whoever asks waits
        with self.registration.asking():
            return dict(
                self._application.acquire_token_by_device_flow(
                    flow, claims_challenge=claims, exit_condition=lambda _: True
                )
            )

    @cached_property
    def _cache(self) -> Any:
        # Slow to import, and few connections need it.
        import msal  # type: ignore[import-untyped]

        return msal.SerializableTokenCache()

    @cached_property
    def _application(self) -> Any:
        import msal

        return msal.PublicClientApplication(token_cache=self._cache, **self.registration.options)


def person_in(answer: Mapping[str, Any]) -> str:
    """Who signed in, by Microsoft's claim or that of AD FS; "" if it is not said."""
    claims = answer.get("id_token_claims")
    known = claims if isinstance(claims, dict) else {}
    return one_line(str(known.get("preferred_username") or known.get("upn") or ""))[:200]
