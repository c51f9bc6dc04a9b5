"""Batches as JSON (OData JSON 4.01, 19): OData 4.01 services, and Business Central and SAP CAP."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

import httpx

from tandem.connectors.http import Reply
from tandem.connectors.odata.documents import load, to_text
from tandem.connectors.odata.requests import Answers, Request

ACCEPT: Final = "application/json"


class JsonBatch:
    """The form of OData 4.01."""

    accept = ACCEPT

    def write(self, requests: Sequence[Request]) -> tuple[str, bytes]:
        """Ids are the positions; names of headers in lower case, as 19.1 wants them."""
        members = [_request(position, request) for position, request in enumerate(requests)]
        return "application/json", b'{"requests":[' + b",".join(members) + b"]}"

    def read(self, reply: Reply, count: int) -> Answers:
        """In any order, told apart by id; a null id counts as its position."""
        document = _load(reply.body)
        replies: list[Reply | None] = [None] * count
        for position, response in enumerate(document):
            at = _position(response, position, count)
            replies[at] = _reply(response)
        failed = any(r is not None and not httpx.codes.is_success(r.status) for r in replies)
        return Answers(tuple(replies), whole=failed or None not in replies)


def _request(position: int, request: Request) -> bytes:
    headers = {name.lower(): value for name, value in request.headers.items()}
    described = {
        "id": str(position),
        "method": request.method,
        "url": request.path,
        "headers": headers,
    }
    text = json.dumps(described, separators=(",", ":"), ensure_ascii=False).encode()
    return text[:-1] + b',"body":' + request.body + b"}" if request.body else text


def _load(body: bytes) -> list[Any]:
    try:
        document = load(body)
    except RecursionError:
        raise ValueError("too deep") from None
    responses = document.get("responses") if isinstance(document, Mapping) else None
    if not isinstance(responses, list) or not responses:
        raise ValueError("no responses")
    return responses


def _position(response: Any, position: int, count: int) -> int:
    if not isinstance(response, Mapping):
        raise ValueError("a response is no object")
    name = response.get("id")
    meant = position if name is None else int(str(name))
    if not 0 <= meant < count:
        raise ValueError("a response to nothing")
    return meant


def _reply(response: Mapping[str, Any]) -> Reply:
    status, headers = response.get("status"), response.get("headers") or {}
    if not str(status).isdecimal() or not isinstance(headers, Mapping):
        raise ValueError("a response has no status")
    body = response.get("body")
    return Reply(
        int(str(status)),
        httpx.Headers({str(name): str(value) for name, value in headers.items()}),
        b"" if body is None else to_text(body).encode(errors="replace"),
    )
