"""What a `business_central` connection says: which environment, which route, which company.

Sources: Microsoft Learn, "Business Central API endpoint structure", "Endpoints for the APIs",
"Publish a web service", "Service-to-service authentication".
"""

from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import quote

import httpx
from pydantic import Field, ValidationError

from tandem.connectors.business_central.address import Address, understood
from tandem.connectors.odata.connection import ODataExtra
from tandem.errors import ConfigurationError
from tandem.model.connection import Connection, reasons

HOST: Final = "https://api.businesscentral.dynamics.com"
SCOPE: Final = f"{HOST}/.default"
_MICROSOFTS: Final = ".dynamics.com"
"""How names end whose owner may see tokens for Microsoft's own service."""
STANDARD: Final = "v2.0"
WEB_SERVICES: Final = "ODataV4"
_ROUTE_PARTS: Final = 3
_LANGUAGE: Final = {"Accept-Language": "en-US"}
"""Error texts in one language, whatever the user's is ("Tips for working with the APIs")."""


class BusinessCentralExtra(ODataExtra):
    """The `extra` of a `business_central` connection."""

    environment: str | None = Field(None, description="Environment; Production if absent.")
    company: str | None = Field(None, description="Company: its name, id or display name.")
    route: str | None = Field(
        None,
        description="v2.0 (the default), publisher/group/version of a custom API, or ODataV4 for "
        "published web services.",
    )


@dataclass(frozen=True, slots=True)
class Target:
    """Where an API is, and how to sign in there."""

    root: str
    """Service root URL, with the slash at its end."""
    extra: BusinessCentralExtra
    address: Address

    @property
    def by_web_services(self) -> bool:
        """Whether the entities are published pages and queries, each under `Company('…')`."""
        return self.address.route == WEB_SERVICES


def target(connection: Connection) -> Target:
    """The API that the connection means; ConfigurationError says what it lacks.

    A host without path is Microsoft's, or one laid out like it. With a path it is a server of
    one's own (`https://host:7048/{instance}`), or any address of an API that was pasted whole.
    """
    extra = _extra(connection)
    address = understood(connection, (connection.host or "").strip() or HOST)
    address = replace(
        address,
        tenant=address.tenant or ("" if address.is_whole else extra.tenant or ""),
        environment=extra.environment or address.environment or "Production",
        route=_route(connection, extra.route or address.route or STANDARD),
        company=extra.company or address.company,
    )
    if not address.instance and not _says_tenant(address, extra):
        raise ConfigurationError(
            f"Connection {connection.id!r} does not say which tenant it is for.",
            remedy='Write tenant into its extra: the domain ("contoso.onmicrosoft.com") or id '
            "of the organisation at Microsoft Entra ID.",
        )
    tenant = extra.tenant or address.tenant or None
    scope = extra.scope or _default_scope(address)
    extra = extra.model_copy(update={"tenant": tenant, "scope": scope})
    return Target(address.origin + _path(address), extra, address)


def _says_tenant(address: Address, extra: BusinessCentralExtra) -> bool:
    """An address without tenant means that of whoever signs in: by a code, that may be anybody."""
    if address.tenant or extra.tenant:
        return True
    return address.is_whole and extra.auth != "device_code"


def _default_scope(address: Address) -> str | None:
    """Microsoft's own service; None: that of the host."""
    url = httpx.URL(address.origin)
    return SCOPE if url.scheme == "https" and url.host.endswith(_MICROSOFTS) else None


def _path(address: Address) -> str:
    if address.instance:
        before = address.instance
    else:
        before = "/".join(p for p in ("v2.0", address.tenant, address.environment) if p)
    api = address.route if address.route == WEB_SERVICES else f"api/{address.route}"
    return "/" + quote(f"{before}/{api}/", safe="/")


def _extra(connection: Connection) -> BusinessCentralExtra:
    given = {**_unsaid(connection), **connection.extra}
    try:
        extra = BusinessCentralExtra(**given)
    except ValidationError as error:
        raise ConfigurationError(
            f"The extra of connection {connection.id!r} is wrong: {reasons(error)}.",
            remedy=f"It takes {', '.join(BusinessCentralExtra.model_fields)}.",
        ) from None
    return extra.model_copy(update={"headers": {**_LANGUAGE, **extra.headers}})


def _unsaid(connection: Connection) -> dict[str, Any]:
    """How to sign in where the extra does not say so: as what else is there suggests."""
    if connection.extra.get("client_id"):
        return {"auth": "client_credentials" if connection.secret else "device_code"}
    if connection.login:
        return {"auth": "basic"}
    if "auth" in connection.extra:
        return {}
    raise ConfigurationError(
        f"Connection {connection.id!r} does not say how to sign in.",
        remedy='Write into its extra {"auth": "client_credentials", "tenant": "…", '
        '"client_id": "…"}, with the client secret as password; or "auth": "device_code".',
    )


def _route(connection: Connection, text: str) -> str:
    """The route as URLs have it."""
    route = text.strip("/").removeprefix("api/")
    if route.lower() == WEB_SERVICES.lower():
        return WEB_SERVICES
    if route == STANDARD or len([p for p in route.split("/") if p]) == _ROUTE_PARTS:
        return route
    raise ConfigurationError(
        f"The route {text[:80]!r} of connection {connection.id!r} is none that we know.",
        remedy="Write v2.0, publisher/group/version of a custom API (contoso/sales/v1.0), or "
        "ODataV4 for published web services.",
    )
