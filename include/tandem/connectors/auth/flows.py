"""What an authority says about a code to enter: checked before anybody acts on it."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from tandem.connectors.sign_in import PendingSignIn
from tandem.errors import AuthenticationError, is_one_line

_TEXTS: Final = ("device_code", "user_code", "verification_uri")
"""RFC 8628, 3.2."""
_LENGTH: Final = 2000
_INTERVAL: Final = (1, 60)
_LIFE: Final = (1, 1800)
"""In seconds. Microsoft's codes: asked for each 5 seconds, good for 15 minutes."""


def sign_in_of(flow: Mapping[str, Any], where: str) -> PendingSignIn:
    """The sign-in of MSAL's flow, which is asked for neither too often nor for too long.

    Raises AuthenticationError for what nobody can act on.
    """
    for name in _TEXTS:
        text = flow.get(name)
        if not (isinstance(text, str) and 0 < len(text) <= _LENGTH and is_one_line(text)):
            raise AuthenticationError(
                f"{where} gives us no code that can be entered: its {name} is missing or no plain "
                "text.",
                remedy="Check tenant and authority in the connection's extra.",
            )
    life = _within(flow["expires_in"], *_LIFE)
    begun = flow["expires_at"] - flow["expires_in"]
    kept = {
        **flow,
        "interval": _within(flow["interval"], *_INTERVAL),
        "expires_in": life,
        "expires_at": begun + life,
    }
    return PendingSignIn(
        f"Go to {flow['verification_uri']} and enter the code {flow['user_code']}.",
        json.dumps(kept),
        datetime.fromtimestamp(begun + life, UTC),
    )


def _within(seconds: int, least: int, most: int) -> int:
    return min(max(seconds, least), most)
