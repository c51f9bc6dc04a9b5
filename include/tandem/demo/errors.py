"""What the service answers when it cannot do as asked (OData JSON Format 4.01, section 20)."""

from collections.abc import Mapping
from typing import Any


class ServiceError(Exception):
    """A request that gets an error in place of its answer."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        target: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.target = target
        self.headers = headers or {}

    @property
    def body(self) -> dict[str, Any]:
        """The error as an OData error object."""
        error = {"code": self.code, "message": self.message}
        return {"error": error | ({"target": self.target} if self.target else {})}


def bad_request(message: str, target: str | None = None) -> ServiceError:
    """400: the request is malformed or does not fit the metadata."""
    return ServiceError(400, "BadRequest", message, target)


def not_found(message: str) -> ServiceError:
    """404: there is no such resource."""
    return ServiceError(404, "NotFound", message)


def not_implemented(message: str, target: str | None = None) -> ServiceError:
    """501: OData has it, this service does not."""
    return ServiceError(501, "NotImplemented", message, target)
