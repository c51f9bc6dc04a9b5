"""How the requests of a connection are signed, by the `auth` of its extra."""

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import httpx

from tandem.connectors.auth.device_code import DeviceCodeTokens
from tandem.connectors.auth.endpoint import EndpointTokens, Plain
from tandem.connectors.auth.headers import BearerAuth, HeaderAuth, header_value
from tandem.connectors.auth.microsoft import MICROSOFT, MicrosoftTokens, Registration
from tandem.connectors.auth.public_client import PublicClient
from tandem.connectors.odata.extra import ODataExtra, endpoint, in_the_clear, needed, refuse_clear
from tandem.errors import ConfigurationError
from tandem.model.connection import Connection

_log: Final = logging.getLogger(__name__)

_ADDED: Final = ("offline_access", "openid", "profile")
"""Scopes that MSAL adds by itself, and refuses in a list."""
_ANY_TENANT: Final = "organizations"
"""Whoever signs in has a tenant of their own (Microsoft Learn, device authorization grant)."""


@dataclass(frozen=True, slots=True)
class Signing:
    """What signing a connection's requests needs."""

    connection: Connection
    extra: ODataExtra
    root: str
    """Service root URL."""
    plain: Plain
    sleep: Callable[[float], None]

    def auth(self) -> httpx.Auth | None:
        """How its requests are signed. ConfigurationError for what is missing or wrong."""
        way = _WAYS[self.extra.auth](self)
        if way is not None and in_the_clear(self.root):
            _log.warning(
                "Connection %r is not https: its password or token travels in the clear.",
                self.connection.id,
            )
        return way


def signed_by_person(auth: httpx.Auth | None) -> DeviceCodeTokens | None:
    """The tokens of a person, where it is a person who signs in."""
    tokens = auth.tokens if isinstance(auth, BearerAuth) else None
    return tokens if isinstance(tokens, DeviceCodeTokens) else None


def header_name(connection: Connection, name: str) -> str:
    """RFC 9110, 5.1: a token."""
    if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name):
        raise ConfigurationError(
            f"The extra of connection {connection.id!r} has {name!r} as name of a header.",
            remedy="Names of headers are letters, digits and hyphens, such as x-api-key.",
        )
    return name


def _basic(asked: Signing) -> httpx.Auth:
    connection = asked.connection
    return httpx.BasicAuth(needed(connection, "login", connection.login), connection.secret or "")


def _bearer(asked: Signing) -> httpx.Auth:
    return HeaderAuth("Authorization", f"Bearer {_pasted(asked.connection, 'the token')}")


def _api_key(asked: Signing) -> httpx.Auth:
    name = header_name(asked.connection, asked.extra.header)
    return HeaderAuth(name, _pasted(asked.connection, "the key"))


def _client_credentials(asked: Signing) -> httpx.Auth:
    connection, extra = asked.connection, asked.extra
    pasted = (connection.secret or "").strip()
    secret = needed(connection, "password (the client secret)", pasted)
    if extra.token_url:
        url = endpoint(connection, "token_url", extra.token_url)
        refuse_clear(connection, url, "token_url")
        client_id = _client_id(asked)
        return BearerAuth(EndpointTokens(url, client_id, secret, extra.scope, asked.plain))
    scopes = (extra.scope or _whole_service(asked.root),)
    return BearerAuth(MicrosoftTokens(_registration(asked, scopes), secret))


def _device_code(asked: Signing) -> httpx.Auth:
    """As scope `/.default`: all that the application was registered with. Others, such as
    `https://…/user_impersonation`, can be written in the extra.
    """
    connection, extra = asked.connection, asked.extra
    scopes = (extra.scope or _whole_service(asked.root)).split()
    scopes = [scope for scope in scopes if scope not in _ADDED]
    registration = _registration(asked, tuple(scopes), tenant=_ANY_TENANT)
    login = connection.login if extra.client_id else None
    name = _sign_in_name(asked, registration, login)
    tokens = DeviceCodeTokens(PublicClient(registration), name, connection.id, asked.sleep, login)
    return BearerAuth(tokens)


def _sign_in_name(asked: Signing, registration: Registration, login: str | None) -> str:
    """All that tells one sign-in from another. Not the connection's id: Airflow's Test button gives
    it another one each time.
    """
    tenant = f" in {asked.extra.tenant}" if asked.extra.tenant else ""
    person = f" as {login}" if login else ""
    scopes = " ".join(sorted(registration.scopes))
    return (
        f"{registration.client_id} at {registration.authority} for {_origin(asked.root)}"
        f"{tenant}{person} ({scopes})"
    )


def _registration(
    asked: Signing, scopes: tuple[str, ...], tenant: str | None = None
) -> Registration:
    connection, extra = asked.connection, asked.extra
    refuse_clear(connection, asked.root)
    client_id = _client_id(asked)
    tenant = extra.tenant or tenant
    authority = extra.authority or (tenant and f"{MICROSOFT}/{tenant}")
    authority = needed(connection, "tenant, authority or token_url", authority)
    authority = endpoint(connection, "authority", authority).rstrip("/")
    return Registration(authority, client_id, scopes, asked.plain)


def _client_id(asked: Signing) -> str:
    return needed(asked.connection, "client_id", asked.extra.client_id or asked.connection.login)


def _whole_service(root: str) -> str:
    """The scope that Microsoft has for all that an application may do with a service."""
    return f"{_origin(root)}/.default"


def _origin(root: str) -> str:
    return str(httpx.URL(root).copy_with(path="/", query=None)).rstrip("/")


def _pasted(connection: Connection, what: str) -> str:
    """The password as a header's value, without the line end that often comes with it."""
    text = needed(connection, f"password ({what})", (connection.secret or "").strip())
    return header_value(text, f"The password of connection {connection.id!r}")


_WAYS: Final[dict[str, Callable[[Signing], httpx.Auth | None]]] = {
    "none": lambda _asked: None,
    "basic": _basic,
    "bearer": _bearer,
    "api_key": _api_key,
    "client_credentials": _client_credentials,
    "device_code": _device_code,
}
