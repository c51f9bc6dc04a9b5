"""Conditions over batches mean what they mean record by record."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tandem.core.filters.conditions import satisfies
from tandem.core.filters.frame import batch_test
from tandem.core.filters.relations import Relation
from tandem.core.id_set import IdSet
from tandem.core.values import arrow_type
from tandem.errors import ConfigurationError
from tandem.model.filters import AllOf, AnyOf, Comparison, Condition
from tandem.model.schema import Entity, Field, Kind

NOW = datetime(2026, 3, 18, 15, 30, tzinfo=UTC)
FIELDS = (
    *(Field(name=kind.value, kind=kind) for kind in Kind),
    Field(name="cents", kind=Kind.DECIMAL, precision=5, scale=2),
    Field(name="whole", kind=Kind.DECIMAL, precision=38, scale=0),
)
ENTITY = Entity(name="item", key=("guid",), fields=FIELDS)
PRAGUE = ZoneInfo("Europe/Prague")

FAR: list[Any] = [
    "1E+5000",
    "-1E+5000",
    "1E-5000",
    "0E+5000",
    str(10**40),
    str(2**63),
    str(-(2**63) - 1),
]
TEXTS = ["", "a", "A", "ab", "O'Neil", "100% _", "\uff5e", "\U0001f40e", "\0", "Ž", "z\n"]
VALUES: dict[Kind, list[Any]] = {
    Kind.STRING: TEXTS,
    Kind.JSON: ["{}", '{"a": "ž"}', "[1]", "null"],
    Kind.GUID: [f"{n}f9619ff-8b86-d011-b42d-00cf4fc964ff" for n in (0, 6, "a")],
    Kind.BOOLEAN: [True, False],
    Kind.INT64: [0, -1, 2, 2**53 + 1, 2**63 - 1, -(2**63)],
    Kind.DECIMAL: [Decimal(t) for t in ("0", "1.5", "-1.5", "999.99", "-999.99", "7")],
    Kind.FLOAT64: [0.0, -0.0, 0.1, 1e300, float("inf"), float("nan"), -1.5],
    Kind.DATE: [date(2026, 3, 17), date(2026, 3, 18), date(1, 1, 1), date(9999, 12, 31)],
    Kind.TIME: [time(0), time(12, 30), time(23, 59, 59, 999999)],
    Kind.INSTANT: [
        datetime(2026, 3, 18, tzinfo=UTC), datetime(2026, 3, 29, 1, 30, tzinfo=UTC),
        NOW, NOW - timedelta(microseconds=1), datetime(1, 1, 1, tzinfo=UTC),
    ],
    Kind.LOCAL_DATETIME: [datetime(2026, 3, 18), datetime(2026, 10, 25, 2, 30)],  # noqa: DTZ001
    Kind.BINARY: [b"", b"\0\xff"],
}  # fmt: skip
MORE: dict[Kind, list[Any]] = {
    Kind.STRING: ["\ud800", "\udfff"],
    Kind.INT64: [Decimal("1.5"), "-0.5", *FAR],
    Kind.DECIMAL: [Decimal("1.4999"), "1.5001", "99999", "-99999", *FAR],
    Kind.FLOAT64: ["0.1", Decimal("0.10"), 2**53 + 1],
    Kind.INSTANT: [date(2026, 3, 18), datetime(2026, 3, 29, 2, 30, tzinfo=PRAGUE),
                   "2026-10-25T02:30:00+01:00", "2026-03-29T01:30:00"],
}  # fmt: skip
"""Values that only filters have."""

ORDER = ("gt", "ge", "lt", "le")
PARTS = ("contains", "begins_with", "ends_with")
RELATIVE = ("today", "yesterday", "tomorrow", "this_week", "this_month", "this_year")
COUNTED = ("last_x_hours", "last_x_days", "next_x_days")


def operands(kind: Kind) -> st.SearchStrategy[Any]:
    known = [v for v in VALUES[kind] if kind is not Kind.FLOAT64 or abs(v) < 1e301]
    written: Callable[[Any], Any] = {
        Kind.FLOAT64: repr, Kind.TIME: time.isoformat,
    }.get(kind, lambda value: value)  # fmt: skip
    return st.sampled_from([*map(written, known), *MORE.get(kind, [])])


def comparisons(field: Field) -> st.SearchStrategy[Comparison]:
    nulls = st.tuples(st.sampled_from(("null", "not_null")), st.none())
    shapes = [nulls]
    if field.kind is not Kind.BINARY:
        value = operands(field.kind)
        several = st.lists(value, min_size=1, max_size=3).map(tuple)
        shapes += [
            st.tuples(st.sampled_from(("eq", "ne", *ORDER)), value),
            st.tuples(st.sampled_from(("in", "not_in")), several),
            st.tuples(st.just("between"), st.tuples(value, value)),
        ]
    if field.kind in (Kind.STRING, Kind.JSON, Kind.GUID):
        names = st.sampled_from([*PARTS, *(f"not_{part}" for part in PARTS)])
        shapes.append(st.tuples(names, st.sampled_from([*TEXTS, "\ud800", "-8B86-"])))
    if field.kind in (Kind.DATE, Kind.INSTANT, Kind.LOCAL_DATETIME):
        shapes.append(st.tuples(st.sampled_from(RELATIVE), st.none()))
        shapes.append(st.tuples(st.sampled_from(COUNTED), st.integers(1, 10**7)))
    return st.one_of(shapes).map(
        lambda shape: Comparison(field=field.name, operator=shape[0], value=shape[1])
    )


CONDITIONS: st.SearchStrategy[Condition] = st.recursive(
    st.sampled_from(FIELDS).flatmap(comparisons),
    lambda parts: st.lists(parts, min_size=1, max_size=3).flatmap(
        lambda some: st.sampled_from([AllOf(conditions=tuple(some)), AnyOf(conditions=tuple(some))])
    ),
    max_leaves=4,
)


def batch(rows: int = 77) -> pa.RecordBatch:
    columns = {}
    for field in FIELDS:
        values = [None, *VALUES[field.kind]]
        if field.name == "whole":
            values = [None, Decimal(0), Decimal(10**38 - 1), Decimal(-(10**38) + 1), Decimal(2)]
        column = [values[n % len(values)] for n in range(rows)]
        columns[field.name] = pa.array(column, arrow_type(field))
    return pa.RecordBatch.from_pydict(columns)


BATCH = batch()
ROWS = BATCH.to_pylist()


@settings(max_examples=600, deadline=None)
@given(condition=CONDITIONS)
def test_a_batch_is_tested_as_each_of_its_records_is(condition: Condition) -> None:
    found = batch_test(condition, ENTITY, NOW)(BATCH)
    assert found.null_count == 0
    assert found.to_pylist() == [satisfies(condition, row, ENTITY, NOW) for row in ROWS]


def test_a_slice_of_a_batch_is_tested_like_the_whole() -> None:
    test = batch_test(Comparison(field="string", operator="ne", value="a"), ENTITY, NOW)
    assert test(BATCH.slice(5, 9)).to_pylist() == test(BATCH).to_pylist()[5:14]
    assert test(BATCH.slice(0, 0)).to_pylist() == []


def test_what_does_not_fit_the_entity_is_told_before_any_batch_comes() -> None:
    with pytest.raises(ConfigurationError, match="no field 'strin'"):
        batch_test(Comparison(field="strin", operator="null"), ENTITY, NOW)


@pytest.mark.parametrize(
    ("operator", "value", "asked", "wanted"),
    [
        ("eq", "x", "eq", [True, False, False]),
        ("ne", "x", "eq", [False, True, True]),
        ("null", None, "not_null", [False, True, True]),
        ("not_contains", "x", "contains", [False, True, True]),
        ("between", ("a", "z"), "between", [True, False, False]),
    ],
)
def test_a_lookup_is_tested_by_the_targets_that_satisfy(
    operator: str, value: Any, asked: str, wanted: list[bool]
) -> None:
    seen: list[Comparison] = []

    def ids_of(relation: Relation, comparison: Comparison) -> IdSet:
        seen.append(comparison)
        ids = IdSet()
        ids.add(pa.array(["7"]))
        return ids

    fields = (Field(name="n", kind=Kind.INT64), Field(name="name", kind=Kind.STRING))
    target = Entity(name="t", key=("n",), fields=fields)
    condition = Comparison(field="int64.name", operator=operator, value=value)
    test = batch_test(condition, ENTITY, NOW, {"int64": Relation(target, "n")}, ids_of)
    rows = pa.RecordBatch.from_pydict({"int64": pa.array([7, 8, None], pa.int64())})
    assert [test(rows).to_pylist(), test(rows).to_pylist()] == [wanted, wanted]
    assert seen == [Comparison(field="name", operator=asked, value=value)]
