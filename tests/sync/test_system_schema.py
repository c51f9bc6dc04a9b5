"""What the systems are asked about their entities: mapped ones in full."""

from collections.abc import Sequence

from tandem.connectors.memory import MemoryConnector
from tandem.model.connection import Connection
from tandem.model.schema import Entity, Field, Kind, Schema
from tandem.sync.system_schema import described_schema

SCHEMA = Schema(
    entities=tuple(
        Entity(name=name, fields=(Field(name="status", kind=Kind.INT64),)) for name in "abc"
    )
)


class Telling(MemoryConnector):
    """Tells the options of entities that it is asked about."""

    asked: tuple[str, ...] = ()

    def schema(self) -> Schema:
        return SCHEMA

    def described(self, entities: Sequence[Entity]) -> tuple[Entity, ...]:
        self.asked = tuple(entity.name for entity in entities)
        status = Field(name="status", kind=Kind.INT64, options=("1",), option_labels=("Open",))
        return tuple(e.model_copy(update={"fields": (status,)}) for e in entities)


def test_only_entities_in_use_are_asked_about_in_full() -> None:
    connector = Telling(Connection(id="here", conn_type="memory"))
    schema = described_schema(connector, {"b", "missing"})
    assert connector.asked == ("b",)
    assert [e.field("status").options for e in schema.entities] == [(), ("1",), ()]
    assert [e.name for e in schema.entities] == ["a", "b", "c"]


def test_a_system_that_tells_all_at_once_is_not_asked_again() -> None:
    connector = MemoryConnector(Connection(id="here", conn_type="memory"))
    assert described_schema(connector, {"a"}) == connector.schema()
