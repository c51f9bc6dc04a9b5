"""What a connection to Dataverse says: the service root behind whatever URL was pasted, and how to
sign in.

Microsoft Learn, "Compose HTTP requests and handle errors": the Web API is at
`https://{org}.crm{n}.dynamics.com/api/data/v9.2/`; "Discover user organizations" names the domains
of national clouds, "National clouds" where one signs in there. The documentation of Customer
Engagement (on-premises) has its Web API at v9.1.
"""

import re
from typing import Final

import httpx

from tandem.connectors.odata.connection import ODataExtra, parse_extra, service_root
from tandem.connectors.odata.extra import refuse_clear
from tandem.errors import ConfigurationError
from tandem.model.connection import Connection

NEWEST: Final = "v9.2"
ON_PREMISES: Final = "v9.1"
_API: Final = re.compile(r"(?P<before>.*?)/api/data(?:/(?P<version>v\d+\.\d+))?(?:/|$)", re.I)
_PAGE: Final = re.compile(r"(?P<before>.*?)/(?:[^/]*\.aspx|apps|tools|webresources)(?:/|$)", re.I)
"""Pages of the applications, whose addresses people copy out of their browser."""
_USA: Final = "https://login.microsoftonline.us"
_AUTHORITIES: Final = {
    "dynamics.com": "",
    "microsoftdynamics.us": _USA,
    "appsplatform.us": _USA,
    "dynamics.cn": "https://login.partner.microsoftonline.cn",
}
"""Domain of a cloud → where its users and applications sign in; empty: as everywhere."""
_ANY_TENANT: Final = "organizations"
"""Whoever signs in by a code has a tenant of their own."""
_CLOUDS: Final = "|".join(map(re.escape, _AUTHORITIES))
_ENVIRONMENT: Final = re.compile(rf"(?!globaldisco\.)[^.]+(?:\.api)?\.crm\d*\.(?P<cloud>{_CLOUDS})")
_PORTALS: Final = (*_AUTHORITIES, "powerapps.com", "powerapps.us", "powerapps.cn",
    "powerplatform.com", "powerplatform.microsoft.com", "powerplatform.microsoft.us",
)  # fmt: skip
"""Domains where everything is Microsoft's, and what is no environment is no Dataverse."""


def web_api_root(connection: Connection) -> str:
    """The root of the Web API, from the address of the API or of any page of the environment.

    A version that is stated stays. ConfigurationError for what is no web address, for one of a
    portal, where environments are managed, and for one that sends tokens in the clear.
    """
    pasted = (connection.host or "").strip()
    if pasted and "://" not in pasted:
        pasted = f"https://{pasted}"
    plain = re.split(r"[?#]", pasted, maxsplit=1)[0]
    root = service_root(connection.model_copy(update={"host": plain}))
    url = httpx.URL(root)
    _refuse_portal(connection, url.host)
    before, version = _parts(url.path.rstrip("/"))
    online = _ENVIRONMENT.fullmatch(url.host)
    if online:
        url, before = url.copy_with(scheme="https"), ""
    version = version or (NEWEST if online else ON_PREMISES)
    found = f"{url.copy_with(raw_path=f'{before}/api/data/{version}/'.encode())}"
    refuse_clear(connection, found)
    return found


def sign_in_of(connection: Connection, root: str) -> ODataExtra:
    """The connection's extra: who has a secret signs in as an application, others by a code; both
    in the cloud that the environment belongs to.
    """
    auth = "client_credentials" if connection.secret else "device_code"
    scope = f"{httpx.URL(root).copy_with(raw_path=b'/.default')}"
    told = {"auth": auth, "scope": scope, **connection.extra}
    extra = parse_extra(connection.model_copy(update={"extra": told}))
    online = _ENVIRONMENT.fullmatch(httpx.URL(root).host)
    cloud = _AUTHORITIES[online["cloud"]] if online else ""
    tenant = extra.tenant or (_ANY_TENANT if extra.auth == "device_code" else "")
    if extra.authority or extra.token_url or not (cloud and tenant):
        return extra
    return extra.model_copy(update={"authority": f"{cloud}/{tenant}"})


def _parts(path: str) -> tuple[str, str]:
    """What stands before the API's own path (on premises: the organisation), and its version, if
    it is stated.
    """
    if found := _API.match(path):
        return found["before"], (found["version"] or "").lower()
    page = _PAGE.match(path)
    return (page["before"] if page else path), ""


def _refuse_portal(connection: Connection, host: str) -> None:
    microsofts = f".{host}".endswith(tuple(f".{domain}" for domain in _PORTALS))
    if microsofts and not _ENVIRONMENT.fullmatch(host):
        raise ConfigurationError(
            f"The host of connection {connection.id!r}, {host}, is no environment of Dataverse.",
            remedy="Write the service root URL of the Web API, such as "
            "https://contoso.crm4.dynamics.com/api/data/v9.2/. It is found under Settings > "
            "Developer resources in Power Apps, or Settings > Customizations > Developer "
            "Resources in Dynamics 365.",
        )
