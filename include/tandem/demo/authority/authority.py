"""The authority itself: what systems, people, administrators and tests do with it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from tandem.demo.authority import answers
from tandem.demo.authority.grants import Application, Asked, Form
from tandem.demo.authority.ledger import Ledger
from tandem.demo.clock import Clock, system_clock

TENANT: Final = "contoso.example"
TENANTS: Final = frozenset((TENANT, "common", "organizations"))
TOKEN_LIFE: Final = timedelta(seconds=3_599)
CODE_LIFE: Final = timedelta(seconds=900)
VERIFICATION: Final = "https://microsoft.com/devicelogin"
INTERVAL: Final = 5
"""Seconds between two questions whether the code was entered (Microsoft Learn, device code)."""


class Authority:
    """Gives tokens out and takes them back. Safe to use from several threads.

    `applications` are known in each of the TENANTS; any other is refused. All instants are the
    clock's.
    """

    def __init__(
        self,
        applications: Sequence[Application],
        *,
        clock: Clock = system_clock,
        verification: str = VERIFICATION,
        interval: int = INTERVAL,
    ) -> None:
        self._ledger = Ledger(
            {application.client_id: application for application in applications},
            TENANTS,
            clock,
            TOKEN_LIFE,
            CODE_LIFE,
            verification,
            interval,
        )

    # What systems and people do.

    def accepts(self, token: str) -> bool:
        """Whether a system has to let this access token in now."""
        with self._ledger.lock:
            found = self._ledger.access.get(token)
            return found is not None and self._ledger.clock() < found.expires_at

    def complete(self, user_code: str, user: str = "adele@contoso.example") -> bool:
        """Somebody entered that code and signed in; False if no such code waits."""
        return self._decide(user_code, state="complete", user=user)

    def decline(self, user_code: str) -> bool:
        """Somebody entered that code and said no."""
        return self._decide(user_code, state="declined")

    # What administrators, time and tests do.

    def revoke(self, client_id: str) -> None:
        """Take consent back: no further token for the application. Access tokens that are out
        stay good until they expire, as with Microsoft. A person who signs in by device code
        consents again; for client credentials there is `consent`.
        """
        with self._ledger.lock:
            self._ledger.revoked.add(client_id)
            self._ledger.refresh = {
                k: t for k, t in self._ledger.refresh.items() if t.client_id != client_id
            }

    def consent(self, client_id: str) -> None:
        """Consent (again) for the application."""
        with self._ledger.lock:
            self._ledger.revoked.discard(client_id)

    def expire_tokens(self) -> None:
        """No access token that is out is good any more."""
        with self._ledger.lock:
            self._ledger.access.clear()

    def forget_refresh_tokens(self) -> None:
        """No refresh token that is out is good any more, as after a new password."""
        with self._ledger.lock:
            self._ledger.refresh.clear()

    def change_secret(self, client_id: str, secret: str) -> None:
        """Another client secret from now on."""
        with self._ledger.lock:
            known = self._ledger.applications[client_id]
            self._ledger.applications[client_id] = replace(known, secret=secret)

    def throttle(self, times: int, seconds: int) -> None:
        """Answer the next requests with 429 and that Retry-After."""
        with self._ledger.lock:
            self._ledger.throttled.extend([seconds] * times)

    def slow_down(self, times: int) -> None:
        """Answer the next questions for a device code with slow_down."""
        with self._ledger.lock:
            self._ledger.slowed += times

    @property
    def waiting(self) -> tuple[str, ...]:
        """The user codes that wait for a person."""
        with self._ledger.lock:
            return tuple(
                code.user_code for code in self._ledger.codes.values() if self._ledger.waits(code)
            )

    @property
    def secrets(self) -> frozenset[str]:
        """All that must not be found in logs, messages and files: every token and device code
        that was ever given out, and client secrets.
        """
        with self._ledger.lock:
            known = (application.secret for application in self._ledger.applications.values())
            return frozenset([*self._ledger.given, *(secret for secret in known if secret)])

    @property
    def asked(self) -> tuple[Asked, ...]:
        """All requests for tokens and device codes so far."""
        with self._ledger.lock:
            return tuple(self._ledger.asked)

    # What clients ask: `Refusal` is raised.

    def check_tenant(self, tenant: str) -> None:
        """Refusal for a tenant that is not known."""
        self._ledger.check_tenant(tenant)

    def begin(self, tenant: str, form: Form) -> dict[str, Any]:
        """A device code."""
        return answers.begin(self._ledger, tenant, form)

    def token(self, tenant: str, form: Form) -> dict[str, Any]:
        """Tokens for a grant."""
        return answers.token(self._ledger, tenant, form)

    def _decide(self, user_code: str, **changes: Any) -> bool:
        with self._ledger.lock:
            for device_code, code in self._ledger.codes.items():
                if code.user_code == user_code.strip().upper() and self._ledger.waits(code):
                    self._ledger.codes[device_code] = replace(code, **changes)
                    if changes["state"] == "complete":
                        self._ledger.revoked.discard(code.client_id)
                    return True
        return False
