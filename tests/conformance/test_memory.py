"""The memory connector passes the suite."""

from collections.abc import Iterator

import pytest

from tandem.conformance import *  # noqa: F403
from tandem.conformance import Subject
from tandem.connectors import memory
from tandem.connectors.memory import MemoryConnector
from tandem.model.connection import Connection
from tandem.model.schema import Entity, Field, Kind

ITEM = Entity(
    name="item",
    key=("id",),
    fields=(
        Field(name="id", kind=Kind.GUID, nullable=False),
        *(Field(name=kind.value, kind=kind) for kind in Kind),
        Field(name="code", kind=Kind.STRING, max_length=12),
        Field(name="price", kind=Kind.DECIMAL, precision=18, scale=2),
        Field(name="total", kind=Kind.DECIMAL, precision=38, scale=0),
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


@pytest.fixture
def subject() -> Iterator[Subject]:
    store = memory.store("conformance")
    store.define(ITEM)
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
    )
    connector.close()
    memory.forget("conformance")
