"""What an `odata` connection says, and the HTTP client that follows from it."""

import ssl
from collections.abc import Callable
from typing import Final, Literal

import httpx
from pydantic import Field, ValidationError

from tandem.connectors.auth import (
    MICROSOFT,
    BearerAuth,
    EndpointTokens,
    HeaderAuth,
    MicrosoftTokens,
    Plain,
)
from tandem.connectors.http import TIMEOUT
from tandem.errors import ConfigurationError
from tandem.model.config import Config
from tandem.model.connection import Connection

ODATA_HEADERS: Final = {"OData-Version": "4.0", "OData-MaxVersion": "4.0"}
"""OData 4.01 Protocol, 8.1.5 and 8.2.7."""


class ODataExtra(Config):
    """The `extra` of an `odata` connection."""

    auth: Literal["none", "basic", "bearer", "api_key", "client_credentials", "device_code"] = (
        Field("none", description="How to sign in; a login without it means basic.")
    )
    header: str = Field("x-api-key", description="Header of the API key (the password).")
    tenant: str | None = Field(None, description="Tenant at Microsoft Entra ID.")
    authority: str | None = Field(None, description="Authority URL, in place of the tenant's.")
    token_url: str | None = Field(None, description="Any OAuth2 token endpoint.")
    client_id: str | None = Field(None, description="Client id; the login if it is absent.")
    scope: str | None = Field(None, description="Scope of the token.")
    headers: dict[str, str] = Field({}, description="Headers sent with each request.")
    verify: str | None = Field(None, description="Path of a CA bundle.")


def service_root(connection: Connection) -> str:
    """The service root URL, with the slash at its end that relative URLs need."""
    host = (connection.host or "").strip()
    try:
        url = httpx.URL(host)
    except httpx.InvalidURL:
        url = httpx.URL("")
    if url.scheme not in ("http", "https") or not url.host or url.userinfo or "?" in host:
        raise ConfigurationError(
            f"The host of connection {connection.id!r} is not a service root URL.",
            remedy="Write it as https://host/path/, with the login outside the URL.",
        )
    return host.partition("#")[0].rstrip("/") + "/"


def parse_extra(connection: Connection) -> ODataExtra:
    """The connection's extra; a login makes it basic."""
    extra = {"auth": "basic"} if connection.login else {}
    try:
        return ODataExtra(**{**extra, **connection.extra})
    except ValidationError as error:
        # Values may be secrets: only names and reasons show.
        found = "; ".join(
            f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_input=False)
        )
        raise ConfigurationError(
            f"The extra of connection {connection.id!r} is wrong: {found}.",
            remedy=f"It takes {', '.join(ODataExtra.model_fields)}.",
        ) from None


def open_client(connection: Connection, transport: httpx.BaseTransport | None) -> httpx.Client:
    """The client of a connection: pooled, signed in. Nothing is sent yet."""
    extra = parse_extra(connection)
    verify = _trust(connection.id, extra.verify)

    def plain() -> httpx.Client:
        return httpx.Client(transport=transport, verify=verify, timeout=TIMEOUT)

    return httpx.Client(
        transport=transport,
        verify=verify,
        timeout=TIMEOUT,
        headers={**ODATA_HEADERS, **extra.headers},
        auth=_AUTH[extra.auth](connection, extra, plain),
    )


def _basic(connection: Connection, _extra: ODataExtra, _plain: Plain) -> httpx.Auth:
    return httpx.BasicAuth(_needed(connection, "login", connection.login), connection.secret or "")


def _bearer(connection: Connection, _extra: ODataExtra, _plain: Plain) -> httpx.Auth:
    token = _needed(connection, "password (the token)", connection.secret)
    return HeaderAuth("Authorization", f"Bearer {token}")


def _api_key(connection: Connection, extra: ODataExtra, _plain: Plain) -> httpx.Auth:
    return HeaderAuth(extra.header, _needed(connection, "password (the key)", connection.secret))


def _client_credentials(connection: Connection, extra: ODataExtra, plain: Plain) -> httpx.Auth:
    secret = _needed(connection, "password (the client secret)", connection.secret)
    client_id = _needed(connection, "client_id", extra.client_id or connection.login)
    if extra.token_url:
        tokens = EndpointTokens(extra.token_url, client_id, secret, extra.scope, plain)
        return BearerAuth(tokens)
    tenant = extra.tenant and f"{MICROSOFT}/{extra.tenant}"
    authority = _needed(connection, "tenant, authority or token_url", extra.authority or tenant)
    scope = extra.scope or f"{httpx.URL(service_root(connection)).copy_with(path='/.default')}"
    return BearerAuth(MicrosoftTokens(authority, client_id, secret, scope, plain))


def _device_code(connection: Connection, _extra: ODataExtra, _plain: Plain) -> httpx.Auth:
    raise ConfigurationError(
        f"Connection {connection.id!r} asks for device_code, which comes with the Dynamics "
        "connector.",
        remedy="Use client_credentials.",
    )


_AUTH: Final[dict[str, Callable[[Connection, ODataExtra, Plain], httpx.Auth | None]]] = {
    "none": lambda _connection, _extra, _plain: None,
    "basic": _basic,
    "bearer": _bearer,
    "api_key": _api_key,
    "client_credentials": _client_credentials,
    "device_code": _device_code,
}


def _needed(connection: Connection, what: str, value: str | None) -> str:
    if not value:
        raise ConfigurationError(
            f"Connection {connection.id!r} has no {what}.", remedy=f"Add {what} to it."
        )
    return value


def _trust(conn_id: str, bundle: str | None) -> ssl.SSLContext | bool:
    if bundle is None:
        return True
    try:
        return ssl.create_default_context(cafile=bundle)
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(
            f"The CA bundle {bundle!r} of connection {conn_id!r} cannot be read: {error}.",
            remedy="Write the path of a file in PEM form as verify.",
        ) from None
