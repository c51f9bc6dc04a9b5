"""Records that could not be applied, kept with their reasons."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

import pyarrow as pa
from sqlalchemy import delete, func, insert, literal, select, tuple_, update

from tandem.errors import printable
from tandem.state.scope import INSTANT, Scope
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


class Place(NamedTuple):
    """Where a record is in the list, by what it is ordered by."""

    updated_at: datetime
    record_id: str
    entity: str
    side: str


@dataclass(frozen=True, slots=True)
class ReasonEntry:
    """A reason that records wait for."""

    entity: str
    side: str
    error_class: str
    error: str
    count: int
    newest: datetime


_PLACES: Final[Any] = tuple_(*(rejected.c[name] for name in Place._fields))
WAITING: Final = pa.schema(
    [("record_id", pa.string()), ("error", pa.string()), ("updated_at", INSTANT)]
)


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


def listed(
    scope: Scope, *, status: str, record_id: str | None, limit: int, before: Place | None = None
) -> list[RejectedEntry]:
    """Those of that status (after `before`), newest first."""
    mine = scope.mine(rejected, status=status, record_id=record_id)
    if before:
        mine.append(_place(before) > _PLACES)
    rows = scope.newest(RejectedEntry, rejected, mine, by=Place._fields, limit=limit)
    return [RejectedEntry(**row) for row in rows]


def reasons_given(scope: Scope, *, limit: int) -> list[ReasonEntry]:
    """The different reasons of those that wait, the newest first."""
    names = ("entity", "side", "error_class", "error")
    columns = [rejected.c[name] for name in names]
    newest = func.max(rejected.c.updated_at)
    query = (
        select(*columns, func.count().label("count"), newest.label("newest"))
        .where(*scope.mine(rejected, status="waiting"))
        .group_by(*columns)
        .order_by(newest.desc(), *columns)
        .limit(limit)
    )
    return [ReasonEntry(**row) for row in scope.connection.execute(query).mappings()]


def waiting_since(
    scope: Scope, side: str, error_class: str, *, after: Place | None, until: datetime
) -> pa.Table:
    """Those of that side and class that were rejected up to then, oldest first, as WAITING."""
    mine = scope.mine(rejected, side=side, status="waiting", error_class=error_class)
    mine.append(rejected.c.updated_at <= until)
    if after:
        mine.append(_place(after) < _PLACES)
    query = select(*(rejected.c[name] for name in WAITING.names)).where(*mine)
    return scope.rows(query.order_by(*(rejected.c[name] for name in Place._fields)), WAITING)


def of_ids(scope: Scope, side: str, ids: pa.Array) -> list[RejectedEntry]:
    """Those of these records of that side that wait."""
    mine = scope.mine(rejected, side=side, status="waiting")
    mine.append(scope.among(rejected.c.record_id, ids))
    rows = scope.newest(RejectedEntry, rejected, mine, by=Place._fields, limit=len(ids))
    return [RejectedEntry(**row) for row in rows]


def _place(place: Place) -> Any:
    values = place._asdict().items()
    return tuple_(*(literal(value, rejected.c[name].type) for name, value in values))


def reasons(scope: Scope, side: str, ids: pa.Array) -> dict[str, str]:
    """Of these records of that side, those that wait, and why."""
    mine = scope.mine(rejected, side=side, status="waiting")
    if not len(ids) or not scope.any(*mine):
        return {}
    mine.append(scope.among(rejected.c.record_id, ids))
    query = select(rejected.c.record_id, rejected.c.error).where(*mine)
    return {row.record_id: row.error for row in scope.connection.execute(query)}


def archive(scope: Scope, side: str, ids: pa.Array | None, *, at: datetime) -> int:
    """Those of that side with these ids (None: all) wait no longer; how many there were."""
    mine = scope.mine(rejected, side=side, status="waiting")
    if ids is not None:
        mine.append(scope.among(rejected.c.record_id, ids))
    done = update(rejected).where(*mine).values(status="archived", updated_at=at)
    return scope.connection.execute(done).rowcount
