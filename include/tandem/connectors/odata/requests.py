"""One change of one record, as a request that can travel alone or in a batch."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import httpx

from tandem.connectors.http import Reply

_NAME: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE: Final = re.compile(rb"[\t -~\x80-\xff]*")
"""What a header can be made of (RFC 9110, 5.1 and 5.5)."""


def headers_of(pairs: Iterable[tuple[bytes, bytes]]) -> httpx.Headers:
    """The headers of one answer in a batch; what cannot be a header is left out."""
    fields = [(name, value) for name, value in pairs if _NAME.fullmatch(name)]
    return httpx.Headers([(name, value) for name, value in fields if _VALUE.fullmatch(value)])


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
