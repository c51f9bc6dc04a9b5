"""What the two batch formats have in common: the requests and their answers."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from tandem.demo.call import Json, Reply, error_reply
from tandem.demo.errors import ServiceError, bad_request

METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
FORBIDDEN: Final = frozenset(
    (
        "authorization",
        "expect",
        "from",
        "max-forwards",
        "proxy-authenticate",
        "proxy-authorization",
        "range",
        "te",
        "www-authenticate",
    )
)
"""Headers that a request in a batch must not have (OData Protocol 4.01, 11.7.7.1)."""
_ID: Final = re.compile(r"[A-Za-z0-9._~-]+")


@dataclass(frozen=True, slots=True)
class Part:
    """One request of a batch."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    """Names in lower case."""
    body: bytes | Json = b""
    id: str | None = None
    group: str | None = None
    depends_on: tuple[str, ...] = ()
    conditional: bool = False
    """Has an `if`, which the service does not support."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one request, or to a change set that failed."""

    id: str | None
    group: str | None
    reply: Reply
    nested: bool = False
    """Stands in the answer to its change set."""

    @property
    def failed(self) -> bool:
        """Whether it tells of an error."""
        return self.reply.status >= 400


@dataclass(frozen=True, slots=True)
class Step:
    """A single request, or requests that are done all or none."""

    parts: tuple[Part, ...]
    atomic: bool = False
    group: str | None = None
    """Name of the atomicity group in JSON, made-up name of the change set in multipart."""
    answered_as_one: bool = False
    """A failed change set gets one answer, a failed atomicity group one for each request."""

    def failed(self, place: int, reply: Reply) -> list[Answer]:
        """The answers if the request at that place (or their commit) failed."""
        if self.answered_as_one:
            return [Answer(None, self.group, reply)]
        message = "Another request of the atomicity group failed."
        dependent = error_reply(ServiceError(424, "FailedDependency", message))
        return [
            Answer(part.id, self.group, reply if n == place else dependent)
            for n, part in enumerate(self.parts)
        ]


def check_id(text: object, known: set[str]) -> str:
    """A request identifier (`request-id` of the OData ABNF), which no other request may have."""
    if not isinstance(text, str) or not _ID.fullmatch(text):
        raise bad_request(f"{text!r} is no request identifier.")
    if text in known:
        raise bad_request(f"The request identifier {text!r} is used twice.")
    known.add(text)
    return text
