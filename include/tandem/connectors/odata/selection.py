"""The records that satisfy a query: what the service can find, and of these what is meant."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import pyarrow as pa

from tandem.connectors.base import ETAG, Page, Query, TooManyToCount
from tandem.connectors.http_errors import FilterRefused
from tandem.connectors.odata.splitting import split
from tandem.connectors.related import Read, test_of
from tandem.core.filters.frame import BatchTest
from tandem.core.filters.relations import own_fields
from tandem.model.filters import Condition, fields_of

_log: Final = logging.getLogger(__name__)

Walked = Callable[[Query], Iterator[Page]]
"""Reads a query whose condition the service evaluates."""

NO_FURTHER: Final = 5_000
"""So far Dataverse counts, which says so of more records too (Microsoft Learn, "Count number of
rows")."""


@dataclass(frozen=True)
class Selection:
    """A query, cut into what the service is asked and what is looked at here."""

    query: Query
    read: Read
    """Reads other queries: those for the targets of lookups."""
    pushed: Condition | None
    rest: Condition | None

    @property
    def asked(self) -> Query:
        """What the service is asked for: the fields that the rest needs are read as well."""
        if self.rest is None:
            return replace(self.query, condition=self.pushed)
        needed = sorted(own_fields(fields_of(self.rest), self.query.entity))
        fields = tuple(dict.fromkeys([*self.query.fields, *needed]))
        return replace(self.query, condition=self.pushed, fields=fields, limit=None)

    @property
    def unpushed(self) -> "Selection":
        """The same, with nothing left to the service."""
        return Selection(self.query, self.read, None, self.query.condition)

    def pages(self, walked: Walked) -> Iterator[Page]:
        """The records that satisfy the query. What a service does not filter although it should
        be able to is looked at here, so that a sync goes on.
        """
        begun = False
        try:
            for page in self._pages(walked):
                begun = True
                yield page
        except FilterRefused as error:
            if begun or self.pushed is None:
                raise
            _warn(self.query, error)
            yield from self.unpushed._pages(walked)

    def _pages(self, walked: Walked) -> Iterator[Page]:
        if self.rest is None:
            yield from walked(self.asked)
            return
        left = self.query.limit
        for page in walked(self.asked):
            inside = self._inside(page.records)[:left]
            left = None if left is None else left - len(inside)
            if len(inside) or page.unreadable:
                yield replace(page, records=inside)
            if left == 0:
                return

    def _inside(self, records: pa.RecordBatch) -> pa.RecordBatch:
        etags = [ETAG] if ETAG in records.schema.names else []
        return records.filter(self._test(records)).select([*self.query.fields, *etags])

    @cached_property
    def _test(self) -> BatchTest:
        assert self.rest is not None  # noqa: S101  its callers have looked
        return test_of(self.rest, self.query, self.read)


def selection(query: Query, read: Read) -> Selection:
    """The query, cut in two; ConfigurationError where its condition does not fit the entity."""
    return Selection(query, read, *split(query.condition, query))


def counted(query: Query, read: Read, walked: Walked, count: Callable[[Query], int]) -> int:
    """How many records satisfy the query's condition, unreadable ones among them.

    The service counts where it evaluates all of the condition; otherwise keys are read, as they
    are where a service counts no further. TooManyToCount as `connectors.base.Connector` says.
    """
    chosen = selection(replace(query, fields=query.entity.key, descending_by=None), read)
    if chosen.rest is None:
        try:
            number = count(replace(chosen.asked, limit=None))
        except FilterRefused as error:
            if chosen.pushed is None:
                raise
            _warn(query, error)
            return count_by_reading(chosen.unpushed, walked)
        if number != NO_FURTHER:
            return number
    return count_by_reading(chosen, walked)


def count_by_reading(chosen: Selection, walked: Walked) -> int:
    """How many records it chooses, by reading no more than its query's limit allows."""
    limit = chosen.query.limit
    looked_at = found = 0

    def seen(asked: Query) -> Iterator[Page]:
        nonlocal looked_at
        for page in walked(asked):
            if limit is not None and looked_at >= limit:
                raise TooManyToCount(asked.entity.name, looked_at, found)
            looked_at += _records(page)
            yield page

    all_of_them = replace(chosen, query=replace(chosen.query, limit=None))
    for page in all_of_them.pages(seen):
        found += _records(page)
    return found


def _records(page: Page) -> int:
    return len(page.records) + len(page.unreadable)


def _warn(query: Query, error: FilterRefused) -> None:
    _log.warning(
        "%s: the service does not take the filter, so all records are read and filtered here. %s",
        query.entity.name,
        error,
    )
