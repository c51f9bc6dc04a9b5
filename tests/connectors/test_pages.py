"""Columns as systems give them, and what becomes of values that do not fit."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from tandem.connectors.pages import fitted_column, page_of
from tandem.core.values import arrow_type
from tandem.model.schema import Entity, Field, Kind

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


def field(kind: Kind, **facets: Any) -> Field:
    return Field(name="f", kind=kind, **facets)


@pytest.mark.parametrize(
    ("kind", "given", "expected"),
    [
        (Kind.INT64, [1, None, "2"], [1, None, 2]),
        (Kind.BOOLEAN, [1, 0, None], [True, False, None]),
        (Kind.BOOLEAN, ["true", False], [True, False]),
        (Kind.DECIMAL, [0.1, "0.2", Decimal("0.3"), 4], ["0.1", "0.2", "0.3", "4"]),
        (Kind.FLOAT64, [1, 2.5, "3"], [1.0, 2.5, 3.0]),
        (Kind.STRING, ["a", 1, 2.5], ["a", "1", "2.5"]),
        (Kind.GUID, ["6F9619FF-8B86-D011-B42D-00CF4FC964FF"],
         ["6f9619ff-8b86-d011-b42d-00cf4fc964ff"]),
        (Kind.INSTANT, ["2026-01-02 12:00:00", "2026-01-02T13:00:00+01:00", NOON], [NOON] * 3),
        (Kind.INSTANT, ["2026-01-02", "2026-01-02T12:00Z"],
         [datetime(2026, 1, 2, tzinfo=UTC), NOON]),
        (Kind.JSON, [{"a": 1}, "[]"], ['{"a": 1}', "[]"]),
        (Kind.BINARY, [b"x", None], [b"x", None]),
    ],
)  # fmt: skip
def test_values_are_understood(kind: Kind, given: list[Any], expected: list[Any]) -> None:
    if kind is Kind.DECIMAL:
        expected = [Decimal(text) for text in expected]
    found = fitted_column(given, field(kind))
    assert found.values.to_pylist() == expected
    assert found.values.type == arrow_type(field(kind))
    assert found.problems == {}


@pytest.mark.parametrize(
    ("kind", "bad"),
    [
        (Kind.INT64, 2.5), (Kind.INT64, 2**63), (Kind.INT64, "many"), (Kind.BOOLEAN, 2),
        (Kind.DECIMAL, "1e30"), (Kind.DECIMAL, float("nan")), (Kind.STRING, b"x"),
        (Kind.GUID, "6f9619ff"), (Kind.INSTANT, "soon"), (Kind.INSTANT, "2026-01-02T25:00:00"),
        (Kind.DATE, "2026-02-30"), (Kind.TIME, "24:00"), (Kind.BINARY, "00"),
    ],
)  # fmt: skip
def test_value_that_does_not_fit_is_named_and_the_others_stay(kind: Kind, bad: Any) -> None:
    found = fitted_column([None, bad, None], field(kind))
    assert list(found.problems) == [1]
    assert "'f'" in found.problems[1]
    assert found.values.null_count == 3


def test_decimal_with_more_digits_than_the_field_is_not_rounded() -> None:
    found = fitted_column(["1.25", "1.255"], field(Kind.DECIMAL, precision=9, scale=2))
    assert list(found.problems) == [1]


def test_hexadecimal_texts_are_binaries() -> None:
    found = fitted_column(pa.array([r"\x00ff", None, r"\xzz"]), field(Kind.BINARY))
    assert found.values.to_pylist() == [b"\x00\xff", None, None]
    assert list(found.problems) == [2]


def test_unreadable_records_are_named_by_their_key() -> None:
    entity = Entity(
        name="line",
        key=("order", "no"),
        fields=(
            Field(name="order", kind=Kind.STRING),
            Field(name="no", kind=Kind.INT64),
            Field(name="f", kind=Kind.DATE),
        ),
    )
    columns = {"order": ['a"b', "c"], "no": [1, 2], "f": ["2026-13-01", "2026-12-01"]}
    page = page_of(columns, entity, ("f", "no"))
    assert page.records.schema.names == ["f", "no"]
    assert page.records.num_rows == 1
    (unreadable,) = page.unreadable
    assert unreadable.id == '["a\\"b","1"]'
    assert unreadable.payload == '{"order": "a\\"b", "no": 1, "f": "2026-13-01"}'
