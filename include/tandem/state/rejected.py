"""Records that could not be applied, kept with their reasons."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa
from sqlalchemy import delete, insert, select, update

from tandem.errors import printable
from tandem.state.scope import Scope
from tandem.state.tables import rejected


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record that could not be applied."""

    record_id: str
    error: str
    payload: str | None = None
    error_class: str = "record"
    """`dependency` where it waits for another record, else `record`."""


@dataclass(frozen=True, slots=True)
class RejectedEntry:
    """A rejected record as it is kept."""

    entity: str
    side: str
    """The side that the record was read from."""
    record_id: str
    run_id: str
    status: str
    attempts: int
    error_class: str
    error: str
    payload: str | None
    created_at: datetime
    updated_at: datetime


def put(scope: Scope, records: Sequence[Rejected], *, side: str, run_id: str, at: datetime) -> None:
    """Keep records of that side with their reasons; one rejected before counts up."""
    if not records:
        return
    before = forget(scope, pa.array([r.record_id for r in records]), side)
    rows = [
        {
            **scope.place,
            "side": side,
            "record_id": record.record_id,
            "run_id": run_id,
            "status": "waiting",
            "attempts": before.get(record.record_id, 0) + 1,
            "error_class": record.error_class,
            "error": printable(record.error),
            "payload": record.payload,
            "created_at": at,
            "updated_at": at,
        }
        for record in {record.record_id: record for record in records}.values()
    ]
    scope.connection.execute(insert(rejected), rows)


def forget(scope: Scope, ids: pa.Array, side: str) -> dict[str, int]:
    """Remove what is known of these; the attempts that each has had."""
    mine = scope.mine(rejected, side=side)
    if not scope.any(*mine):
        return {}
    mine.append(scope.among(rejected.c.record_id, ids))
    query = select(rejected.c.record_id, rejected.c.attempts).where(*mine)
    attempts = {row.record_id: row.attempts for row in scope.connection.execute(query)}
    scope.connection.execute(delete(rejected).where(*mine))
    return attempts


def waiting(scope: Scope, error_class: str, side: str) -> list[str]:
    """Ids of the records of that side and class."""
    mine = scope.mine(rejected, side=side, status="waiting", error_class=error_class)
    return list(scope.connection.scalars(select(rejected.c.record_id).where(*mine)))


def listed(scope: Scope, *, status: str, record_id: str | None, limit: int) -> list[RejectedEntry]:
    """Those of that status, newest first."""
    mine = scope.mine(rejected, status=status, record_id=record_id)
    by = ("updated_at", "record_id")
    rows = scope.newest(RejectedEntry, rejected, mine, by=by, limit=limit)
    return [RejectedEntry(**row) for row in rows]


def archive(scope: Scope, side: str, ids: pa.Array | None, *, at: datetime) -> int:
    """Those of that side with these ids (None: all) wait no longer; how many there were."""
    mine = scope.mine(rejected, side=side, status="waiting")
    if ids is not None:
        mine.append(scope.among(rejected.c.record_id, ids))
    done = update(rejected).where(*mine).values(status="archived", updated_at=at)
    return scope.connection.execute(done).rowcount
