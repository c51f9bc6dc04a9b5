"""Parts by ranges of the key: what names them keeps the bounds as they are."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from tandem.conformance.subject import NOW
from tandem.connectors.base import Query
from tandem.connectors.parts import ranges, within
from tandem.core.filters.conditions import satisfies
from tandem.model.filters import Comparison
from tandem.model.schema import Entity, Field, Kind

KEYS = {
    "numerals": (Kind.STRING, [f"{number:08d}" for number in range(9_990, 10_010)]),
    "long numerals": (Kind.STRING, [f"{10**40 + number}" for number in range(20)]),
    "texts": (Kind.STRING, ["", " 5", "-1", "1e5", "2026-01-01", "NaN", 'a"b', "true", "ž🐎"]),
    "guids": (Kind.GUID, [f"{number:08d}-0000-0000-0000-0000000000e1" for number in range(20)]),
    "whole numbers": (Kind.INT64, [-(2**63), -(2**63) + 1, 0, 2**53, 2**53 + 1, 2**63 - 1]),
    "decimals": (
        Kind.DECIMAL,
        [Decimal("-1E+20"), Decimal("1E-10"), Decimal("12.50"), Decimal("1E20")],
    ),
    "days": (Kind.DATE, [date(1, 1, 1), date(2026, 1, 31), date(2026, 2, 1), date(9999, 12, 31)]),
    "instants": (
        Kind.INSTANT,
        [datetime(2026, 1, 1, 0, 0, 0, number, tzinfo=UTC) for number in (0, 1, 500_000, 999_999)],
    ),
}


def query(kind: Kind, condition: Comparison | None = None) -> Query:
    entity = Entity(
        name="t", key=("id",), fields=(Field(name="id", kind=kind, precision=38, scale=10),)
    )
    return Query(entity, ("id",), NOW, condition=condition)


@pytest.mark.parametrize("name", KEYS)
def test_each_part_has_its_share_of_the_keys(name: str) -> None:
    kind, keys = KEYS[name]
    condition = Comparison(field="id", operator="not_null")
    asked = query(kind, condition)
    parts = ranges(asked, len(keys), 1, len(keys), keys.__getitem__)
    found = [_inside(within(asked, part), keys) for part in parts]
    assert found == [[key] for key in keys]


def test_records_that_share_a_bound_are_in_one_part() -> None:
    keys = ["a", "b", "b", "b", "c"]
    asked = query(Kind.STRING)
    parts = ranges(asked, 5, 1, 5, keys.__getitem__)
    assert [_inside(within(asked, part), keys) for part in parts] == [["a"], ["b"] * 3, ["c"]]


def _inside(part: Query, keys: list[Any]) -> list[Any]:
    assert part.condition
    return [key for key in keys if satisfies(part.condition, {"id": key}, part.entity, NOW)]
