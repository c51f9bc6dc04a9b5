"""Errors in Business Central's words (Microsoft Learn, "Troubleshooting OData/API calls")."""

from typing import Final
from uuid import UUID

from tandem.demo.errors import ServiceError

_CODES: Final = {
    "NotFound": "BadRequest_ResourceNotFound",
    "NotImplemented": "BadRequest_MethodNotImplemented",
    "MethodNotAllowed": "BadRequest_MethodNotAllowed",
}
"""Code of the demo service → the one of Business Central."""


def refused(code: str, message: str, status: int = 400) -> ServiceError:
    """An error of one of the documented codes."""
    return ServiceError(status, code, message)


def no_record() -> ServiceError:
    """404: there is none with this key."""
    return refused(
        "Internal_RecordNotFound",
        "The requested record could not be located. Please verify that the record exists.",
        404,
    )


def no_company(name: str) -> ServiceError:
    """404: no company has exactly this name or id."""
    message = (
        f"Cannot process the request because the company '{name}' cannot be found. "
        "You can see the available companies by accessing the default OData web service, Company."
    )
    return refused("Internal_CompanyNotFound", message, 404)


def no_default_company() -> ServiceError:
    """The request names no company, and there is no default."""
    message = (
        "Cannot process the request because the default company cannot be found. You can specify a "
        "default company in the service configuration file, or specify one for each tenant, or you "
        'can add a query string in the form of "company=[name]". You can see the available '
        "companies by accessing the default OData web service, Company."
    )
    return refused("Internal_CompanyNotFound", message, 404)


def changed(status: int) -> ServiceError:
    """The record is no longer the one that If-Match names."""
    return refused("Request_EntityChanged", "Another user has already changed the record.", status)


def without_token() -> ServiceError:
    """A write of a record comes without If-Match, or with one that is no token."""
    message = (
        "Could not validate the client concurrency token required by the service. "
        "Please provide a valid token in the client request."
    )
    return refused("BadRequest_InvalidToken", message)


def told(error: ServiceError, correlation: UUID) -> ServiceError:
    """The error as it is answered: with a code of Business Central and a correlation id."""
    code = _CODES.get(error.code, error.code)
    message = f"{error.message}  CorrelationId:  {correlation}."
    return ServiceError(error.status, code, message, headers=error.headers)
