"""Delta tokens: where a client is in the history of an entity set, and what it asked for.

They are opaque to clients (OData Protocol 4.01, 11.3.2) and can be used in one way only: as the
service wrote them, on the set they were given for.
"""

import base64
import binascii
from datetime import datetime
from urllib.parse import quote

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from tandem.demo.call import Call
from tandem.demo.errors import ServiceError
from tandem.demo.model import EntitySet


class Reading(BaseModel):
    """Where a client is that reads changes page by page."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    began: AwareDatetime
    until: int
    """The last entry of the log that this reading covers."""
    after: int
    """The entry that the page before ended with."""
    track: bool
    """Whether a delta link is wanted at the end."""


class DeltaToken(BaseModel):
    """What a delta link encodes."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    database: str
    """Which database the numbers count in: a new one starts again."""
    entity_set: str
    issued: AwareDatetime
    """When the client began to read what it has; the token expires by it."""
    since: int
    """The client has all changes up to this entry of the log."""
    select: str | None = None
    filter: str | None = None
    reading: Reading | None = None
    """Only in the link to a further page."""

    @property
    def text(self) -> str:
        """The value of $deltatoken."""
        document = self.model_dump_json(exclude_defaults=True)
        return base64.urlsafe_b64encode(document.encode()).decode().rstrip("=")

    def moved(self, since: int, issued: datetime) -> "DeltaToken":
        """The token for what comes after a reading that began then and went up to `since`."""
        return self.model_copy(update={"since": since, "issued": issued, "reading": None})

    def at(self, reading: Reading) -> "DeltaToken":
        """The token for a further page."""
        return self.model_copy(update={"reading": reading})


def parse_token(call: Call, text: str, entity_set: EntitySet, latest: int) -> DeltaToken:
    """The token of a delta link; ServiceError (410) if it is not known or has expired."""
    token = _decoded(text)
    if (
        token is None
        or token.database != call.service.store.identity
        or token.entity_set != entity_set.name
        or token.since > latest
    ):
        raise _gone(call, entity_set, {})
    if token.issued + call.service.store.retention < call.service.clock():
        raise _gone(call, entity_set, {"$select": token.select, "$filter": token.filter})
    return token


def _decoded(text: str) -> DeltaToken | None:
    try:
        document = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        return DeltaToken.model_validate_json(document)
    except (binascii.Error, ValidationError, ValueError):
        return None


def _gone(call: Call, entity_set: EntitySet, query: dict[str, str | None]) -> ServiceError:
    """410, with the URL to fetch the entire set from (11.3.3)."""
    options = "&".join(f"{name}={quote(text)}" for name, text in query.items() if text is not None)
    location = f"{call.root}{entity_set.name}{'?' if options else ''}{options}"
    message = "The delta link has expired or is not known; read the entire set again."
    return ServiceError(410, "Gone", message, "$deltatoken", {"location": location})
