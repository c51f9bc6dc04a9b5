"""Addresses of Business Central, as people paste them, taken apart.

Sources: Microsoft Learn, "Business Central API endpoint structure" and "Publish a web service".
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import unquote

import httpx

from tandem.connectors.business_central.pasted import API, host_and_company
from tandem.connectors.odata.extra import is_plain_url, refuse_clear, refuse_impossible_name
from tandem.errors import ConfigurationError
from tandem.model.connection import Connection

_COMPANY: Final = re.compile(r"(?:companies|company)\((?:id=)?('?)(.*)\1\)", re.IGNORECASE)
_CLOUD: Final = "v2.0"
_CUSTOM: Final = 3
_DEEPEST: Final = 3
"""Segments of `v2.0/{tenant}/{environment}`."""


@dataclass(frozen=True, slots=True)
class Address:
    """What an address says; empty where it says nothing."""

    origin: str
    """Scheme, host and port."""
    instance: str = ""
    """Server instance, on premises."""
    tenant: str = ""
    environment: str = ""
    route: str = ""
    company: str = ""
    is_whole: bool = False
    """Whether it was pasted with all that leads to the API, perhaps without tenant."""


def understood(connection: Connection, host: str) -> Address:
    """The parts of a host: an origin, a server instance, or the URL of an API.

    ConfigurationError for what is no web address, or sends tokens in the clear.
    """
    host, company = host_and_company(connection, host)
    if not is_plain_url(host):
        raise ConfigurationError(
            f"The host of connection {connection.id!r} is not a web address.",
            remedy="Leave it empty for Business Central online, or write "
            "https://host:7048/instance for a server of your own; the login stands outside it.",
        )
    url = httpx.URL(host)
    refuse_impossible_name(connection, url)
    refuse_clear(connection, host)
    address = Address(f"{url.scheme}://{url.netloc.decode()}")
    path = url.raw_path.decode()  # not `path`: what is escaped in it stays within its segment
    segments = [unquote(part) for part in path.split("/") if part]
    if segments and segments[-1] == "$metadata":
        segments.pop()
    found = _with_path(address, segments)
    if url.host == API and found.instance:
        raise ConfigurationError(
            f"The host of connection {connection.id!r} is no address of Business Central online.",
            remedy=f"Leave it empty, or write https://{API}/v2.0/tenant/environment.",
        )
    return replace(found, company=found.company or company)


def _with_path(address: Address, segments: Sequence[str]) -> Address:
    at = next((i for i, s in enumerate(segments) if s.lower() in ("odatav4", "api")), None)
    if at is None:
        return _with_place(address, segments)
    address = replace(_with_place(address, segments[:at]), is_whole=True)
    if segments[at].lower() == "odatav4":
        route, rest = segments[at], segments[at + 1 :]
    else:
        length = 1 if segments[at + 1 : at + 2] == [_CLOUD] else _CUSTOM
        route, rest = "/".join(segments[at + 1 : at + 1 + length]), segments[at + 1 + length :]
    company = _COMPANY.fullmatch(rest[0]) if rest else None
    named = company[2].replace("''", "'") if company else ""
    return replace(address, route=route, company=named)


def _with_place(address: Address, segments: Sequence[str]) -> Address:
    """Online `v2.0/{tenant}/{environment}`, the tenant being optional; otherwise an instance."""
    if segments and segments[0].lower() == _CLOUD and len(segments) <= _DEEPEST:
        named = segments[1:3]
        tenant = named[0] if len(named) > 1 else ""
        return replace(address, tenant=tenant, environment=named[-1] if named else "")
    return replace(address, instance="/".join(segments))
