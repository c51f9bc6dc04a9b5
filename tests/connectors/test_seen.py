"""Whether records still are what they were seen to be."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from tandem.connectors.base import ETAG
from tandem.connectors.seen import differing
from tandem.core.values import arrow_type
from tandem.model.schema import Entity, Field, Kind

ITEM = Entity(
    name="item",
    key=("string",),
    fields=tuple(Field(name=kind.value, kind=kind, max_length=9) for kind in Kind),
)
NAN = float("nan")
AT = datetime(2026, 3, 18, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "now", "seen", "differs"),
    [
        (Kind.STRING, "Ada", "Ada", False),
        (Kind.STRING, "Ada", "ada", True),
        (Kind.STRING, "Ada", "Ada ", True),
        (Kind.STRING, "longer than it may be", "longer than it may be", False),
        (Kind.STRING, None, None, False),
        (Kind.STRING, None, "", True),
        (Kind.INT64, 0, None, True),
        (Kind.INT64, 2**53 + 1, 2**53, True),
        (Kind.DECIMAL, Decimal("1.50"), Decimal("1.5"), False),
        (Kind.FLOAT64, NAN, NAN, False),
        (Kind.FLOAT64, NAN, None, True),
        (Kind.FLOAT64, 0.1, 0.1, False),
        (Kind.INSTANT, AT, AT, False),
        (Kind.BINARY, b"\x00", b"\x00", False),
        (Kind.BINARY, b"\x00", b"", True),
        (Kind.JSON, '{"a": 1.0, "b": []}', '{"b":[],"a":1.00}', False),
        (Kind.JSON, '{"a": 1}', '{"a": 2}', True),
        (Kind.JSON, "null", None, True),
        (Kind.JSON, "no json", "no json ", True),
    ],
)
def test_values_are_compared_as_what_they_mean(
    kind: Kind, now: Any, seen: Any, differs: bool
) -> None:
    typed = arrow_type(ITEM.field(kind.value))
    one = pa.RecordBatch.from_pydict({kind.value: pa.array([now], typed)})
    other = pa.RecordBatch.from_pydict({kind.value: pa.array([seen], typed)})
    assert differing(one, other, ITEM).to_pylist() == [differs]


def test_any_field_makes_the_difference() -> None:
    now = pa.RecordBatch.from_pydict({"string": ["a", "b", "c"], "int64": [1, 2, 3]})
    seen = pa.RecordBatch.from_pydict({"int64": [1, 9, 3], "string": ["a", "b", "x"]})
    assert differing(now, seen, ITEM).to_pylist() == [False, True, True]


def test_value_that_the_field_cannot_hold_is_another_one() -> None:
    now = pa.RecordBatch.from_pydict({"int64": pa.array([None, 7], pa.int64())})
    seen = pa.RecordBatch.from_pydict({"int64": ["many", "7"]})
    assert differing(now, seen, ITEM).to_pylist() == [True, False]


def test_etag_that_was_not_seen_is_not_compared() -> None:
    now = pa.RecordBatch.from_pydict({ETAG: ["1", "2", "3"]})
    seen = pa.RecordBatch.from_pydict({ETAG: ["1", "1", None]})
    assert differing(now, seen, ITEM).to_pylist() == [False, True, False]


def test_json_numbers_are_compared_without_floats() -> None:
    long = "1.00000000000000000001"
    assert float(long) == json.loads("1.0")
    now = pa.RecordBatch.from_pydict({"json": [long]})
    seen = pa.RecordBatch.from_pydict({"json": ["1.0"]})
    assert differing(now, seen, ITEM).to_pylist() == [True]
