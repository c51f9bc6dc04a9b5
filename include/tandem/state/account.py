"""What is written about one batch, in one transaction: links, rejected records, lookups."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa
from sqlalchemy import ColumnElement, Connection, delete, insert, select

from tandem.state.among import among
from tandem.state.links import Links
from tandem.state.tables import deferred, rejected

DEFERRED = pa.schema(
    [(name, pa.string()) for name in ("external_id", "local_id", "field", "target", "value")]
)


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record that could not be applied."""

    record_id: str
    error: str
    payload: str | None = None
    error_class: str = "record"
    """`dependency` where it waits for another record, else `record`."""


class Account:
    """The open account of one batch of one entity mapping."""

    def __init__(self, connection: Connection, integration: str, entity: str) -> None:
        self._connection = connection
        self._scope = {"integration": integration, "entity": entity}
        self.links = Links(connection, integration, entity)

    def reject(self, records: Sequence[Rejected], *, side: str, run_id: str, at: datetime) -> None:
        """Keep records of that side with their reasons; one rejected before counts up."""
        if not records:
            return
        before = self._forget_rejected(pa.array([r.record_id for r in records]), side)
        rows = [
            {
                **self._scope,
                "side": side,
                "record_id": record.record_id,
                "run_id": run_id,
                "status": "waiting",
                "attempts": before.get(record.record_id, 0) + 1,
                "error_class": record.error_class,
                "error": record.error,
                "payload": record.payload,
                "created_at": at,
                "updated_at": at,
            }
            for record in {record.record_id: record for record in records}.values()
        ]
        self._connection.execute(insert(rejected), rows)

    def accept(self, ids: pa.Array, *, side: str) -> None:
        """Records of that side that were applied are rejected no longer."""
        self._forget_rejected(ids, side)

    def defer(self, lookups: pa.Table, *, of: pa.Array, at: datetime) -> None:
        """Remember the lookups whose partner is missing, as DEFERRED.

        `of` are the external ids of all records that were written: what was deferred for them
        before is over, whether their lookups now have a partner or refer to nothing.
        """
        self._settle(of)
        if lookups.num_rows:
            rows = [{**self._scope, "created_at": at, **row} for row in lookups.to_pylist()]
            self._connection.execute(insert(deferred), rows)

    def settle(self, ids: pa.Array, field: str) -> None:
        """The lookups in this field of these external records have been completed."""
        self._settle(ids, deferred.c.field == field)

    def _settle(self, ids: pa.Array, *conditions: ColumnElement[bool]) -> None:
        mine = [deferred.c[name] == value for name, value in self._scope.items()]
        mine += conditions
        if self._connection.execute(select(deferred.c.external_id).where(*mine).limit(1)).first():
            mine.append(among(self._connection, deferred.c.external_id, ids))
            self._connection.execute(delete(deferred).where(*mine))

    def _forget_rejected(self, ids: pa.Array, side: str) -> dict[str, int]:
        """Remove what is known of these; the attempts that each has had."""
        mine = [rejected.c[name] == value for name, value in self._scope.items()]
        mine.append(rejected.c.side == side)
        if self._connection.execute(select(rejected.c.record_id).where(*mine).limit(1)).first():
            mine.append(among(self._connection, rejected.c.record_id, ids))
            query = select(rejected.c.record_id, rejected.c.attempts).where(*mine)
            attempts = {row.record_id: row.attempts for row in self._connection.execute(query)}
            self._connection.execute(delete(rejected).where(*mine))
            return attempts
        return {}
