"""Answers without our secrets: error messages and debug pages quote what they were asked with."""

import json
from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import quote, quote_plus

import httpx

_PLAIN: Final = frozenset(
    [
        *("accept", "accept-charset", "accept-encoding", "accept-language", "connection"),
        *("content-length", "content-type", "host", "if-match", "if-none-match", "isolation"),
        *("odata-isolation", "odata-maxversion", "odata-version", "prefer", "user-agent"),
    ]
)
"""Headers that open no door; any other may be a key of a gateway's."""
_SHORTEST: Final = 8
"""Characters of a value of another header that is hidden; shorter ones are found by chance."""


def without(body: bytes, secrets: Iterable[str]) -> bytes:
    """The body, with an ellipsis for each secret as it stands in texts, JSON, URLs and forms."""
    for secret in secrets:
        for form in _forms(secret):
            body = body.replace(form.encode(), "…".encode())
    return body


def credentials(request: httpx.Request) -> Iterator[str]:
    """What opened the door for the request: of `Basic abc` and `Bearer abc`, the `abc`."""
    for name, value in request.headers.items():
        if name == "authorization":
            yield value.partition(" ")[2] or value
        elif name not in _PLAIN and len(value) >= _SHORTEST:
            yield value


def _forms(secret: str) -> set[str]:
    plain = {
        secret,
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        quote(secret, safe=""),
        quote_plus(secret),
    }
    return {form for form in plain if form}
