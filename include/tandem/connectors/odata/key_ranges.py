"""A listing cut into ranges of its key, so that each can be walked by itself.

Only comparisons that the service itself evaluates are used, whatever the order is in which it has
its keys: a range is a `$filter` expression, and its bounds are keys that the service told. Pages
that are counted (`$skip`) are no parts: a record that is deleted meanwhile would hide another.
"""

import logging
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import pairwise
from typing import Any, Final

from tandem.connectors.base import Query
from tandem.connectors.http import Http
from tandem.connectors.odata.dialects.families import dialect_of
from tandem.connectors.odata.literals import is_enumeration, literal
from tandem.connectors.odata.page import PageReader
from tandem.connectors.odata.query import collection_url, filter_of, with_options
from tandem.connectors.odata.read import JSON, count_records
from tandem.errors import ConfigurationError, Throttled, Unreachable
from tandem.model.schema import Field, Kind
from tandem.pipeline import in_parallel

_log: Final = logging.getLogger(__name__)

_ORDERED: Final = frozenset((Kind.INT64, Kind.GUID, Kind.DATE, Kind.STRING))
_TRIES: Final = 3
"""Counts of all ranges that are made before others' writes count as a disagreement."""


def key_ranges(http: Http, query: Query, parts: int, least: int) -> tuple[str, ...]:
    """At most `parts` expressions that share out the records of the query, `least` or more in
    each; none where the service cannot do that, fails at it or takes too long, or does not count
    what it has shared out as it counts the whole.
    """
    field = _ordered_by(query)
    if field is None:
        return ()
    try:
        return _shared_out(http, query, field, parts, least)
    except Throttled:
        raise
    except (ConfigurationError, Unreachable) as error:
        _log.info("%s is read in one part. %s", query.entity.name, error)
        return ()


def _shared_out(http: Http, query: Query, field: Field, parts: int, least: int) -> tuple[str, ...]:
    there = count_records(http, query)
    number = min(parts, there // least)
    if number < 2:
        return ()
    places = (there * part // number for part in range(1, number))
    # The parts will be read at once, and so many requests may be under way now.
    found = in_parallel(partial(_at, http, query, field), places, workers=number)
    bounds = dict.fromkeys(bound for keys in found for bound in keys)
    ranges = tuple(_ranges(field, list(bounds)))
    if len(ranges) < 2 or not _add_up(http, query, ranges):
        return ()
    return ranges


def _ordered_by(query: Query) -> Field | None:
    """The first field of the key, if the service can order by it and compare it."""
    entity = query.entity
    able = entity.capabilities
    if not (entity.key and able.sort and able.filter and dialect_of(entity).skips):
        return None
    field = entity.field(entity.key[0])
    is_plain = field.kind in _ORDERED and field.filterable and not _is_member(field)
    return field if is_plain else None


def _is_member(field: Field) -> bool:
    """Whether a key is a member of an enumeration: ordered by number, compared by name."""
    return field.kind is Kind.STRING and is_enumeration(field)


def _at(http: Http, query: Query, field: Field, place: int) -> list[Any]:
    """The key of the record at that place in the service's order; none if it is past the end."""
    options = {
        "$select": ",".join(query.entity.key),
        "$filter": filter_of(query),
        "$orderby": ",".join(query.entity.key),
        "$top": "1",
        "$skip": str(place),
    }
    url = with_options(collection_url(http.root, query.entity), options)
    page = PageReader(query.entity, (field.name,), {}).read(http.get(url, JSON).body).page
    keys: list[Any] = page.records.column(field.name)[:1].to_pylist()
    return keys


def _ranges(field: Field, bounds: Sequence[Any]) -> Iterator[str]:
    """Expressions for all below the first bound, between each two, and from the last one on."""
    if not bounds:
        return
    texts = [literal(field, bound) for bound in bounds]
    yield f"{field.name} lt {texts[0]}"
    for first, end in pairwise(texts):
        yield f"({field.name} ge {first} and {field.name} lt {end})"
    yield f"{field.name} ge {texts[-1]}"


def _add_up(http: Http, query: Query, ranges: Sequence[str]) -> bool:
    """Whether the ranges together have as many records as the whole has."""
    for _ in range(_TRIES):
        whole, *parts = in_parallel(
            lambda part: count_records(http, query, part), ("", *ranges), workers=len(ranges)
        )
        if sum(parts) == whole:
            return True
    return False
