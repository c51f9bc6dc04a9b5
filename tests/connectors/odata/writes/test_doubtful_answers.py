"""Answers that say less than they seem to: pages in place of data, redirects, halves of batches."""

import json
import re
from typing import Any

import httpx
import pyarrow as pa
import pytest

from tandem.connectors.base import Written
from tandem.errors import AuthenticationError, ConfigurationError, Unreachable

JSON, MULTIPART = "application/json", "multipart/mixed"
Rows = list[dict[str, Any]]


def things(numbers: range, **values: Any) -> Rows:
    return [{"ID": number, "name": f"thing {number}", **values} for number in numbers]


def named(written: Written) -> Written:
    return Written(
        written.rejected, written.missing, written.changed, written.unsent, written.unknown
    )


def error(status: int, code: str = "x", message: str = "no", **parts: Any) -> httpx.Response:
    return httpx.Response(status, json={"error": {"code": code, "message": message}}, **parts)


def sign_in(status: int = 200) -> httpx.Response:
    return httpx.Response(status, html="<!DOCTYPE html><title>Sign in</title>")


def answer_batches(shop: Any, change: Any) -> None:
    """Let `change` have its way with the document that answers a batch of writes."""
    carry = shop.wire.carrier.handle_request

    def carried(request: httpx.Request) -> httpx.Response:
        answer: httpx.Response = carry(request)
        if "$batch" not in request.url.path or b'"method":"GET"' in request.content:
            return answer
        document = json.loads(answer.read())
        change(document)
        return httpx.Response(200, content=json.dumps(document).encode())

    shop.wire.carrier.handle_request = carried


# Single requests


@pytest.mark.parametrize(
    "answer",
    [
        sign_in(),
        httpx.Response(200, text="\r\n<html>Sign in</html>"),
        httpx.Response(202),
        httpx.Response(302, headers={"Location": "https://login.example.com/"}),
        httpx.Response(302, headers={"Location": "/login"}),
        httpx.Response(304),
    ],
)
def test_an_update_that_is_not_answered_by_the_service_stops(shop: Any, answer: Any) -> None:
    rows = shop.fill(range(2))
    shop.disturb(answer, at="Things(")
    with pytest.raises(ConfigurationError):
        shop.update(rows)


@pytest.mark.parametrize(
    "answer",
    [
        sign_in(),
        httpx.Response(202),
        httpx.Response(503, text="upstream connect error"),
        httpx.Response(504),
        httpx.Response(524, text="A timeout occurred"),
        httpx.Response(599),
    ],
)
def test_a_new_record_that_a_proxy_answers_for_is_unknown(shop: Any, answer: Any) -> None:
    shop.entity()
    shop.disturb_after(answer, at="Things")
    written = shop.create(things(range(2)))
    assert named(written) == Written(unknown=(0,), unsent=(1,))
    assert isinstance(written.stopped_by, Unreachable)
    assert len(shop.records()) == 1


def test_a_new_record_that_is_redirected_is_not_made(shop: Any) -> None:
    shop.entity()
    shop.disturb(httpx.Response(302, headers={"Location": "https://login.example.com/"}), at="T")
    with pytest.raises(ConfigurationError, match="never followed"):
        shop.create(things(range(1)))


@pytest.mark.parametrize(
    "answer", [httpx.Response(503, headers={"Retry-After": "1"}), error(503, message="busy")]
)
def test_a_service_that_says_it_is_busy_is_given_the_new_record_again(
    shop: Any, answer: Any
) -> None:
    shop.entity()
    shop.disturb(answer, at="Things")
    assert named(shop.create(things(range(1)))) == Written()


def test_who_is_not_let_in_is_told_without_the_record(shop: Any) -> None:
    labels = [{"code": "a-secret", "text": "x"}]
    shop.entity("Labels")
    shop.disturb(httpx.Response(401), at="Labels")
    with pytest.raises(AuthenticationError) as raised:
        shop.update(labels, "Labels")
    assert "secret" not in str(raised.value)


# Batches


def test_a_batch_that_is_redirected_is_not_divided(shop: Any) -> None:
    shop.create(things(range(10)))
    before = len(shop.wire.writes)
    shop.disturb(httpx.Response(302, headers={"Location": "/login"}))
    with pytest.raises(ConfigurationError, match="redirect"):
        shop.update(things(range(10), size=1))
    assert len(shop.wire.writes) == before + 1


def test_a_batch_that_is_answered_with_a_web_page_is_unknown(shop: Any) -> None:
    shop.create(things(range(100, 110)))
    shop.disturb_after(sign_in())
    written = shop.create(things(range(10)))
    assert named(written) == Written(unknown=tuple(range(10)))
    assert len(shop.records()) == 20


def test_an_answer_in_pages_leaves_the_rest_unknown(shop: Any) -> None:
    shop.create(things(range(100, 110)))

    def cut(document: Any) -> None:
        document["responses"] = document["responses"][:3]
        document["@nextLink"] = "$batch?page=2"

    rows = things(range(6))
    rows[2]["name"] = None
    answer_batches(shop, cut)
    written = shop.create(rows)
    assert list(written.rejected) == [2]
    assert written.unknown == (3, 4, 5)
    assert len(shop.records()) == 15


@pytest.mark.parametrize("left", [[2, 5], [0, 1, 2, 4], [0, 1]])
def test_an_answer_with_gaps_leaves_them_unknown(shop: Any, left: list[int]) -> None:
    """Only a service that stops at an error has done nothing of what it does not answer."""
    shop.create(things(range(100, 110)))

    def thin(document: Any) -> None:
        document["responses"] = [document["responses"][at] for at in left]

    rows = things(range(6))
    rows[2]["name"] = None
    rows[5]["name"] = None
    answer_batches(shop, thin)
    written = shop.create(rows)
    assert written.unknown == tuple(sorted({*range(6)} - {*left}))


def test_two_answers_to_one_request_are_none(shop: Any) -> None:
    shop.create(things(range(100, 110)))
    answer_batches(shop, lambda document: document["responses"][1].update(id="0"))
    assert shop.create(things(range(5))).unknown == (0, 1, 2, 3, 4)


def test_headers_of_any_characters_spoil_no_batch(shop: Any) -> None:
    shop.create(things(range(100, 110)))

    def decorate(document: Any) -> None:
        for response in document["responses"]:
            response["headers"]["location"] = "Things('Ä\ud800')"
            response["headers"]["bad\r\nname"] = response["headers"]["bad"] = "a\r\nb"

    answer_batches(shop, decorate)
    written = shop.create(things(range(5)))
    assert named(written) == Written()
    assert len(written.records) == 5


@pytest.mark.parametrize("depth", [300, 600, 900])
def test_a_representation_that_is_nested_too_deeply_is_read_again(shop: Any, depth: int) -> None:
    shop.create(things(range(100, 110)))
    carry = shop.wire.carrier.handle_request

    def carried(request: httpx.Request) -> httpx.Response:
        answer: httpx.Response = carry(request)
        if "$batch" not in request.url.path:
            return answer
        deep = b'"body":{"extra":' + b"[" * depth + b"]" * depth + b","
        return httpx.Response(200, content=re.sub(rb'"body": ?{', deep, answer.read()))

    shop.wire.carrier.handle_request = carried
    written = shop.create(things(range(5)))
    assert named(written) == Written()
    assert len(written.records) == 5


# What is refused


def test_a_duplicate_that_is_told_with_412_is_rejected(shop: Any) -> None:
    """Dataverse says so, whether or not an etag went along: it speaks of another record."""
    rows = shop.fill(range(1))
    shop.disturb(error(412, "0x80040237", "there is one with this name"), at="Things(0)")
    assert shop.update(rows).rejected == {0: "there is one with this name"}
    shop.disturb(error(412, "0x80040237", "there is one with this name"), at="Things(0)")
    refused = shop.update(rows, seen=shop.seen(rows))
    assert refused.rejected == {0: "there is one with this name"}
    assert refused.changed == ()


def test_what_was_created_is_told_although_nothing_may_be_replaced(shop: Any) -> None:
    shop.create(things(range(2)))
    refused = error(403, message="no permission")
    shop.wire.before = lambda request: refused if request.method == "PATCH" else None
    written = shop.create(things(range(3), size=5), replace=True)
    assert list(written.rejected) == [0, 1]
    assert "no permission" in written.rejected[0]
    assert written.records.column("ID").to_pylist() == [2]


def test_what_is_no_guid_is_put_aside(shop: Any) -> None:
    entity = shop.entity("Notes")
    before = len(shop.wire.asked)
    keys = pa.RecordBatch.from_pydict({"ID": ["null or true"]})
    assert shop.connector.delete(entity, keys).rejected == {0: "field 'ID': not a guid"}
    assert len(shop.wire.asked) == before
