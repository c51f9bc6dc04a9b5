"""Pages that take the service too long are asked for in smaller ones."""

import re
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from tandem.connectors.base import Query
from tandem.errors import RetryLater, Unreachable
from tandem.model.schema import Capabilities, Entity, Field, Kind

NOW = datetime(2026, 3, 4, tzinfo=UTC)
SLOW = {"error": {"code": "", "message": "too slow"}}


def query(dialect: str = "") -> Query:
    entity = Entity(
        name="things",
        key=("id",),
        fields=(Field(name="id", kind=Kind.STRING),),
        capabilities=Capabilities(dialect=dialect),
    )
    return Query(entity=entity, fields=("id",), now=NOW)


def sizes(service: Any, target: str) -> list[int]:
    """The page sizes that a target was asked with."""
    asked = zip(service.asked, service.requests, strict=True)
    told = [request.headers["prefer"] for name, request in asked if re.search(target, name)]
    return [int(prefer.rpartition("=")[2]) for prefer in told]


def takes(most: int, value: list[Any], link: str = "", status: int = 504) -> Any:
    """Answers pages of at most that many records in time."""

    kind = "delta" if link == "delta" else "next"
    links = {f"@odata.{kind}Link": link} if link else {}

    def reply(request: httpx.Request) -> httpx.Response:
        if int(request.headers.get("prefer", "=0").rpartition("=")[2]) > most:
            return httpx.Response(status, json=SLOW, headers={"Retry-After": "60"})
        return httpx.Response(200, json={"value": value, **links})

    return reply


@pytest.mark.parametrize("status", [408, 504])
def test_the_first_page_is_halved_until_it_comes(service: Any, status: int) -> None:
    service.replies["things"] = takes(1_300, [{"id": "a"}], status=status)
    (page,) = service.connector().read(query())
    assert page.records.to_pylist() == [{"id": "a"}]
    assert sizes(service, "select") == [5_000, 2_500, 1_250]


def test_our_own_time_out_halves_pages_too(service: Any) -> None:
    def reply(request: httpx.Request) -> httpx.Response:
        if "maxpagesize=1250" not in request.headers.get("prefer", "maxpagesize=1250"):
            raise httpx.ReadTimeout("no answer in 120 s", request=request)
        return httpx.Response(200, json={"value": [{"id": "a"}]})

    service.replies["things"] = reply
    (page,) = service.connector().read(query())
    assert page.records.to_pylist() == [{"id": "a"}]
    assert sizes(service, "select") == [5_000, 2_500, 1_250]


def test_a_later_page_is_halved_behind_the_same_link_and_stays_so(service: Any) -> None:
    service.replies["things"] = takes(5_000, [{"id": "a"}], "two")
    service.replies["two"] = takes(2_500, [{"id": "b"}], "three")
    service.replies["three"] = takes(5_000, [{"id": "c"}])
    pages = list(service.connector().read(query()))
    assert [page.records.to_pylist()[0]["id"] for page in pages] == ["a", "b", "c"]
    assert sizes(service, "two") == [5_000, 2_500]
    assert sizes(service, "three") == [2_500]


def test_pages_of_dataverse_keep_the_size_of_the_first_one(service: Any) -> None:
    service.replies["things"] = takes(2_500, [{"id": "a"}], "two")
    service.replies["two"] = takes(1_250, [])
    with pytest.raises(RetryLater):
        list(service.connector().read(query("dataverse")))
    assert set(sizes(service, "two")) == {2_500}


def test_what_never_comes_in_time_is_told_in_the_end(service: Any) -> None:
    service.replies["things"] = httpx.Response(504)
    with pytest.raises(Unreachable, match="504"):
        list(service.connector().read(query()))
    asked = sizes(service, "select")
    assert asked[:8] == [5_000, 2_500, 1_250, 625, 312, 156, 78, 50]
    assert set(asked[8:]) == {50}


def test_changes_are_halved_too(service: Any) -> None:
    service.replies["things"] = takes(2_500, [{"id": "a"}], "delta")
    since = "https://erp.example.com/odata/things?$deltatoken=1"
    pages = list(service.connector().changes(query(), since))
    assert pages[-1].token == "https://erp.example.com/odata/delta"
    assert sizes(service, "deltatoken") == [5_000, 2_500]
    assert all("track-changes" in request.headers["prefer"] for request in service.requests)
