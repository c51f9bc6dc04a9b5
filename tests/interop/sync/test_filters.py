"""A filter that CAP evaluates finds the records that its operators mean, nulls and all."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pyarrow as pa
import pytest

from tandem.connectors.base import Query
from tandem.connectors.odata.connector import ODataConnector
from tandem.core.filters.conditions import satisfies
from tandem.model.connection import Connection
from tandem.model.filters import Comparison

pytestmark = pytest.mark.interop

NULL_SATISFIES = {
    "null", "ne", "not_in", "not_contains", "not_begins_with", "not_ends_with"
}  # fmt: skip

ACCOUNT = "a0000000-0000-4000-8000-000000000003"
INSTANT = datetime(2024, 6, 1, 0, 0, 0, 152_000, UTC)
CASES = [
    ("amount", "eq", "-3993.01", lambda v: v == Decimal("-3993.01")),
    ("amount", "ne", 3000, lambda v: v != 3000),
    ("amount", "gt", "1000.5", lambda v: v > Decimal("1000.5")),
    ("amount", "ge", "-3993.01", lambda v: v >= Decimal("-3993.01")),
    ("amount", "lt", "-3986.02", lambda v: v < Decimal("-3986.02")),
    ("amount", "le", 0, lambda v: v <= 0),
    ("amount", "in", ("-3993.01", "-3986.02"), lambda v: str(v) in ("-3993.01", "-3986.02")),
    ("amount", "not_in", ("-3993.01", 7), lambda v: v not in (Decimal("-3993.01"), 7)),
    ("amount", "between", (-100, "100.50"), lambda v: -100 <= v <= Decimal("100.50")),
    ("amount", "null", None, lambda v: False),
    ("amount", "not_null", None, lambda v: True),
    ("rate", "ge", "17.000750", lambda v: v >= Decimal("17.00075")),
    ("quantity", "eq", "5.125", lambda v: v == Decimal("5.125")),
    ("serial", "gt", 9007199254740993, lambda v: v > 9007199254740993),
    ("serial", "eq", 9007199255740996, lambda v: v == 9007199255740996),
    ("serial", "ne", 9007199255740996, lambda v: v != 9007199255740996),
    ("serial", "in", (9007199254740993, 5), lambda v: v == 9007199254740993),
    ("pieces", "not_in", (1, -4), lambda v: v not in (1, -4)),
    ("pieces", "between", (-2, 2), lambda v: -2 <= v <= 2),
    ("weight", "gt", Decimal("0.3333333333333333"), lambda v: v > 1 / 3),
    ("weight", "eq", Decimal("0.6666666666666666"), lambda v: v == 2 / 3),
    ("urgent", "eq", True, lambda v: v),
    ("urgent", "ne", True, lambda v: not v),
    ("urgent", "not_in", (False,), lambda v: v),
    ("dueDate", "eq", date(2024, 2, 29), lambda v: v == date(2024, 2, 29)),
    ("dueDate", "ne", "2024-02-29", lambda v: v != date(2024, 2, 29)),
    ("dueDate", "ge", date(2024, 12, 1), lambda v: v >= date(2024, 12, 1)),
    ("dueDate", "not_in", ("2024-02-29",), lambda v: v != date(2024, 2, 29)),
    ("startTime", "lt", "01:30:00", lambda v: v < time(1, 30)),
    ("startTime", "between", ("10:10:07", "11:00"), lambda v: time(10, 10, 7) <= v <= time(11)),
    (
        "promisedAt",
        "gt",
        "2024-06-01T02:00:00+02:00",
        lambda v: v > datetime(2024, 6, 1, tzinfo=UTC),
    ),
    ("recordedAt", "eq", INSTANT, lambda v: v == INSTANT),
    ("recordedAt", "ge", INSTANT, lambda v: v >= INSTANT),
    ("recordedAt", "lt", INSTANT, lambda v: v < INSTANT),
    ("status", "ne", "open", lambda v: v != "open"),
    ("status", "in", ("open", "done"), lambda v: v in ("open", "done")),
    ("status", "not_in", ("open", "done"), lambda v: v not in ("open", "done")),
    ("note", "contains", "of 12", lambda v: "of 12" in v),
    ("note", "contains", "😀", lambda v: "😀" in v),
    ("note", "contains", "100 %", lambda v: "100 %" in v),
    ("note", "contains", "s', \\ and", lambda v: "s', \\ and" in v),
    ("note", "contains", "\n", lambda v: "\n" in v),
    ("note", "not_contains", "2", lambda v: "2" not in v),
    ("note", "begins_with", "Line one of 1", lambda v: v.startswith("Line one of 1")),
    ("note", "not_begins_with", "Line one of 1", lambda v: not v.startswith("Line one of 1")),
    ("note", "ends_with", "😀", lambda v: v.endswith("😀")),
    ("note", "not_ends_with", "😀", lambda v: not v.endswith("😀")),
    ("orderNumber", "ends_with", "99", lambda v: v.endswith("99")),
    ("orderNumber", "between", ("O-0001", "O-0002"), lambda v: "O-0001" <= v <= "O-0002"),
    ("account_ID", "eq", ACCOUNT.upper(), lambda v: v == ACCOUNT),
    ("account_ID", "ne", ACCOUNT, lambda v: v != ACCOUNT),
    ("account_ID", "not_in", (ACCOUNT,), lambda v: v != ACCOUNT),
    ("account_ID", "null", None, lambda v: False),
]

NOW = datetime(2024, 6, 12, 13, 14, 15, 678_000, UTC)  # a Wednesday
_DAY = timedelta(days=1)
_MIDNIGHT = datetime(2024, 6, 12, tzinfo=UTC)
_NEXT = timedelta(microseconds=1)
WINDOWS = {
    ("today", None): (_MIDNIGHT, _MIDNIGHT + _DAY),
    ("yesterday", None): (_MIDNIGHT - _DAY, _MIDNIGHT),
    ("tomorrow", None): (_MIDNIGHT + _DAY, _MIDNIGHT + 2 * _DAY),
    ("last_x_hours", 14): (NOW - timedelta(hours=14), NOW + _NEXT),
    ("last_x_days", 30): (_MIDNIGHT - 30 * _DAY, NOW + _NEXT),
    ("next_x_days", 30): (NOW, _MIDNIGHT + 31 * _DAY),
    ("this_week", None): (datetime(2024, 6, 10, tzinfo=UTC), datetime(2024, 6, 17, tzinfo=UTC)),
    ("this_month", None): (datetime(2024, 6, 1, tzinfo=UTC), datetime(2024, 7, 1, tzinfo=UTC)),
    ("this_year", None): (datetime(2024, 1, 1, tzinfo=UTC), datetime(2025, 1, 1, tzinfo=UTC)),
}
"""Relative operator → its first moment, and the one behind its last."""

EDGES = [
    NOW, _MIDNIGHT, _MIDNIGHT + _DAY - timedelta(milliseconds=1), _MIDNIGHT + _DAY,
    NOW - timedelta(hours=14), NOW + timedelta(milliseconds=1),
]  # fmt: skip


@pytest.fixture(scope="module")
def orders(source):
    """All orders: the server's, some at the edges of the windows, and one without any values."""
    made = [
        {"orderNumber": "edge", "recordedAt": f"{edge:%FT%T}.{edge:%f}"[:23] + "Z"}
        for edge in EDGES
    ]
    source.create_together("Orders", [*made, {"orderNumber": "blank", "status": None}])
    yield source.records("Orders")
    own = source.records("Orders?$filter=orderNumber in ('edge','blank')&$select=ID")
    source.delete("Orders", *(record["ID"] for record in own))


@pytest.fixture(scope="module")
def connector(cap):
    connector = ODataConnector(Connection(id="cap", conn_type="odata", host=cap))
    yield connector
    connector.close()


@pytest.fixture(scope="module")
def entity(connector):
    return connector.schema().entity("Orders")


@pytest.fixture
def found(connector, entity):
    """The ids of the orders that CAP finds."""

    def read(condition):
        pages = connector.read(Query(entity, ("ID",), NOW, condition))
        return sorted(i for page in pages for i in page.records.column("ID").to_pylist())

    return read


@pytest.mark.parametrize(("name", "operator", "value", "holds"), CASES)
def test_operator(found, orders, entity, name, operator, value, holds):
    condition = Comparison(field=name, operator=operator, value=value)
    wanted = [
        order["ID"]
        for order in orders
        if (operator in NULL_SATISFIES if order[name] is None else holds(order[name]))
    ]
    assert 0 < len(wanted) < len(orders)
    assert found(condition) == sorted(wanted)
    assert [o["ID"] for o in orders if satisfies(condition, o, entity, NOW)] == wanted


@pytest.mark.parametrize(("operator", "count"), WINDOWS)
@pytest.mark.parametrize("name", ["dueDate", "promisedAt", "recordedAt"])
def test_window_of_time(found, orders, entity, name, operator, count):
    condition = Comparison(field=name, operator=operator, value=count)
    first, end = WINDOWS[operator, count]
    last = end - _NEXT
    if name == "dueDate":
        first, last = first.date(), last.date()
    wanted = [o["ID"] for o in orders if o[name] is not None and first <= o[name] <= last]
    assert 0 < len(wanted) < len(orders)
    assert found(condition) == sorted(wanted)
    assert [o["ID"] for o in orders if satisfies(condition, o, entity, NOW)] == wanted


@pytest.mark.parametrize(
    ("name", "key"), [("Articles", ["code"]), ("OrderLines", ["order_ID", "position"])]
)
def test_records_are_found_by_their_keys(connector, source, name, key):
    records = source.records(name)
    wanted = [{part: record[part] for part in key} for record in records]
    keys = pa.RecordBatch.from_pylist(wanted)
    query = Query(connector.schema().entity(name), tuple(key), NOW)
    found = [row for page in connector.find(query, keys) for row in page.records.to_pylist()]
    assert sorted(found, key=str) == sorted(wanted, key=str)


@pytest.mark.parametrize(
    ("operator", "value", "holds"),
    [
        ("eq", "O'Neil & Sons 0", lambda v: v == "O'Neil & Sons 0"),
        ("contains", "'", lambda v: "'" in v),
        ("contains", '"quoted"', lambda v: '"quoted"' in v),
        ("contains", "株式", lambda v: "株式" in v),
        ("begins_with", "Žlu", lambda v: v.startswith("Žlu")),
        ("contains", "plain", lambda v: "plain" in v),
        ("contains", "_", lambda v: "_" in v),
        ("not_contains", "PLAIN", lambda v: "PLAIN" not in v),
    ],
)
def test_texts_are_taken_character_by_character(tandem, sqlite, source, operator, value, holds):
    condition = {"field": "name", "operator": operator, "value": value}
    run = tandem(sqlite, Accounts={"download_filter": condition})
    assert run.sync().status == "success"
    wanted = {account["ID"] for account in source.records("Accounts") if holds(account["name"])}
    assert {row["id"] for row in sqlite.rows("account")} == wanted


def test_nested_conditions(tandem, sqlite, orders):
    condition = {
        "and": [
            {"field": "status", "operator": "ne", "value": "done"},
            {
                "or": [
                    {"field": "amount", "operator": "not_in", "value": [-4000, 0]},
                    {
                        "and": [
                            {"field": "note", "operator": "not_contains", "value": "O'Neil"},
                            {"field": "urgent", "operator": "null"},
                        ]
                    },
                ]
            },
            {"field": "dueDate", "operator": "last_x_days", "value": 90},
        ]
    }
    run = tandem(sqlite, Accounts={}, Orders={"download_filter": condition})
    run.now = NOW
    run.sync()
    wanted = {
        o["ID"]
        for o in orders
        if o["status"] != "done"
        and (
            o["amount"] not in (-4000, 0)
            or ("O'Neil" not in (o["note"] or "") and o["urgent"] is None)
        )
        and o["dueDate"]
        and date(2024, 3, 14) <= o["dueDate"] <= NOW.date()
    }
    assert wanted
    assert {row["guid"] for row in sqlite.rows("order")} == wanted
