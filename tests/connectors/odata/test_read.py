"""A walk through a listing: links, order, limits, completeness."""

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

import httpx
import pyarrow as pa
import pytest

from tandem.connectors.base import Query
from tandem.connectors.odata.ahead import Ahead
from tandem.connectors.odata.connector import ODataConnector
from tandem.connectors.odata.read import EMPTY_PAGES
from tandem.errors import ConfigurationError, Unreachable
from tandem.model.filters import Comparison
from tandem.model.schema import Entity, Field, Kind

ROOT = "https://erp.example.com/odata/"
NOW = datetime(2026, 3, 4, tzinfo=UTC)
FIELDS = (
    Field(name="id", kind=Kind.INT64, nullable=False),
    Field(name="name", kind=Kind.STRING),
    Field(name="at", kind=Kind.INSTANT),
)
THINGS = Entity(name="Things", key=("id",), fields=FIELDS)
NAMED = Entity(name="Things", key=("name",), fields=FIELDS)


def query(entity: Entity = THINGS, **parts: Any) -> Query:
    return Query(**{"entity": entity, "fields": ("id",), "now": NOW, **parts})


def page(*ids: int, link: str | None = None) -> httpx.Response:
    more = {"@odata.nextLink": link} if link else {}
    value = [{"id": n, "name": str(n)} for n in ids]
    return httpx.Response(200, content=json.dumps({"value": value, **more}).encode())


def ids(connector: ODataConnector, asked: Query | None = None) -> list[int]:
    return [
        number
        for found in connector.read(asked or query())
        for number in found.records.column("id").to_pylist()
    ]


@pytest.mark.parametrize(
    "link",
    [
        ROOT + "Things?$skiptoken=b",
        "Things?$skiptoken=b",
        "/odata/Things?$skiptoken=b",
        "https://ERP.example.com:443/odata/Things?$skiptoken=b",
    ],
)
def test_links_are_followed_until_there_is_none(service: Any, link: str) -> None:
    service.replies = {"Things": page(1, 2, link=link), "Things?$skiptoken=b": page(3)}
    assert ids(service.connector()) == [1, 2, 3]


def test_a_link_is_given_back_byte_for_byte(service: Any) -> None:
    """Dataverse's paging cookie does not survive being quoted anew."""
    link = "Things?$skiptoken=%3Ccookie%20pagenumber=%222%22%20c=%22%253ccookie%2520p%253d%22/%3E"
    service.replies = {"Things": page(1, link=ROOT + link), link: page(2)}
    assert ids(service.connector()) == [1, 2]
    assert link in service.asked


def test_an_empty_page_may_have_a_link(service: Any) -> None:
    service.replies = {"Things": page(link="Things?a"), "Things?a": page(1)}
    assert ids(service.connector()) == [1]


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example.com/odata/Things?a",
        "http://erp.example.com/odata/Things?a",
        "https://erp.example.com:444/odata/Things?a",
        "//evil.example.com/Things",
        "https://[bad/Things",
    ],
)
def test_a_link_to_another_host_is_never_followed(service: Any, link: str) -> None:
    service.replies = {"Things": page(1, link=link)}
    connector = service.connector(login="sync", password="secret")
    with pytest.raises(ConfigurationError, match="never followed"):
        ids(connector)
    assert {request.url.host for request in service.requests} == {"erp.example.com"}


@pytest.mark.parametrize("again", ["Things?b", "Things?a"])
def test_a_listing_that_goes_in_a_circle_ends(service: Any, again: str) -> None:
    service.replies = {
        "Things": page(1, link="Things?a"),
        "Things?a": page(2, link="Things?b"),
        "Things?b": page(3, link=again),
    }
    with pytest.raises(Unreachable, match="circle"):
        ids(service.connector())


def test_a_page_that_links_to_the_first_one_ends(service: Any) -> None:
    first = "Things?$select=id&$orderby=id"
    service.replies = {"Things": page(1, link=first)}
    with pytest.raises(Unreachable, match="circle"):
        ids(service.connector())


def test_only_what_is_needed_is_asked_for(service: Any) -> None:
    service.replies = {"Things": page(1)}
    condition = Comparison(field="name", operator="eq", value="x")
    ids(service.connector(), query(condition=condition))
    assert service.options() == {"$select": "id", "$filter": "name eq 'x'", "$orderby": "id"}
    assert len(service.asked) == 1


def test_headers_ask_for_v4_exact_numbers_and_large_pages(service: Any) -> None:
    service.replies = {"Things": page(1)}
    ids(service.connector())
    headers = service.requests[0].headers
    assert headers["OData-MaxVersion"] == "4.0"
    assert "IEEE754Compatible=true" in headers["Accept"]
    assert headers["Prefer"] == "odata.maxpagesize=5000"


def test_columns_are_those_asked_for_though_the_key_is_read_too(service: Any) -> None:
    service.replies = {"Things": page(1)}
    (found,) = service.connector().read(query(fields=("name",)))
    assert found.records.schema.names == ["name"]


def test_the_greatest_are_asked_for_and_no_more(service: Any) -> None:
    service.replies = {"Things": page(9, 8, 7, link="Things?a")}
    assert ids(service.connector(), query(descending_by="at", limit=2)) == [9, 8]
    assert service.options() == {"$select": "id", "$orderby": "at desc", "$top": "2"}
    assert service.requests[0].headers["Prefer"] == "odata.maxpagesize=2"
    assert len(service.asked) == 1


def test_a_limit_above_the_page_size_goes_on(service: Any) -> None:
    service.replies = {"Things": page(1, 2, link="Things?a"), "Things?a": page(3, 4, link="b")}
    assert ids(service.connector(), query(limit=3)) == [1, 2, 3]
    assert service.asked[1:] == ["Things?a"]


def test_nothing_is_no_page(service: Any) -> None:
    service.replies = {"Things": page()}
    assert list(service.connector().read(query())) == []


def test_a_cut_page_is_fetched_again(service: Any) -> None:
    cut = httpx.Response(200, content=b'{"value":[{"id":1},')
    replies = iter([cut, page(1)])
    service.replies = {"Things": lambda _: next(replies)}
    assert ids(service.connector()) == [1]


def test_a_page_that_fails_after_others_fails_the_listing(service: Any) -> None:
    service.replies = {"Things": page(1, link="Things?a"), "Things?a": httpx.Response(500)}
    pages = service.connector().read(query())
    assert next(pages).records.num_rows == 1
    with pytest.raises(Unreachable):
        next(pages)


def test_a_listing_that_ends_early_is_incomplete(service: Any) -> None:
    service.replies = {
        "Things": page(1, 2, link="Things?a"),
        "Things?a": page(3),
        "Things/$count": httpx.Response(200, text="4"),
    }
    with pytest.raises(Unreachable, match="incomplete: 3 of 4"):
        ids(service.connector())


@pytest.mark.parametrize(("before", "after"), [("3", "9"), ("9", "3"), ("5000", "2")])
def test_records_that_come_or_go_meanwhile_are_no_gap(
    service: Any, before: str, after: str
) -> None:
    counts = iter([before, after])
    service.replies = {
        "Things": page(1, 2, link="Things?a"),
        "Things?a": page(3),
        "Things/$count": lambda _: httpx.Response(200, text=next(counts)),
    }
    assert ids(service.connector()) == [1, 2, 3]


@pytest.mark.parametrize("status", [400, 403, 404, 500, 501])
def test_a_service_that_does_not_count_is_believed(service: Any, status: int) -> None:
    service.replies = {
        "Things": page(1, link="Things?a"),
        "Things?a": page(2),
        "Things/$count": httpx.Response(status),
        "Things?$count=true&$top=1": httpx.Response(status),
    }
    assert ids(service.connector()) == [1, 2]


def test_records_put_aside_are_no_gap(service: Any) -> None:
    bad = httpx.Response(200, json={"value": [{"id": 2}, {"id": "bad"}]})
    service.replies = {
        "Things": page(1, link="Things?a"),
        "Things?a": bad,
        "Things/$count": httpx.Response(200, text="3"),
    }
    pages = list(service.connector().read(query()))
    assert sum(len(found.unreadable) for found in pages) == 1


class OffsetPaging:
    """A server that pages by counting, as SAP CAP does; records may vanish between two pages."""

    def __init__(self, numbers: list[int], size: int = 3) -> None:
        self.numbers = numbers
        self.size = size
        self.takes_filters = True
        self.vanish: Callable[[], None] = lambda: None

    def __call__(self, request: httpx.Request) -> httpx.Response:
        options = dict(
            part.split("=", 1)
            for part in unquote(request.url.raw_path.decode()).split("?")[1].split("&")
        )
        if "gt" in options.get("$filter", "") and not self.takes_filters:
            return httpx.Response(400)
        after = int(options.get("$filter", "id gt -1").rpartition(" ")[2])
        found = [n for n in self.numbers if n > after]
        skip = int(options.get("$skiptoken", "0"))
        rest = found[skip : skip + self.size]
        more = skip + self.size < len(found)
        kept = "&".join(f"{k}={v}" for k, v in options.items() if k != "$skiptoken")
        self.vanish()
        return page(*rest, link=f"Things?{kept}&$skiptoken={skip + self.size}" if more else None)


def test_no_record_is_missed_when_others_are_deleted_meanwhile(service: Any) -> None:
    server = OffsetPaging(list(range(10)))
    server.vanish = lambda: server.numbers.remove(0) if 0 in server.numbers else None
    service.replies = {"Things": server}

    assert ids(service.connector()) == list(range(10))
    assert [unquote(target) for target in service.asked if "gt" in target] == [
        "Things?$select=id&$filter=id gt 2&$orderby=id",
        "Things?$select=id&$filter=id gt 5&$orderby=id",
        "Things?$select=id&$filter=id gt 8&$orderby=id",
    ]


def test_a_server_that_takes_no_such_filter_is_followed_by_its_links(service: Any) -> None:
    server = OffsetPaging(list(range(10)))
    server.takes_filters = False
    service.replies = {"Things": server}
    assert ids(service.connector()) == list(range(10))
    assert sum("gt" in target for target in service.asked) == 1


def test_a_server_that_ignores_filters_is_followed_by_its_links(service: Any) -> None:
    service.replies = {
        "Things": page(1, 2, link="Things?$skiptoken=2"),
        "Things?$skiptoken=2": page(3),
    }
    assert ids(service.connector()) == [1, 2, 3]


@pytest.mark.parametrize("numbers", [(2, 1), (1, 1)])
def test_a_listing_out_of_order_is_followed_by_its_links(
    service: Any, numbers: tuple[int, ...]
) -> None:
    link = f"Things?$skiptoken={len(numbers)}"
    service.replies = {"Things": page(*numbers, link=link), link: page(3)}
    assert ids(service.connector()) == [*numbers, 3]
    assert "gt" not in "".join(service.asked) or numbers == (1, 1)


def test_texts_are_not_compared_for_paging(service: Any) -> None:
    """A server may sort by one collation and compare by another."""
    service.replies = {
        "Things": page(1, 2, link="Things?$skiptoken=2"),
        "Things?$skiptoken=2": page(3),
    }
    assert ids(service.connector(), query(NAMED)) == [1, 2, 3]
    assert "gt" not in "".join(service.asked)


def test_a_deletion_that_may_have_hidden_a_record_makes_the_listing_incomplete(
    service: Any,
) -> None:
    counts = iter(["4", "3"])
    service.replies = {
        "Things": page(1, 2, link="Things?$skiptoken=2"),
        "Things?$skiptoken=2": page(4),
        "Things/$count": lambda _: httpx.Response(200, text=next(counts)),
    }
    with pytest.raises(Unreachable, match="incomplete: 3 of 4"):
        ids(service.connector(), query(NAMED))


def test_a_deletion_right_after_the_first_page_makes_the_listing_incomplete_too(
    service: Any,
) -> None:
    there = ["1", "2", "3", "4"]

    def first(_: httpx.Request) -> httpx.Response:
        there.remove("1")
        return page(1, 2, link="Things?$skiptoken=2")

    service.replies = {
        "Things": first,
        "Things?$skiptoken=2": page(4),
        "Things/$count": lambda _: httpx.Response(200, text=str(len(there))),
    }
    with pytest.raises(Unreachable, match="incomplete: 3 of 4"):
        ids(service.connector(), query(NAMED))


def test_the_next_page_is_fetched_while_this_one_is_worked_on(service: Any) -> None:
    fetched = threading.Event()

    def second(_: httpx.Request) -> httpx.Response:
        fetched.set()
        return page(2)

    service.replies = {"Things": page(1, link="Things?a"), "Things?a": second}
    pages = service.connector().read(query())
    next(pages)
    assert fetched.wait(10)
    assert [found.records.num_rows for found in pages] == [1]
    assert service.asked.count("Things?a") == 1


def test_no_more_than_one_page_is_fetched_ahead(service: Any) -> None:
    service.replies = {
        "Things": page(1, link="Things?a"),
        "Things?a": page(2, link="Things?b"),
        "Things?b": page(3),
    }
    pages = service.connector().read(query())
    next(pages)
    next(pages)
    thread = _fetching()
    if thread:
        thread.join(10)
    assert service.asked.count("Things?b") == 1
    pages.close()


def test_a_link_within_a_record_misleads_nobody(service: Any) -> None:
    """The end of the page is searched for the link before the page is read."""
    inner = {"id": 1, "@odata.nextLink": "Things?wrong"}
    body = {"@odata.nextLink": "Things?right", "value": [inner]}
    service.replies = {
        "Things": httpx.Response(200, json=body),
        "Things?wrong": page(99),
        "Things?right": page(2),
    }
    assert ids(service.connector()) == [1, 2]


def test_a_walk_that_is_given_up_asks_nothing_more(service: Any) -> None:
    reached, go_on = threading.Event(), threading.Event()

    def slow(_: httpx.Request) -> httpx.Response:
        reached.set()
        go_on.wait(10)
        return httpx.Response(500)

    service.replies = {"Things": page(1, link="Things?a"), "Things?a": slow}
    pages = service.connector().read(query())
    next(pages)
    assert reached.wait(10)
    thread = _fetching()
    pages.close()
    go_on.set()
    assert thread is not None
    thread.join(10)
    assert not thread.is_alive()
    assert service.asked.count("Things?a") == 1


def _fetching() -> threading.Thread | None:
    return next((t for t in threading.enumerate() if t.name == "tandem-next-page"), None)


def test_what_fetching_ahead_raises_is_raised_by_who_takes_it() -> None:
    def fail(_url: str, _wanted: Callable[[], bool]) -> Any:
        raise Unreachable("gone")

    ahead = Ahead(fail)
    ahead.start("u")
    with pytest.raises(Unreachable, match="gone"):
        ahead.take("u")


@pytest.mark.parametrize("text", ["7", "\ufeff7", " 7\n"])
def test_counting(service: Any, text: str) -> None:
    service.replies = {"Things/$count": httpx.Response(200, text=text)}
    assert service.connector().count(query()) == 7


@pytest.mark.parametrize("inline", [{"@odata.count": 7}, {"@odata.count": "7"}, {"@count": 7}])
def test_counting_in_the_other_form(service: Any, inline: dict[str, Any]) -> None:
    service.replies = {
        "Things/$count": httpx.Response(404),
        "Things": httpx.Response(200, json={**inline, "value": []}),
    }
    assert service.connector().count(query()) == 7


def test_a_service_that_cannot_count_says_so(service: Any) -> None:
    service.replies = {"Things/$count": httpx.Response(200, text="many"), "Things": page(1)}
    with pytest.raises(ConfigurationError, match="does not count"):
        service.connector().count(query())


def test_records_are_found_by_key(service: Any) -> None:
    service.replies = {"Things": page(1, 2)}
    keys = pa.RecordBatch.from_pydict({"id": [1, 2, None, 2]})
    condition = Comparison(field="name", operator="eq", value="x")
    (found,) = service.connector().find(query(condition=condition), keys)
    assert found.records.column("id").to_pylist() == [1, 2]
    assert service.options()["$filter"] == "name eq 'x' and (id eq 1 or id eq 2)"


def test_no_keys_ask_nothing(service: Any) -> None:
    keys = pa.RecordBatch.from_pydict({"id": pa.array([None], pa.int64())})
    assert list(service.connector().find(query(), keys)) == []
    assert not service.asked


def test_many_keys_take_several_requests(service: Any) -> None:
    service.replies = {"Things": page(1)}
    keys = pa.RecordBatch.from_pydict({"id": list(range(10**6, 10**6 + 1000))})
    pages = list(service.connector().find(query(), keys))
    assert len(pages) == len(service.asked) > 3
    assert max(map(len, service.asked)) < 8000


def test_a_field_that_does_not_exist_is_named_before_anything_is_sent(service: Any) -> None:
    with pytest.raises(ConfigurationError, match="no field 'nmae'"):
        list(service.connector().read(query(fields=("nmae",))))
    assert not service.asked


def test_empty_pages_without_end_are_refused(service: Any) -> None:
    class Endless:
        pages = 0

        def __call__(self, _: httpx.Request) -> httpx.Response:
            self.pages += 1
            return page(link=f"Things?$skiptoken=k{self.pages}")

    endless = Endless()
    service.replies = {"Things": endless, "Things/$count": httpx.Response(404)}
    with pytest.raises(Unreachable, match="does not end"):
        ids(service.connector())
    assert endless.pages < EMPTY_PAGES + 10


def test_a_link_that_counts_to_thousands_of_digits_is_a_link_like_others(service: Any) -> None:
    far = f"Things?$skiptoken={'1' * 5000}"
    service.replies = {"Things": page(1, link=far), far: page(2)}
    assert ids(service.connector()) == [1, 2]
