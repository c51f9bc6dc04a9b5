"""When a write may go on: If-Match and If-None-Match."""

from dataclasses import dataclass

from tandem.demo.errors import ServiceError
from tandem.demo.headers import names_etag


@dataclass(frozen=True, slots=True)
class Precondition:
    """When a write to what is there may go on (OData Protocol 4.01, 8.2.4, 8.2.5, 11.4.1.1)."""

    if_match: str | None = None
    if_none_match: str | None = None
    required: bool = False
    """Whether a write needs an If-Match."""

    def check(self, etag: str | None) -> None:
        """Raise a ServiceError (412; 428 if If-Match is missing) if the write may not go on."""
        if self.if_match is None and self.required and etag:
            message = "This request needs an If-Match with the entity tag, or *."
            raise ServiceError(428, "PreconditionRequired", message)
        if self.if_match is not None and not names_etag(self.if_match, etag):
            message = "The entity is no longer the one that If-Match names."
            raise ServiceError(412, "PreconditionFailed", message)
        if self.if_none_match is not None and names_etag(self.if_none_match, etag):
            message = "The entity is the one that If-None-Match names."
            raise ServiceError(412, "PreconditionFailed", message)
