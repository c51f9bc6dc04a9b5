"""The OData connector reads from SAP CAP: schema, values, filters, keys, paging."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import httpx
import pyarrow as pa
import pytest
from pydantic import TypeAdapter

from tandem.connectors.base import Query
from tandem.connectors.odata.connector import ODataConnector
from tandem.core.filters.conditions import satisfies
from tandem.errors import AuthenticationError, ConfigurationError
from tandem.model.connection import Connection
from tandem.model.filters import Condition
from tandem.model.schema import Entity, Kind, Schema

pytestmark = pytest.mark.interop

NOW = datetime(2024, 3, 4, 15, 30, tzinfo=UTC)
PARSE: TypeAdapter[Any] = TypeAdapter(Condition)


def connector_to(root: str, **parts: Any) -> ODataConnector:
    return ODataConnector(Connection(id="cap", conn_type="odata", host=root, **parts))


@pytest.fixture
def connector(cap: str) -> Iterator[ODataConnector]:
    connector = connector_to(cap)
    yield connector
    connector.close()


@pytest.fixture
def schema(connector: ODataConnector) -> Schema:
    return connector.schema()


def query(entity: Entity, *fields: str, **parts: Any) -> Query:
    names = fields or tuple(field.name for field in entity.fields)
    return Query(**{"entity": entity, "fields": names, "now": NOW, **parts})


def rows(pages: Iterator[Any]) -> list[dict[str, Any]]:
    return [row for page in pages for row in page.records.to_pylist()]


def test_the_schema(connector: ODataConnector, schema: Schema) -> None:
    orders = schema.entity("Orders")
    assert "4 entity sets" in connector.check()
    assert orders.key == ("ID",)
    assert orders.capabilities.version_fields == ("modifiedAt",)
    assert [t.entity for t in orders.field("account_ID").lookup] == ["Accounts"]
    assert orders.field("status").options == ("open", "done", "cancelled")
    assert orders.field("serial").kind is Kind.INT64
    assert orders.field("recordedAt").kind is Kind.INSTANT
    assert schema.entity("OrderLines").key == ("order_ID", "position")


def test_values_come_whole(connector: ODataConnector, schema: Schema) -> None:
    found = rows(connector.read(query(schema.entity("Orders"))))
    assert len(found) == 2500
    order = next(row for row in found if row["orderNumber"] == "O-000042")
    expected = {
        "status": "open",
        "amount": Decimal("-3706.42"),
        "rate": Decimal("42.000250"),
        "quantity": Decimal("42.225"),
        "serial": 9007199254740993 + 42 * 1_000_003,
        "pieces": 2,
        "weight": 14.0,
        "urgent": True,
        "dueDate": None,
        "startTime": time(18, 42, 7),
        "promisedAt": datetime(2024, 2, 12, tzinfo=UTC),
        "recordedAt": datetime(2024, 2, 12, 0, 0, 0, 42000, tzinfo=UTC),
    }
    assert {name: order[name] for name in expected} == expected
    assert order["@etag"].startswith('W/"')


CONDITIONS = [
    {"field": "status", "operator": "eq", "value": "open"},
    {"field": "status", "operator": "ne", "value": "open"},
    {"field": "status", "operator": "not_in", "value": ["open", "done"]},
    {"field": "serial", "operator": "gt", "value": 9007199254740993 + 2000 * 1_000_003},
    {"field": "pieces", "operator": "in", "value": [-4, 3]},
    {"field": "pieces", "operator": "between", "value": [-1, 1]},
    {"field": "amount", "operator": "null"},
    {"field": "amount", "operator": "not_null"},
    {"field": "amount", "operator": "ne", "value": Decimal("-3706.42")},
    {"field": "amount", "operator": "ge", "value": Decimal("12999.99")},
    {"field": "weight", "operator": "lt", "value": Decimal("10.5")},
    {"field": "urgent", "operator": "ne", "value": True},
    {"field": "dueDate", "operator": "ge", "value": date(2024, 12, 1)},
    {"field": "dueDate", "operator": "this_week"},
    {"field": "startTime", "operator": "eq", "value": "18:42:07"},
    {"field": "recordedAt", "operator": "between", "value": ["2024-02-12", "2024-02-13T00:00:01Z"]},
    {"field": "recordedAt", "operator": "today"},
    {"field": "recordedAt", "operator": "last_x_days", "value": 10},
    {"field": "recordedAt", "operator": "next_x_days", "value": 3},
    {"field": "recordedAt", "operator": "last_x_hours", "value": 40},
    {"field": "promisedAt", "operator": "this_month"},
    {"field": "orderNumber", "operator": "begins_with", "value": "O-0001"},
    {"field": "orderNumber", "operator": "not_ends_with", "value": "7"},
    {"field": "note", "operator": "contains", "value": "100 % / ünï©ode 😀"},
    {"field": "note", "operator": "not_contains", "value": "one of 1"},
    {"field": "note", "operator": "contains", "value": "'apostrophes', \\ and"},
    {"field": "account_ID", "operator": "eq", "value": "A0000000-0000-4000-8000-000000000007"},
    {
        "or": [
            {"field": "status", "operator": "eq", "value": "done"},
            {
                "and": [
                    {"field": "urgent", "operator": "null"},
                    {"field": "pieces", "operator": "lt", "value": 0},
                ]
            },
        ]
    },
]


@pytest.fixture(scope="module")
def everything(cap: str) -> tuple[Entity, list[dict[str, Any]]]:
    connector = connector_to(cap)
    entity = connector.schema().entity("Orders")
    found = rows(connector.read(query(entity)))
    connector.close()
    return entity, found


@pytest.mark.parametrize("condition", CONDITIONS, ids=str)
def test_a_filter_means_there_what_it_means_here(
    connector: ODataConnector,
    everything: tuple[Entity, list[dict[str, Any]]],
    condition: dict[str, Any],
) -> None:
    entity, records = everything
    parsed = PARSE.validate_python(condition)
    expected = {r["ID"] for r in records if satisfies(parsed, r, entity, NOW)}

    asked = query(entity, "ID", condition=parsed)
    found = [row["ID"] for row in rows(connector.read(asked))]

    assert set(found) == expected
    assert len(found) == len(expected) == connector.count(asked)


def test_keys_with_all_kinds_of_characters_are_found(
    connector: ODataConnector, schema: Schema
) -> None:
    articles = schema.entity("Articles")
    codes = [row["code"] for row in rows(connector.read(query(articles)))]
    assert "it's / all & here #1?" in codes
    keys = pa.RecordBatch.from_pydict({"code": [*codes, "no such"]})
    assert {row["code"] for row in rows(connector.find(query(articles), keys))} == set(codes)


def test_records_with_composite_keys_are_found(connector: ODataConnector, schema: Schema) -> None:
    lines = schema.entity("OrderLines")
    found = rows(connector.read(query(lines, "order_ID", "position")))
    assert len(found) == 1200
    wanted = found[::7]
    again = rows(
        connector.find(query(lines, "order_ID", "position"), pa.RecordBatch.from_pylist(wanted))
    )
    assert sorted(map(str, again)) == sorted(map(str, wanted))


def test_the_newest_is_asked_for_alone(
    connector: ODataConnector, everything: tuple[Entity, list[dict[str, Any]]]
) -> None:
    entity, records = everything
    (row,) = rows(connector.read(query(entity, "recordedAt", descending_by="recordedAt", limit=1)))
    assert row["recordedAt"] == max(record["recordedAt"] for record in records)


def test_records_deleted_during_a_walk_hide_no_others(
    connector: ODataConnector, schema: Schema, cap: str
) -> None:
    """CAP pages by counting: what is deleted behind us would make it skip as many."""
    accounts = schema.entity("Accounts")
    extra = [f"00000000-0000-4000-8000-{n:012d}" for n in range(30)]
    with httpx.Client(base_url=cap) as client:
        for number, key in enumerate(extra):
            record = {"ID": key, "accountNumber": f"X-{number}", "name": "x"}
            client.post("Accounts", json=record).raise_for_status()
        pages = connector.read(query(accounts, "ID"))
        found = next(pages).records.column("ID").to_pylist()
        for key in extra:
            etag = client.get(f"Accounts({key})").headers["etag"]
            headers = {"If-Match": etag}
            client.delete(f"Accounts({key})", headers=headers).raise_for_status()
        found += [row["ID"] for row in rows(pages)]
    assert sum(key.startswith("a0") for key in found) == 2500
    assert len(set(found)) == len(found)


def test_who_does_not_sign_in_is_told(cap_guarded: str) -> None:
    connector = connector_to(cap_guarded)
    with pytest.raises(AuthenticationError, match="401"):
        connector.check()
    connector.close()


def test_who_signs_in_may_read(cap_guarded: str) -> None:
    connector = connector_to(cap_guarded, login="sync", password="interop")
    articles = connector.schema().entity("Articles")
    assert len(rows(connector.read(query(articles)))) == 21
    connector.close()


def test_what_is_not_there_is_told(connector: ODataConnector, schema: Schema) -> None:
    unknown = schema.entity("Articles").model_copy(update={"name": "Artikel"})
    with pytest.raises(ConfigurationError, match="404"):
        list(connector.read(query(unknown)))
