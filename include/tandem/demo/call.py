"""One request and one response, without HTTP."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from uuid import UUID

from tandem.demo.headers import JSON, MediaType, negotiate, preferences
from tandem.demo.model import EntitySet
from tandem.demo.store import Store


@dataclass(frozen=True)
class Service:
    """What all requests share."""

    store: Store
    clock: Callable[[], datetime]
    new_id: Callable[[], UUID]
    page_size: int


@dataclass(frozen=True)
class Call:
    """One request."""

    service: Service
    root: str
    """Service root URL, with a slash at the end."""
    query: str
    headers: Mapping[str, str]
    body: bytes = b""

    @cached_property
    def preferences(self) -> dict[str, str]:
        """What the client would like."""
        return preferences(self.headers.get("prefer", ""))

    def accepts(self, options: Mapping[str, str], *offered: str) -> MediaType:
        """The representation to answer with."""
        return negotiate(self.headers.get("accept", ""), options.get("$format"), offered)

    def context(self, entity_set: EntitySet, paths: tuple[str, ...]) -> str:
        """The context URL of entities of a set that have these properties."""
        everything = len(paths) == len(entity_set.paths)
        shape = "" if everything else f"({','.join(paths)})"
        return f"{self.root}$metadata#{entity_set.name}{shape}"


@dataclass(frozen=True, slots=True)
class Reply:
    """One response."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


def json_headers(accepted: MediaType) -> dict[str, str]:
    """The Content-Type that says which JSON it is (OData JSON Format 4.01, 3)."""
    ieee754 = ";IEEE754Compatible=true" if accepted.ieee754 else ""
    return {"content-type": f"{JSON};odata.metadata={accepted.metadata}{ieee754}"}
