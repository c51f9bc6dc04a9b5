"""What a connection says of its service, checked: its root, its extra, its addresses."""

from typing import Final, Literal

import httpx
from pydantic import Field, ValidationError

from tandem.errors import ConfigurationError
from tandem.model.config import Config
from tandem.model.connection import Connection, reasons

_HERE: Final = ("localhost", "127.0.0.1", "::1")


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


def service_root(connection: Connection) -> str:
    """The service root URL, with the slash at its end that relative URLs need."""
    host = (connection.host or "").strip()
    if not is_plain_url(host):
        raise ConfigurationError(
            f"The host of connection {connection.id!r} is not a service root URL.",
            remedy="Write it as https://host/path/, with the login outside the URL.",
        )
    refuse_impossible_name(connection, httpx.URL(host))
    return host.partition("#")[0].rstrip("/") + "/"


def needed(connection: Connection, what: str, value: str | None) -> str:
    """The value; ConfigurationError if the connection has none."""
    if not value:
        raise ConfigurationError(
            f"Connection {connection.id!r} has no {what}.", remedy=f"Add {what} to it."
        )
    return value


def endpoint(connection: Connection, what: str, address: str) -> str:
    """Where tokens come from: shown in messages, so that it must not hold a secret."""
    if not is_plain_url(address):
        raise ConfigurationError(
            f"The {what} of connection {connection.id!r} is not a plain URL.",
            remedy="Write it as https://host/path, with client id and secret outside the URL.",
        )
    refuse_impossible_name(connection, httpx.URL(address))
    return address


def in_the_clear(root: str) -> bool:
    """Whether what is sent there can be read on its way: plain HTTP, to another machine."""
    url = httpx.URL(root)
    return url.scheme == "http" and url.host not in _HERE


def refuse_clear(connection: Connection, url: str, what: str = "host") -> None:
    """ConfigurationError where passwords and tokens would travel in the clear."""
    if in_the_clear(url):
        raise ConfigurationError(
            f"The {what} of connection {connection.id!r} is not https: passwords and tokens would "
            "travel in the clear.",
            remedy="Write it with https://; plain HTTP is for this machine (localhost) only.",
        )


def is_plain_url(text: str) -> bool:
    """A web address without credentials and query."""
    try:
        url = httpx.URL(text)
    except (httpx.InvalidURL, UnicodeError):
        return False
    plain = not url.userinfo and "?" not in text and (url.port or 0) < 2**16
    named = bool(url.host) and not set(url.host) & set("%\\")
    return url.scheme in ("http", "https") and named and plain


def refuse_impossible_name(connection: Connection, url: httpx.URL) -> None:
    """What no resolver takes: parts that are empty, or longer than 63 (RFC 1035, 2.3.4)."""
    try:
        url.raw_host.decode().encode("idna")
    except UnicodeError:
        raise ConfigurationError(
            f"No host can have the name {url.host[:100]!r}, which connection {connection.id!r} "
            "states: a part of it is empty or too long.",
            remedy="Correct it.",
        ) from None
