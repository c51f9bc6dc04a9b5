"""The contract between the engine and a connector.

A connector is built as `factory(connection: Connection)`, registered under the entry point group
`tandem.connectors`, and must not touch the network before its first call. Values travel in Arrow
record batches whose column types are those of `tandem.core.values.arrow_type`.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, runtime_checkable

import pyarrow as pa

from tandem.core.filters.relations import Relations
from tandem.errors import RetryLater, StopRun
from tandem.model.filters import Condition
from tandem.model.identity import Identity
from tandem.model.integration import EntityMapping
from tandem.model.schema import Entity, Schema

ETAG = "@etag"
"""Name of the extra column in which a page carries each record's etag."""

ROW = "@row"
"""Name of the extra column that says which row of a written batch a record belongs to."""


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
    relations: Relations = field(default_factory=dict)
    """Where the lookups lead that the condition follows (`account_ID.city`)."""


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
    gone: tuple[str, ...] = ()
    """Ids of records that are not in the listing any more; only `DeltaReader.changes` knows."""
    token: str | None = None
    """On the last page of `DeltaReader.changes`: where the next reading begins."""


Find = Callable[[Query, pa.RecordBatch], Iterator[Page]]
"""As `Connector.find`."""


class TooManyToCount(StopRun):
    """To count records, more would have to be read than the query's limit allows."""

    def __init__(self, entity: str, looked_at: int, found: int) -> None:
        super().__init__(
            f"{found:,} of the first {looked_at:,} records of {entity} were counted: the system "
            "does not count them itself.",
            remedy="Choose a condition that the system evaluates itself.",
        )
        self.looked_at = looked_at
        """Records that were read."""
        self.found = found
        """Those of them that satisfy the condition."""


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a batch that was written. Rows that are not named were written."""

    rejected: dict[int, str] = field(default_factory=dict)
    """Row number → why the system refused that row."""
    missing: tuple[int, ...] = ()
    """Rows of an update or a delete whose record is not there."""
    changed: tuple[int, ...] = ()
    """Rows whose record is not as it was `seen`, or is there already; nothing was done to it."""
    unsent: tuple[int, ...] = ()
    """Rows that did not reach the system."""
    unknown: tuple[int, ...] = ()
    """Rows that were sent and not answered: the system may have written them or not."""
    stopped_by: RetryLater | None = None
    """Why there are unsent or unknown rows; None if there are none."""
    records: pa.RecordBatch | None = None
    """What the system made of the rows that were created or updated: ROW, the key, the columns
    given, those asked for by `returning`, and ETAG where there are etags. None: exactly what was
    given. A record that cannot be read (any more) is left out.
    """

    def whole(self) -> "Written":
        """Itself; raises `stopped_by` if not all rows were dealt with."""
        if self.stopped_by:
            raise self.stopped_by
        return self


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
        """All records that satisfy the query, page by page, each at least once, whoever evaluates
        its condition: what the system cannot, the connector does (`connectors.related`).

        A listing that cannot be completed raises; it never just ends. Values that do not fit
        the schema make that record unreadable, not the page.
        """
        ...

    def count(self, query: Query) -> int:
        """How many records satisfy the query's condition, unreadable ones among them.

        A connector that has to read records for it reads about `query.limit` at most (None: all
        there are), and raises TooManyToCount if there are more.
        """
        ...

    def find(self, query: Query, keys: pa.RecordBatch) -> Iterator[Page]:
        """All records whose fields `keys.schema.names` equal one of the rows of `keys`."""
        ...

    def close(self) -> None:
        """Give back connections. The connector is not used afterwards."""
        ...


@runtime_checkable
class DeltaReader(Connector, Protocol):
    """A connector that can tell what changed, for entities whose capabilities say `delta`."""

    def changes(self, query: Query, since: str | None) -> Iterator[Page]:
        """Records that were created or changed since that token, and ids of those that are gone.

        `since` None: all records, and a token. The query's condition is not applied. The last
        page carries the next token: every change up to it is in this page or an earlier one.
        Raises AnchorExpired if the system does not know the token any more.
        """
        ...


@runtime_checkable
class Describer(Connector, Protocol):
    """A connector whose system tells more of single entities than in its whole metadata."""

    def described(self, entities: Sequence[Entity]) -> tuple[Entity, ...]:
        """The same entities in the same order, with all that is to be known of them, such as the
        options of their fields: a request or a few for each.
        """
        ...


@runtime_checkable
class Identified(Connector, Protocol):
    """A connector whose connection can be pointed at records that are not the same ones."""

    def identity(self) -> Identity:
        """Whose records it reads. Links and anchors are of use for these alone."""
        ...


@dataclass(frozen=True, slots=True)
class Place:
    """Where the records of an entity are, as catalogues of data name it. Without credentials."""

    system: str
    """`postgres://db.example.com:5432`, `https://services.example.com`."""
    name: str
    """Within the system: `crm.public.account`, `odata/v4/crm/Accounts`."""


@runtime_checkable
class Placed(Connector, Protocol):
    """A connector that can say where its records are."""

    def place(self, entity: str) -> Place:
        """Where the records of the entity of that name are."""
        ...


@runtime_checkable
class Settler(Connector, Protocol):
    """A connector that knows how far the versions of its records are settled, for entities whose
    capabilities name the field (`settled_by`).
    """

    def settled_version(self, entity: Entity) -> int | None:
        """The greatest version up to which no change can come any more, so that an anchor may
        stand there; None: it could not be told this time.
        """
        ...

    def newest_version(self, entity: Entity) -> int | None:
        """A version that no record of the entity exceeds now, cheaply told; None: not this time.

        Where it is not greater than an anchor that was settled, nothing has changed since.
        """
        ...


@dataclass(frozen=True, slots=True)
class DefaultMapping:
    """The mapping that users of a system begin with."""

    entities: tuple[EntityMapping, ...]
    remarks: tuple[str, ...] = ()
    """What it leaves out, and why; for people, one line each."""


@runtime_checkable
class HasDefaultMapping(Connector, Protocol):
    """A connector of a system that is used in much the same way everywhere."""

    def default_mapping(self, schema: Schema) -> DefaultMapping | None:
        """The mapping with this system as the external one, of what that schema has; None where
        there is nothing to begin with. It asks nothing of the system.
        """
        ...


@runtime_checkable
class Writer(Connector, Protocol):
    """A connector that can also write. Each call is atomic but for the rows it names."""

    def create(
        self,
        entity: Entity,
        records: pa.RecordBatch,
        *,
        replace: bool = False,
        returning: Sequence[str] = (),
    ) -> Written:
        """Insert the records, with their keys where `client_keys` allows to choose them.

        One that is there already is named in `changed`, unless it has these values; with
        `replace` it takes them, where the system can do that. Either way a create with a chosen
        key that is repeated after a crash changes nothing.
        """
        ...

    def update(
        self,
        entity: Entity,
        records: pa.RecordBatch,
        *,
        seen: pa.RecordBatch | None = None,
        given: pa.RecordBatch | None = None,
        returning: Sequence[str] = (),
    ) -> Written:
        """Set the columns given, on the records with the keys given; other fields stay.

        `seen`, row by row, is what the record was when the update was planned: its ETAG, or
        fields of it. One that is otherwise now is named in `changed`. A system with neither etags
        nor conditions writes it all the same. `given` has a boolean column for some of the
        columns of `records`: where it is false, that field of that record stays.
        """
        ...

    def delete(
        self, entity: Entity, keys: pa.RecordBatch, *, seen: pa.RecordBatch | None = None
    ) -> Written:
        """Remove the records with these keys; `seen` as for `update`."""
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
