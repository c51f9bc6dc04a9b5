"""Conditions as SQL select what their meaning in Python says, whatever the data."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from tandem.conformance.subject import NOW, batch_of, records_of
from tandem.connectors.base import Query
from tandem.connectors.sql import SqlConnector
from tandem.core.filters.conditions import satisfies
from tandem.database import open_engine, writing
from tandem.model.connection import Connection
from tandem.model.filters import AllOf, AnyOf, Comparison, Condition
from tandem.model.schema import Entity

CREATE = {
    "sqlite": "CREATE TABLE t (id INTEGER PRIMARY KEY, s TEXT, d DECIMAL_TEXT(20, 4), n INTEGER,"
    " at INSTANT_TEXT, day DATE_TEXT, b BOOLEAN)",
    "postgresql": 'CREATE TABLE t (id integer PRIMARY KEY, s text COLLATE "en-x-icu",'
    " d numeric(20, 4), n bigint, at timestamptz, day date, b boolean)",
}

VALUES: dict[str, st.SearchStrategy[Any]] = {
    "s": st.text("aAbž%_\\'\n ", max_size=4),
    "d": st.decimals(-(10**15), 10**15, places=4, allow_nan=False),
    "n": st.integers(-3, 3) | st.integers(-(2**63), 2**63 - 1),
    "at": st.datetimes(datetime(2026, 3, 10), datetime(2026, 3, 25), timezones=st.just(UTC)),  # noqa: DTZ001
    "day": st.dates(date(2026, 2, 20), date(2026, 4, 10)),
    "b": st.booleans(),
}
ORDER = ("eq", "ne", "gt", "ge", "lt", "le")
PARTS = ("contains", "begins_with", "ends_with")
TEXTS = (*PARTS, *(f"not_{name}" for name in PARTS))
DATES = ("today", "yesterday", "tomorrow", "this_week", "this_month", "this_year")
COUNTS = ("last_x_hours", "last_x_days", "next_x_days")


def comparisons(field: str) -> st.SearchStrategy[Comparison]:
    value = VALUES[field]
    lists = st.lists(value, min_size=1, max_size=3).map(tuple)
    shapes = [
        st.tuples(st.sampled_from(ORDER), value),
        st.tuples(st.sampled_from(("in", "not_in")), lists),
        st.tuples(st.just("between"), st.tuples(value, value)),
        st.tuples(st.sampled_from(("null", "not_null")), st.none()),
    ]
    if field == "s":
        shapes.append(st.tuples(st.sampled_from(TEXTS), value))
    if field in ("at", "day"):
        shapes.append(st.tuples(st.sampled_from(DATES), st.none()))
        shapes.append(st.tuples(st.sampled_from(COUNTS), st.integers(1, 9)))
    return st.one_of(shapes).map(
        lambda shape: Comparison(field=field, operator=shape[0], value=shape[1])
    )


CONDITIONS: st.SearchStrategy[Condition] = st.recursive(
    st.one_of([comparisons(field) for field in VALUES]),
    lambda parts: st.lists(parts, min_size=1, max_size=3).flatmap(
        lambda some: st.sampled_from([AllOf(conditions=tuple(some)), AnyOf(conditions=tuple(some))])
    ),
    max_leaves=5,
)
RECORDS = st.lists(
    st.fixed_dictionaries({name: st.none() | value for name, value in VALUES.items()}),
    min_size=1,
    max_size=12,
)


@pytest.fixture
def table(database_url: str) -> Iterator[tuple[SqlConnector, Entity]]:
    engine = open_engine(database_url)
    with writing(engine) as connection:
        connection.execute(text(CREATE[engine.dialect.name]))
    engine.dispose()
    connector = SqlConnector(Connection(id="t", conn_type="sql", extra={"url": database_url}))
    yield connector, connector.schema().entity("t")
    connector.close()


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(records=RECORDS, conditions=st.lists(CONDITIONS, min_size=1, max_size=5))
def test_sql_selects_what_python_does(
    table: tuple[SqlConnector, Entity],
    records: list[dict[str, Any]],
    conditions: list[Condition],
) -> None:
    connector, entity = table
    rows = [{"id": number, **record} for number, record in enumerate(records)]
    missing = [{"id": n, **dict.fromkeys(VALUES)} for n in range(len(rows), 12)]
    connector.create(entity, batch_of(entity, rows + missing), replace=True)
    for condition in conditions:
        found = records_of(list(connector.read(Query(entity, ("id",), NOW, condition))))
        expected = [r["id"] for r in rows + missing if satisfies(condition, r, entity, NOW)]
        assert [record["id"] for record in found] == expected, condition


def test_decimal_literals_keep_all_digits(table: tuple[SqlConnector, Entity]) -> None:
    connector, entity = table
    exact = Decimal("1234567890123456.7891")
    rows = [{"id": 1, "d": exact}, {"id": 2, "d": exact + Decimal("0.0001")}]
    connector.create(entity, batch_of(entity, rows), replace=True)
    condition = Comparison(field="d", operator="gt", value=exact)
    assert connector.count(Query(entity, ("id",), NOW, condition)) == 1


def test_a_fraction_is_compared_with_large_integers_exactly(
    table: tuple[SqlConnector, Entity],
) -> None:
    connector, entity = table
    large = -(2**63)
    connector.create(entity, batch_of(entity, [{"id": 1, "n": large}]), replace=True)
    beside = Decimal(large) + Decimal("0.5")
    for operator, value, found in (
        ("eq", beside, 0), ("ne", beside, 1), ("ge", beside, 0), ("lt", beside, 1),
        ("in", (beside, large), 1), ("between", (beside, 0), 0), ("null", None, 0),
    ):  # fmt: skip
        condition = Comparison(field="n", operator=operator, value=value)
        assert connector.count(Query(entity, ("id",), NOW, condition)) == found, operator


@pytest.mark.parametrize("far", [2**63, 2**64, Decimal("1e30"), Decimal("1e4000")])
def test_integers_are_compared_exactly_with_what_none_can_reach(
    far: Decimal | int, table: tuple[SqlConnector, Entity]
) -> None:
    connector, entity = table
    rows = [{"id": 1, "n": 2**63 - 1}, {"id": 2, "n": -(2**63)}, {"id": 3, "n": None}]
    connector.create(entity, batch_of(entity, rows), replace=True)
    for operator, value, found in (
        ("gt", far, 0), ("ge", far, 0), ("lt", far, 2), ("le", far, 2), ("eq", far, 0),
        ("ne", far, 3), ("gt", -far - 1, 2), ("ge", -far - 1, 2), ("lt", -far - 1, 0),
        ("le", -far - 1, 0), ("between", (-far - 1, far), 2), ("between", (far, 2 * far), 0),
        ("not_in", (far, -far - 1), 3),
    ):  # fmt: skip
        condition = Comparison(field="n", operator=operator, value=value)
        assert connector.count(Query(entity, ("id",), NOW, condition)) == found, operator
