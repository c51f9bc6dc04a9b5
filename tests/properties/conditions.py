"""Random conditions and records, of every kind of value, with lookups between them."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from tandem.core.filters.conditions import satisfies
from tandem.core.filters.relations import Relations
from tandem.model.filters import AllOf, AnyOf, Comparison, Condition
from tandem.model.schema import Entity

Record = dict[str, Any]

_PRAGUE = ZoneInfo("Europe/Prague")
_EDGES = ("2026-03-29", "2026-10-25", "2026-03-18", "2026-01-01", "2026-12-31")
_MOMENTS = [
    datetime.fromisoformat(f"{day}T{at}").replace(tzinfo=zone)
    for day in _EDGES
    for at in ("00:00:00", "01:30:00", "02:30:00", "23:59:59.999999")
    for zone in (UTC, _PRAGUE)
]

NOWS = st.sampled_from(_MOMENTS) | st.datetimes(
    datetime(2026, 1, 1),  # noqa: DTZ001
    datetime(2026, 12, 31),  # noqa: DTZ001
    timezones=st.sampled_from([UTC, _PRAGUE]),
)

TEXTS = (
    st.text("aAbBžŽß%_[]\\'\"\n .~😀", max_size=4)
    | st.sampled_from(["a", "A", "á", "aB", "Ab", "AB", "b", "B"])
    | st.sampled_from(
        ["O'Neil", "100%", "a_b", "[a]", "null", "NULL", "\uff5e", "\U0001f40e", "Žluť", "e\u0301"]
    )
)

VALUES: Mapping[str, st.SearchStrategy[Any]] = {
    "text": TEXTS,
    "flag": st.booleans(),
    "whole": st.integers(-3, 3)
    | st.integers(-(2**63), 2**63 - 1)
    | st.sampled_from([2**53, 2**53 + 1, -(2**53) - 1, 2**63 - 1, -(2**63)]),
    "price": st.decimals(-(10**15), 10**15, places=4, allow_nan=False)
    | st.sampled_from([Decimal("1.5"), Decimal("1.5001"), Decimal("-0.0001"), Decimal(0)]),
    "ratio": st.sampled_from([0.0, 0.1, -1.5, 1 / 3, 1e300, 2.0**53]),
    "day": st.dates(date(2026, 2, 20), date(2026, 4, 10))
    | st.sampled_from([date.fromisoformat(day) for day in _EDGES]),
    "at": st.times().filter(lambda at: at.fold == 0) | st.sampled_from([time(0), time(12, 30)]),
    "moment": (
        st.sampled_from(_MOMENTS)
        | st.datetimes(datetime(2026, 3, 10), datetime(2026, 4, 2), timezones=st.just(UTC))  # noqa: DTZ001
    ).map(lambda moment: moment.astimezone(UTC)),
    "mark": st.uuids().map(str) | st.just("6f9619ff-8b86-d011-b42d-00cf4fc964ff"),
}
"""Field → its values."""

TARGET = "account_id"
"""The field that refers to another record."""

_ORDER = ("gt", "ge", "lt", "le")
_PARTS = ("contains", "begins_with", "ends_with")
_DATES = ("today", "yesterday", "tomorrow", "this_week", "this_month", "this_year")
_COUNTS = ("last_x_hours", "last_x_days", "next_x_days")


def _written(field: str, value: Any) -> st.SearchStrategy[Any]:
    """The value in the ways in which people write it in a filter."""
    if field == "moment":
        zones = (UTC, _PRAGUE, ZoneInfo("America/St_Johns"))
        moved = [value.astimezone(zone) for zone in zones]
        return st.sampled_from([*moved, *(moment.isoformat() for moment in moved), value.date()])
    if field == "at":
        return st.just(value.isoformat())
    if field == "mark":
        return st.sampled_from([value, value.upper(), f"{{{value}}}"])
    if field == "ratio":
        return st.just(repr(value))
    if field == "whole":
        beyond = [value + 2**63, value - 2**64, Decimal("-1e400"), Decimal(value) * 10**9]
        return st.sampled_from([value, str(value), Decimal(value) + Decimal("0.5"), *beyond])
    return st.just(value)


def comparisons(field: str, name: str) -> st.SearchStrategy[Comparison]:
    """Comparisons with that field, under that name."""
    value = VALUES[field].flatmap(lambda found: _written(field, found))
    lists = st.lists(value, min_size=1, max_size=3).map(tuple)
    shapes = [
        st.tuples(st.sampled_from(("eq", "ne")), value),
        st.tuples(st.sampled_from(("in", "not_in")), lists),
        st.tuples(st.sampled_from(("null", "not_null")), st.none()),
    ]
    if field not in ("flag", "mark"):
        shapes.append(st.tuples(st.sampled_from(_ORDER), value))
        shapes.append(st.tuples(st.just("between"), st.tuples(value, value)))
    if field == "text":
        texts = (*_PARTS, *(f"not_{part}" for part in _PARTS))
        shapes.append(st.tuples(st.sampled_from(texts), value))
    if field in ("day", "moment"):
        shapes.append(st.tuples(st.sampled_from(_DATES), st.none()))
        shapes.append(st.tuples(st.sampled_from(_COUNTS), st.integers(1, 40)))
    return st.one_of(shapes).map(
        lambda shape: Comparison(field=name, operator=shape[0], value=shape[1])
    )


CONDITIONS: st.SearchStrategy[Condition] = st.recursive(
    st.one_of(
        [comparisons(field, field) for field in VALUES]
        + [comparisons(field, f"{TARGET}.{field}") for field in VALUES]
    ),
    lambda parts: st.lists(parts, min_size=1, max_size=3).flatmap(
        lambda some: st.sampled_from([AllOf(conditions=tuple(some)), AnyOf(conditions=tuple(some))])
    ),
    max_leaves=5,
)

ACCOUNTS = tuple(f"00000000-0000-4000-8000-{n:012d}" for n in range(4))
MISSING = "00000000-0000-4000-8000-999999999999"
"""A record that some refer to and that is not there."""

_FIELDS = {name: st.none() | values for name, values in VALUES.items()}
ACCOUNT_RECORDS = st.tuples(*(st.fixed_dictionaries(_FIELDS) for _ in ACCOUNTS)).map(
    lambda rows: [{"id": id_, **row} for id_, row in zip(ACCOUNTS, rows, strict=True)]
)
ORDER_RECORDS = st.lists(
    st.fixed_dictionaries({**_FIELDS, TARGET: st.none() | st.sampled_from([*ACCOUNTS, MISSING])}),
    min_size=6,
    max_size=6,
).map(
    lambda rows: [{"id": f"{n:08d}-0000-4000-8000-000000000000", **r} for n, r in enumerate(rows)]
)


def joined(order: Record, accounts: list[Record]) -> Record:
    """The order with the fields of its account, as conditions name them."""
    account = next((a for a in accounts if a["id"] == order[TARGET]), {})
    return order | {f"{TARGET}.{name}": account.get(name) for name in VALUES}


def expected(
    condition: Condition,
    orders: list[Record],
    accounts: list[Record],
    entity: Entity,
    now: datetime,
    relations: Relations,
) -> list[str]:
    """The ids of the orders that satisfy the condition, by its meaning."""
    rows = [joined(order, accounts) for order in orders]
    return [row["id"] for row in rows if satisfies(condition, row, entity, now, relations)]
