"""One request and one response, without HTTP."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from uuid import UUID

from tandem.demo.clock import Clock
from tandem.demo.errors import ServiceError
from tandem.demo.headers import JSON, MediaType, negotiate, preferences
from tandem.demo.model import EntitySet
from tandem.demo.read import Selection
from tandem.demo.store import Store


@dataclass(frozen=True)
class Service:
    """What all requests share."""

    store: Store
    clock: Clock
    new_id: Callable[[], UUID]
    page_size: int
    if_match_required: bool = False
    """Whether a write to an entity that has an etag needs an If-Match (428 without)."""
    selection: Callable[[EntitySet, tuple[str, ...], bool, str | None], Selection] = Selection
    """How entities are shown: made of a set, the paths asked for, IEEE 754 and a context URL."""


@dataclass(frozen=True, slots=True)
class Json:
    """A body that came as JSON already, within a document; numbers are int or Decimal."""

    value: Any


@dataclass(frozen=True)
class Call:
    """One request."""

    service: Service
    root: str
    """Service root URL, with a slash at the end."""
    query: str
    headers: Mapping[str, str]
    body: bytes | Json = b""

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


def error_reply(error: ServiceError) -> Reply:
    """The response that tells of an error."""
    headers = {"content-type": JSON, **error.headers}
    return Reply(error.status, json.dumps(error.body).encode(), headers)


def with_version(reply: Reply) -> dict[str, str]:
    """The headers of the response, among them its OData-Version (OData Protocol 4.01, 8.1.5)."""
    return {"odata-version": "4.0", **reply.headers}
