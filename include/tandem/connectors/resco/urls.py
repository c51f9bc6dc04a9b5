"""Where an organization's services are: one host, or a server that has many organizations.

Sources: Resco wiki, "OData service" and "Resco CRM Connector" (data service); Resco's JavaScript
client (metadata service).
"""

import re
from dataclasses import dataclass
from typing import Final

import httpx
from pydantic import Field, ValidationError

from tandem.connectors.odata.connection import ODataExtra, service_root
from tandem.connectors.odata.extra import refuse_clear
from tandem.errors import ConfigurationError
from tandem.model.config import Config
from tandem.model.connection import Connection, reasons

_ODATA: Final = "/odata/v4"
_AT_SERVICE: Final = re.compile(
    r"(?P<before>.*?)(?P<service>/odata/v4|/rest/v1/data|/rest/v1/metadata)"
    r"(?:/(?P<named>[^/]+)?.*)?"
)
_ALONE: Final = re.compile(r"(?P<before>)(?P<service>)/(?P<named>[^/]+)?/?")
"""Addresses that people copy: of anything at a service, which may stand below a path on premises;
of an organization at a server; of the server.
"""
_ORGANIZATION_HOST: Final = re.compile(
    r"([^.]+)\.(?:(?:[a-z0-9-]+\.)?rescocrm\.com|app\.resco\.net)"
)
_SERVERS: Final = ("www", "login", "connect", "us1")
"""First parts of names that are servers', not organizations'."""
_FORMS: Final = (
    "Write it as https://{organization}.rescocrm.com, or as "
    "https://{server}/odata/v4/{organization}/."
)


class RescoExtra(Config):
    """The `extra` of a `resco` connection."""

    organization: str | None = Field(
        None, description="The organization, where the host does not tell it."
    )
    headers: dict[str, str] = Field({}, description="Headers sent with each request.")
    verify: str | None = Field(None, description="Path of a CA bundle.")


@dataclass(frozen=True, slots=True)
class Urls:
    """The roots of an organization's services; all but `data` end with a slash."""

    odata: str
    data: str
    """The data service: FetchXML goes there, its methods are below."""
    metadata: str


def urls_of(connection: Connection) -> Urls:
    """The services of the organization that the connection names.

    Raises ConfigurationError where the host is no URL, sends passwords in the clear, or names no
    organization.
    """
    text = (connection.host or "").strip()
    host = (text if "://" in text or not text else f"https://{text}").partition("?")[0]
    url = httpx.URL(service_root(connection.model_copy(update={"host": host})))
    refuse_clear(connection, f"{url}")
    return _urls(connection, url)


def odata_extra(connection: Connection) -> ODataExtra:
    """How to sign in: basic authentication is what the services take."""
    missing = [
        name
        for name, value in (("login", connection.login), ("password", connection.secret))
        if not value
    ]
    if missing:
        raise ConfigurationError(
            f"Connection {connection.id!r} has no {' and no '.join(missing)}.",
            remedy="Resco Cloud takes the e-mail and the password of a user of the organization.",
        )
    extra = _extra(connection)
    return ODataExtra(auth="basic", headers=extra.headers, verify=extra.verify)


def _urls(connection: Connection, url: httpx.URL) -> Urls:
    server = str(url.copy_with(path="/")).rstrip("/")
    told = _extra(connection).organization
    own = _ORGANIZATION_HOST.fullmatch(url.host)
    if own and own[1] not in _SERVERS and told in (None, own[1]):
        return _of_its_own(server, own[1], url.path)
    before, named = _place(connection, url.path, told)
    if named is None or not re.fullmatch(r"[A-Za-z0-9._~-]+", named):
        raise ConfigurationError(
            f"The host of connection {connection.id!r} does not tell which organization is meant.",
            remedy=_FORMS + ' Or add {"organization": "…"} as extra.',
        )
    server += before
    return Urls(
        f"{server}{_ODATA}/{named}/",
        f"{server}/rest/v1/data/{named}",
        f"{server}/rest/v1/metadata/{named}/",
    )


def _of_its_own(server: str, organization: str, path: str) -> Urls:
    """The services at the organization's own host, whatever page of it was copied. Its OData is
    known to be at both places.
    """
    found = _AT_SERVICE.fullmatch(path)
    twice = found and (found["service"], found["named"]) == (_ODATA, organization)
    return Urls(
        f"{server}{_ODATA}/{organization}/" if twice else f"{server}{_ODATA}/",
        f"{server}/rest/v1/data",
        f"{server}/rest/v1/metadata/{organization}/",
    )


def _place(connection: Connection, path: str, told: str | None) -> tuple[str, str | None]:
    """What stands before the services, and the organization, if it is told at all."""
    found = _AT_SERVICE.fullmatch(path)
    if not found and told:
        return path.rstrip("/").removesuffix(f"/{told}"), told
    found = found or _ALONE.fullmatch(path)
    if not found:
        raise ConfigurationError(
            f"The host of connection {connection.id!r} has the path {path!r}, which is none "
            "of Resco Cloud's services.",
            remedy=_FORMS,
        )
    return found["before"], told or found["named"]


def _extra(connection: Connection) -> RescoExtra:
    try:
        return RescoExtra(**connection.extra)
    except ValidationError as error:
        raise ConfigurationError(
            f"The extra of connection {connection.id!r} is wrong: {reasons(error)}.",
            remedy=f"It takes {', '.join(RescoExtra.model_fields)}.",
        ) from None
