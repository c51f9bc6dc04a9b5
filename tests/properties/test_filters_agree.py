"""A condition lets the same records through wherever it is evaluated."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import MetaData, Table, text
from tests.properties.conditions import (
    ACCOUNT_RECORDS,
    CONDITIONS,
    MISSING,
    NOWS,
    ORDER_RECORDS,
    TARGET,
    Record,
    expected,
)

from tandem.conformance.subject import batch_of, records_of
from tandem.connectors import memory
from tandem.connectors.base import Connector, Page, Query
from tandem.connectors.memory import MemoryConnector
from tandem.connectors.odata.connector import ODataConnector
from tandem.connectors.related import test_of as batch_test_of
from tandem.connectors.sql import SqlConnector
from tandem.core.filters.relations import Relation
from tandem.database import insert, open_engine, writing
from tandem.demo.model import Edm, EntitySet, Property, Reference, ServiceModel
from tandem.demo.server import serving
from tandem.demo.service import create_app
from tandem.demo.store import Store
from tandem.demo.values import from_json
from tandem.model.connection import Connection
from tandem.model.filters import Condition
from tandem.model.schema import Entity, Field, Kind

Both = dict[str, list[Record]]
"""Entity → its records."""


@dataclass
class System:
    """A system with two entities, and how all their records are replaced."""

    connector: Connector
    put: Callable[[Both], None]

    def query(self, condition: Condition, now: datetime) -> Query:
        schema = self.connector.schema()
        orders, accounts = schema.entity("orders"), schema.entity("accounts")
        told = orders.field(TARGET).lookup
        relation = Relation(accounts, "id", told[0].navigation if told else "")
        return Query(orders, ("id",), now, condition, relations={TARGET: relation})


SQL_TYPES = {
    "sqlite": {
        "id": "GUID_TEXT PRIMARY KEY", "text": "TEXT", "flag": "BOOLEAN", "whole": "INTEGER",
        "price": "DECIMAL_TEXT(20, 4)", "ratio": "REAL", "day": "DATE_TEXT", "at": "TIME_TEXT",
        "moment": "INSTANT_TEXT", "mark": "GUID_TEXT", TARGET: "GUID_TEXT",
    },
    "postgresql": {
        "id": "uuid PRIMARY KEY", "text": 'text COLLATE "en-x-icu"', "flag": "boolean",
        "whole": "bigint", "price": "numeric(20, 4)", "ratio": "double precision", "day": "date",
        "at": "time", "moment": "timestamptz", "mark": "uuid", TARGET: "uuid",
    },
}  # fmt: skip
EDM = {
    "id": Property("id", Edm.GUID, nullable=False),
    "text": Property("text"),
    "flag": Property("flag", Edm.BOOLEAN),
    "whole": Property("whole", Edm.INT64),
    "price": Property("price", Edm.DECIMAL, precision=20, scale=4),
    "ratio": Property("ratio", Edm.DOUBLE),
    "day": Property("day", Edm.DATE),
    "at": Property("at", Edm.TIME_OF_DAY, precision=6),
    "moment": Property("moment", Edm.DATE_TIME_OFFSET, precision=6),
    "mark": Property("mark", Edm.GUID),
    TARGET: Property(TARGET, Edm.GUID),
}
KINDS = {
    "id": Kind.GUID, "text": Kind.STRING, "flag": Kind.BOOLEAN, "whole": Kind.INT64,
    "price": Kind.DECIMAL, "ratio": Kind.FLOAT64, "day": Kind.DATE, "at": Kind.TIME,
    "moment": Kind.INSTANT, "mark": Kind.GUID, TARGET: Kind.GUID,
}  # fmt: skip
ENTITIES = {
    name: Entity(
        name=name,
        key=("id",),
        fields=tuple(
            Field(
                name=field,
                kind=kind,
                nullable=field != "id",
                scale=4 if kind is Kind.DECIMAL else None,
            )
            for field, kind in KINDS.items()
            if name == "orders" or field != TARGET
        ),
    )
    for name in ("accounts", "orders")
}


def in_memory() -> Iterator[System]:
    store = memory.store("agree")
    for entity in ENTITIES.values():
        store.define(entity)

    def put(records: Both) -> None:
        for name, rows in records.items():
            store.records[name].clear()
            store.put(name, rows)

    yield System(
        MemoryConnector(Connection(id="m", conn_type="memory", extra={"store": "agree"})), put
    )
    memory.forget("agree")


def in_sql(url: str) -> Iterator[System]:
    engine = open_engine(url)
    types = SQL_TYPES[engine.dialect.name]
    with writing(engine) as connection:
        for name, entity in ENTITIES.items():
            columns = ", ".join(f'"{field.name}" {types[field.name]}' for field in entity.fields)
            connection.execute(text(f"CREATE TABLE {name} ({columns})"))

    def put(records: Both) -> None:
        with writing(engine) as connection:
            for name, rows in records.items():
                connection.execute(text(f"DELETE FROM {name}"))
                insert(connection, Table(name, MetaData()), batch_of(ENTITIES[name], rows))

    connector = SqlConnector(Connection(id="s", conn_type="sql", extra={"url": url}))
    yield System(connector, put)
    connector.close()
    engine.dispose()


def in_a_service(folder: Path) -> Iterator[System]:
    sets = {
        name: EntitySet(
            name,
            name.removesuffix("s"),
            key=("id",),
            properties=tuple(EDM[field.name] for field in entity.fields),
            references=(Reference("account", "accounts", TARGET),) if name == "orders" else (),
        )
        for name, entity in ENTITIES.items()
    }
    model = ServiceModel("Agree", tuple(sets.values()))
    database = folder / "agree.db"
    store = Store(database, model)

    def put(records: Both) -> None:
        with store.writing() as connection:
            for name in ("orders", "accounts"):
                connection.execute(f'DELETE FROM "{name}"')
        for name, rows in records.items():
            store.insert(sets[name], [kept(row, sets[name]) for row in rows])

    with serving(create_app(database, model, page_size=4)) as url:
        connector = ODataConnector(Connection(id="o", conn_type="odata", host=url))
        yield System(connector, put)
        connector.close()


def kept(row: Record, entity_set: EntitySet) -> tuple[Any, ...]:
    """The row as the demo service keeps it, where a reference has to lead somewhere."""
    row = {name: None if value == MISSING else value for name, value in row.items()}
    return tuple(
        from_json(as_json(row[path]), property_, ieee754=False)
        for path, property_ in entity_set.paths.items()
    )


def as_json(value: Any) -> Any:
    if isinstance(value, float):
        return Decimal(repr(value))
    return value.isoformat().replace("+00:00", "Z") if hasattr(value, "isoformat") else value


@pytest.fixture(params=["memory", "sqlite", "postgresql", "odata"])
def system(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[System]:
    if request.param == "memory":
        yield from in_memory()
    elif request.param == "sqlite":
        yield from in_sql(f"sqlite:///{tmp_path / 'agree.db'}")
    elif request.param == "postgresql":
        yield from in_sql(request.getfixturevalue("postgresql_url"))
    else:
        yield from in_a_service(tmp_path)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    accounts=ACCOUNT_RECORDS,
    orders=ORDER_RECORDS,
    conditions=st.lists(CONDITIONS, min_size=4, max_size=8),
    now=NOWS,
)
def test_a_system_selects_what_the_condition_means(
    system: System,
    accounts: list[Record],
    orders: list[Record],
    conditions: list[Condition],
    now: datetime,
) -> None:
    system.put({"accounts": accounts, "orders": orders})
    for condition in conditions:
        query = system.query(condition, now)
        found = records_of(list(system.connector.read(query)))
        wanted = expected(condition, orders, accounts, query.entity, now, query.relations)
        assert sorted(record["id"] for record in found) == wanted, condition
        assert system.connector.count(query) == len(wanted), condition


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    accounts=ACCOUNT_RECORDS,
    orders=ORDER_RECORDS,
    conditions=st.lists(CONDITIONS, min_size=4, max_size=8),
    now=NOWS,
)
def test_a_batch_is_tested_as_its_records_are(
    accounts: list[Record],
    orders: list[Record],
    conditions: list[Condition],
    now: datetime,
) -> None:
    entity, target = ENTITIES["orders"], ENTITIES["accounts"]
    relations = {TARGET: Relation(target, "id")}

    def read(query: Query) -> Iterator[Page]:
        assert query.condition is not None
        test = batch_test_of(query.condition, query, read)
        batch = batch_of(target, accounts)
        yield Page(batch.filter(test(batch)).select(query.fields))

    batch = batch_of(entity, orders)
    for condition in conditions:
        query = Query(entity, ("id",), now, condition, relations=relations)
        inside = batch_test_of(condition, query, read)(batch)
        assert inside.null_count == 0
        found = batch.filter(inside).column("id").to_pylist()
        assert found == expected(condition, orders, accounts, entity, now, relations), condition
