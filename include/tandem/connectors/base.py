"""The contract between the engine and a connector.

A connector is built as `factory(connection: Connection)`, registered under the entry point group
`tandem.connectors`, and must not touch the network before its first call. Values travel in Arrow
record batches whose column types are those of `tandem.core.values.arrow_type`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, runtime_checkable

import pyarrow as pa

from tandem.model.filters import Condition
from tandem.model.schema import Entity, Schema

ETAG = "@etag"
"""Name of the extra column in which a page carries each record's etag."""


@dataclass(frozen=True, slots=True)
class Query:
    """Which records to read, and which of their fields."""

    entity: Entity
    fields: tuple[str, ...]
    now: datetime
    """What `today`, `last_x_days` and the like count from; aware."""
    condition: Condition | None = None
    descending_by: str | None = None
    """Order by this field, greatest first; otherwise any order that is stable while paging."""
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A record whose values do not fit what the metadata promised."""

    id: str
    reason: str
    payload: str
    """The record as it came, as JSON text, for people."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the records that were asked for: the columns asked for, in that order, then ETAG.

    The ETAG column is there only where the system has etags.
    """

    records: pa.RecordBatch
    unreadable: tuple[Unreadable, ...] = ()


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a batch that was written. Rows that are not named were written."""

    rejected: dict[int, str] = field(default_factory=dict)
    """Row number → why the system refused that row."""
    missing: tuple[int, ...] = ()
    """Rows of an update whose record is not there."""


@runtime_checkable
class Connector(Protocol):
    """What every connector can do: say what the system has, and read it."""

    def check(self) -> str:
        """Reach the system, sign in, and say in one line whom we met. Raises a TandemError."""
        ...

    def schema(self) -> Schema:
        """Entities with their fields, keys and capabilities, from the system's metadata."""
        ...

    def read(self, query: Query) -> Iterator[Page]:
        """All records that satisfy the query, page by page, each at least once.

        A listing that cannot be completed raises; it never just ends. Values that do not fit
        the schema make that record unreadable, not the page.
        """
        ...

    def count(self, query: Query) -> int:
        """How many records satisfy the query's condition."""
        ...

    def find(self, query: Query, keys: pa.RecordBatch) -> Iterator[Page]:
        """All records whose fields `keys.schema.names` equal one of the rows of `keys`."""
        ...

    def close(self) -> None:
        """Give back connections. The connector is not used afterwards."""
        ...


@runtime_checkable
class Writer(Connector, Protocol):
    """A connector that can also write. Each call is atomic but for the rows it rejects."""

    def create(self, entity: Entity, records: pa.RecordBatch) -> Written:
        """Insert the records, keys included. One that is already there takes these values:
        a create that is repeated after a crash changes nothing.
        """
        ...

    def update(self, entity: Entity, records: pa.RecordBatch) -> Written:
        """Set the columns given, on the records with the keys given; other fields stay."""
        ...


@runtime_checkable
class Provisioner(Protocol):
    """A connector that can make what a mapping needs and its system lacks."""

    def missing(self, wanted: Entity) -> tuple[str, ...]:
        """What `provision` would do, one line each; empty if nothing is missing."""
        ...

    def provision(self, wanted: Entity) -> tuple[str, ...]:
        """Create the entity or its missing fields; what was done, one line each."""
        ...
