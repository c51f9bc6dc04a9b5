from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pyarrow as pa
import pytest

from tandem.core.anchors import anchor_at, later, read_on
from tandem.model.changes import Anchor
from tandem.model.schema import ChangeTracking

VERSION, TIMESTAMP = ChangeTracking.VERSION, ChangeTracking.TIMESTAMP


@pytest.mark.parametrize("overlap", [timedelta(0), timedelta(minutes=10), timedelta.max])
def test_reading_on_never_goes_back_beyond_the_calendar(overlap):
    first = pa.scalar(datetime(1, 1, 1, 0, 0, 5, tzinfo=UTC), pa.timestamp("us", "UTC"))
    anchor = anchor_at(TIMESTAMP, first)
    expected = datetime(1, 1, 1, 0, 0, 0 if overlap else 5, tzinfo=UTC)
    assert read_on(anchor, "changed", overlap).value == expected


def test_reading_on_begins_the_overlap_before_the_anchor():
    anchor = Anchor(kind=TIMESTAMP, value="2026-01-02T03:04:05.678901+00:00")
    since = read_on(anchor, "changed", timedelta(minutes=10)).value
    assert since == datetime(2026, 1, 2, 2, 54, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("version", "kind", "text"),
    [
        (Decimal("7.50"), pa.decimal128(10, 2), "7.5"),
        (Decimal("-7.50"), pa.decimal128(10, 2), "-7.5"),
        (Decimal("7.00"), pa.decimal128(38, 20), "7"),
        (2**63 - 1, pa.int64(), "9223372036854775807"),
    ],
)
def test_an_anchor_holds_the_version_as_it_is(version, kind, text):
    anchor = anchor_at(VERSION, pa.scalar(version, kind))
    assert anchor == Anchor(kind=VERSION, value=text)
    since = read_on(anchor, "version", timedelta(0)).value
    assert since == version
    assert isinstance(since, int) == (version == int(version))


def test_there_is_no_anchor_without_records():
    assert anchor_at(VERSION, pa.scalar(None, pa.int64())) is None


def test_an_anchor_never_moves_back():
    versions = [Anchor(kind=VERSION, value=text) for text in ("9", "9.5", "10")]
    for old, new in pairwise(versions):
        assert later(old, new) == later(new, old) == new
