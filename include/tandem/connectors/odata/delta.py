"""Delta links (OData 4.01 Protocol, 11.3): everything and a token, then what changed since."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import pyarrow as pa

from tandem.connectors.base import Find, Page, Query
from tandem.connectors.http import Answer, Http, resolved
from tandem.connectors.http_codes import WITHOUT_DELTA
from tandem.connectors.http_errors import other_host
from tandem.connectors.odata.ahead import Ahead
from tandem.connectors.odata.feed import Feed, FeedReader
from tandem.connectors.odata.page import PageReader
from tandem.connectors.odata.page_size import Pages
from tandem.connectors.odata.read import EMPTY_PAGES, JSON, Walk
from tandem.core.ids import key_columns
from tandem.errors import AnchorExpired, ConfigurationError, Unreachable
from tandem.model.schema import Entity

TRACK: Final = "odata.track-changes,track-changes"
"""The preference by its names of 4.0 and 4.01 (Protocol, 8.2.8.6); unknown ones are ignored."""

_KEPT: Final = replace(JSON, may_expire=True)
_NO_RECORDS: Final = b'{"value":[]}'


def all_and_token(http: Http, query: Query, reader: PageReader) -> Iterator[Page]:
    """All records; the last page has none, but the token."""
    walk = Walk(http, _tracked(query), reader, prefer=TRACK)
    yield from walk.pages()
    yield _last(reader, _token(http, walk.delta_link, query.entity))


def changes_since(
    http: Http, query: Query, reader: PageReader, find: Find, since: str
) -> Iterator[Page]:
    """What changed; the last page has no records, but the next token and the ids that are gone.

    They come last because only the end of a reading tells whether one that went came back.
    """
    if not http.is_own(since):
        raise AnchorExpired(
            f"The link to the changes of {query.entity.name} that was kept leads to another host."
        )
    query = _unconditional(query)
    feeds = Feeds(http, query, reader, since)
    gone: dict[str, None] = {}
    for feed in feeds.read():
        for known in feed.here if gone else ():
            gone.pop(known, None)
        gone.update(dict.fromkeys(feed.gone))
        if len(feed.parsed.page.records) or feed.parsed.page.unreadable:
            yield feed.parsed.page
        if feed.again:
            again = key_columns(pa.array(feed.again, pa.string()), query.entity)
            yield from find(query, again)
    yield _last(reader, _token(http, feeds.delta_link, query.entity), tuple(gone))


class Feeds:
    """The pages behind a delta link, each fetched while the one before is worked on."""

    def __init__(self, http: Http, query: Query, reader: PageReader, since: str) -> None:
        self._pages = Pages(http, query, _KEPT, TRACK)
        self._entity = query.entity
        self._reader = FeedReader(reader, query.entity, query.fields)
        self._since = since
        self._seen: set[int] = set()
        self._empty_pages = 0
        self.delta_link: str | None = None
        """The next token; of several the first, as in `Walk`."""

    def read(self) -> Iterator[Feed]:
        """The pages to the last; Unreachable if they go in a circle or without end."""
        # Only who asks for it anew is sure to be given the next link (8.2.8.6).
        ahead = Ahead(self._pages.get)
        url: str | None = self._since
        try:
            while url:
                self._refuse_circle(url)
                answer = ahead.take(url)
                feed = self._reader.read(answer.body)
                self._refuse_endless(feed)
                url = self._after(answer, feed)
                if url:
                    ahead.start(url)
                yield feed
        finally:
            ahead.drop()

    def _after(self, answer: Answer, feed: Feed) -> str | None:
        parsed = feed.parsed
        if parsed.delta_link and self.delta_link is None:
            self.delta_link = resolved(answer.url, parsed.delta_link)
        return resolved(answer.url, parsed.next_link) if parsed.next_link else None

    def _refuse_circle(self, url: str) -> None:
        if hash(url) in self._seen:
            raise Unreachable(
                f"The changes of {self._entity.name} go in a circle: a nextLink came twice."
            )
        self._seen.add(hash(url))

    def _refuse_endless(self, feed: Feed) -> None:
        said = feed.parsed.rows or feed.again or feed.gone
        self._empty_pages = 0 if said else self._empty_pages + 1
        if self._empty_pages > EMPTY_PAGES:
            raise Unreachable(
                f"The changes of {self._entity.name} do not end: "
                f"{EMPTY_PAGES} pages without one came one after the other.",
                remedy="Ask whoever runs the service.",
            )


def _unconditional(query: Query) -> Query:
    return replace(query, condition=None, descending_by=None, limit=None)


def _tracked(query: Query) -> Query:
    """The query as it can be asked with change tracking: no filter and no order (Dataverse
    refuses both), and so no walk by key either.
    """
    entity = query.entity
    able = entity.capabilities.model_copy(update={"filter": False, "sort": False})
    entity = entity.model_copy(update={"capabilities": able})
    return replace(_unconditional(query), entity=entity)


def _token(http: Http, link: str | None, entity: Entity) -> str:
    """The link itself, which must lead to the same system.

    A server that ignores the preference just ends its listing.
    """
    if not link:
        raise ConfigurationError(
            f"The service gives no delta link for {entity.name}, although its metadata says that "
            "it tracks changes.",
            remedy=WITHOUT_DELTA,
        )
    if not http.is_own(link):
        raise other_host(http.root, link)
    return link


def _last(reader: PageReader, token: str, gone: tuple[str, ...] = ()) -> Page:
    return replace(reader.read(_NO_RECORDS).page, gone=gone, token=token)
