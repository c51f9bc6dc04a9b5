"""The HTTP client that follows from a connection."""

import ssl
import time
from collections.abc import Callable
from typing import Final

import httpx

from tandem.connectors.auth.headers import header_value
from tandem.connectors.http import TIMEOUT
from tandem.connectors.odata.extra import ODataExtra, parse_extra, service_root
from tandem.connectors.odata.signing import Signing, header_name
from tandem.errors import ConfigurationError
from tandem.model.connection import Connection

__all__ = ["ODATA_HEADERS", "ODataExtra", "open_client", "parse_extra", "service_root"]

ODATA_HEADERS: Final = {"OData-Version": "4.0", "OData-MaxVersion": "4.0"}
"""OData 4.01 Protocol, 8.1.5 and 8.2.7."""


def open_client(
    connection: Connection,
    transport: httpx.BaseTransport | None,
    *,
    root: str,
    extra: ODataExtra,
    sleep: Callable[[float], None] = time.sleep,
) -> httpx.Client:
    """The client of a connection to the service at `root`: pooled, signed in. Nothing is sent
    yet.
    """
    verify = _trust(connection.id, extra.verify)

    def plain() -> httpx.Client:
        return httpx.Client(transport=transport, verify=verify, timeout=TIMEOUT)

    return httpx.Client(
        transport=transport,
        verify=verify,
        timeout=TIMEOUT,
        headers={**ODATA_HEADERS, **_headers(connection, extra)},
        auth=Signing(connection, extra, root, plain, sleep).auth(),
    )


def _headers(connection: Connection, extra: ODataExtra) -> dict[str, str]:
    return {
        header_name(connection, name): header_value(
            value.strip(), f"Header {name!r} in the extra of connection {connection.id!r}"
        )
        for name, value in extra.headers.items()
    }


def _trust(conn_id: str, bundle: str | None) -> ssl.SSLContext | bool:
    """The bundle is trusted besides the public authorities: tokens may come from one of those."""
    if bundle is None:
        return True
    try:
        context = httpx.create_ssl_context()
        context.load_verify_locations(cafile=bundle)
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(
            f"The CA bundle {bundle!r} of connection {conn_id!r} cannot be read: {error}.",
            remedy="Write the path of a file in PEM form as verify.",
        ) from None
    return context
