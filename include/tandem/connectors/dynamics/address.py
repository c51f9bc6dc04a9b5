"""What a connection to Dataverse says: the service root behind whatever URL was pasted, and how to
sign in.

Microsoft Learn, "Compose HTTP requests and handle errors": the Web API is at
`https://{org}.crm{n}.dynamics.com/api/data/v9.2/`.
"""

import re
from typing import Final

import httpx

from tandem.connectors.odata.connection import ODataExtra, parse_extra, service_root
from tandem.model.connection import Connection

NEWEST: Final = "v9.2"
_API: Final = re.compile(r"(?P<before>.*?)/api/data(?:/(?P<version>v\d+\.\d+))?(?:/|$)", re.I)
_PAGE: Final = re.compile(r"(?P<before>.*?)/(?:[^/]*\.aspx|apps|tools|webresources)(?:/|$)", re.I)
"""Pages of the applications, whose addresses people copy out of their browser."""
_ONLINE: Final = ".dynamics.com"


def web_api_root(connection: Connection) -> str:
    """The root of the Web API, from the address of the API or of any page of the environment.

    A version that is stated stays. ConfigurationError for what is no web address.
    """
    pasted = (connection.host or "").strip()
    if pasted and "://" not in pasted:
        pasted = f"https://{pasted}"
    plain = re.split(r"[?#]", pasted, maxsplit=1)[0]
    root = service_root(connection.model_copy(update={"host": plain}))
    url = httpx.URL(root)
    before, version = _parts(url.path.rstrip("/"))
    if url.host.endswith(_ONLINE):
        url, before = url.copy_with(scheme="https"), ""
    return f"{url.copy_with(raw_path=f'{before}/api/data/{version}/'.encode())}"


def sign_in_of(connection: Connection, root: str) -> ODataExtra:
    """The connection's extra: who has a secret signs in as an application, others by a code."""
    auth = "client_credentials" if connection.secret else "device_code"
    scope = f"{httpx.URL(root).copy_with(raw_path=b'/.default')}"
    extra = {"auth": auth, "scope": scope, **connection.extra}
    return parse_extra(connection.model_copy(update={"extra": extra}))


def _parts(path: str) -> tuple[str, str]:
    """What stands before the API's own path (on premises: the organisation), and its version."""
    if found := _API.match(path):
        return found["before"], (found["version"] or NEWEST).lower()
    page = _PAGE.match(path)
    return (page["before"] if page else path), NEWEST
