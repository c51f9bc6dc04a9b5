"""Ranges of keys, where the service answers as it likes."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest

from tandem.connectors.base import Query
from tandem.errors import Throttled
from tandem.model.schema import Entity, Field, Kind

THERE = 90
THINGS = Entity(name="Things", key=("id",), fields=(Field(name="id", kind=Kind.INT64),))
QUERY = Query(THINGS, ("id",), datetime(2026, 3, 4, tzinfo=UTC))


def shared(service: Any, *, skips: Any = None, counts: Any = None) -> tuple[str, ...]:
    """The ranges, where requests with `$skip`, and counts of ranges, have these answers."""

    def listed(request: httpx.Request) -> httpx.Response:
        if skips is not None:
            return _answer(skips)
        options = parse_qs(request.url.query.decode())
        if "$skip" not in options:  # the other way to count
            return _answer(counts)
        return httpx.Response(200, json={"value": [{"id": int(options["$skip"][0])}]})

    def counted(request: httpx.Request) -> httpx.Response:
        is_whole = b"id" not in request.url.query
        if not is_whole and counts is not None:
            return _answer(counts)
        return httpx.Response(200, text=str(THERE if is_whole else THERE // 3))

    service.replies = {"Things": listed, "Things/$count": counted}
    ranges: tuple[str, ...] = service.connector().split(QUERY, 3, least=10)
    return ranges


def _answer(what: Any) -> httpx.Response:
    if isinstance(what, Exception):
        raise what
    return httpx.Response(what)


def test_ranges_are_bounded_by_keys_that_the_service_tells(service: Any) -> None:
    assert shared(service) == ("id lt 30", "(id ge 30 and id lt 60)", "id ge 60")


FAULTS = [500, 504, 400, httpx.ReadTimeout("slow")]


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_service_that_cannot_tell_the_bounds_is_read_in_one_part(
    service: Any, fault: Any
) -> None:
    assert shared(service, skips=fault) == ()


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_service_that_cannot_count_ranges_is_read_in_one_part(service: Any, fault: Any) -> None:
    assert shared(service, counts=fault) == ()


def test_a_service_that_asks_to_wait_is_not_asked_for_all_at_once(service: Any) -> None:
    with pytest.raises(Throttled):
        shared(service, skips=429)
