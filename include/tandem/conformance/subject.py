"""What the author of a connector hands to the suite."""

# ruff: noqa: S101

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from tandem.connectors.base import ETAG, Connector, Page, Query
from tandem.core.values import arrow_type
from tandem.model.filters import Condition
from tandem.model.schema import Entity, Field

NOW = datetime(2026, 3, 18, 15, 30, 45, 123456, tzinfo=UTC)
"""What the suite's queries call now: a Wednesday."""

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Subject:
    """A connector under test, and how to put records into its system."""

    connector: Connector
    entity: str
    """An entity without records and with one key field. The more kinds of field it has, the
    more is tested; fields that are read-only or refer to other entities stay null."""
    put: Callable[[str, pa.RecordBatch], None]
    """Puts records into an entity of the system, best by another way than the connector."""
    composite: str | None = None
    """A like entity with a key of several fields."""
    spoil: Callable[[str], None] | None = None
    """Puts one record into an entity with a value that does not fit the metadata."""
    holds: Callable[[Field, Any], bool] = lambda _field, _value: True
    """Whether the system can keep that value in that field: False for what it cannot by nature."""
    expire: Callable[[str], None] | None = None
    """Makes the system forget the tokens that it gave out for changes of an entity."""
    several_pages: int = 50
    """A number of records that the connector reads in more than one page."""

    def described(self, name: str | None = None) -> Entity:
        """The entity as the connector's schema describes it."""
        return self.connector.schema().entity(name or self.entity)

    def query(
        self,
        entity: Entity,
        *fields: str,
        condition: Condition | None = None,
        descending_by: str | None = None,
        limit: int | None = None,
    ) -> Query:
        """A query for these fields; for all that the suite fills if none are named."""
        names = fields or tuple(field.name for field in filled(entity))
        return Query(entity, names, NOW, condition, descending_by, limit)

    def read(self, query: Query) -> list[Record]:
        """The records of all pages, without their etags; none may be unreadable."""
        records = records_of(list(self.connector.read(query)))
        return [{name: v for name, v in record.items() if name != ETAG} for record in records]


def records_of(pages: list[Page]) -> list[Record]:
    """The records of the pages; none may be unreadable."""
    assert [page.unreadable for page in pages if page.unreadable] == []
    return [record for page in pages for record in page.records.to_pylist()]


def filled(entity: Entity) -> list[Field]:
    """The fields that the suite gives values to."""
    return [f for f in entity.fields if f.name in entity.key or not (f.read_only or f.lookup)]


def batch_of(entity: Entity, records: list[Record]) -> pa.RecordBatch:
    """The records with the columns that the first one has, in the types of their fields."""
    names = list(records[0])
    schema = pa.schema([(name, arrow_type(entity.field(name))) for name in names])
    return pa.RecordBatch.from_pylist(records, schema=schema)
