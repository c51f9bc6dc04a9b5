"""What stands in URLs and bodies of writes."""

import json
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tandem.connectors.odata.body import Column, bodies, not_json
from tandem.connectors.odata.keys import key_of, record_path
from tandem.core.values import arrow_type
from tandem.model.schema import Entity, Field, Kind, LookupTarget

GUID = "a0000000-0000-4000-8000-000000000007"


def entity(**kinds: Kind) -> Entity:
    fields = tuple(Field(name=name, kind=kind) for name, kind in kinds.items())
    return Entity(name="Things", key=tuple(kinds), fields=fields)


@pytest.mark.parametrize(
    ("kind", "value", "path"),
    [
        (Kind.STRING, "O'Neil", "Things('O''Neil')"),
        (Kind.STRING, "a/b c+d?e#f", "Things('a%2Fb%20c%2Bd%3Fe%23f')"),
        (Kind.STRING, "a:b,c(d)", "Things('a%3Ab%2Cc%28d%29')"),
        (Kind.GUID, GUID, f"Things({GUID})"),
        (Kind.INT64, 9223372036854775807, "Things(9223372036854775807)"),
        (Kind.DATE, date(2026, 3, 4), "Things(2026-03-04)"),
        (Kind.DECIMAL, Decimal("1.50"), "Things(1.5)"),
    ],
)
def test_the_path_of_a_record(kind: Kind, value: Any, path: str) -> None:
    assert record_path(entity(ID=kind), [value]) == path


def test_composite_keys_are_named() -> None:
    lines = entity(order=Kind.STRING, number=Kind.INT64)
    assert record_path(lines, ["A/1", 3]) == "Things(order='A%2F1',number=3)"


@settings(deadline=None)
@given(st.text(), st.integers(-(2**63), 2**63 - 1), st.dates())
def test_a_key_that_was_written_is_read_back(text: str, number: int, day: date) -> None:
    things = entity(a=Kind.STRING, b=Kind.INT64, c=Kind.DATE)
    url = "https://erp.example.com/odata/" + record_path(things, [text, number, day])
    assert key_of(things, url) == {"a": text, "b": number, "c": day}


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("Things('5')", 5),
        ("/odata/Things(5)", 5),
        ("Things(ID=5)", 5),
        ("Things(Other=5,More=6)", None),
        ("Companies(3)/Things(5)/", 5),
        ("Things(" + "5" * 5_000 + ")", None),
        ("Things(5" + " " * 50_000 + "'" + ")", None),
        ("Things", None),
        ("Things('five')", None),
        ("", None),
    ],
)
def test_keys_as_servers_write_them(url: str, expected: int | None) -> None:
    assert key_of(entity(ID=Kind.INT64), url) == (expected and {"ID": expected})


def body(value: Any, **field: Any) -> str:
    one = Field(**{"name": "x", **field})
    (text,) = bodies([Column(one, pa.array([value], arrow_type(one)))], 1)
    assert text
    return text.decode()


@pytest.mark.parametrize(
    ("value", "field", "text"),
    [
        ('O\'Neil "x" \n 😀', {"kind": Kind.STRING}, '"O\'Neil \\"x\\" \\n 😀"'),
        (True, {"kind": Kind.BOOLEAN}, "true"),
        (7, {"kind": Kind.INT64, "type_name": "Edm.Int32"}, "7"),
        (2**63 - 1, {"kind": Kind.INT64, "type_name": "Edm.Int64"}, '"9223372036854775807"'),
        (Decimal("1.10"), {"kind": Kind.DECIMAL, "type_name": "Edm.Decimal"}, '"1.1"'),
        (Decimal("1E-10"), {"kind": Kind.DECIMAL, "type_name": "Edm.Decimal"}, '"0.0000000001"'),
        (0.1, {"kind": Kind.FLOAT64}, "0.1"),
        (float("-inf"), {"kind": Kind.FLOAT64}, '"-INF"'),
        (float("nan"), {"kind": Kind.FLOAT64}, '"NaN"'),
        (date(2026, 3, 4), {"kind": Kind.DATE}, '"2026-03-04"'),
        (time(12), {"kind": Kind.TIME}, '"12:00:00"'),
        (time(12, 0, 0, 500_000), {"kind": Kind.TIME}, '"12:00:00.5"'),
        (datetime(2026, 3, 4, 10, tzinfo=UTC), {"kind": Kind.INSTANT}, '"2026-03-04T10:00:00Z"'),
        (
            datetime(2026, 3, 4, 10, 20, 30, 120_000, tzinfo=UTC),
            {"kind": Kind.INSTANT},
            '"2026-03-04T10:20:30.12Z"',
        ),
        (GUID, {"kind": Kind.GUID}, f'"{GUID}"'),
        (b"\xfb\xff", {"kind": Kind.BINARY}, '"-_8="'),
        ('{"n":1.10}', {"kind": Kind.JSON}, '{"n":1.10}'),
        (None, {"kind": Kind.DECIMAL, "type_name": "Edm.Decimal"}, "null"),
        (None, {"kind": Kind.JSON}, "null"),
    ],
)
def test_values_in_bodies(value: Any, field: dict[str, Any], text: str) -> None:
    assert body(value, **field) == '{"x":' + text + "}"


@settings(deadline=None)
@given(
    st.decimals(allow_nan=False, allow_infinity=False, places=20, min_value=-1e15, max_value=1e15)
)
def test_decimals_keep_all_their_digits(value: Decimal) -> None:
    text = body(value, kind=Kind.DECIMAL, type_name="Edm.Decimal")
    assert Decimal(json.loads(text)["x"]) == value
    assert "E" not in text


@settings(deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_doubles_read_as_the_same_double(value: float) -> None:
    assert json.loads(body(value, kind=Kind.FLOAT64))["x"] == value


def test_fields_of_complex_values_are_written_within_them() -> None:
    columns = [
        Column(Field(name=name, kind=Kind.STRING), pa.array([value]))
        for name, value in [("a", "1"), ("address/city", "Brno"), ("address/geo/x", None)]
    ]
    (text,) = bodies(columns, 1)
    assert text == b'{"a":"1","address":{"city":"Brno","geo":{"x":null}}}'


def test_what_is_not_given_is_left_out() -> None:
    city = Field(name="address/city", kind=Kind.STRING)
    column = Column(city, pa.array(["Brno", None, None]), pa.array([True, True, False]))
    cities = [b'{"address":{"city":"Brno"}}', b'{"address":{"city":null}}', None]
    assert bodies([column], 3) == cities


def test_lookups_are_written_by_their_navigation_property() -> None:
    lookup = Field(
        name="_parentid_value",
        kind=Kind.GUID,
        by_navigation=True,
        lookup=(LookupTarget(entity="accounts", navigation="ParentId"),),
    )
    texts = bodies([Column(lookup, pa.array([GUID, None]))], 2)
    assert [json.loads(text or b"") for text in texts] == [
        {"ParentId@odata.bind": f"accounts({GUID})"},
        {"ParentId@odata.bind": None},
    ]


def test_what_only_python_takes_for_json_is_none() -> None:
    texts = ["NaN", "[Infinity]", '{"a":-Infinity}', '"NaN"', None, "[1]", "[" * 5_000]
    assert list(not_json(pa.array(texts))) == [0, 1, 2, 6]
