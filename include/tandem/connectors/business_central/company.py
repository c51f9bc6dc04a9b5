"""Which company of an environment the records belong to.

Sources: Microsoft Learn, "Business Central API endpoint structure" (companies by id) and "Publish a
web service" (`Company('Name')`, case-sensitive).
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final
from urllib.parse import quote

from tandem.connectors.http import Http, resolved
from tandem.connectors.odata.page import load_page
from tandem.connectors.odata.read import JSON
from tandem.errors import ConfigurationError

_SHOWN: Final = 12
_MOST_PAGES: Final = 100


@dataclass(frozen=True, slots=True)
class Company:
    """A company; names may be empty."""

    id: str
    name: str
    display_name: str
    path: str
    """Its path below the service root, percent-encoded."""

    @property
    def label(self) -> str:
        """What people call it."""
        other = self.display_name not in ("", self.name)
        return f"{self.name!r} ({self.display_name})" if other else repr(self.name)


def companies(http: Http, *, by_web_services: bool) -> list[Company]:
    """All companies of the environment that we may see."""
    read = _published if by_web_services else _of_api
    entity_set = "Company" if by_web_services else "companies"
    found: list[Company] = []
    url: str | None = http.root + entity_set
    for _ in range(_MOST_PAGES):
        if url is None:
            break
        document = load_page(http.get(url, JSON).body)
        found += [read(record) for record in document["value"] if isinstance(record, dict)]
        link = document.get("@odata.nextLink")
        url = resolved(url, link) if isinstance(link, str) else None
    return found


def chosen(connection: str, wanted: str, known: Sequence[Company]) -> Company:
    """The company that is meant by its name, id or display name; without any, the only one.

    ConfigurationError lists those that there are.
    """
    if not known:
        raise ConfigurationError(
            f"Connection {connection!r} sees no company in this environment.",
            remedy="Give its user or application permission sets in Business Central, on the page "
            "Users or Microsoft Entra Applications.",
        )
    if not wanted:
        if len(known) == 1:
            return known[0]
        raise ConfigurationError(
            f"Connection {connection!r} does not say which company it is for.",
            remedy=f"Write company into its extra, one of {_listed(known)}.",
        )
    for says in _WAYS:
        fitting = [company for company in known if says(company, wanted)]
        if len(fitting) == 1:
            return fitting[0]
    raise ConfigurationError(
        f"There is no company {wanted[:100]!r} in the environment of connection {connection!r}.",
        remedy=_suggestion(wanted, known),
    )


_WAYS: Final[tuple[Callable[[Company, str], bool], ...]] = (
    lambda company, wanted: company.name == wanted,
    lambda company, wanted: company.id.lower() == wanted.lower(),
    lambda company, wanted: company.display_name == wanted,
)


def _suggestion(wanted: str, known: Sequence[Company]) -> str:
    names = {company.name.lower(): company.name for company in known}
    close = get_close_matches(wanted.lower(), list(names), n=1)
    if close:
        return f"Did you mean {names[close[0]]!r}? Upper and lower case count."
    return f"It has {_listed(known)}."


def _listed(known: Sequence[Company]) -> str:
    more = f" and {len(known) - _SHOWN} more" if len(known) > _SHOWN else ""
    return ", ".join(company.label for company in known[:_SHOWN]) + more


def _of_api(record: dict[str, Any]) -> Company:
    known = _text(record, "id")
    return Company(
        known, _text(record, "name"), _text(record, "displayName"), f"companies({quote(known)})"
    )


def _published(record: dict[str, Any]) -> Company:
    name = _text(record, "Name")
    quoted = quote(name.replace("'", "''"), safe="'")
    return Company(_text(record, "Id"), name, _text(record, "Display_Name"), f"Company('{quoted}')")


def _text(record: dict[str, Any], name: str) -> str:
    value = record.get(name)
    return value if isinstance(value, str) else "" if value is None else json.dumps(value)
