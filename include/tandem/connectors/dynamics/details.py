"""Definitions of single tables, many of them in one `$batch`."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Final

from tandem.connectors.dynamics.attributes import parse_attributes, paths, with_attributes
from tandem.connectors.dynamics.catalogue import Catalogue
from tandem.connectors.http import Http, Reply
from tandem.connectors.odata.batch_multipart import Multipart
from tandem.connectors.odata.channel import batch_url, post
from tandem.connectors.odata.exchange import NOT_DONE
from tandem.connectors.odata.read import JSON
from tandem.connectors.odata.requests import Request
from tandem.errors import RetryLater, StopRun
from tandem.model.schema import Entity

_LOG: Final = logging.getLogger(__name__)
_AT_ONCE: Final = 50
"""Requests of a batch; each answer can have hundreds of attributes."""


def with_details(
    http: Http, catalogue: Catalogue, entities: Sequence[Entity]
) -> tuple[Entity, ...]:
    """The entities in the same order; those of which nothing can be learnt stay as they are."""
    tables = {
        entity.name: table.logical_name for entity in entities if (table := catalogue.of(entity))
    }
    wanted = {name: paths(logical) for name, logical in tables.items()}
    found = dict(_documents(http, [path for each in wanted.values() for path in each]))
    return tuple(_detailed(entity, wanted.get(entity.name, ()), found) for entity in entities)


def _detailed(entity: Entity, wanted: Sequence[str], found: Mapping[str, bytes]) -> Entity:
    documents = [found[path] for path in wanted if path in found]
    try:
        attributes = parse_attributes(documents)
    except ValueError:
        documents, attributes = [], {}
    if len(documents) < len(wanted):
        _LOG.warning(
            "%s: its definition cannot be read, or not all of it: some options, lengths and "
            "rights to write are not known.",
            entity.name,
        )
    return with_attributes(entity, attributes)


def _documents(http: Http, wanted: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    """What is at these paths. Left out is what the service refuses."""
    for start in range(0, len(wanted), _AT_ONCE):
        chunk = wanted[start : start + _AT_ONCE]
        try:
            replies = http.patiently(lambda chunk=chunk: _together(http, chunk))  # type: ignore[misc]
        except ValueError:  # no answer to a batch
            yield from _one_by_one(http, chunk)
            continue
        for path, reply in zip(chunk, replies, strict=True):
            if reply.status == 200:
                yield path, reply.body


def _together(http: Http, wanted: Sequence[str]) -> list[Reply]:
    """ValueError if the service takes no such batch; RetryLater if it cannot answer now."""
    accept = {"Accept": "application/json"}
    requests = [Request(n, "GET", path, accept) for n, path in enumerate(wanted)]
    reply, _ = post(http, Multipart(), requests)
    if reply.status in (*NOT_DONE, 401, 502, 504):
        raise http.error(batch_url(http), reply)
    replies = [r for r in Multipart().read(reply, len(wanted)).replies if r is not None]
    if len(replies) < len(wanted):
        raise ValueError("some were not answered")
    for each in replies:  # what half of a definition says would look like a change of it
        if each.status != 200 and isinstance(
            error := http.error(batch_url(http), each), RetryLater
        ):
            raise error
    return replies


def _one_by_one(http: Http, wanted: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    for path in wanted:
        with suppress(StopRun):
            yield path, http.get(http.root + path, JSON).body
