"""What an authority answers: a token, or a reason in its own words and a remedy in ours."""

import re
from collections.abc import Mapping
from typing import Any, Final

from tandem.connectors.auth.headers import header_value
from tandem.connectors.http_errors import sentence
from tandem.errors import AuthenticationError, one_line

_LENGTH: Final = 400
_ENTER_AGAIN: Final = (
    "Enter the client secret again: its value, not its id. If it has expired, "
    "add another one to the application (Certificates & secrets)."
)
_CONSENT: Final = (
    "Somebody has to consent to the application: an administrator, on its page API permissions "
    "(Grant admin consent), or the person who signs in."
)
_SCOPE: Final = (
    "Check the host and the scope of the connection, and that the application has permission for "
    "this system."
)
_TENANT: Final = "Check tenant and authority in the connection's extra."
_REMEDIES: Final[dict[str, str]] = {
    "AADSTS7000215": _ENTER_AGAIN,
    "AADSTS7000222": _ENTER_AGAIN,
    "AADSTS7000218": "Allow public client flows for the application (Authentication), or use "
    "client_credentials with a client secret.",
    "AADSTS65001": _CONSENT,
    "AADSTS90094": _CONSENT,
    "AADSTS700016": "Check client id and tenant. If they are right, an administrator of that "
    "tenant has to consent to the application, or it was removed there.",
    "AADSTS7000112": "The application is disabled: an administrator can enable it.",
    "AADSTS90002": _TENANT,
    "AADSTS900023": _TENANT,
    "AADSTS50059": _TENANT,
    "AADSTS50194": "The application is for one tenant only: name it as tenant in the extra.",
    "AADSTS70011": _SCOPE,
    "AADSTS500011": _SCOPE,
    "AADSTS1002012": _SCOPE,
    "AADSTS53003": "A policy (Conditional Access) forbids it: ask an administrator of the tenant.",
    "invalid_client": _ENTER_AGAIN,
    "invalid_scope": _SCOPE,
}
"""Code (Microsoft Learn, "Microsoft Entra authentication and authorization error codes") or error
(RFC 6749, 5.2) → what to do. The code tells more.
"""
_OTHERWISE: Final = "Check tenant, client id, client secret and scope of the connection."


def token_of(answer: Mapping[str, Any], where: str, *hidden: str) -> str:
    """The access token of the answer; `refused` if there is none."""
    token = answer.get("access_token")
    if not token or not isinstance(token, str):
        raise refused(answer, where, *hidden)
    return header_value(token, f"The token that {where} gives us")


def refused(answer: Mapping[str, Any], where: str, *hidden: str) -> AuthenticationError:
    """The error for an answer without a token: what was said, but for what is `hidden`."""
    error = str(answer.get("error") or "")
    said = one_line(str(answer.get("error_description") or error or "no reason given"))
    said = re.split(r" Trace ID:", said)[0]  # Microsoft's words end there, and its numbers begin
    for secret in hidden:
        said = said.replace(secret, "…") if secret else said
    code = re.search(r"AADSTS[0-9]+", said)
    remedy = _REMEDIES.get(code[0] if code else "") or _REMEDIES.get(error) or _OTHERWISE
    said = said if len(said) <= _LENGTH else f"{said[:_LENGTH]}…"
    return AuthenticationError(f"{where} gives us no token: {sentence(said)}", remedy=remedy)
