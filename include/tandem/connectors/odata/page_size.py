"""How many records a page is asked to have: fewer, where they take the service too long."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from tandem.connectors.base import Query
from tandem.connectors.http import Answer, Format, Http
from tandem.connectors.http_errors import TooSlow
from tandem.connectors.odata.dialects.families import dialect_of
from tandem.connectors.odata.parts import annotations_wished

SMALLEST: Final = 50
"""Records of the smallest page that is worth trying."""


class Pages:
    """Gets the pages of one walk, all with the same wishes."""

    def __init__(self, http: Http, query: Query, wanted: Format, *wishes: str) -> None:
        self._http = http
        self._wanted = wanted
        self._wishes = (*wishes, annotations_wished(query.entity, query.fields))
        spoken = dialect_of(query.entity)
        # Dataverse ignores $top when a page size is preferred.
        self._size = min(spoken.page_size, query.limit or spoken.page_size)
        self._steady = spoken.steady_pages
        self._begun = False

    def get(self, url: str, still_wanted: Callable[[], bool] = lambda: True) -> Answer:
        """The page at that URL. What takes too long (408, 504) is asked for in smaller pages,
        down to a floor; where all have to be of one size only while there is none yet.
        """
        while self._size > SMALLEST and not (self._steady and self._begun):
            try:
                return self._ask(url, still_wanted, splits=True)
            except TooSlow:
                if not still_wanted():
                    raise
                self._size = max(self._size // 2, SMALLEST)
        return self._ask(url, still_wanted, splits=False)

    def _ask(self, url: str, still_wanted: Callable[[], bool], *, splits: bool) -> Answer:
        prefer = {"Prefer": preference(self._size, *self._wishes)}
        wanted = replace(self._wanted, splits=splits)
        answer = self._http.get(url, wanted, prefer, still_wanted)
        self._begun = True
        return answer


def preference(size: int, *others: str) -> str:
    """The value of a Prefer header: pages of that size, and what is wished besides."""
    return ",".join([*filter(None, others), f"odata.maxpagesize={size}"])
