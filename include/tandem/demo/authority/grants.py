"""What the authority has given out: tokens, and codes that wait for a person."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

Form = Mapping[str, str]
"""The fields of a request."""


@dataclass(frozen=True, slots=True)
class Application:
    """An application that is registered with the authority."""

    client_id: str
    secret: str | None = None
    """Its client secret; None: it has none."""
    public: bool = True
    """Whether it allows public client flows, such as device code."""


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A token that systems let in while it lasts."""

    client_id: str
    scope: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """A token that is good for further access tokens of a person."""

    client_id: str
    tenant: str
    user: str


@dataclass(frozen=True, slots=True)
class DeviceCode:
    """A sign-in that waits for a person."""

    client_id: str
    tenant: str
    scope: str
    user_code: str
    expires_at: datetime
    state: Literal["pending", "complete", "declined", "redeemed"] = "pending"
    user: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request for tokens, without its secrets: what tests look at."""

    grant: str
    client_id: str
    scope: str
    claims: str = ""


def identity(user: str, tenant: str, client_id: str) -> dict[str, str]:
    """Who signed in, in the two ways that MSAL reads: `client_info` and an unsigned `id_token`
    (MSAL does not check signatures of tokens that it fetched itself; OpenID Connect Core, 3.1.3.7).
    """
    person = {"uid": f"uid-{user}", "utid": tenant}
    token = {
        "aud": client_id,
        "iss": f"https://login.microsoftonline.com/{tenant}/v2.0",
        "sub": f"sub-{user}",
        "oid": person["uid"],
        "tid": tenant,
        "preferred_username": user,
        "exp": 2**32,
        "iat": 0,
    }
    head = _encoded({"alg": "none", "typ": "JWT"})
    return {"client_info": _encoded(person), "id_token": f"{head}.{_encoded(token)}."}


def _encoded(document: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")
