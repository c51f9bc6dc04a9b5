"""Whatever a service makes of filters, the records are those that the filter means."""

import logging
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from typing import Any

import httpx
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.connectors.odata.vendors import CaseBlind, Particular, Vendor
from tests.properties.conditions import (
    ACCOUNT_RECORDS,
    CONDITIONS,
    NOWS,
    ORDER_RECORDS,
    TARGET,
    Record,
    expected,
)

from tandem.conformance.subject import records_of
from tandem.connectors.base import Query
from tandem.connectors.odata.connector import ODataConnector
from tandem.connectors.odata.dialects.families import dialect, dialect_name
from tandem.connectors.odata.query import filter_of
from tandem.connectors.odata.splitting import split
from tandem.core.filters.relations import Relation
from tandem.errors import ConfigurationError
from tandem.model.connection import Connection
from tandem.model.filters import AllOf, AnyOf, Comparison, Condition
from tandem.model.schema import Capabilities, Entity, Field, Kind

NOW = datetime(2026, 3, 4, 15, 30, tzinfo=UTC)
KINDS = {
    "id": Kind.GUID, "text": Kind.STRING, "flag": Kind.BOOLEAN, "whole": Kind.INT64,
    "price": Kind.DECIMAL, "ratio": Kind.FLOAT64, "day": Kind.DATE, "at": Kind.TIME,
    "moment": Kind.INSTANT, "mark": Kind.GUID, TARGET: Kind.GUID,
}  # fmt: skip
BLANK = {
    "text": "", "flag": False, "whole": 0, "price": 0, "ratio": 0.0, "day": date(1, 1, 1),
    "at": time(0), "moment": datetime(1, 1, 1, tzinfo=UTC),
    "mark": "00000000-0000-0000-0000-000000000000",
    TARGET: "00000000-0000-0000-0000-000000000000",
}  # fmt: skip


def entity(name: str, dialect: str = "", **able: Any) -> Entity:
    fields = tuple(
        Field(name=n, kind=k, nullable=n != "id", scale=4 if k is Kind.DECIMAL else None)
        for n, k in KINDS.items()
        if name == "orders" or n != TARGET
    )
    capabilities = Capabilities(dialect=dialect, **able)
    return Entity(name=name, key=("id",), fields=fields, capabilities=capabilities)


def query(condition: Condition | None, dialect: str = "", **parts: Any) -> Query:
    relations = {TARGET: Relation(entity("accounts", dialect), "id", "account")}
    asked = {"entity": entity("orders", dialect), "fields": ("id",), "now": NOW, **parts}
    return Query(**asked, condition=condition, relations=relations)


def connector_to(answer: Callable[[httpx.Request], httpx.Response]) -> ODataConnector:
    connection = Connection(id="there", conn_type="odata", host="https://there/")
    return ODataConnector(connection, httpx.MockTransport(answer), sleep=lambda _seconds: None)


def ids(connector: ODataConnector, asked: Query) -> list[str]:
    return sorted(record["id"] for record in records_of(list(connector.read(asked))))


def compare(field: str, operator: str, value: Any = None) -> Comparison:
    return Comparison(field=field, operator=operator, value=value)


def blank(rows: list[Record]) -> list[Record]:
    return [{n: BLANK.get(n) if v is None else v for n, v in row.items()} for row in rows]


def as_read(rows: list[Record], spoken: str) -> list[Record]:
    """Without blanks that stand for null."""
    blanks = dialect(spoken).blanks
    void = {n: BLANK[n] for n in BLANK.keys() - {"id"} if KINDS[n] in blanks}
    return [{n: None if n in void and v == void[n] else v for n, v in r.items()} for r in rows]


@pytest.mark.parametrize(
    ("vendor", "spoken", "as_kept"),
    [
        (Vendor, "", lambda rows: rows),
        (CaseBlind, "dataverse", lambda rows: [{**r, "text": r["text"] or None} for r in rows]),
        (Particular, "business_central", blank),
    ],
)
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    accounts=ACCOUNT_RECORDS,
    orders=ORDER_RECORDS,
    conditions=st.lists(CONDITIONS, min_size=4, max_size=8),
    now=NOWS,
)
def test_the_records_are_the_same_whatever_the_service_understands(
    vendor: type[Vendor],
    spoken: str,
    as_kept: Callable[[list[Record]], list[Record]],
    accounts: list[Record],
    orders: list[Record],
    conditions: list[Condition],
    now: datetime,
) -> None:
    service = vendor(as_kept(orders), as_kept(accounts))
    connector = connector_to(service.answer)
    for condition in conditions:
        asked = query(condition, spoken, now=now)
        wanted = expected(
            condition,
            as_read(service.orders, spoken),
            as_read(service.accounts, spoken),
            asked.entity,
            now,
            asked.relations,
        )
        assert ids(connector, asked) == wanted, condition
        assert connector.count(asked) == len(wanted), condition
        keys = pa.RecordBatch.from_pydict({"id": [order["id"] for order in orders[::2]]})
        found = records_of(list(connector.find(asked, keys)))
        some = set(keys.column("id").to_pylist())
        assert sorted(r["id"] for r in found) == [i for i in wanted if i in some], condition


A, B = compare("text", "eq", "a"), compare("whole", "gt", 1)


@pytest.mark.parametrize(
    ("dialect", "condition", "pushed", "rest"),
    [
        ("", A, A, None),
        ("", AnyOf(conditions=(A, B)), AnyOf(conditions=(A, B)), None),
        ("dataverse", A, A, A),
        ("dataverse", compare("text", "ne", "a"), None, compare("text", "ne", "a")),
        ("dataverse", compare("text", "contains", "%"), compare("text", "contains", "%"), ...),
        ("dataverse", compare("text", "contains", "[a"), None, ...),
        ("dataverse", compare("text", "gt", "a"), None, ...),
        ("dataverse", compare("whole", "ne", 1), compare("whole", "ne", 1), None),
        ("dataverse", AllOf(conditions=(A, B)), AllOf(conditions=(A, B)), A),
        ("dataverse", AnyOf(conditions=(A, B)), AnyOf(conditions=(A, B)), ...),
        ("dataverse", AnyOf(conditions=(B, compare("text", "ne", "a"))), None, ...),
        ("dataverse", compare(f"{TARGET}.whole", "eq", 1), ..., None),
        ("dataverse", compare(f"{TARGET}.whole", "ne", 1), None, ...),
        ("business_central", AnyOf(conditions=(A, B)), None, ...),
        ("business_central", AnyOf(conditions=(B, B)), AnyOf(conditions=(B, B)), None),
        ("business_central", compare("moment", "null"), compare("moment", "null"), ...),
        ("business_central", compare("whole", "null"), None, ...),
        ("business_central", compare("text", "not_null"), None, ...),
        ("business_central", compare("day", "ne", "0001-01-01"), None, ...),
        ("business_central", compare("day", "ne", "2026-01-01"), ..., ...),
        ("business_central", compare(f"{TARGET}.whole", "eq", 1), None, ...),
    ],
)
def test_what_is_asked_of_the_service_and_what_is_left(
    dialect: str, condition: Condition, pushed: Any, rest: Any
) -> None:
    """`...`: the whole condition."""
    whole = (condition if part is ... else part for part in (pushed, rest))
    assert split(condition, query(condition, dialect)) == tuple(whole)


@pytest.mark.parametrize("dialect", ["", "dataverse", "business_central"])
def test_that_there_is_what_is_always_there_is_not_asked(dialect: str) -> None:
    fields = tuple(
        Field(name=n, kind=Kind.INSTANT if n == "moment" else k, nullable=False)
        for n, k in KINDS.items()
    )
    able = Capabilities(dialect=dialect, version_fields=("moment",))
    sure = Entity(name="orders", key=("id",), fields=fields, capabilities=able)
    for name in ("whole", "moment"):
        there = compare(name, "not_null")
        assert split(there, query(there, entity=sure)) == (None, None)
    text = compare("text", "not_null")  # which may be blank
    rest = text if dialect == "business_central" else None
    assert split(text, query(text, entity=sure)) == (None, rest)
    either = AnyOf(conditions=(A, compare("whole", "not_null")))
    assert split(either, query(either, entity=sure)) == (None, either)


def test_a_field_that_cannot_be_filtered_by_is_not_asked_for() -> None:
    text = Field(name="text", kind=Kind.STRING, filterable=False)
    bare = Entity(name="orders", key=("id",), fields=(Field(name="id", kind=Kind.GUID), text))
    assert split(A, query(A, entity=bare)) == (None, A)


def test_a_service_that_does_not_filter_is_asked_for_everything() -> None:
    orders = entity("orders", filter=False)
    assert split(B, query(B, entity=orders)) == (None, B)


def test_a_function_that_the_service_does_not_list_is_ours() -> None:
    part = compare("text", "ends_with", "a")
    for functions, pushed in (
        (("contains",), None), (("endswith",), part), ((), part), (None, part),
    ):  # fmt: skip
        orders = entity("orders", filter_functions=functions)
        assert split(part, query(part, entity=orders))[0] == pushed


def test_a_list_too_long_for_a_url_is_ours() -> None:
    many = compare("whole", "in", tuple(range(5000)))
    assert split(many, query(many)) == (None, many)


def test_the_first_of_an_order_are_the_first_of_those_that_satisfy_the_rest() -> None:
    orders = [{**dict.fromkeys(KINDS), "id": f"{n:08d}-0000-4000-8000-000000000000",
               "whole": n, "text": "a" if n % 2 else "A"} for n in range(10)]  # fmt: skip
    connector = connector_to(CaseBlind(orders).answer)
    asked = query(A, "dataverse", descending_by="whole", limit=2, fields=("whole",))
    found = records_of(list(connector.read(asked)))
    assert found == [{"whole": 9}, {"whole": 7}]


class Grumpy(Vendor):
    """Refuses every filter, and says what it does not like."""

    complaint = "The query specified in the URI is not valid: $filter cannot be used here."

    def check(self, tree: Any) -> None:
        from tests.connectors.odata.vendors import Refused

        raise Refused(self.complaint)


def test_a_filter_that_the_service_refuses_is_evaluated_here_with_a_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    orders = [{**dict.fromkeys(KINDS), "id": f"{n:08d}-0000-4000-8000-000000000000", "whole": n}
              for n in range(4)]  # fmt: skip
    connector = connector_to(Grumpy(orders).answer)
    with caplog.at_level(logging.WARNING):
        assert [i[7] for i in ids(connector, query(B))] == ["2", "3"]
        assert connector.count(query(B)) == 2
    assert "orders: the service does not take the filter" in caplog.text
    assert "$filter cannot be used here" in caplog.text


def test_another_refusal_stops_the_reading() -> None:
    service = Grumpy([])
    service.complaint = "The sky is falling."
    with pytest.raises(ConfigurationError, match="sky"):
        ids(connector_to(service.answer), query(B))


def test_keys_that_the_service_refuses_to_look_up_are_not_read_for_all() -> None:
    connector = connector_to(Grumpy([]).answer)
    keys = pa.RecordBatch.from_pydict({"whole": [1, 2]})
    with pytest.raises(ConfigurationError, match="cannot be used here"):
        list(connector.find(query(None), keys))


def test_what_a_text_looks_for_inside_a_number_is_ours_too() -> None:
    inside = compare("mark", "contains", "ff-8")
    assert split(inside, query(inside)) == (None, inside)


@pytest.mark.parametrize(
    ("container", "name"),
    [
        ("Microsoft.Dynamics.CRM.System", "dataverse"),
        ("Microsoft.NAV.NAV", "business_central"),
        ("Tandem.Demo.Container", ""),
    ],
)
def test_the_dialect_is_told_by_the_namespace(container: str, name: str) -> None:
    assert dialect_name(container) == name


@pytest.mark.parametrize(
    ("operator", "value", "expression"),
    [
        ("eq", "x", "account/text eq 'x'"),
        ("ne", "x", "(account/text ne 'x' or account/text eq null)"),
        ("not_contains", "x", "(not contains(account/text,'x') or account/text eq null)"),
        ("null", None, "account/text eq null"),
    ],
)
def test_a_lookups_target_is_reached_by_its_navigation_property(
    operator: str, value: Any, expression: str
) -> None:
    asked = query(compare(f"{TARGET}.text", operator, value))
    assert filter_of(asked) == expression


@pytest.mark.parametrize(
    ("operator", "value", "expression"),
    [
        ("null", None, "moment eq 0001-01-01T00:00:00Z"),
        ("ne", "2026-01-01", "moment ne 2026-01-01T00:00:00Z"),
        ("in", ("2026-01-01", "2026-01-02"),
         "(moment eq 2026-01-01T00:00:00Z or moment eq 2026-01-02T00:00:00Z)"),
    ],
)  # fmt: skip
def test_business_central_has_blanks_for_nulls(operator: str, value: Any, expression: str) -> None:
    asked = query(compare("moment", operator, value), "business_central")
    assert filter_of(asked) == expression
