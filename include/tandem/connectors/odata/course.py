"""Where a walk through a listing goes on after each page (OData 4.01 Protocol, 11.2.6.7)."""

import json
import re
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.compute as pc

from tandem.connectors.base import Query
from tandem.connectors.http import Answer, resolved
from tandem.connectors.odata.filters import after_expression
from tandem.connectors.odata.page import Parsed
from tandem.connectors.odata.query import read_url
from tandem.errors import Unreachable
from tandem.model.schema import Kind

_LINK: Final = re.compile(rb'(?<!\\)"@(?:odata\.)?nextLink"\s*:\s*("(?:[^"\\]|\\.)*")')
_TAIL: Final = 16_384
"""Bytes at the end of a page in which its link stands; Dataverse's are some thousand long."""

_OFFSET: Final = re.compile(r"[?&]\$?skip(?:token)?=(\d{1,18})(?=&|$)", re.IGNORECASE)
_COMPARABLE: Final = frozenset((Kind.INT64, Kind.GUID, Kind.DATE))
"""Kinds that every server sorts and compares alike. Texts it may sort by one collation and
compare by another."""


@dataclass(frozen=True, slots=True)
class Step:
    """The next URL, and the server's own link where the URL is ours."""

    url: str
    instead: str | None = None


class Course:
    """The steps of one walk.

    It follows the server's links, which count from the request's URL where they are relative
    (OData JSON 4.01, 4.5), with one exception: a link that only counts records
    (SAP CAP's `$skiptoken=1000`) misses some whenever others delete during the walk. If the key
    allows it, such a walk goes on behind the last key instead.
    """

    def __init__(self, root: str, query: Query, also: str = "", expand: str = "") -> None:
        self._root = root
        self._query = query
        self._also = also
        self._expand = expand
        self._seen: set[int] = set()
        self._rows = 0
        self._first_key: tuple[Any, ...] | None = None
        self._by_key = query.limit is None and _has_ordered_key(query)
        self.may_miss = False
        """Whether a link was followed that only counts."""

    @property
    def goes_by_key(self) -> bool:
        """Whether the walk can do without links that only count, as far as the key tells."""
        return self._by_key

    def first(self) -> Step:
        """Where the walk begins."""
        return self._once(Step(read_url(self._root, self._query, self._also, self._expand)))

    def guess(self, answer: Answer) -> str | None:
        """Where it goes on, as far as the end of the page tells without reading it all."""
        found = _LINK.findall(answer.body[-_TAIL:])
        if not found or self._query.limit is not None:
            return None
        try:
            url = resolved(answer.url, json.loads(found[-1]))
        except ValueError:
            return None
        return None if self._by_key and _offset(url) is not None else url

    def starts_over(self, step: Step, parsed: Parsed) -> bool:
        """Whether the server answered a step of ours with the listing's beginning."""
        return step.instead is not None and self._first_key == _key(parsed, 0) is not None

    def refused(self, step: Step) -> Step | None:
        """Where to go when the server did not take a step of ours; None if it was its own."""
        if step.instead is None:
            return None
        self._by_key = False
        self.may_miss = True
        return self._once(Step(step.instead))

    def after(self, answer: Answer, parsed: Parsed) -> Step | None:
        """Where the walk goes on; None at its end. Unreachable if it goes in a circle."""
        self._first_key = self._first_key or _key(parsed, 0)
        self._rows += parsed.rows
        if not parsed.next_link:
            return None
        url = resolved(answer.url, parsed.next_link)
        only_counts = _offset(url) == self._rows
        if only_counts and self._by_key and parsed.keys and _is_ascending(parsed.keys, answer.body):
            self._rows = 0
            return self._once(self._behind(_key(parsed, -1) or (), url))
        self.may_miss = self.may_miss or only_counts
        return self._once(Step(url))

    def _behind(self, key: tuple[Any, ...], link: str) -> Step:
        entity = self._query.entity
        behind = after_expression([entity.field(name) for name in entity.key], key)
        also = " and ".join(part for part in (self._also, behind) if part)
        return Step(read_url(self._root, self._query, also, self._expand), link)

    def _once(self, step: Step) -> Step:
        if hash(step.url) in self._seen:
            raise Unreachable(
                f"The listing of {self._query.entity.name} goes in a circle: a nextLink came twice."
            )
        self._seen.add(hash(step.url))
        return step


def _has_ordered_key(query: Query) -> bool:
    entity = query.entity
    able = entity.capabilities.sort and entity.capabilities.filter and not query.descending_by
    return able and bool(entity.key) and {entity.field(n).kind for n in entity.key} <= _COMPARABLE


def _key(parsed: Parsed, at: int) -> tuple[Any, ...] | None:
    if parsed.keys is None or not len(parsed.keys):
        return None
    return tuple(column[at].as_py() for column in parsed.keys.columns)


def _is_ascending(keys: pa.RecordBatch, body: bytes) -> bool:
    """Whether the server did order by key, and has GUIDs in lower case as we write them."""
    order = pc.sort_indices(keys, [(name, "ascending") for name in keys.schema.names])
    ordered = order.equals(pa.array(range(len(order)), order.type))
    return ordered and all(str(column[-1]).encode() in body for column in keys.columns)


def _offset(url: str) -> int | None:
    """The number of records that a link wants to skip, if that is all it knows."""
    found = _OFFSET.search(unquote(url))
    return int(found[1]) if found else None
