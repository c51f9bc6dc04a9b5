"""POST of $batch: many requests in one (OData Protocol 4.01, 11.7; JSON Format 4.01, 19).

The requests inside go through the same handlers as those outside. A change set or an atomicity
group is one transaction; within it, each request sees what those before it did, and is checked at
once: a record that refers to another comes after it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from tandem.demo import batch_json, batch_multipart
from tandem.demo.batch_parts import Answer, Part, Step
from tandem.demo.batch_scope import Scope
from tandem.demo.call import Reply, Service, error_reply
from tandem.demo.dispatch import Incoming, answer, method_not_allowed
from tandem.demo.errors import ServiceError, bad_request
from tandem.demo.headers import JSON, check_version, negotiate, parse_media_type, preferences

MAX_REQUESTS: Final = 1_000
MULTIPART: Final = "multipart/mixed"
INHERITED: Final = ("odata-version", "odata-maxversion")
"""Headers of the batch that hold for the requests inside (OData Protocol 4.01, 8.1.5, 8.2.6)."""
NOT_OUTSIDE: Final = ("if-match", "if-none-match")


def answer_batch(service: Service, root: str, request: Incoming) -> Reply:
    """200 with the answers; ServiceError if the batch itself is refused, and nothing is done."""
    if request.method != "POST":
        raise method_not_allowed(request.method, ["POST"])
    check_version(request.headers)
    media_type = parse_media_type(request.headers.get("content-type", ""))
    if media_type.name not in (JSON, MULTIPART):
        message = f"A batch comes as {MULTIPART} or {JSON}."
        raise ServiceError(415, "UnsupportedMediaType", message)
    wanted = preferences(request.headers.get("prefer", ""))
    _check_outside(request, wanted)
    negotiate(request.headers.get("accept", ""), None, (media_type.name,))
    body = request.body if isinstance(request.body, bytes) else b""
    as_json = media_type.name == JSON
    if as_json:
        steps = batch_json.parse(body)
    else:
        steps = batch_multipart.parse(body, media_type.parameters.get("boundary", ""))
    _check_size(steps)
    continues = _continues(wanted, default=as_json)
    run = _Run(service, request, Scope(root, as_json))
    answers = list(run.answers(steps, continues=continues))
    return batch_json.reply(answers) if as_json else batch_multipart.reply(answers)


def _check_outside(request: Incoming, wanted: dict[str, str]) -> None:
    for name in NOT_OUTSIDE:
        if name in request.headers:
            raise bad_request(f"{name} belongs to the requests in the batch, not to the batch.")
    if "return" in wanted:
        raise bad_request("The preference return belongs to the requests in the batch.")


def _check_size(steps: Sequence[Step]) -> None:
    count = sum(len(step.parts) for step in steps)
    if count > MAX_REQUESTS:
        message = f"The batch has {count} requests; at most {MAX_REQUESTS} are taken."
        raise ServiceError(413, "BatchTooLarge", message)


def _continues(wanted: dict[str, str], *, default: bool) -> bool:
    """Whether to go on after an error; by default JSON does, multipart does not (8.2.8.3)."""
    value = wanted.get("continue-on-error")
    return default if value is None else value != "false"


class _Run:
    def __init__(self, service: Service, batch: Incoming, scope: Scope) -> None:
        self._service = service
        self._batch = batch
        self._scope = scope

    def answers(self, steps: Sequence[Step], *, continues: bool) -> Iterator[Answer]:
        """The answers in the order of the requests, up to the first error unless it continues."""
        for step in steps:
            found = self._all_or_none(step) if step.atomic else [self._one(step.parts[0])]
            yield from found
            if not continues and any(item.failed for item in found):
                return

    def _one(self, part: Part) -> Answer:
        try:
            reply = self._reply(self._service, part, self._scope)
        except ServiceError as error:
            reply = error_reply(error)
        self._scope.note(part, reply)
        return Answer(part.id, part.group, reply)

    def _all_or_none(self, step: Step) -> list[Answer]:
        inner = self._scope.inner()
        replies: list[Reply] = []
        try:
            with self._service.store.together() as store:
                service = replace(self._service, store=store)
                for part in step.parts:
                    replies.append(self._reply(service, part, inner))
                    inner.note(part, replies[-1])
        except ServiceError as error:
            self._scope.note_group(step, None)
            return step.failed(len(replies), error_reply(error))
        self._scope.note_group(step, inner)
        return [
            Answer(part.id, step.group, reply, nested=True)
            for part, reply in zip(step.parts, replies, strict=True)
        ]

    def _reply(self, service: Service, part: Part, scope: Scope) -> Reply:
        scope.check_dependencies(part)
        path, query = scope.locate(part)
        outer = self._batch.headers
        headers = {name: outer[name] for name in INHERITED if name in outer}
        if accepted := _inherited_accept(outer.get("accept", "")):
            headers["accept"] = accepted
        request = Incoming(part.method, path, query, {**headers, **part.headers}, part.body)
        return answer(service, scope.root, request)


def _inherited_accept(accept: str) -> str:
    """The formats for the requests inside; that of the batch as a whole is none (8.2.1)."""
    return ",".join(text for text in accept.split(",") if MULTIPART not in text.lower()).strip()
