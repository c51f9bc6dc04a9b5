"""One change of one record, as a request that can travel alone or in a batch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from tandem.connectors.http import Reply


@dataclass(frozen=True, slots=True)
class Request:
    """A request of a batch, or one by itself."""

    row: int
    method: str
    path: str
    """Relative to the service root, percent-encoded."""
    headers: Mapping[str, str]
    body: bytes = b""
    """JSON, or nothing."""

    @property
    def repeatable(self) -> bool:
        """Whether it may be sent once more if nobody knows what became of it."""
        return self.method != "POST"


@dataclass(frozen=True, slots=True)
class Answers:
    """What a batch was answered."""

    replies: tuple[Reply | None, ...]
    """One for each request, in their order; None: not answered."""
    whole: bool
    """Whether requests without a reply were left out on purpose: the service did not do them."""


class BatchForm(Protocol):
    """One way to write many requests as one (OData 4.01 Protocol, 11.7)."""

    def write(self, requests: Sequence[Request]) -> tuple[str, bytes]:
        """Content-Type and body of the batch."""
        ...

    def read(self, reply: Reply, count: int) -> Answers:
        """The replies to a batch of `count` requests. ValueError if it is no answer to a batch."""
        ...
