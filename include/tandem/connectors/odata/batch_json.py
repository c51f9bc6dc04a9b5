"""Batches as JSON (OData JSON 4.01, 19): OData 4.01 services, and Business Central and SAP CAP."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import httpx

from tandem.connectors.http import Reply
from tandem.connectors.odata.documents import load, to_text
from tandem.connectors.odata.requests import Answers, Request, headers_of

ACCEPT: Final = "application/json"
_NEXT_LINKS: Final = ("@nextLink", "@odata.nextLink")


class JsonBatch:
    """The form of OData 4.01."""

    accept = ACCEPT

    def write(self, requests: Sequence[Request]) -> tuple[str, bytes]:
        """Ids are the positions; names of headers in lower case, as 19.1 wants them."""
        members = [_request(position, request) for position, request in enumerate(requests)]
        return "application/json", b'{"requests":[' + b",".join(members) + b"]}"

    def read(self, reply: Reply, count: int) -> Answers:
        """In any order, told apart by id; without any ids, in the order of the requests."""
        document = _load(reply.body)
        responses = document["responses"]
        replies: list[Reply | None] = [None] * count
        for at, response in zip(_positions(responses, count), responses, strict=True):
            if replies[at] is not None:
                raise ValueError("two responses to one request")
            replies[at] = _reply(response)
        more = any(document.get(name) is not None for name in _NEXT_LINKS)
        return Answers(tuple(replies), whole=not more and _stopped(replies))


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


def _load(body: bytes) -> dict[str, Any]:
    document = load(body)
    responses = document.get("responses") if isinstance(document, Mapping) else None
    if not isinstance(responses, list) or not responses:
        raise ValueError("no responses")
    return dict(document)


def _positions(responses: Sequence[Any], count: int) -> Iterator[int]:
    """The request that each response is to."""
    if not all(isinstance(response, Mapping) for response in responses):
        raise ValueError("a response is no object")
    ids = [response.get("id") for response in responses]
    by_id = {str(position): position for position in range(count)}
    if all(name is None for name in ids):
        ids = list(map(str, range(len(ids))))
    for name in ids:
        if not isinstance(name, str) or name not in by_id:
            raise ValueError("a response to nothing")
        yield by_id[name]


def _stopped(replies: Sequence[Reply | None]) -> bool:
    """Whether those that are missing were left out on purpose: all before them are answered, and
    the last of these is the error at which the service stopped.
    """
    answered = [reply for reply in replies if reply is not None]
    if len(answered) == len(replies):
        return True
    last = replies[len(answered) - 1]
    return last is answered[-1] and not httpx.codes.is_success(last.status)


def _reply(response: Mapping[str, Any]) -> Reply:
    status, headers = response.get("status"), response.get("headers") or {}
    if not re.fullmatch("[0-9]{3}", str(status)) or not isinstance(headers, Mapping):
        raise ValueError("a response has no status")
    fields = ((_bytes(str(name)), _bytes(str(value))) for name, value in headers.items())
    return Reply(int(str(status)), headers_of(fields), _body(response.get("body")))


def _body(body: Any) -> bytes:
    """Nothing where it is too deep: then the record is read again."""
    try:
        return b"" if body is None else _bytes(to_text(body))
    except ValueError:
        return b""


def _bytes(text: str) -> bytes:
    return text.encode(errors="replace")
