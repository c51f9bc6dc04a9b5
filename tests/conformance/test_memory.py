"""The memory connector passes the suite."""

from collections.abc import Iterator

import pytest

from tandem.conformance import *  # noqa: F403
from tandem.conformance import Subject
from tandem.connectors import memory
from tandem.connectors.memory import MemoryConnector
from tandem.model.connection import Connection
from tandem.model.schema import Capabilities, Deletes, Entity, Field, Kind

ITEM = Entity(
    name="item",
    key=("id",),
    fields=(
        Field(name="id", kind=Kind.GUID, nullable=False),
        *(Field(name=kind.value, kind=kind) for kind in Kind),
        Field(name="code", kind=Kind.STRING, max_length=12),
        Field(name="price", kind=Kind.DECIMAL, precision=18, scale=2),
        Field(name="total", kind=Kind.DECIMAL, precision=38, scale=0),
        Field(name="stage", kind=Kind.STRING, nullable=False),
        Field(name="made_by", kind=Kind.STRING, immutable=True, read_only=True),
    ),
)
LINE = Entity(
    name="line",
    key=("order", "number"),
    fields=(
        Field(name="order", kind=Kind.STRING, nullable=False),
        Field(name="number", kind=Kind.INT64, nullable=False),
        Field(name="text", kind=Kind.STRING),
    ),
)


SERVER = Capabilities(
    delta=True,
    deletes=Deletes.NATIVE,
    creates=True,
    updates=True,
    removes=True,
    batch_size=100,
    optimistic_concurrency=True,
)
VERSIONED = ITEM.model_copy(
    update={
        "fields": (*ITEM.fields, Field(name="version", kind=Kind.INT64, read_only=True)),
        "capabilities": SERVER,
    }
)


@pytest.fixture(params=["a table", "a server"])
def subject(request: pytest.FixtureRequest) -> Iterator[Subject]:
    """A store that takes what it is given, and one with keys, etags and changes of its own."""
    store = memory.store("conformance")
    if request.param == "a table":
        store.define(ITEM)
    else:
        store.define(VERSIONED, memory.Habits(version="version"))
    store.define(LINE)
    connector = MemoryConnector(
        Connection(id="here", conn_type="memory", extra={"store": "conformance"}), page_rows=10
    )

    def spoil(entity: str) -> None:
        store.put(entity, [{"id": "6f9619ff-8b86-d011-b42d-00cf4fc964ff", "int64": "many"}])

    yield Subject(
        connector,
        entity="item",
        put=lambda entity, records: store.put(entity, records.to_pylist()),
        composite="line",
        spoil=spoil,
        expire=lambda _entity: store.expire_tokens(),
    )
    connector.close()
    memory.forget("conformance")
