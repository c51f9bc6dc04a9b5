"""Batches as text, in both forms: what is written reads back, and answers of real servers."""

import json
from email import message_from_bytes
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tandem.connectors.http import Reply
from tandem.connectors.odata.batch_json import JsonBatch
from tandem.connectors.odata.batch_multipart import Multipart, parse
from tandem.connectors.odata.requests import Request

TYPE = "multipart/mixed; boundary=b"
JSON_BODIES = st.recursive(
    st.none() | st.booleans() | st.text() | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
).map(lambda value: json.dumps({"x": value}, ensure_ascii=False).encode(errors="replace"))
ONE = b'{"id":"0","status":200}'
STATUSES = st.sampled_from([200, 201, 204, 400, 404, 412, 500])


def reply(body: bytes, content_type: str = TYPE, status: int = 200) -> Reply:
    return Reply(status, httpx.Headers({"Content-Type": content_type}), body)


def patch(row: int, body: bytes = b'{"a":1}') -> Request:
    headers = {"Content-Type": "application/json", "If-Match": 'W/"1"'}
    return Request(row, "PATCH", f"Things({row})", headers, body)


def answered(
    answers: list[tuple[int, bytes]], line_end: str = "\r\n", boundary: str = "b"
) -> bytes:
    """A multipart answer as servers write it."""
    lines = ["this is not for you"]
    for status, _ in answers:
        lines += [f"--{boundary}", "Content-Type: application/http", ""]
        lines += [f"HTTP/1.1 {status} Because", "Content-Type: application/json", "", "%s"]
    text = line_end.join([*lines, f"--{boundary}--", "nor is this"])
    return text.encode().replace(b"%s", b"%b") % tuple(body for _, body in answers)


@settings(deadline=None)
@given(st.lists(st.tuples(STATUSES, JSON_BODIES), min_size=1), st.sampled_from(["\r\n", "\n"]))
def test_multipart_answers_are_read_whatever_they_say(
    answers: list[tuple[int, bytes]], line_end: str
) -> None:
    replies, closed = parse(TYPE, answered(answers, line_end))
    assert [(r.status, r.body) for r in replies] == answers
    assert closed


@settings(deadline=None)
@given(st.lists(JSON_BODIES, min_size=1), st.integers(0, 10**6))
def test_a_multipart_answer_that_is_cut_has_the_parts_before_the_cut(
    bodies: list[bytes], place: int
) -> None:
    answers = [(200, body) for body in bodies]
    whole = answered(answers)
    cut = whole[: place % (len(whole) - len("--\r\nnor is this"))]
    replies, closed = parse(TYPE, cut)
    assert [(r.status, r.body) for r in replies] == answers[: len(replies)]
    assert not closed


@settings(deadline=None)
@given(st.lists(JSON_BODIES, min_size=1))
def test_multipart_requests_are_what_others_read_as_such(bodies: list[bytes]) -> None:
    kind, text = Multipart().write([patch(row, body) for row, body in enumerate(bodies)])
    message = message_from_bytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + text)
    parts: list[Any] = message.get_payload()  # type: ignore[assignment]
    assert [part.get_content_type() for part in parts] == ["application/http"] * len(bodies)
    assert len(parts) == len(bodies)
    for row, (part, body) in enumerate(zip(parts, bodies, strict=True)):
        head, _, content = part.get_payload(decode=True).partition(b"\r\n\r\n")
        assert head.splitlines()[0] == b"PATCH Things(%d) HTTP/1.1" % row
        assert b'If-Match: W/"1"' in head
        assert content == body


@settings(deadline=None)
@given(st.lists(JSON_BODIES, min_size=1))
def test_json_requests_are_json(bodies: list[bytes]) -> None:
    kind, text = JsonBatch().write([patch(row, body) for row, body in enumerate(bodies)])
    requests = json.loads(text)["requests"]
    assert kind == "application/json"
    assert [request["id"] for request in requests] == [str(n) for n in range(len(bodies))]
    assert [request["body"] for request in requests] == [json.loads(body) for body in bodies]
    assert requests[0]["headers"]["if-match"] == 'W/"1"'


def test_a_request_without_a_body_has_none() -> None:
    delete = Request(0, "DELETE", "Things(1)", {"If-Match": "*"})
    (request,) = json.loads(JsonBatch().write([delete])[1])["requests"]
    assert request == {
        "id": "0", "method": "DELETE", "url": "Things(1)", "headers": {"if-match": "*"},
    }  # fmt: skip
    assert Multipart().write([delete])[1].count(b"\r\n\r\n") == 2


def test_numbers_in_json_answers_keep_their_digits() -> None:
    body = b'{"responses":[{"id":"0","status":200,"body":{"price":9007199254740993.10}}]}'
    (answer,) = JsonBatch().read(reply(body), 1).replies
    assert answer
    assert answer.body == b'{"price":9007199254740993.10}'


def test_json_answers_come_in_any_order() -> None:
    body = b'{"responses":[{"id":"1","status":404},{"id":"0","status":204,"headers":{"a":"b"}}]}'
    first, second = JsonBatch().read(reply(body), 2).replies
    assert first
    assert second
    assert (first.status, first.headers["A"], second.status) == (204, "b", 404)


def test_json_answers_without_ids_are_in_order() -> None:
    """Business Central writes a null id where the request had none."""
    body = b'{"responses":[{"id":null,"status":200},{"id":null,"status":400}]}'
    assert [r and r.status for r in JsonBatch().read(reply(body), 2).replies] == [200, 400]


def test_what_comes_after_the_first_error_was_not_done() -> None:
    """Dataverse answers 400 as a whole where it stops; the parts tell more."""
    answers = Multipart().read(reply(answered([(204, b""), (400, b"{}")]), status=400), 5)
    assert [r and r.status for r in answers.replies] == [204, 400, None, None, None]
    assert answers.whole


def test_an_answer_that_ends_early_without_an_error_leaves_it_open() -> None:
    assert not Multipart().read(reply(answered([(204, b"")])), 2).whole
    assert not JsonBatch().read(reply(b'{"responses":[{"id":"0","status":204}]}'), 2).whole


def test_change_sets_are_unfolded() -> None:
    inner = answered([(204, b""), (201, b"{}")], boundary="inner")
    outer = b"--b\r\nContent-Type: multipart/mixed; boundary=inner\r\n\r\n" + inner + b"\r\n--b--"
    assert [r.status for r in parse(TYPE, outer)[0]] == [204, 201]


@pytest.mark.parametrize(
    ("form", "content_type", "body"),
    [
        (Multipart(), "text/html", b"<html>"),
        (Multipart(), TYPE, b""),
        (Multipart(), TYPE, b"--b\r\nContent-Type: text/plain\r\n\r\nhello\r\n--b--"),
        (Multipart(), TYPE, answered([(200, b"{}")] * 3)),
        (Multipart(), "multipart/mixed", answered([(200, b"{}")])),
        (JsonBatch(), "application/json", b"{}"),
        (JsonBatch(), "application/json", b'{"responses":[{"id":"7","status":200}]}'),
        (JsonBatch(), "application/json", b'{"responses":[{"id":"-1","status":200}]}'),
        (JsonBatch(), "application/json", b'{"responses":[{"id":"0_1","status":200}]}'),
        (JsonBatch(), "application/json", '{"responses":[{"id":"\u0661","status":200}]}'.encode()),
        (
            JsonBatch(),
            "application/json",
            b'{"responses":[{"status":200},{"id":"0","status":400}]}',
        ),
        (JsonBatch(), "application/json", b'{"responses":[%b,%b]}' % (ONE, ONE)),
        (JsonBatch(), "application/json", b'{"responses":[{"id":["0"],"status":200}]}'),
        (JsonBatch(), "application/json", b'{"responses":[{"id":"0"}]}'),
        (JsonBatch(), "application/json", b'{"responses":[3]}'),
        (JsonBatch(), "application/json", b'{"responses":[{"id":"0","stat'),
        (JsonBatch(), "application/json", b"[" * 100_000),
    ],
)
def test_what_is_no_answer_to_a_batch_is_told_apart(
    form: Any, content_type: str, body: bytes
) -> None:
    with pytest.raises(ValueError, match=r"."):
        form.read(reply(body, content_type), 2)


def test_headers_of_parts_are_bytes_and_end_where_lines_end() -> None:
    body = answered([(201, b"{}")]).replace(
        b"Content-Type: application/json",
        "Location: Things('Å\x85')\r\nBad Name: 1\r\nBad: a\x00b\r\nOData-EntityId: T(1)".encode(),
    )
    (reply,) = parse(TYPE, body)[0]
    assert reply.headers["Location"] == "Things('Å\x85')"
    assert [name for name, _ in reply.headers.raw] == [b"Location", b"OData-EntityId"]


def test_no_header_of_a_part_has_a_second_line() -> None:
    sly = Request(0, "PATCH", "T(1)", {"If-Match": 'W/"a"\r\nX-Other: 1'}, b"{}")
    with pytest.raises(ValueError, match="more than one line"):
        Multipart().write([sly])


@pytest.mark.parametrize(
    ("responses", "more", "whole"),
    [
        ({"1": 400, "0": 201}, {}, True),
        ({"1": 400, "0": 201}, {"@nextLink": "more"}, False),
        ({"1": 400, "0": 201}, {"@odata.nextLink": "more"}, False),
        ({"0": 400, "1": 201}, {}, False),
        ({"0": 201, "2": 400}, {}, False),
        ({"0": 201, "1": 400, "2": 201}, {}, True),
    ],
)
def test_only_a_service_that_stops_at_an_error_leaves_out_the_rest_on_purpose(
    responses: dict[str, int], more: dict[str, str], whole: bool
) -> None:
    members = [{"id": name, "status": status} for name, status in responses.items()]
    body = json.dumps({"responses": members, **more}).encode()
    assert JsonBatch().read(reply(body, "application/json"), 3).whole is whole
