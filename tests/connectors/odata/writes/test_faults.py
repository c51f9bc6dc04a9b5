"""Writes while the service is busy, breaks down, or the line is cut."""

from typing import Any

import httpx
import pyarrow as pa
import pytest

from tandem.connectors.base import ETAG, Written
from tandem.connectors.http import ATTEMPTS
from tandem.errors import AuthenticationError, Throttled, Unreachable

JSON, MULTIPART = "application/json", "multipart/mixed"
CUT = httpx.ReadError("cut")
NO_WAY = httpx.ConnectError("no way")
Rows = list[dict[str, Any]]


def busy(seconds: int = 17) -> httpx.Response:
    return httpx.Response(429, headers={"Retry-After": str(seconds)})


def things(numbers: range, **values: Any) -> Rows:
    return [{"ID": number, "name": f"thing {number}", **values} for number in numbers]


def named(written: Written) -> Written:
    return Written(
        written.rejected, written.missing, written.changed, written.unsent, written.unknown
    )


def test_a_busy_service_is_given_the_time_it_asks_for(shop: Any) -> None:
    shop.disturb(busy(17), httpx.Response(503, headers={"Retry-After": "4"}))
    assert named(shop.create(things(range(120)))) == Written()
    assert shop.waits == [17.5, 4.5]
    assert len(shop.records()) == 120


def test_a_service_that_stays_busy_leaves_the_rest_unsent(shop: Any) -> None:
    shop.create(things(range(5)))
    shop.disturb(*[busy()] * ATTEMPTS)
    written = shop.update(things(range(5), size=1))
    assert named(written) == Written(unsent=(0, 1, 2, 3, 4))
    assert isinstance(written.stopped_by, Throttled)
    assert len(shop.waits) == ATTEMPTS - 1


def test_a_service_that_cannot_even_be_asked_about_batches_leaves_all_unsent(shop: Any) -> None:
    entity = shop.entity()
    shop.wire.before = lambda _request: NO_WAY
    names = pa.RecordBatch.from_pylist(things(range(5)))
    written = shop.connector.create(entity, names)
    assert named(written) == Written(unsent=(0, 1, 2, 3, 4))
    assert isinstance(written.stopped_by, Unreachable)


def test_single_requests_that_come_at_a_bad_time_are_sent_again(shop: Any) -> None:
    shop.refuse_batches(JSON, MULTIPART)
    shop.create(things(range(10)))
    shop.disturb(busy(3), at="Things(4)")
    before = len(shop.wire.writes)
    assert named(shop.update(things(range(10), size=1))) == Written()
    assert len(shop.wire.writes) == before + 11
    assert shop.waits == [3.5]


@pytest.mark.parametrize("fault", [CUT, httpx.ReadTimeout("slow"), httpx.Response(502)])
def test_new_records_whose_answer_was_lost_are_never_sent_again(shop: Any, fault: Any) -> None:
    shop.disturb_after(fault)
    written = shop.create(things(range(150)))
    assert named(written) == Written(unknown=tuple(range(100)), unsent=tuple(range(100, 150)))
    assert isinstance(written.stopped_by, Unreachable)
    assert len(shop.wire.writes) == 1
    assert len(shop.records()) == 100


def test_a_single_new_record_whose_answer_was_lost_is_the_only_one_unknown(shop: Any) -> None:
    shop.refuse_batches(JSON, MULTIPART)
    shop.create(things(range(100, 105)))
    shop.disturb_after(CUT, at="Things")
    written = shop.create(things(range(5)))
    assert named(written) == Written(unknown=(0,), unsent=(1, 2, 3, 4))
    assert len(shop.records()) == 6


def test_what_was_never_sent_is_sent_again_new_records_too(shop: Any) -> None:
    shop.disturb(NO_WAY, httpx.ConnectTimeout("no way"))
    assert named(shop.create(things(range(20)))) == Written()
    assert len(shop.records()) == 20
    assert len(shop.waits) == 2


@pytest.mark.parametrize("fault", [CUT, httpx.Response(504), httpx.Response(500, text="oops")])
def test_updates_whose_answer_was_lost_are_sent_again(shop: Any, fault: Any) -> None:
    shop.create(things(range(20)))
    shop.disturb_after(fault)
    assert named(shop.update(things(range(20), size=3))) == Written()
    assert {record["size"] for record in shop.records()} == {3}


def test_a_guarded_update_that_was_done_already_is_told_as_done(shop: Any) -> None:
    rows = shop.fill(range(5))
    seen = shop.seen(rows)
    shop.disturb_after(CUT)
    written = shop.update([{**row, "size": 3} for row in rows], seen=seen)
    assert named(written) == Written()
    assert {record["size"] for record in shop.records()} == {3}
    assert written.records.column(ETAG).to_pylist() == shop.seen(rows).column(ETAG).to_pylist()


def test_an_update_that_somebody_else_came_before_is_told_as_changed(shop: Any) -> None:
    rows = shop.fill(range(2))
    seen = shop.seen(rows)
    httpx.patch(shop.url + "Things(1)", json={"size": 4}).raise_for_status()
    shop.disturb_after(CUT, CUT, at="Things(")
    written = shop.update([{**row, "size": 3} for row in rows], seen=seen)
    assert named(written) == Written(changed=(1,))


def test_deletes_that_were_done_already_are_told_as_done(shop: Any) -> None:
    rows = shop.fill(range(5))
    shop.disturb_after(CUT)
    assert shop.delete(rows) == Written()


def test_updates_without_any_answer_are_unknown_and_the_others_unsent(shop: Any) -> None:
    shop.create(things(range(10)))
    shop.update(things(range(10)))  # the batches grow
    shop.disturb_after(*[CUT] * ATTEMPTS)
    written = shop.update(things(range(10), size=1))
    assert sorted((*written.unknown, *written.unsent)) == list(range(10))
    assert written.unknown
    assert isinstance(written.stopped_by, Unreachable)


def test_batches_that_are_too_large_are_halved(shop: Any) -> None:
    def small(request: httpx.Request) -> httpx.Response | None:
        return httpx.Response(413) if len(request.content) > 3_000 else None

    shop.wire.before = small
    assert named(shop.create(things(range(200)))) == Written()
    assert len(shop.records()) == 200
    sizes = [len(r.content) for r in shop.wire.asked if r.url.path.endswith("$batch")]
    assert sum(size > 3_000 for size in sizes) < 10
    assert len(sizes) < 60


def test_a_record_that_is_too_large_by_itself_is_rejected(shop: Any) -> None:
    def small(request: httpx.Request) -> httpx.Response | None:
        return httpx.Response(413) if len(request.content) > 3_000 else None

    rows = [{"code": str(number), "text": "x"} for number in range(9)]
    rows[5]["text"] = "x" * 5_000
    shop.wire.before = small
    written = shop.create(rows, "Labels")
    assert list(written.rejected) == [5]
    assert len(shop.records("Labels")) == 8


def test_a_batch_that_is_refused_because_of_one_record_is_divided(shop: Any) -> None:
    def picky(request: httpx.Request) -> httpx.Response | None:
        return httpx.Response(400) if b'"thing 61"' in request.content else None

    shop.wire.before = picky
    written = shop.create(things(range(100)))
    assert list(written.rejected) == [61]
    assert len(shop.records()) == 99
    assert len(shop.wire.writes) < 25


def test_a_service_that_takes_fewer_requests_a_batch_is_given_fewer(shop: Any) -> None:
    """Business Central takes 100."""

    def few(request: httpx.Request) -> httpx.Response | None:
        return httpx.Response(400) if request.content.count(b'"method":') > 100 else None

    shop.wire.before = few
    assert named(shop.create(things(range(1_000)))) == Written()
    assert len(shop.records()) == 1_000
    assert len(shop.wire.writes) <= 18


def test_batches_that_read_but_do_not_write_are_given_up(shop: Any) -> None:
    def reads_only(request: httpx.Request) -> httpx.Response | None:
        is_batch = request.url.path.endswith("$batch")
        reads = b'"GET"' in request.content or b"\r\nGET " in request.content
        return httpx.Response(400) if is_batch and not reads else None

    shop.wire.before = reads_only
    assert named(shop.create(things(range(100)))) == Written()
    assert len(shop.records()) == 100
    before = len(shop.wire.writes)
    shop.update(things(range(100), size=1))
    assert set(shop.wire.writes[before:]) == {f"PATCH Things({n})" for n in range(100)}


def test_a_service_that_stops_at_errors_although_asked_not_to_is_given_the_rest(shop: Any) -> None:
    shop.refuse_batches(JSON)
    carry = shop.wire.carrier.handle_request

    def stopping(request: httpx.Request) -> httpx.Response:
        request.headers.pop("Prefer", None) if "$batch" in request.url.path else None
        answer: httpx.Response = carry(request)
        return answer

    shop.wire.carrier.handle_request = stopping
    rows = things(range(30))
    for number in (3, 4, 20):
        rows[number]["name"] = None
    written = shop.create(rows)
    assert list(written.rejected) == [3, 4, 20]
    assert len(shop.records()) == 27
    assert shop.wire.writes == ["POST $batch"] * 4


def test_who_is_not_let_in_is_told_before_anything_is_done(shop: Any) -> None:
    shop.create(things(range(10)))
    shop.disturb(httpx.Response(401))
    with pytest.raises(AuthenticationError):
        shop.update(things(range(10), size=1))


def test_what_was_done_before_we_were_shut_out_is_told(shop: Any) -> None:
    shop.refuse_batches(JSON, MULTIPART)
    shop.create(things(range(100, 105)))
    rows = things(range(100, 105), size=1)
    shop.disturb(httpx.Response(401), at="Things(103)")
    written = shop.update(rows)
    assert named(written) == Written(unsent=(3, 4))
    assert isinstance(written.stopped_by, Unreachable)
    assert [record["size"] for record in shop.records()] == [1, 1, 1, None, None]


def test_an_answer_that_is_cut_in_the_middle_counts_as_far_as_it_goes(shop: Any) -> None:
    shop.refuse_batches(JSON)
    shop.create(things(range(100, 120)))
    carry = shop.wire.carrier.handle_request

    def cutting(request: httpx.Request) -> httpx.Response:
        answer: httpx.Response = carry(request)
        if "$batch" not in request.url.path:
            return answer
        body = answer.read()
        shop.wire.carrier.handle_request = carry
        kind = {"Content-Type": answer.headers["Content-Type"]}
        return httpx.Response(200, headers=kind, content=body[: len(body) // 2])

    shop.wire.carrier.handle_request = cutting
    written = shop.create(things(range(20)))
    assert 5 <= len(written.unknown) <= 15
    assert written.unknown == tuple(range(20 - len(written.unknown), 20))
    assert len(written.records) == 20 - len(written.unknown)
    assert len(shop.records()) == 40
