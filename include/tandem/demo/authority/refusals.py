"""What the authority says when it gives no token, in Microsoft's words and with its codes.

Sources: Microsoft Learn, "Microsoft Entra authentication and authorization error codes" (codes and
meanings) and "OAuth 2.0 device authorization grant flow" (errors while a code is waited for);
RFC 6749, 5.2 and RFC 8628, 3.5 (names of errors).
"""

import re
from collections.abc import Mapping
from typing import Any


class Refusal(Exception):
    """A request that gets an error in place of a token."""

    def __init__(
        self,
        error: str,
        description: str,
        *,
        status: int = 400,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(description)
        self.error = error
        self.description = description
        self.status = status
        self.headers = headers or {}

    @property
    def body(self) -> dict[str, Any]:
        """The error as Microsoft writes it."""
        codes = [int(code) for code in re.findall(r"AADSTS([0-9]+)", self.description)]
        return {
            "error": self.error,
            "error_description": self.description,
            "error_codes": codes,
            "trace_id": "00000000-0000-0000-0000-000000000000",
            "correlation_id": "00000000-0000-0000-0000-000000000000",
        }


def unknown_tenant(tenant: str) -> Refusal:
    """No such tenant."""
    return Refusal(
        "invalid_tenant",
        f"AADSTS90002: Tenant '{tenant}' not found. Check to make sure you have the correct "
        "tenant ID and are signing into the correct cloud.",
    )


def unknown_application(client_id: str, tenant: str) -> Refusal:
    """No such application in this tenant: never installed, or consented to by nobody."""
    return Refusal(
        "unauthorized_client",
        f"AADSTS700016: Application with identifier '{client_id}' was not found in the directory "
        f"'{tenant}'. This can happen if the application has not been installed by the "
        "administrator of the tenant or consented to by any user in the tenant.",
    )


def wrong_secret(client_id: str) -> Refusal:
    """The client secret is not the application's."""
    return Refusal(
        "invalid_client",
        "AADSTS7000215: Invalid client secret provided. Ensure the secret being sent in the "
        "request is the client secret value, not the client secret ID, for a secret added to "
        f"app '{client_id}'.",
        status=401,
    )


def not_public() -> Refusal:
    """The application does not allow public client flows."""
    return Refusal(
        "invalid_client",
        "AADSTS7000218: The request body must contain the following parameter: "
        "'client_assertion' or 'client_secret'.",
        status=401,
    )


def no_consent(client_id: str) -> Refusal:
    """Consent was never given, or was taken back."""
    return Refusal(
        "invalid_grant",
        "AADSTS65001: The user or administrator has not consented to use the application with ID "
        f"'{client_id}'. Send an interactive authorization request for this user and resource.",
    )


def unusable_refresh_token() -> Refusal:
    """A refresh token that was never given out, or was revoked."""
    return Refusal(
        "invalid_grant",
        "AADSTS50173: The provided grant has expired due to it being revoked, a fresh auth token "
        "is needed.",
    )


def redeemed() -> Refusal:
    """The tokens of this device code were fetched already."""
    return Refusal("invalid_grant", "AADSTS54005: The code was already redeemed.")


def pending() -> Refusal:
    """Nobody has entered the code yet."""
    return Refusal("authorization_pending", "AADSTS70016: Authorization is pending.")


def slow_down() -> Refusal:
    """It is asked too often (RFC 8628, 3.5); Microsoft's page does not have it."""
    return Refusal("slow_down", "Polling too often.")


def declined() -> Refusal:
    """The person said no."""
    return Refusal("authorization_declined", "The end user denied the authorization request.")


def bad_code() -> Refusal:
    """A device code that was never given out."""
    return Refusal("bad_verification_code", "AADSTS70018: The device code is not known.")


def expired_code() -> Refusal:
    """Nobody entered the code in time."""
    return Refusal("expired_token", "AADSTS70020: This device code has expired.")


def invalid_scope(scope: str) -> Refusal:
    """Client credentials for anything but all that was granted."""
    return Refusal(
        "invalid_scope",
        f"AADSTS1002012: The provided value for scope {scope} is not valid. Client credential "
        "flows must have a scope value with /.default suffixed to the resource identifier.",
    )


def unsupported(grant: str) -> Refusal:
    """A grant that is not simulated."""
    return Refusal("unsupported_grant_type", f"AADSTS70003: The grant type '{grant}' is unknown.")


def throttled(seconds: int) -> Refusal:
    """Too many requests."""
    return Refusal(
        "temporarily_unavailable",
        "AADSTS90055: There are too many requests; try again later.",
        status=429,
        headers={"retry-after": str(seconds)},
    )
