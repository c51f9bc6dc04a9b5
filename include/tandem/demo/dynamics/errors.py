"""Refusals in Dataverse's words: codes and texts.

Microsoft Learn, "Compose HTTP requests and handle errors", "Perform conditional operations using
the Web API", "Web service error codes".
"""

from typing import Final

from tandem.demo.dynamics.tables import Table
from tandem.demo.errors import ServiceError

NO_CODE: Final = ""
OBJECT_DOES_NOT_EXIST: Final = "0x80040217"
DELETE_RESTRICTED: Final = "0x80040227"
DUPLICATE: Final = "0x80040237"
NO_PRIVILEGE: Final = "0x80040220"
DUPLICATE_ALTERNATE_KEY: Final = "0x80060892"
REQUEST: Final = "0x80060888"
"""The URL, or the request as a whole."""
PAYLOAD: Final = "0x80048d19"
TOO_LONG: Final = "0x80044331"
EXPIRED_VERSION_STAMP: Final = "0x80044352"
INVALID_ARGUMENT: Final = "0x80040203"


def bad_url(message: str) -> ServiceError:
    """400: the URL or its options."""
    return ServiceError(400, REQUEST, message)


def bad_payload(table: Table, message: str) -> ServiceError:
    """400: the body does not fit the entity type."""
    text = (
        f"Error identified in Payload provided by the user for Entity :'{table.set_name}', "
        "For more information on this error please follow this help link "
        "https://go.microsoft.com/fwlink/?linkid=2195293  ---->  InnerException : "
        f"Microsoft.OData.ODataException: {message}"
    )
    return ServiceError(400, PAYLOAD, text)


def no_segment(name: str) -> ServiceError:
    """404: the path names nothing."""
    return ServiceError(404, REQUEST, f"Resource not found for the segment '{name}'.")


def does_not_exist(logical_name: str, id_: str, code: str = OBJECT_DOES_NOT_EXIST) -> ServiceError:
    """404: no such row; without a code where a precondition was given."""
    return ServiceError(404, code, f"{logical_name} With Id = {id_} Does Not Exist")


def changed_meanwhile() -> ServiceError:
    """412: the etag is another."""
    message = "The version of the existing record doesn't match the RowVersion property provided."
    return ServiceError(412, NO_CODE, message)


def exists_already(code: str = NO_CODE) -> ServiceError:
    """412: a row with this id; without a code where If-None-Match asked for it."""
    return ServiceError(412, code, "A record with matching key values already exists.")


def in_its_words(error: ServiceError) -> ServiceError:
    """An error of the machinery below as Dataverse would code it."""
    if error.code == NO_CODE or error.code.startswith("0x"):
        return error
    return ServiceError(error.status, REQUEST, error.message, headers=error.headers)
