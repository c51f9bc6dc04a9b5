"""The data service: who we are, versions, FetchXML.

Sources: Resco wiki, "Resco CRM Connector"; Resco's JavaScript client for the forms of answers.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tandem.connectors.http import Format, Http, Reply
from tandem.connectors.resco.urls import Urls
from tandem.connectors.resco.xml import children, escaped, local_name, parsed, said, text_of
from tandem.errors import ConfigurationError

XML: Final = {"Content-Type": "text/xml; charset=utf-8", "Accept": "text/xml, application/xml"}
_DOCUMENT: Final = Format("application/xml, text/xml", limit=64 * 1024 * 1024)
_OK: Final = range(200, 300)


@dataclass(frozen=True, slots=True)
class Who:
    """Whom we are signed in as."""

    organization: str
    organization_id: str
    user_id: str


@dataclass(frozen=True, slots=True)
class Fetched:
    """The answer to a FetchXML query."""

    records: tuple[Mapping[str, str], ...]
    """Attribute → its text, as the service writes it: a lookup is `account:guid:label`."""
    min_active_version: int | None
    """The least version of a transaction that is under way; every one below is committed."""


@dataclass(frozen=True, slots=True)
class DataService:
    """Calls of the data and the metadata service. They raise the errors of `Http.get`."""

    http: Http
    urls: Urls

    def who_am_i(self) -> Who:
        """The organization and the user; of name and id one stands in for the other."""
        root = parsed(self._call("WhoAmI"), "The answer to WhoAmI")
        name, id_ = said(root, "OrganizationName"), said(root, "OrganizationId")
        return Who(name or id_, id_ or name, said(root, "UserId"))

    def max_row_version(self) -> int:
        """The greatest version that any record of the organization has."""
        body = self._call("GetMaxRowVersion").strip()
        text = (
            text_of(parsed(body, "GetMaxRowVersion"))
            if body[:1] == b"<"
            else body.decode(errors="replace")
        )
        version = number(text.strip().strip('"'))
        if version is None:
            raise ConfigurationError("The data service's GetMaxRowVersion is no number.")
        return version

    def fetch(self, query: str) -> Fetched:
        """The first page of a FetchXML query's answer."""
        root = parsed(self._call("", query), "The answer to a FetchXML query")
        return Fetched(
            tuple(
                {local_name(value): text_of(value) for value in record}
                for holder in children(root, "Entities")
                for record in children(holder, "Entity")
            ),
            number(said(root, "MinActiveRowVersion")),
        )

    def metadata(self, what: str) -> bytes:
        """A document of the metadata service, such as `$entities`."""
        return self.http.get(self.urls.metadata + what, _DOCUMENT).body

    def send(self, method: str, body: bytes) -> Reply:
        """The answer to a call that is sent once, whatever it says; raises as `Http.send`."""
        url = f"{self.urls.data}/{method}" if method else self.urls.data
        return self.http.send("POST", url, XML, body)

    def _call(self, method: str, body: str = "") -> bytes:
        """A call that changes nothing, and so may be repeated."""

        def ask() -> bytes:
            reply = self.send(method, body.encode())
            if reply.status not in _OK:
                raise self.http.error(f"{self.urls.data}/{method}".rstrip("/"), reply)
            return reply.body

        return self.http.patiently(ask)


def fetch_one(entity: str, key: str) -> str:
    """FetchXML for one record, whichever it is."""
    return (
        f'<fetch version="1.0" count="1" page="1"><entity name="{escaped(entity)}">'
        f'<attribute name="{escaped(key)}"/></entity></fetch>'
    )


def fetch_by_key(entity: str, key: str, attributes: Sequence[str], ids: Sequence[str]) -> str:
    """FetchXML for these attributes of the records with these ids."""
    names = "".join(f'<attribute name="{escaped(name)}"/>' for name in (key, *attributes))
    values = "".join(f"<value>{escaped(known)}</value>" for known in ids)
    condition = f'<condition attribute="{escaped(key)}" operator="in">{values}</condition>'
    return (
        f'<fetch version="1.0" count="{len(ids)}" page="1"><entity name="{escaped(entity)}">'
        f'{names}<filter type="and">{condition}</filter></entity></fetch>'
    )


def number(text: str) -> int | None:
    """A version as a number: decimal, or hexadecimal with 0x; None if it is neither."""
    if re.fullmatch(r"[0-9]{1,19}", text):
        return int(text)
    return int(text, 16) if re.fullmatch(r"0x[0-9A-Fa-f]{1,16}", text) else None
