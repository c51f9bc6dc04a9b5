"""The multipart batch format (OData Protocol 4.01, 11.7.7; RFC 2046, 5.1).

Lines end with CRLF, as RFC 2046 has it; a body with other line ends has no parts.
"""

import re
import secrets
from collections.abc import Iterator, Sequence
from http import HTTPStatus
from itertools import groupby, pairwise

from tandem.demo.batch_parts import FORBIDDEN, METHODS, Answer, Part, Step, check_id
from tandem.demo.call import Reply, with_version
from tandem.demo.errors import bad_request
from tandem.demo.headers import MediaType, parse_media_type

END = b"\r\n"
HTTP = "application/http"
MIXED = "multipart/mixed"
Headers = dict[str, str]


def parse(body: bytes, boundary: str) -> list[Step]:
    """The requests and change sets of a body; ServiceError (400) if it is none."""
    ids: set[str] = set()
    steps = []
    for number, (headers, content) in enumerate(_body_parts(body, boundary)):
        media_type = _media_type(headers)
        if media_type.name == MIXED:
            inner = _body_parts(content, media_type.parameters.get("boundary", ""))
            parts = tuple(_change(*item, ids) for item in inner)
            steps.append(Step(parts, atomic=True, group=f"set{number}", answered_as_one=True))
        else:
            name = headers.get("content-id")
            steps.append(Step((_part(content, None if name is None else check_id(name, ids)),)))
    return steps


def _change(headers: Headers, content: bytes, ids: set[str]) -> Part:
    if _media_type(headers).name != HTTP:
        raise bad_request("A change set contains requests only.")
    if "content-id" not in headers:
        raise bad_request("Each request in a change set needs a Content-ID.")
    part = _part(content, check_id(headers["content-id"], ids))
    if part.method == "GET":
        raise bad_request("A change set cannot contain a GET.")
    return part


def _media_type(headers: Headers) -> MediaType:
    media_type = parse_media_type(headers.get("content-type", ""))
    if media_type.name not in (HTTP, MIXED):
        raise bad_request(f"A part of a batch is {HTTP} or {MIXED}.")
    return media_type


def _body_parts(body: bytes, boundary: str) -> Iterator[tuple[Headers, bytes]]:
    """Headers and content of each part; what stands before and after them is ignored."""
    if not 0 < len(boundary) <= 70:
        raise bad_request("multipart/mixed needs a boundary.")
    text = END + body
    pattern = rb"\r\n--" + re.escape(boundary.encode()) + rb"(--)?[ \t]*(?=\r\n|\Z)"
    delimiters = list(re.finditer(pattern, text))
    closing = next((n for n, found in enumerate(delimiters) if found[1]), None)
    if not closing:
        raise bad_request("The multipart body has no part, or it is cut off.")
    for this, following in pairwise(delimiters[: closing + 1]):
        yield _headers_and_rest(text[this.end() + 2 : following.start()])


def _headers_and_rest(text: bytes) -> tuple[Headers, bytes]:
    if text.startswith(END):
        return {}, text[2:]
    head, blank, rest = text.partition(END + END)
    if not blank:
        raise bad_request("The headers in a batch end with an empty line.")
    headers: Headers = {}
    for line in head.split(END):
        name, colon, value = line.decode("latin-1").partition(":")
        if not colon or not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name):
            raise bad_request("A part of the batch has a line that is no header.")
        key = name.lower()
        headers[key] = f"{headers[key]},{value.strip()}" if key in headers else value.strip()
    return headers, rest


def _part(content: bytes, id_: str | None) -> Part:
    """An HTTP request as `application/http`; its version can be left out, as in the examples."""
    line, end, rest = content.partition(END)
    method, _, target = line.decode("latin-1").partition(" ")
    url = re.sub(r" HTTP/1\.[01]$", "", target)
    if not end or method not in METHODS or not url or " " in url:
        raise bad_request("A part of the batch does not begin with a request line.")
    headers, body = _headers_and_rest(rest)
    if forbidden := FORBIDDEN & headers.keys():
        raise bad_request(f"A request in a batch cannot have the header {min(forbidden)}.")
    if headers.get("content-length", str(len(body))) != str(len(body)):
        raise bad_request("A request in the batch does not have the length that it says.")
    return Part(method, url, headers, body, id_)


def reply(answers: Sequence[Answer]) -> Reply:
    """The answers in order; those of a change set that succeeded in a part of their own."""
    parts = []
    for group, members in groupby(answers, key=lambda item: item.group if item.nested else None):
        inner = [_answer_part(item) for item in members]
        if group is None:
            parts += inner
        else:
            boundary = f"changeset_{secrets.token_hex(16)}"
            parts.append(
                _headed({"Content-Type": f"{MIXED}; boundary={boundary}"})
                + _joined(inner, boundary)
            )
    boundary = f"batch_{secrets.token_hex(16)}"
    headers = {"content-type": f"{MIXED}; boundary={boundary}"}
    return Reply(body=_joined(parts, boundary), headers=headers)


def _answer_part(answer: Answer) -> bytes:
    outer = {"Content-Type": HTTP} | ({"Content-ID": answer.id} if answer.id else {})
    status = HTTPStatus(answer.reply.status)
    length = {"content-length": str(len(answer.reply.body))} if answer.reply.body else {}
    headers = with_version(answer.reply) | length
    line = f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode()
    return _headed(outer) + line + _headed(headers) + answer.reply.body


def _headed(headers: Headers) -> bytes:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"{lines}\r\n".encode()


def _joined(parts: Sequence[bytes], boundary: str) -> bytes:
    delimiter = f"--{boundary}".encode()
    return b"".join(delimiter + END + part + END for part in parts) + delimiter + b"--\r\n"
