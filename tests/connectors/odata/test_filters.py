"""Conditions as `$filter`, and values as literals and in URLs."""

import re
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any
from urllib.parse import unquote, urlsplit

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from tandem.connectors.base import Query
from tandem.connectors.odata.filters import after_expression, filter_expression, key_expressions
from tandem.connectors.odata.literals import literal
from tandem.connectors.odata.query import (
    FILTER_LENGTH,
    count_url,
    key_filters,
    read_url,
    with_options,
)
from tandem.errors import ConfigurationError
from tandem.model.filters import Condition
from tandem.model.schema import Capabilities, Entity, Field, Kind

NOW = datetime(2026, 3, 4, 15, 30, tzinfo=UTC)  # a Wednesday
GUID = "01234567-89ab-cdef-0123-456789abcdef"

FIELDS = (
    Field(name="id", kind=Kind.GUID, nullable=False),
    Field(name="name", kind=Kind.STRING, type_name="Edm.String"),
    Field(name="code", kind=Kind.STRING, nullable=False),
    Field(name="active", kind=Kind.BOOLEAN),
    Field(name="no", kind=Kind.INT64),
    Field(name="price", kind=Kind.DECIMAL, scale=4),
    Field(name="rate", kind=Kind.FLOAT64),
    Field(name="born", kind=Kind.DATE),
    Field(name="at", kind=Kind.TIME),
    Field(name="seen", kind=Kind.INSTANT),
    Field(name="mood", kind=Kind.STRING, type_name="My.App.Mood"),
    Field(name="took", kind=Kind.STRING, type_name="Edm.Duration"),
    Field(name="photo", kind=Kind.BINARY),
    Field(name="tags", kind=Kind.JSON),
    Field(name="address/city", kind=Kind.STRING),
)
THINGS = Entity(name="Things", key=("id",), fields=FIELDS)
PARSE: TypeAdapter[Any] = TypeAdapter(Condition)


def compiled(**condition: Any) -> str:
    return filter_expression(PARSE.validate_python(condition), THINGS, NOW)


def where(field: str, operator: str, value: Any = None) -> str:
    return compiled(field=field, operator=operator, value=value)


def query(**parts: Any) -> Query:
    return Query(**{"entity": THINGS, "fields": ("name",), "now": NOW, **parts})


@pytest.mark.parametrize(
    ("operator", "value", "expected"),
    [
        ("eq", "x", "name eq 'x'"),
        ("ne", "x", "(name ne 'x' or name eq null)"),
        ("gt", "x", "name gt 'x'"),
        ("ge", "x", "name ge 'x'"),
        ("lt", "x", "name lt 'x'"),
        ("le", "x", "name le 'x'"),
        ("in", ("x", "y"), "(name eq 'x' or name eq 'y')"),
        ("in", ("x",), "name eq 'x'"),
        ("not_in", ("x", "y"), "((name ne 'x' and name ne 'y') or name eq null)"),
        ("between", ("x", "y"), "(name ge 'x' and name le 'y')"),
        ("contains", "x", "contains(name,'x')"),
        ("not_contains", "x", "(not contains(name,'x') or name eq null)"),
        ("begins_with", "x", "startswith(name,'x')"),
        ("not_begins_with", "x", "(not startswith(name,'x') or name eq null)"),
        ("ends_with", "x", "endswith(name,'x')"),
        ("not_ends_with", "x", "(not endswith(name,'x') or name eq null)"),
        ("null", None, "name eq null"),
        ("not_null", None, "name ne null"),
    ],
)
def test_operators(operator: str, value: Any, expected: str) -> None:
    assert where("name", operator, value) == expected


@pytest.mark.parametrize(
    ("operator", "value", "since", "upper", "until"),
    [
        ("today", None, "2026-03-04T00:00:00Z", "lt", "2026-03-05T00:00:00Z"),
        ("yesterday", None, "2026-03-03T00:00:00Z", "lt", "2026-03-04T00:00:00Z"),
        ("tomorrow", None, "2026-03-05T00:00:00Z", "lt", "2026-03-06T00:00:00Z"),
        ("this_week", None, "2026-03-02T00:00:00Z", "lt", "2026-03-09T00:00:00Z"),
        ("this_month", None, "2026-03-01T00:00:00Z", "lt", "2026-04-01T00:00:00Z"),
        ("this_year", None, "2026-01-01T00:00:00Z", "lt", "2027-01-01T00:00:00Z"),
        ("last_x_hours", 3, "2026-03-04T12:30:00Z", "le", "2026-03-04T15:30:00Z"),
        ("last_x_days", 2, "2026-03-02T00:00:00Z", "le", "2026-03-04T15:30:00Z"),
        ("next_x_days", 2, "2026-03-04T15:30:00Z", "lt", "2026-03-07T00:00:00Z"),
    ],
)
def test_relative_operators_count_from_the_query_in_utc(
    operator: str, value: Any, since: str, upper: str, until: str
) -> None:
    assert where("seen", operator, value) == f"(seen ge {since} and seen {upper} {until})"


def test_relative_operators_on_dates_count_days() -> None:
    assert where("born", "last_x_days", 2) == "(born ge 2026-03-02 and born le 2026-03-04)"
    assert where("born", "today") == "(born ge 2026-03-04 and born le 2026-03-04)"


def test_now_in_another_zone_is_the_same_now() -> None:
    condition = PARSE.validate_python({"field": "born", "operator": "today"})
    tokyo = datetime(2026, 3, 5, 1, 0, tzinfo=timezone(timedelta(hours=9)))
    assert "2026-03-04" in filter_expression(condition, THINGS, tokyo)


def test_a_field_that_is_never_null_needs_no_test_for_null() -> None:
    assert where("code", "ne", "x") == "code ne 'x'"


def test_trees_are_nested_in_parentheses() -> None:
    tree = {
        "and": [
            {"field": "no", "operator": "gt", "value": 1},
            {
                "or": [
                    {"field": "active", "operator": "eq", "value": True},
                    {"and": [{"field": "name", "operator": "ne", "value": "x"}]},
                ]
            },
        ]
    }
    assert compiled(**tree) == "(no gt 1 and (active eq true or (name ne 'x' or name eq null)))"


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("id", GUID.upper(), GUID),
        ("active", False, "false"),
        ("no", 2**63 - 1, "9223372036854775807"),
        ("no", -5, "-5"),
        ("price", Decimal("1E+2"), "100"),
        ("price", Decimal("12345678901234567.8900"), "12345678901234567.89"),
        ("rate", Decimal("0.1"), "0.1"),
        ("born", date(2026, 1, 31), "2026-01-31"),
        ("at", "07:59:59", "07:59:59"),
        ("at", "07:59:59.120", "07:59:59.12"),
        ("seen", date(2026, 1, 31), "2026-01-31T00:00:00Z"),
        ("seen", "2026-01-31T12:00:00", "2026-01-31T12:00:00Z"),
        ("seen", "2026-01-31T12:00:00.123456+02:00", "2026-01-31T10:00:00.123456Z"),
        ("mood", "Good", "My.App.Mood'Good'"),
        ("took", "P1DT2H", "duration'P1DT2H'"),
        ("address/city", "Brno", "'Brno'"),
    ],
)
def test_literals_by_kind(field: str, value: Any, expected: str) -> None:
    assert where(field, "eq", value) == f"{field} eq {expected}"


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        (1e300, Kind.FLOAT64, "1e+300"),
        (float("inf"), Kind.FLOAT64, "INF"),
        (time(7, 59), Kind.TIME, "07:59:00"),
        (datetime(1, 1, 1, tzinfo=UTC), Kind.INSTANT, "0001-01-01T00:00:00Z"),
    ],
)
def test_literals_of_what_arrow_gives(value: Any, kind: Kind, expected: str) -> None:
    assert literal(Field(name="x", kind=kind), value) == expected


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", "not a guid"),
        ("active", "maybe"),
        ("no", "ten"),
        ("price", "1,5"),
        ("born", "31.1.2026"),
        ("at", "noon"),
        ("seen", "yesterday"),
        ("mood", "x' or 1 eq 1"),
        ("photo", "abc"),
        ("tags", "abc"),
    ],
)
def test_a_value_that_does_not_fit_names_field_and_value(field: str, value: Any) -> None:
    with pytest.raises(ConfigurationError) as raised:
        where(field, "eq", value)
    assert repr(field) in str(raised.value)


@pytest.mark.parametrize("field", ["no", "mood", "id"])
def test_only_texts_can_be_searched(field: str) -> None:
    with pytest.raises(ConfigurationError, match=field):
        where(field, "contains", "1")


def test_only_dates_can_be_relative() -> None:
    with pytest.raises(ConfigurationError, match="no"):
        where("no", "today")


def test_an_unknown_field_is_named() -> None:
    with pytest.raises(ConfigurationError, match=r"no field 'nmae'.*Did you mean name"):
        where("nmae", "eq", "x")


@given(st.text())
def test_any_text_comes_back_from_its_url(text: str) -> None:
    """Quotes are doubled first, then everything is percent-encoded, once (URL Conventions, 2)."""
    url = read_url("https://h/", query(condition=PARSE.validate_python(_named(text))))
    sent = dict(part.split("=", 1) for part in urlsplit(url).query.split("&"))
    assert re.fullmatch(r"[!-~]*", url)
    assert not set('+#" <>&') & set(sent["$filter"].replace("%", ""))
    assert unquote(sent["$filter"]) == "name eq '" + text.replace("'", "''") + "'"


@given(st.text(alphabet="'%27", max_size=8), st.text(alphabet="'%27", max_size=8))
def test_two_texts_never_run_into_each_other(one: str, other: str) -> None:
    expression = where("name", "in", (one, other))
    assert re.findall(r"'((?:[^']|'')*)'", expression) == [
        one.replace("'", "''"),
        other.replace("'", "''"),
    ]


def _named(text: str) -> dict[str, Any]:
    return {"field": "name", "operator": "eq", "value": text}


def test_a_space_and_a_plus_are_told_apart() -> None:
    assert with_options("u", {"$filter": "a b+c"}) == "u?$filter=a%20b%2Bc"


def test_the_url_of_a_query() -> None:
    url = read_url(
        "https://h/odata/", query(fields=("name", "address/city"), descending_by="no", limit=5)
    )
    assert url == "https://h/odata/Things?$select=name,address,id&$orderby=no%20desc&$top=5"


def test_a_listing_is_in_the_order_of_its_key() -> None:
    assert "$orderby=id" in read_url("https://h/", query())


def test_a_service_that_cannot_sort_is_not_asked_to() -> None:
    entity = THINGS.model_copy(update={"capabilities": Capabilities(sort=False)})
    assert "$orderby" not in read_url("https://h/", query(entity=entity))


def test_a_set_with_an_odd_name_is_encoded() -> None:
    entity = THINGS.model_copy(update={"name": "Größen‿x"})
    url = read_url("https://h/", query(entity=entity))
    assert url.startswith("https://h/Gr%C3%B6%C3%9Fen%E2%80%BFx?")


def test_counting_keeps_the_filter() -> None:
    condition = PARSE.validate_python(_named("x"))
    assert count_url("https://h/", query(condition=condition)) == (
        "https://h/Things/$count?$filter=name%20eq%20'x'"
    )


def keys(**columns: list[Any]) -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict(columns)


def test_keys_become_expressions_and_nulls_match_nothing() -> None:
    batch = keys(no=[1, None, 2, 1], name=["a", "b", "O'Neil", "a"])
    assert key_expressions(THINGS, batch) == [
        "(no eq 1 and name eq 'a')",
        "(no eq 2 and name eq 'O''Neil')",
    ]


def test_many_keys_are_asked_for_in_urls_of_bounded_length() -> None:
    batch = keys(id=[f"{n:08x}-0000-0000-0000-000000000000" for n in range(1000)])
    filters = list(key_filters(key_expressions(THINGS, batch)))
    assert sum(f.count(" eq ") for f in filters) == 1000
    assert 5 < len(filters) < 20
    for named in filters:
        assert len(with_options("", {"$filter": named})) < FILTER_LENGTH + 100


def test_a_single_long_key_is_asked_for_all_the_same() -> None:
    assert len(list(key_filters(["name eq '" + "x" * 9000 + "'", "name eq 'y'"]))) == 2


def test_what_comes_behind_a_composite_key() -> None:
    fields = [THINGS.field("no"), THINGS.field("id")]
    assert after_expression(fields, [7, GUID]) == f"(no gt 7 or (no eq 7 and id gt {GUID}))"
    assert after_expression(fields[:1], [7]) == "no gt 7"
