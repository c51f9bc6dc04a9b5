"""Nothing is overwritten that could not be compared with what was seen."""

from typing import Any

import httpx
import pyarrow as pa
import pytest

from tandem.connectors.base import ETAG, Written
from tandem.errors import Unreachable

SEEN = pa.RecordBatch.from_pydict({"text": ["x", "x"]})
LABELS = [{"code": "a", "text": "x"}, {"code": "b", "text": "x"}]
MINE = [{"code": "a", "text": "mine"}, {"code": "b", "text": "mine"}]


def named(written: Written) -> Written:
    return Written(
        written.rejected, written.missing, written.changed, written.unsent, written.unknown
    )


@pytest.fixture
def labels(shop: Any) -> Any:
    """A shop with two records that have no etags."""
    shop.create(LABELS, "Labels")
    return shop


def answer_reads(shop: Any, answer: httpx.Response) -> None:
    def disturb(request: httpx.Request) -> httpx.Response | None:
        return answer if request.method == "GET" and "Labels" in request.url.path else None

    shop.wire.before = disturb


def test_what_cannot_be_compared_stays_unsent(labels: Any) -> None:
    before = labels.wire.writes
    answer_reads(labels, httpx.Response(500, text="boom"))
    for written in (
        labels.update(MINE, "Labels", seen=SEEN),
        labels.delete([{"code": "a"}, {"code": "b"}], "Labels", seen=SEEN),
    ):
        assert named(written) == Written(unsent=(0, 1))
        assert isinstance(written.stopped_by, Unreachable)
    assert labels.wire.writes == before


@pytest.mark.parametrize(
    "record",
    [{"code": "a", "text": 7}, {"code": "A", "text": "x"}],
    ids=["unreadable", "key in another case"],
)
def test_a_record_that_is_not_recognised_counts_as_changed(labels: Any, record: Any) -> None:
    answer_reads(labels, httpx.Response(200, json={"value": [record, LABELS[1]]}))
    written = labels.update(MINE, "Labels", seen=SEEN)
    assert written.changed == (0,)
    labels.wire.before = lambda _request: None
    assert [label["text"] for label in labels.records("Labels")] == ["x", "mine"]


def test_a_record_that_is_not_there_is_missing(labels: Any) -> None:
    rows = [{"code": "z", "text": "mine"}, MINE[1]]
    assert named(labels.update(rows, "Labels", seen=SEEN)) == Written(missing=(0,))


def test_each_row_of_the_same_record_is_compared(labels: Any) -> None:
    seen = pa.RecordBatch.from_pydict({"text": ["x", "before", "x"]})
    written = labels.update([MINE[0]] * 3, "Labels", seen=seen)
    assert written.changed == (1,)


@pytest.mark.parametrize(
    "etag", ["", "*", 'W/"a"\r\nX-Other: 1', '"a" , "b"', "W/bare", '"\u0142"']
)
def test_an_etag_that_cannot_be_sent_back_is_no_licence(labels: Any, etag: str) -> None:
    before = labels.wire.writes
    seen = pa.RecordBatch.from_pydict({ETAG: [etag] * 2})
    written = labels.update(MINE, "Labels", seen=seen)
    assert list(written.rejected) == [0, 1]
    assert "etag" in written.rejected[0]
    assert labels.wire.writes == before


def test_fields_guard_where_an_etag_cannot(labels: Any) -> None:
    seen = pa.RecordBatch.from_pydict({ETAG: ["", ""], "text": ["x", "before"]})
    assert named(labels.update(MINE, "Labels", seen=seen)) == Written(changed=(1,))


def test_an_etag_goes_back_byte_by_byte(shop: Any) -> None:
    rows = shop.fill(range(1))
    seen = pa.RecordBatch.from_pydict({ETAG: ['W/"é"']})
    assert shop.update(rows, seen=seen).changed == (0,)
    (sent,) = [r for r in shop.wire.asked if r.method == "PATCH"]
    assert dict(sent.headers.raw)[b"If-Match"] == 'W/"é"'.encode("latin-1")


def test_an_update_lost_and_repeated_is_compared_by_what_was_given(shop: Any) -> None:
    rows = shop.fill(range(1))
    seen = shop.seen(rows)
    given = pa.RecordBatch.from_pydict({"name": [False]})
    shop.disturb_after(httpx.ReadError("cut"), at="Things(")
    written = shop.update([{"ID": 0, "name": "not me", "size": 3}], seen=seen, given=given)
    assert named(written) == Written()
    assert written.records.column("size").to_pylist() == [3]


def test_a_guarded_delete_that_was_done_already_is_told_as_done(shop: Any) -> None:
    """Some services answer 412 where there is no record for the etag to match."""
    rows = shop.fill(range(2))
    seen = shop.seen(rows)
    shop.disturb_after(httpx.ReadError("cut"), httpx.Response(412), at="Things(0)")
    assert shop.delete(rows, seen=seen) == Written()
    assert shop.records() == []
