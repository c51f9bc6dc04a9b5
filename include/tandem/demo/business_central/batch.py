"""POST of $batch: JSON, up to 100 requests, one transaction with `Isolation: snapshot`.

Microsoft Learn, "Using OData transactional $batch requests" and "Operational limits for Business
Central online". Of a transaction that is taken back, each request has the answer that it had got.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

from tandem.demo import batch_json
from tandem.demo.batch_parts import Answer, Part
from tandem.demo.batch_scope import Scope
from tandem.demo.business_central.dispatch import Server, answer
from tandem.demo.business_central.errors import refused, told
from tandem.demo.business_central.places import Site
from tandem.demo.call import Reply, error_reply
from tandem.demo.dispatch import Incoming
from tandem.demo.errors import ServiceError
from tandem.demo.headers import JSON, parse_media_type, preferences


def answer_batch(server: Server, root: str, incoming: Incoming) -> Reply:
    """200 with the answers; ServiceError if the batch itself is refused, and nothing is done."""
    if incoming.method != "POST":
        raise refused("BadRequest_MethodNotAllowed", "A batch is a POST.", 405)
    if parse_media_type(incoming.headers.get("content-type", "")).name != JSON:
        raise refused("BadRequest", f"A batch comes as {JSON}.", 415)
    body = incoming.body if isinstance(incoming.body, bytes) else b""
    parts = [part for step in batch_json.parse(body, ids_required=False) for part in step.parts]
    if len(parts) > server.control.batch_size:
        message = f"The batch has {len(parts)} operations; at most {server.control.batch_size}."
        raise refused("BadRequest", message)
    run = _Run(server, root, incoming)
    if incoming.headers.get("isolation", "").lower() == "snapshot":
        return batch_json.reply(run.together(parts))
    return batch_json.reply(list(run.one_by_one(server, parts)))


class _TakenBack(Exception):
    """The way out of a transaction that is not kept."""


class _Run:
    def __init__(self, server: Server, root: str, batch: Incoming) -> None:
        self._server = server
        self._root = root
        self._batch = batch
        wanted = preferences(batch.headers.get("prefer", ""))
        self._continues = wanted.get("continue-on-error") != "false"

    def together(self, parts: list[Part]) -> list[Answer]:
        """The answers to all; if one fails, nothing that was done is kept."""
        answers: list[Answer] = []
        try:
            with _transaction(self._server.site) as site:
                answers += self.one_by_one(replace(self._server, site=site), parts)
                if any(item.failed for item in answers):
                    raise _TakenBack
        except _TakenBack:
            pass
        return answers

    def one_by_one(self, server: Server, parts: list[Part]) -> Iterator[Answer]:
        """The answers in order."""
        for part in parts:
            found = Answer(part.id, None, self._reply(server, part))
            yield found
            if found.failed and not self._continues:
                return

    def _reply(self, server: Server, part: Part) -> Reply:
        try:
            path, query = Scope(self._root, as_json=True).locate(part)
            outer = self._batch.headers
            inherited = {"company": outer["company"]} if "company" in outer else {}
            headers = inherited | dict(part.headers)
            return answer(
                server, self._root, Incoming(part.method, path, query, headers, part.body)
            )
        except ServiceError as error:
            return error_reply(told(error, server.service.new_id()))


@contextmanager
def _transaction(site: Site) -> Iterator[Site]:
    with ExitStack() as stack:
        stores = {
            name: stack.enter_context(store.together()) for name, store in site.stores.items()
        }
        yield replace(site, stores=stores)
