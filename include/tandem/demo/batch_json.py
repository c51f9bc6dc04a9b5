"""The JSON batch format (OData JSON Format 4.01, 19)."""

import base64
import json
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any, Final

from tandem.demo.batch_parts import FORBIDDEN, METHODS, Answer, Part, Step, check_id
from tandem.demo.call import Json, Reply, with_version
from tandem.demo.errors import bad_request
from tandem.demo.headers import JSON, parse_media_type
from tandem.demo.write import read_json

MEMBERS: Final = frozenset(
    ("id", "method", "url", "headers", "body", "atomicityGroup", "dependsOn", "if")
)


def parse(body: bytes, *, ids_required: bool = True) -> list[Step]:
    """The requests of a body; ServiceError (400) if it is no batch."""
    document = read_json(body, unique_names=True)
    requests = document.get("requests") if isinstance(document, dict) else None
    if not isinstance(requests, list):
        raise bad_request("A batch is an object with an array of requests.")
    names: set[str] = set()
    parts = [_part(item, names, ids_required=ids_required) for item in requests]
    return _steps(parts, names)


def _steps(parts: Sequence[Part], ids: set[str]) -> list[Step]:
    steps: list[Step] = []
    seen: set[str] = set()
    for group, members in groupby(parts, key=lambda part: part.group):
        together = tuple(members)
        if group is None:
            for part in together:
                _check_dependencies([part], seen)
                steps.append(Step((part,)))
            continue
        if group in seen or group in ids:
            raise bad_request(f"The requests of the group {group!r} are apart, or it is an id.")
        _check_dependencies(together, seen)
        seen.add(group)
        steps.append(Step(together, atomic=True, group=group))
    return steps


def _check_dependencies(parts: Sequence[Part], seen: set[str]) -> None:
    for part in parts:
        for name in part.depends_on:
            if name not in seen:
                raise bad_request(
                    f"Request {part.id!r} depends on {name!r}, which is not before it."
                )
        seen.add(part.id or "")


def _part(item: Any, names: set[str], *, ids_required: bool) -> Part:
    if not isinstance(item, dict):
        raise bad_request("A request in a batch is an object.")
    unknown = [name for name in item if name not in MEMBERS and "@" not in name]
    if unknown:
        raise bad_request(f"A request in a batch has no {unknown[0]!r}.", unknown[0])
    named = ids_required or item.get("id") is not None
    id_ = check_id(item.get("id"), names) if named else None
    method, url = item.get("method"), item.get("url")
    if not isinstance(method, str) or method.upper() not in METHODS:
        raise bad_request(f"Request {id_!r} has no method that there is.", "method")
    if not isinstance(url, str):
        raise bad_request(f"Request {id_!r} has no URL.", "url")
    group = item.get("atomicityGroup")
    headers = _headers(item.get("headers") or {}, id_)
    return Part(
        method=method.upper(),
        url=url,
        headers=headers,
        body=_body(item.get("body"), method.upper(), headers, id_),
        id=id_,
        group=None if group is None else check_id(group, set()),
        depends_on=_depends_on(item.get("dependsOn"), id_),
        conditional=item.get("if") is not None,
    )


def _depends_on(names: Any, id_: str | None) -> tuple[str, ...]:
    if names is None:
        return ()
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise bad_request(f"Request {id_!r}: dependsOn is an array of strings.", "dependsOn")
    return tuple(names)


def _headers(headers: Any, id_: str | None) -> dict[str, str]:
    """Names in lower case; that they have to be is not enforced, as the examples break it."""
    if not isinstance(headers, dict) or not all(isinstance(v, str) for v in headers.values()):
        raise bad_request(f"Request {id_!r}: headers are an object of strings.", "headers")
    lower = {name.lower(): value for name, value in headers.items()}
    if len(lower) < len(headers):
        raise bad_request(f"Request {id_!r} has a header twice.", "headers")
    if forbidden := FORBIDDEN & lower.keys():
        raise bad_request(f"A request in a batch cannot have the header {min(forbidden)}.")
    return lower


def _body(body: Any, method: str, headers: dict[str, str], id_: str | None) -> bytes | Json:
    """JSON as it is, text as text, anything else from base64url."""
    if body is None:
        return b""
    if method in ("GET", "DELETE"):
        raise bad_request(f"Request {id_!r}: {method} has no body.", "body")
    name = parse_media_type(headers.setdefault("content-type", JSON)).name
    if name == JSON or name.endswith("+json"):
        return Json(body)
    if not isinstance(body, str):
        raise bad_request(f"Request {id_!r}: a body of {name} is a string.", "body")
    if name.startswith("text/"):
        return body.encode()
    try:
        return base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
    except ValueError as error:
        raise bad_request(f"Request {id_!r}: the body is not base64url.", "body") from error


def reply(answers: Sequence[Answer]) -> Reply:
    """The answers in the order of the requests."""
    texts = [_response(answer) for answer in answers]
    body = f'{{"responses":[{",".join(texts)}]}}'
    return Reply(body=body.encode(), headers={"content-type": JSON})


def _response(answer: Answer) -> str:
    head: dict[str, Any] = {"id": answer.id}
    if answer.group:
        head["atomicityGroup"] = answer.group
    head |= {"status": answer.reply.status, "headers": with_version(answer.reply)}
    text = json.dumps(head)
    if not answer.reply.body:
        return text
    return f'{text[:-1]},"body":{_body_text(answer.reply.body, answer.reply.headers)}}}'


def _body_text(body: bytes, headers: Mapping[str, str]) -> str:
    name = parse_media_type(headers.get("content-type", "")).name
    if name == JSON:
        return body.decode()
    if name.startswith("text/"):
        return json.dumps(body.decode())
    return json.dumps(base64.urlsafe_b64encode(body).decode().rstrip("="))
