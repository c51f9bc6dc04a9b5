"""Batches as multipart/mixed (OData 4.01 Protocol, 11.7.7): what every service with $batch knows.

Requests are independent of each other: no change sets. Answers come in the order of the requests;
a service that stops at the first error answers that one last.
"""

import re
from collections.abc import Iterator, Sequence
from email.message import Message
from hashlib import blake2b
from typing import Final

import httpx

from tandem.connectors.http import Reply
from tandem.connectors.odata.requests import Answers, Request, headers_of

ACCEPT: Final = "multipart/mixed"
_PART: Final = b"Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n"
_BLANK_LINE: Final = re.compile(rb"\r?\n\r?\n|\A\r?\n")
_STATUS: Final = re.compile(rb"HTTP/\d(?:\.\d)?[ \t]+(\d{3})")
_LINE_END: Final = re.compile(r"[\r\n]")
_DEEPEST: Final = 2
"""A batch, and change sets in it."""


class Multipart:
    """The form of OData 4.0."""

    accept = ACCEPT

    def write(self, requests: Sequence[Request]) -> tuple[str, bytes]:
        """Each request is a part of its own."""
        parts = [_PART + _message(request) for request in requests]
        boundary = "batch_" + blake2b(b"".join(parts), digest_size=16).hexdigest()
        delimiter = b"--" + boundary.encode()
        body = b"".join(delimiter + b"\r\n" + part + b"\r\n" for part in parts)
        return f"multipart/mixed; boundary={boundary}", body + delimiter + b"--\r\n"

    def read(self, reply: Reply, count: int) -> Answers:
        """Whatever the status of the whole: Dataverse answers 400 where it stops at an error."""
        replies, closed = parse(reply.headers.get("Content-Type", ""), reply.body)
        if not replies or len(replies) > count:
            raise ValueError("as many parts as requests were expected")
        stopped = closed and not httpx.codes.is_success(replies[-1].status)
        missing = count - len(replies)
        return Answers((*replies, *[None] * missing), whole=stopped or not missing)


def parse(content_type: str, body: bytes) -> tuple[list[Reply], bool]:
    """The answers in a multipart body, and whether it has its end; change sets are unfolded.

    ValueError if it is no such body.
    """
    return _parse(content_type, body, _DEEPEST)


def _parse(content_type: str, body: bytes, deepest: int) -> tuple[list[Reply], bool]:
    boundary = _boundary(content_type)
    if boundary is None or not deepest:
        raise ValueError("not multipart")
    parts, closed = _parts(body, boundary)
    replies: list[Reply] = []
    for part in parts:
        replies += _replies(part, deepest)
    return replies, closed


def _replies(part: bytes, deepest: int) -> list[Reply]:
    """The answer in a part; those of a change set, which is multipart itself."""
    head, rest = _halves(part)
    kind = _headers(head).get("Content-Type", "")
    if kind.lower().startswith("multipart/"):
        return _parse(kind, rest, deepest - 1)[0]
    rest = rest.lstrip(b"\r\n")
    status = _STATUS.match(rest)
    if status is None:
        raise ValueError("a part is no HTTP answer")
    head, content = _halves(rest)
    return [Reply(int(status[1]), _headers(head.partition(b"\n")[2]), content.strip())]


def _parts(body: bytes, boundary: str) -> tuple[list[bytes], bool]:
    """The parts between the delimiters (RFC 2046, 5.1.1), and whether the last one closes.

    What stands before the first and after the last is not meant for us. The line end before a
    delimiter belongs to it. A part that no delimiter follows was cut, and counts for nothing.
    """
    delimiter = re.compile(rb"^--" + re.escape(boundary.encode()) + rb"(--)?[ \t]*\r?$", re.M)
    parts: list[bytes] = []
    start = None
    for found in delimiter.finditer(body):
        if start is not None:
            parts.append(re.sub(rb"\r?\n\Z", b"", body[start : found.start()]))
        if found[1]:
            return parts, True
        start = found.end() + 1
    return parts, False


def _boundary(content_type: str) -> str | None:
    message = Message()
    message["Content-Type"] = content_type
    if message.get_content_maintype() != "multipart":
        return None
    boundary = message.get_param("boundary")
    return boundary if isinstance(boundary, str) and boundary else None


def _halves(message: bytes) -> tuple[bytes, bytes]:
    """Head and body, without the blank line between them."""
    blank = _BLANK_LINE.search(message)
    return (message[: blank.start()], message[blank.end() :]) if blank else (message, b"")


def _headers(head: bytes) -> httpx.Headers:
    return headers_of(_header_lines(head))


def _header_lines(head: bytes) -> Iterator[tuple[bytes, bytes]]:
    for line in re.split(rb"\r?\n", head):
        name, colon, value = line.partition(b":")
        if colon:
            yield name.strip(), value.strip()


def _message(request: Request) -> bytes:
    lines = [f"{request.method} {request.path} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in request.headers.items()]
    if any(_LINE_END.search(line) for line in lines):
        raise ValueError("a header of more than one line")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + request.body
