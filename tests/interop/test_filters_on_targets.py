"""SAP CAP evaluates filters on fields of a lookup's target as they are meant."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import TypeAdapter

from tandem.connectors.base import Query
from tandem.connectors.odata.connector import ODataConnector
from tandem.connectors.odata.splitting import split
from tandem.core.filters.conditions import satisfies
from tandem.core.filters.relations import Relation
from tandem.model.connection import Connection
from tandem.model.filters import Condition, fields_of

pytestmark = pytest.mark.interop

NOW = datetime(2024, 6, 12, 13, 14, 15, 678_000, UTC)
PARSE: TypeAdapter[Any] = TypeAdapter(Condition)

CONDITIONS = [
    {"field": "account_ID.name", "operator": "contains", "value": "'"},
    {"field": "account_ID.name", "operator": "not_contains", "value": "O'Neil"},
    {"field": "account_ID.name", "operator": "begins_with", "value": "Žlu"},
    {"field": "account_ID.accountNumber", "operator": "in", "value": ["A-000003", "A-000007"]},
    {"field": "account_ID.accountNumber", "operator": "not_in", "value": ["A-000003", "x"]},
    {"field": "account_ID.accountNumber", "operator": "ge", "value": "A-001"},
    {"field": "account_ID.accountNumber", "operator": "ne", "value": "A-000003"},
    {"field": "account_ID.accountNumber", "operator": "null"},
    {"field": "account_ID.accountNumber", "operator": "not_null"},
    {"field": "account_ID.modifiedAt", "operator": "last_x_days", "value": 3000},
    {
        "or": [
            {"field": "account_ID.accountNumber", "operator": "le", "value": "A-0001"},
            {
                "and": [
                    {"field": "status", "operator": "eq", "value": "done"},
                    {"field": "account_ID.name", "operator": "ne", "value": "x"},
                ]
            },
        ]
    },
]


@pytest.fixture(scope="module")
def connector(cap: str) -> Iterator[ODataConnector]:
    connector = ODataConnector(Connection(id="cap", conn_type="odata", host=cap))
    yield connector
    connector.close()


def read(connector: ODataConnector, query: Query) -> list[dict[str, Any]]:
    return [row for page in connector.read(query) for row in page.records.to_pylist()]


@pytest.fixture(scope="module")
def everything(connector: ODataConnector) -> tuple[Query, list[dict[str, Any]]]:
    """A query for orders, and all of them with the fields of their accounts."""
    schema = connector.schema()
    orders, accounts = schema.entity("Orders"), schema.entity("Accounts")
    (target,) = orders.field("account_ID").lookup
    assert target.navigation == "account"
    names = [field.name for field in accounts.fields]
    by_id = {a["ID"]: a for a in read(connector, Query(accounts, tuple(names), NOW))}
    found = read(connector, Query(orders, tuple(orders.by_name), NOW))
    joined = [
        order | {f"account_ID.{n}": by_id.get(order["account_ID"], {}).get(n) for n in names}
        for order in found
    ]
    relation = Relation(accounts, "ID", target.navigation)
    return Query(orders, ("ID",), NOW, relations={"account_ID": relation}), joined


@pytest.mark.parametrize("navigation", ["account", ""], ids=["asked", "by ids"])
@pytest.mark.parametrize("condition", CONDITIONS, ids=str)
def test_a_filter_on_a_target_means_there_what_it_means_here(
    connector: ODataConnector,
    everything: tuple[Query, list[dict[str, Any]]],
    condition: dict[str, Any],
    navigation: str,
) -> None:
    query, records = everything
    parsed = PARSE.validate_python(condition)
    known = query.relations["account_ID"]
    relations = {"account_ID": Relation(known.entity, "ID", navigation)}
    asked = Query(query.entity, ("ID",), NOW, parsed, relations=relations)
    wanted = {r["ID"] for r in records if satisfies(parsed, r, query.entity, NOW, relations)}

    found = [row["ID"] for row in read(connector, asked)]

    assert set(found) == wanted
    assert len(found) == len(wanted) == connector.count(asked)
    assert fields_of(split(parsed, asked)[0]) >= (fields_of(parsed) if navigation else set())
