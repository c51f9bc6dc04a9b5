"""What systems say by the codes and words of their errors, beyond the status, as data.

Sources: Microsoft Learn, "Service protection API limits", "Web service error codes" and "Use
change tracking to synchronize data with external systems" (Dataverse), "API error codes"
(Business Central).
"""

import re
from typing import Final

from tandem.errors import AuthenticationError, ConfigurationError, TandemError, Throttled

Meaning = tuple[type[TandemError], str, str]
"""The error, what the system does, and the remedy."""


class TooManyAtOnce(Throttled):
    """The system takes fewer requests at the same time."""


WITHOUT_DELTA: Final = (
    "Set version_number for this entity in the integration file: its changes are then read by "
    "that field, without delta links."
)

_SLOW_DOWN: Final = "asks us to slow down, for its limit of {} is reached"
_LIMITS: Final[dict[str, Meaning]] = {
    "0x80072322": (Throttled, _SLOW_DOWN.format("requests in five minutes"), ""),
    "0x80072321": (Throttled, _SLOW_DOWN.format("working time in five minutes"), ""),
    "0x80072326": (TooManyAtOnce, _SLOW_DOWN.format("requests at the same time"), ""),
}

_NOT_A_MEMBER: Final = "0x80072560"
_UNKNOWN_USER: Final[Meaning] = (
    AuthenticationError,
    "does not know who signed in",
    "Connection {name!r} signs in, but not as a user of this environment. Create an application "
    "user with a security role for its client id (Power Platform admin center > environment > "
    "Settings > Users + permissions > Application users); add a person who signs in as a user "
    "with a security role.",
)
"""Dataverse's code for a user or an application that Microsoft Entra ID knows and it does not."""

_NO_PRIVILEGE: Final = ("0x80040220", "0x80042f09", "0x80048306")
"""PrivilegeDenied, and those of a privilege or an access right that the user lacks."""
_TRACKING_DENIED: Final[Meaning] = (
    AuthenticationError,
    "does not permit change tracking",
    "Give the user of connection {name!r} the Read privilege for this table with the access level "
    "Organization, which change tracking needs.",
)
_NOT_TRACKED: Final = re.compile(
    r"(?:does not|doesn't) (?:support|have) (?:change tracking|delta)"
    r"|change tracking (?:is not|isn't|has not been|hasn't been) (?:enabled|supported)"
    r"|not enabled for change tracking",
    re.IGNORECASE,
)
_TRACKING_UNKNOWN: Final[Meaning] = (
    ConfigurationError,
    "does not track the changes of this entity",
    f"Switch change tracking on for it there. {WITHOUT_DELTA}",
)

DUPLICATES: Final = ("0x80040237", "0x80040333", "0x80060892")
"""Dataverse's DuplicateRecord, DuplicateRecordsFound and DuplicateRecordEntityKey, which may come
with 412: they speak of another record."""
ENTITY_CHANGED: Final = "Request_EntityChanged"
"""Business Central's code for a stale etag, which it sends with 409."""
INVALID_TOKEN: Final = "BadRequest_InvalidToken"  # noqa: S105 - a code of an error
"""Business Central's code for an etag that it does not know."""


def meaning(code: str | None, words: str, *, tracked: bool) -> Meaning | None:
    """What an error with this code and these words means; None where the status says it all.

    `tracked`: the request was one for changes, or for what to count them from.
    """
    code = (code or "").lower()
    if code in _LIMITS:
        return _LIMITS[code]
    if code == _NOT_A_MEMBER:
        return _UNKNOWN_USER
    if tracked and code in _NO_PRIVILEGE:
        return _TRACKING_DENIED
    return _TRACKING_UNKNOWN if tracked and _NOT_TRACKED.search(words) else None
