"""What people paste as a host, before it is taken apart: the web client's address, a query.

Sources: Microsoft Learn, "Business Central web client URL" (`/{tenant}/{environment}?company=…`)
and "Set-NAVTenant" (alternate ids: host names of tenants).
"""

import re
from typing import Final
from urllib.parse import parse_qsl, quote

import httpx

from tandem.errors import ConfigurationError
from tandem.model.connection import Connection

WEB_CLIENT: Final = "businesscentral.dynamics.com"
API: Final = f"api.{WEB_CLIENT}"
_TENANT: Final = re.compile(r"[^/]*\.[^/]*|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.I)
_ENVIRONMENT: Final = "Production"


def host_and_company(connection: Connection, text: str) -> tuple[str, str]:
    """The host without query, with a scheme, as the API has it; and the company that was named.

    ConfigurationError for a query that says anything else.
    """
    text = text if "://" in text else f"https://{text}"
    host, _, query = text.partition("#")[0].partition("?")
    said = {name.lower(): value for name, value in parse_qsl(query, keep_blank_values=True)}
    company = said.pop("company", "")
    try:
        url = httpx.URL(host)
    except (httpx.InvalidURL, UnicodeError):
        return host, company  # which is refused as what it is
    if url.host == WEB_CLIENT and not url.userinfo:
        return _of_web_client(url), company
    if said:
        raise _has_query(connection, sorted(said))
    return host, company


def _of_web_client(url: httpx.URL) -> str:
    """`/{tenant}/{environment}`, either of which may be left out, as the API has it."""
    segments = [part for part in url.path.split("/") if part]
    tenant = segments.pop(0) if segments and _TENANT.fullmatch(segments[0]) else ""
    environment = segments[0] if segments else _ENVIRONMENT if tenant else ""
    places = [quote(part, safe="") for part in ("v2.0", tenant, environment) if part]
    return "/".join((f"https://{API}", *places))


def _has_query(connection: Connection, names: list[str]) -> ConfigurationError:
    remedy = "Leave out what stands behind the question mark."
    if "tenant" in names:
        remedy = (
            "Of a server with several tenants, write the host name of the tenant (one of its "
            "alternate ids, Set-NAVTenant -AlternateId), and no ?tenant=."
        )
    said = ", ".join(name[:40] for name in names[:5])
    return ConfigurationError(
        f"The host of connection {connection.id!r} has a query ({said}), which would not be kept.",
        remedy=remedy,
    )
