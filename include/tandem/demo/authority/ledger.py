"""What the authority knows, and how it gives tokens out."""

import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Lock
from typing import Any, Final

from tandem.demo.authority import refusals
from tandem.demo.authority.grants import (
    AccessToken,
    Application,
    Asked,
    DeviceCode,
    Form,
    RefreshToken,
    identity,
)
from tandem.demo.clock import Clock

_LETTERS: Final = "BCDFGHJKLMNPQRSTVWXZ23456789"


@dataclass
class Ledger:
    """Everything that changes; whoever looks at it or changes it holds the lock."""

    applications: dict[str, Application]
    tenants: frozenset[str]
    clock: Clock
    token_life: timedelta
    code_life: timedelta
    verification: str
    interval: int
    access: dict[str, AccessToken] = field(default_factory=dict)
    refresh: dict[str, RefreshToken] = field(default_factory=dict)
    codes: dict[str, DeviceCode] = field(default_factory=dict)
    revoked: set[str] = field(default_factory=set)
    throttled: list[int] = field(default_factory=list)
    slowed: int = 0
    asked: list[Asked] = field(default_factory=list)
    given: list[str] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    def admit(self, tenant: str) -> None:
        """Refusal for a tenant that is not known, or if the next request is to be throttled."""
        self.check_tenant(tenant)
        if self.throttled:
            raise refusals.throttled(self.throttled.pop(0))

    def check_tenant(self, tenant: str) -> None:
        """Refusal for a tenant that is not known."""
        if tenant not in self.tenants:
            raise refusals.unknown_tenant(tenant)

    def application(self, tenant: str, form: Form) -> Application:
        """The application that asks; Refusal if it is not known."""
        client_id = form.get("client_id", "")
        if client_id not in self.applications:
            raise refusals.unknown_application(client_id, tenant)
        return self.applications[client_id]

    def waits(self, code: DeviceCode) -> bool:
        """Whether a person may still enter it."""
        return code.state == "pending" and self.clock() < code.expires_at

    def for_person(self, tenant: str, client_id: str, user: str, scope: str) -> dict[str, Any]:
        """Tokens for somebody who signed in, with a refresh token."""
        refresh_token = self.new("refresh")
        self.refresh[refresh_token] = RefreshToken(client_id, tenant, user)
        return {
            **self.for_application(client_id, scope),
            "refresh_token": refresh_token,
            **identity(user, tenant, client_id),
        }

    def for_application(self, client_id: str, scope: str) -> dict[str, Any]:
        """An access token. MSAL finds it in its cache by the scope that is echoed here."""
        token = self.new("access")
        self.access[token] = AccessToken(client_id, scope, self.clock() + self.token_life)
        return {
            "token_type": "Bearer",
            "scope": scope,
            "expires_in": int(self.token_life.total_seconds()),
            "ext_expires_in": int(self.token_life.total_seconds()),
            "access_token": token,
        }

    def new_code(self, tenant: str, client_id: str, scope: str) -> tuple[str, DeviceCode]:
        """A device code, and what is to be entered for it."""
        device_code = self.new("device")
        user_code = "".join(secrets.choice(_LETTERS) for _ in range(9))
        until = self.clock() + self.code_life
        self.codes[device_code] = DeviceCode(client_id, tenant, scope, user_code, until)
        return device_code, self.codes[device_code]

    def new(self, kind: str) -> str:
        """A secret that was never given out."""
        self.given.append(f"{kind}-{secrets.token_urlsafe(24)}")
        return self.given[-1]
