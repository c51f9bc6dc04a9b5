"""Bodies of answers: read up to a limit, and told apart from web pages."""

from typing import Final

import httpx

from tandem.connectors.http_errors import other_coding

CODINGS: Final = ("gzip", "deflate")
"""Content-Encodings that are asked for."""
_HTML: Final = (b"<!doctype html", b"<html")


def first_bytes(response: httpx.Response, root: str, limit: int) -> bytes:
    """The body, decompressed; not much more than `limit` bytes of it.

    One coding at most: of two, each may make a thousand times as much of the same bytes.
    """
    coding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if coding not in (*CODINGS, "identity"):
        raise other_coding(root, coding)
    pieces, size = [], 0
    for piece in response.iter_bytes():
        pieces.append(piece)
        size += len(piece)
        if size > limit:
            break
    return b"".join(pieces)


def is_web_page(headers: httpx.Headers, body: bytes) -> bool:
    """Whether an answer is a web page, such as one to sign in at."""
    declared = headers.get("Content-Type", "").strip().lower()
    return declared.startswith("text/html") or start_of(body).lower().startswith(_HTML)


def start_of(body: bytes) -> bytes:
    """Its first bytes, without what may stand before a document."""
    return body[:200].lstrip(b"\xef\xbb\xbf \t\r\n")
