"""A walk through a listing: pages in, typed records out, complete or an error."""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Final, Protocol

from tandem.connectors.base import Page, Query
from tandem.connectors.http import Format, Http, resolved
from tandem.connectors.odata.ahead import Ahead
from tandem.connectors.odata.course import Course, Step
from tandem.connectors.odata.page import Parsed
from tandem.connectors.odata.page_size import Pages
from tandem.connectors.odata.query import collection_url, count_url, filter_of, with_options
from tandem.errors import ConfigurationError, TandemError, Unreachable

JSON: Final = Format(
    "application/json;odata.metadata=minimal;IEEE754Compatible=true,application/json;q=0.9",
    beginnings=b"{",
    endings=b"}",
)
"""Numbers as texts, because some servers would put them through a double; who does not know
that parameter finds plain JSON behind it."""

TEXT: Final = Format("text/plain,*/*;q=0.5", limit=1024 * 1024)
_COUNT: Final = re.compile(rb'"@(?:odata\.)?count"\s*:\s*"?(\d+)')
EMPTY_PAGES: Final = 1_000
"""Pages without a record, one after the other, that a listing may have."""


class Reader(Protocol):
    """Reads the pages of a walk."""

    def read(self, body: bytes) -> Parsed:
        """What a page says."""
        ...


class Walk:
    """One walk through the records of a query, in pages that are read once."""

    def __init__(  # noqa: PLR0913 each is a choice of its own
        self,
        http: Http,
        query: Query,
        reader: Reader,
        also: str = "",
        prefer: str = "",
        expand: str = "",
        *,
        part: str = "",
    ) -> None:
        """`also` is an expression that must hold besides the query's condition; `prefer` is what
        is wished besides large pages, `expand` what is to come with each record. `part` is such
        an expression too, for a listing of its own that must not end early.
        """
        self._http = http
        self._query = query
        self._reader = reader
        self._part = part
        self._course = Course(http.root, query, also or part, expand)
        self._counts = self._counted if query.limit is None and not also else _uncounted
        self._pages = Pages(http, query, JSON, prefer)
        self.delta_link: str | None = None
        """The first one that came. It belongs on the last page; where all pages have one, each
        stamped with its own moment, only the first leaves out no change."""
        self._rows = 0
        self._empty_pages = 0

    def pages(self) -> Iterator[Page]:
        """The pages. Unreachable if fewer records came than there are."""
        ahead = Ahead(self._pages.get)
        step: Step | None = self._course.first()
        # Where links count, a record that goes once the first page is read hides another.
        before = None if self._course.goes_by_key else self._counts()
        pages = 0
        try:
            while step:
                step, parsed = self._go(step, ahead)
                if parsed is None:
                    continue
                pages += 1
                if step and pages == 1 and before is None:
                    before = self._counts()
                yield from self._cut(parsed)
                if self._rows == self._query.limit:
                    return
        finally:
            ahead.drop()
        if pages > 1 and before is not None:
            self._refuse_gap(before)

    def _go(self, step: Step, ahead: Ahead) -> tuple[Step | None, Parsed | None]:
        """One step: the next one, already under way, and what was read."""
        try:
            answer = ahead.take(step.url)
        except ConfigurationError:
            if own := self._course.refused(step):
                return own, None
            raise
        if guess := self._course.guess(answer):
            ahead.start(guess)
        parsed = self._reader.read(answer.body)
        if parsed.delta_link and self.delta_link is None:
            self.delta_link = resolved(answer.url, parsed.delta_link)
        self._refuse_endless(parsed)
        if self._course.starts_over(step, parsed):
            return self._course.refused(step), None
        following = self._course.after(answer, parsed)
        if following and self._query.limit is None:
            ahead.start(following.url)
        return following, parsed

    def _refuse_endless(self, parsed: Parsed) -> None:
        self._empty_pages = 0 if parsed.rows else self._empty_pages + 1
        if self._empty_pages > EMPTY_PAGES:
            raise Unreachable(
                f"The listing of {self._query.entity.name} does not end: "
                f"{EMPTY_PAGES} pages without a record came one after the other.",
                remedy="Ask whoever runs the service.",
            )

    def _cut(self, parsed: Parsed) -> Iterator[Page]:
        """The page, without what exceeds the limit; nothing if it is empty."""
        page = parsed.page
        if self._query.limit is not None:
            page = replace(page, records=page.records[: self._query.limit - self._rows])
            self._rows += len(page.records)
        else:
            self._rows += parsed.rows
        if len(page.records) or page.unreadable:
            yield page

    def _refuse_gap(self, before: int) -> None:
        """A server that ends a listing early must not pass for one whose records were deleted.

        Records that come or go during the walk are no gap: the smaller count decides. But where
        links only count, each record that went may have hidden another.
        """
        after = None if self._course.may_miss else self._counts()
        wanted = min(before, before if after is None else after)
        if self._rows < wanted:
            raise Unreachable(
                f"The listing of {self._query.entity.name} is incomplete: "
                f"{self._rows} of {wanted} records came."
            )

    def _counted(self) -> int | None:
        with suppress(TandemError):
            return count_records(self._http, self._query, self._part)
        return None


def count_records(http: Http, query: Query, also: str = "") -> int:
    """How many records satisfy the query's condition (and the expression `also`), by `$count` in
    one form or the other.
    """
    with suppress(ConfigurationError):
        return _number(http.get(count_url(http.root, query, also), TEXT).body)
    options = {"$count": "true", "$top": "1", "$filter": filter_of(query, also)}
    url = with_options(collection_url(http.root, query.entity), options)
    found = _COUNT.findall(http.get(url, JSON).body)
    return _number(found[-1] if found else b"")


def _uncounted() -> None:
    return None


def _number(text: bytes) -> int:
    """A count comes as plain text, perhaps with a byte order mark."""
    digits = text.decode("utf-8-sig", errors="replace").strip()
    if not re.fullmatch(r"[0-9]{1,18}", digits):
        raise ConfigurationError("The service does not count its records.")
    return int(digits)
