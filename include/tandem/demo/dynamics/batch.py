"""POST of $batch (Microsoft Learn, "Execute batch operations using the Web API").

Multipart only, 1,000 requests at most; a change set is a transaction. Without
`odata.continue-on-error` the answer ends with the first failure, and as a whole it is a 400.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import urlsplit

from tandem.demo import batch_multipart
from tandem.demo.batch_parts import Answer, Part, Step
from tandem.demo.batch_scope import Scope
from tandem.demo.call import Json, Reply, error_reply
from tandem.demo.dispatch import Incoming, method_not_allowed
from tandem.demo.dynamics.dispatch import answer
from tandem.demo.dynamics.errors import REQUEST, bad_url, in_its_words
from tandem.demo.dynamics.organization import Organization
from tandem.demo.dynamics.payloads import BIND
from tandem.demo.errors import ServiceError
from tandem.demo.headers import parse_media_type, preferences
from tandem.demo.write import read_json

MAX_REQUESTS: Final = 1_000


def answer_batch(organization: Organization, root: str, request: Incoming) -> Reply:
    """200, or 400 where a failure ended it; ServiceError if the batch itself is refused."""
    if request.method != "POST":
        raise method_not_allowed(request.method, ["POST"])
    media_type = parse_media_type(request.headers.get("content-type", ""))
    if media_type.name != batch_multipart.MIXED:
        message = (
            f"The content type '{media_type.name}' is not supported: a batch is multipart/mixed."
        )
        raise ServiceError(415, REQUEST, message)
    body = request.body if isinstance(request.body, bytes) else b""
    steps = batch_multipart.parse(body, media_type.parameters.get("boundary", ""))
    if sum(len(step.parts) for step in steps) > MAX_REQUESTS:
        raise bad_url(
            f"The maximum number of operations in a batch is {MAX_REQUESTS}; this one has more."
        )
    wanted = preferences(request.headers.get("prefer", ""))
    continues = wanted.get("continue-on-error", "false") != "false"
    answers = list(_Run(organization, Scope(root, as_json=False)).answers(steps, continues))
    reply = batch_multipart.reply(answers)
    ended = not continues and any(each.failed for each in answers)
    return replace(reply, status=400 if ended else 200)


@dataclass(frozen=True, slots=True)
class _Run:
    organization: Organization
    scope: Scope

    def answers(self, steps: Sequence[Step], continues: bool) -> Iterator[Answer]:  # noqa: FBT001
        """The answers in the order of the requests, up to the first failure unless it goes on."""
        for step in steps:
            found = self._all_or_none(step) if step.atomic else [self._one(step.parts[0])]
            yield from found
            if not continues and any(each.failed for each in found):
                return

    def _one(self, part: Part) -> Answer:
        try:
            reply = self._reply(self.organization, part, Scope(self.scope.root, as_json=False))
        except ServiceError as error:
            reply = error_reply(in_its_words(error))
        return Answer(part.id, part.group, reply)

    def _all_or_none(self, step: Step) -> list[Answer]:
        """References (`$1`) work within the change set, and backwards only."""
        inner = self.scope.inner()
        replies: list[Reply] = []
        try:
            with self.organization.store.together() as store:
                service = replace(self.organization.service, store=store)
                organization = replace(self.organization, service=service)
                for part in step.parts:
                    replies.append(self._reply(organization, part, inner))
                    inner.note(part, replies[-1])
        except ServiceError as error:
            return step.failed(len(replies), error_reply(in_its_words(error)))
        pairs = zip(step.parts, replies, strict=True)
        return [Answer(part.id, step.group, reply, nested=True) for part, reply in pairs]

    def _reply(self, organization: Organization, part: Part, scope: Scope) -> Reply:
        root = urlsplit(scope.root)
        # A path from the host's root needs no Host header here.
        url = part.url.removeprefix(root.path) if part.url.startswith(root.path) else part.url
        path, query = scope.locate(replace(part, url=url))
        if path == "$batch":
            raise bad_url("A batch cannot contain a batch.")
        body = _with_references(part.body, scope)
        return answer(
            organization, scope.root, Incoming(part.method, path, query, part.headers, body)
        )


def _with_references(body: bytes | Json, scope: Scope) -> bytes | Json:
    """The body with the `$1` of its bindings replaced by the URLs that they stand for."""
    if isinstance(body, Json) or BIND.encode() not in body:
        return body
    document = read_json(body)
    if not isinstance(document, dict):
        return body
    return Json({name: _bound(name, value, scope) for name, value in document.items()})


def _bound(name: str, value: Any, scope: Scope) -> Any:
    if not name.endswith(BIND) or not isinstance(value, str) or not value.startswith("$"):
        return value
    if value[1:] not in scope.paths:
        raise bad_url(f"Content-ID Reference: '{value}' does not exist in the batch context.")
    return scope.paths[value[1:]]
