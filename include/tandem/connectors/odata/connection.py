"""What an `odata` connection says, and the HTTP client that follows from it."""

import re
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
    header_value,
)
from tandem.connectors.http import TIMEOUT
from tandem.errors import ConfigurationError
from tandem.model.config import Config
from tandem.model.connection import Connection, reasons

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
    if not _is_plain_url(host):
        raise ConfigurationError(
            f"The host of connection {connection.id!r} is not a service root URL.",
            remedy="Write it as https://host/path/, with the login outside the URL.",
        )
    _refuse_impossible_name(connection, httpx.URL(host))
    return host.partition("#")[0].rstrip("/") + "/"


def parse_extra(connection: Connection) -> ODataExtra:
    """The connection's extra; a login makes it basic."""
    extra = {"auth": "basic"} if connection.login else {}
    try:
        return ODataExtra(**{**extra, **connection.extra})
    except ValidationError as error:
        raise ConfigurationError(
            f"The extra of connection {connection.id!r} is wrong: {reasons(error)}.",
            remedy=f"It takes {', '.join(ODataExtra.model_fields)}.",
        ) from None


def open_client(
    connection: Connection,
    transport: httpx.BaseTransport | None,
    *,
    root: str,
    extra: ODataExtra,
) -> httpx.Client:
    """The client of a connection to the service at `root`: pooled, signed in. Nothing is sent
    yet.
    """
    extra = extra.model_copy(update={"scope": extra.scope or _whole_service(extra, root)})
    verify = _trust(connection.id, extra.verify)

    def plain() -> httpx.Client:
        return httpx.Client(transport=transport, verify=verify, timeout=TIMEOUT)

    return httpx.Client(
        transport=transport,
        verify=verify,
        timeout=TIMEOUT,
        headers={**ODATA_HEADERS, **_headers(connection, extra)},
        auth=_AUTH[extra.auth](connection, extra, plain),
    )


def _whole_service(extra: ODataExtra, root: str) -> str | None:
    """The scope that Microsoft has for all that an application may do with a service."""
    return None if extra.token_url else f"{httpx.URL(root).copy_with(path='/.default')}"


def _basic(connection: Connection, _extra: ODataExtra, _plain: Plain) -> httpx.Auth:
    return httpx.BasicAuth(_needed(connection, "login", connection.login), connection.secret or "")


def _bearer(connection: Connection, _extra: ODataExtra, _plain: Plain) -> httpx.Auth:
    return HeaderAuth("Authorization", f"Bearer {_pasted(connection, 'the token')}")


def _api_key(connection: Connection, extra: ODataExtra, _plain: Plain) -> httpx.Auth:
    return HeaderAuth(_header_name(connection, extra.header), _pasted(connection, "the key"))


def _client_credentials(connection: Connection, extra: ODataExtra, plain: Plain) -> httpx.Auth:
    pasted = (connection.secret or "").strip()
    secret = _needed(connection, "password (the client secret)", pasted)
    client_id = _needed(connection, "client_id", extra.client_id or connection.login)
    if extra.token_url:
        url = _endpoint(connection, "token_url", extra.token_url)
        return BearerAuth(EndpointTokens(url, client_id, secret, extra.scope, plain))
    tenant = extra.tenant and f"{MICROSOFT}/{extra.tenant}"
    authority = _needed(connection, "tenant, authority or token_url", extra.authority or tenant)
    authority = _endpoint(connection, "authority", authority)
    return BearerAuth(MicrosoftTokens(authority, client_id, secret, extra.scope or "", plain))


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


def _pasted(connection: Connection, what: str) -> str:
    """The password as a header's value, without the line end that often comes with it."""
    text = _needed(connection, f"password ({what})", (connection.secret or "").strip())
    return header_value(text, f"The password of connection {connection.id!r}")


def _headers(connection: Connection, extra: ODataExtra) -> dict[str, str]:
    return {
        _header_name(connection, name): header_value(
            value.strip(), f"Header {name!r} in the extra of connection {connection.id!r}"
        )
        for name, value in extra.headers.items()
    }


def _header_name(connection: Connection, name: str) -> str:
    """RFC 9110, 5.1: a token."""
    if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name):
        raise ConfigurationError(
            f"The extra of connection {connection.id!r} has {name!r} as name of a header.",
            remedy="Names of headers are letters, digits and hyphens, such as x-api-key.",
        )
    return name


def _endpoint(connection: Connection, what: str, address: str) -> str:
    """Where tokens come from: shown in messages, so that it must not hold a secret."""
    if not _is_plain_url(address):
        raise ConfigurationError(
            f"The {what} of connection {connection.id!r} is not a plain URL.",
            remedy="Write it as https://host/path, with client id and secret outside the URL.",
        )
    _refuse_impossible_name(connection, httpx.URL(address))
    return address


def _is_plain_url(text: str) -> bool:
    """A web address without credentials and query."""
    try:
        url = httpx.URL(text)
    except (httpx.InvalidURL, UnicodeError):
        return False
    plain = not url.userinfo and "?" not in text and (url.port or 0) < 2**16
    return url.scheme in ("http", "https") and bool(url.host) and plain


def _refuse_impossible_name(connection: Connection, url: httpx.URL) -> None:
    """What no resolver takes: parts that are empty, or longer than 63 (RFC 1035, 2.3.4)."""
    try:
        url.raw_host.decode().encode("idna")
    except UnicodeError:
        raise ConfigurationError(
            f"No host can have the name {url.host[:100]!r}, which connection {connection.id!r} "
            "states: a part of it is empty or too long.",
            remedy="Correct it.",
        ) from None


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
