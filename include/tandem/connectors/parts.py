"""Reading a listing in parts: what connectors that can do so promise, and how those do it whose
comparisons mean what ours mean: by ranges of the key.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from typing import Any, Final, Protocol, runtime_checkable

from tandem.connectors.base import Connector, Page, Query
from tandem.model.filters import Comparison, all_of
from tandem.model.schema import Field, Kind

_ORDERED: Final = frozenset(
    (Kind.INT64, Kind.DECIMAL, Kind.GUID, Kind.STRING, Kind.DATE, Kind.INSTANT)
)
"""Kinds of key whose values survive as texts and are ordered alike everywhere."""
_ENDS: Final = {"from": "ge", "before": "lt"}


@runtime_checkable
class Splitter(Connector, Protocol):
    """A connector that can read what a query asks for in parts, each by itself."""

    def split(self, query: Query, parts: int, *, least: int) -> tuple[str, ...]:
        """Texts that name parts of what `read` would give, at most `parts`, of about `least`
        records or more; none where that cannot be done, or is too small to be worth it.

        Whatever is created, changed or deleted meanwhile: each record belongs to one part, by its
        key alone, and each possible key to some part, also one beyond all that are there now. The
        texts can be kept and used by another connector of the same connection.
        """
        ...

    def read_part(self, query: Query, part: str) -> Iterator[Page]:
        """As `read` of the query that was split, but only the records of that part."""
        ...


def ordered_by(query: Query) -> Field | None:
    """The first field of the key, if ranges of it can be told apart."""
    if not query.entity.key:
        return None
    field = query.entity.field(query.entity.key[0])
    return field if field.kind in _ORDERED else None


def ranges(
    query: Query, parts: int, least: int, there: int, at: Callable[[int], Any]
) -> tuple[str, ...]:
    """The parts of the query's `there` records; `at` gives the first field of the key of the
    record at a place in the order of the key.
    """
    number = min(parts, there // least)
    places = (there * part // number for part in range(1, number))
    bounds = list(dict.fromkeys(at(place) for place in places))
    if not bounds or None in bounds:
        return ()
    name, ends = query.entity.key[0], [None, *map(_plain, bounds), None]
    return tuple(_named(name, first, end) for first, end in pairwise(ends))


def within(query: Query, part: str) -> Query:
    """The query, of that part alone."""
    said = json.loads(part)
    # Not read as a filter's JSON: there a text such as "00010000" may be meant as a number.
    tests = [
        Comparison.model_validate({"field": said["field"], "operator": how, "value": said[end]})
        for end, how in _ENDS.items()
        if end in said
    ]
    return replace(query, condition=all_of(query.condition, *tests))


def _named(field: str, first: Any, end: Any) -> str:
    """The part from the first value on, and below the end; None: all before, or all after."""
    ends = {"from": first, "before": end}
    return json.dumps({"field": field, **{n: v for n, v in ends.items() if v is not None}})


def _plain(value: Any) -> Any:
    """As JSON keeps it exactly, and conditions read it back."""
    if isinstance(value, Decimal):
        return format(value, "f")
    return value if isinstance(value, int | str) else value.isoformat()
