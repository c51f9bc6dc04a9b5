"""The memory connector, beyond what every connector does."""

from collections.abc import Iterator

import pytest

from tandem.conformance.subject import NOW, batch_of
from tandem.connectors import memory
from tandem.connectors.base import Query
from tandem.connectors.memory import MemoryConnector
from tandem.connectors.registry import open_connector
from tandem.model.connection import Connection
from tandem.model.schema import Capabilities, Entity, Field, Kind

ACCOUNT = Entity(
    name="account",
    key=("id",),
    fields=(
        Field(name="id", kind=Kind.INT64, nullable=False),
        Field(name="name", kind=Kind.STRING),
        Field(name="modifiedAt", kind=Kind.INSTANT),
    ),
)
HERE = Connection(id="here", conn_type="memory", extra={"store": "accounts"})


@pytest.fixture
def accounts() -> Iterator[memory.Store]:
    store = memory.store("accounts")
    store.define(ACCOUNT)
    yield store
    memory.forget("accounts")


def test_connectors_of_one_store_see_the_same_records(accounts: memory.Store) -> None:
    one, other = open_connector("memory", HERE), MemoryConnector(HERE)
    accounts.put("account", [{"id": 1, "name": "Ada"}])
    query = Query(ACCOUNT, ("name",), NOW)
    assert [p.records.to_pylist() for p in one.read(query)] == [[{"name": "Ada"}]]
    other.create(ACCOUNT, batch_of(ACCOUNT, [{"id": 2, "name": "Bob"}]))
    assert one.count(query) == 2
    assert accounts.records["account"][(2,)] == {"id": 2, "name": "Bob", "modifiedAt": None}


def test_entity_can_do_everything_unless_it_says_otherwise(accounts: memory.Store) -> None:
    able = MemoryConnector(HERE).schema().entity("account").capabilities
    assert able.writes
    assert able.version_fields == ("modifiedAt",)
    reading = ACCOUNT.model_copy(update={"capabilities": Capabilities(filter=False)})
    accounts.define(reading)
    assert not MemoryConnector(HERE).schema().entity("account").capabilities.writes


def test_forgotten_store_is_empty(accounts: memory.Store) -> None:
    assert accounts.entities
    memory.forget("accounts")
    assert MemoryConnector(HERE).schema().entities == ()
