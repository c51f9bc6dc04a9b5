"""Transactions: every intended write to a side, and what became of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import delete, func, select, update

from tandem.errors import printable
from tandem.state.among import given_rows
from tandem.state.keys import keys
from tandem.state.scope import INSTANT, Scope
from tandem.state.tables import transaction

SENT_CREATES: Final = pa.schema(
    [("record_id", pa.string()), ("key", pa.string()), ("run_id", pa.string())]
)
PENDING_DELETES: Final = pa.schema(
    [
        ("id", pa.int64()),
        *((name, pa.string()) for name in ("run_id", "side", "external_id", "local_id")),
    ]
)
UNANSWERED: Final = pa.schema(
    [
        ("id", pa.int64()),
        ("side", pa.string()),
        ("operation", pa.string()),
        ("local_id", pa.string()),
        ("external_id", pa.string()),
        ("request", pa.string()),
    ]
)
_NAMED: Final = pa.schema(
    [("operation", pa.string()), ("local_id", pa.string()), ("external_id", pa.string())]
)
_OPEN: Final = pa.schema(
    [("id", pa.int64()), *_NAMED, ("attempts", pa.int64()), ("created_at", INSTANT)]
)
_WITHHELD: Final = pa.schema(
    [("id", pa.int64())] + [(n, pa.string()) for n in ("local_id", "external_id", "request")]
)


@dataclass(frozen=True, slots=True)
class TransactionEntry:
    """One intended write, and what became of it."""

    id: int
    run_id: str
    entity: str
    side: str
    """The side that is written to."""
    operation: str
    local_id: str | None
    external_id: str | None
    status: str
    attempts: int
    error_class: str | None
    error: str | None
    request: str | None
    created_at: datetime
    updated_at: datetime


def begin(
    scope: Scope, side: str, run_id: str, at: datetime, rows: pa.Table, *, status: str
) -> None:
    """Open a transaction for each row: operation, local_id, external_id and request.

    One that is open already is superseded: its attempts are counted on.
    """
    if not rows.num_rows:
        return
    before = _open(scope, side, rows)
    at_row = pc.index_in(_keys(side, before), value_set=_keys(side, rows))
    superseded = before.filter(at_row.is_valid())
    place = pc.index_in(_keys(side, rows), value_set=_keys(side, superseded))
    attempts = pc.fill_null(superseded["attempts"].take(place), 0)
    created = pc.fill_null(superseded["created_at"].take(place), pa.scalar(at, INSTANT))
    rows = (
        rows.select([*_NAMED.names, "request"])
        .append_column("attempts", pc.add(attempts, int(status == "sent")))
        .append_column("created_at", created)
    )
    same = {"side": side, "run_id": run_id, "status": status, "updated_at": at}
    scope.insert(transaction, rows, **same)
    if superseded.num_rows:  # only now: SQLite gives the greatest id again once it is free
        gone = scope.among(transaction.c.id, superseded["id"])
        scope.connection.execute(delete(transaction).where(gone))


def withhold(scope: Scope, side: str, run_id: str, at: datetime, rows: pa.Table) -> None:
    """Have these deletions wait for approval.

    One that waits already stays the same transaction while its request is: people approve it by
    its id.
    """
    mine = scope.mine(transaction, side=side, operation="delete", status="pending")
    waiting = _WITHHELD.empty_table()
    if rows.num_rows and scope.any(*mine):
        mine.append(scope.among_found(transaction, local_id=rows["local_id"]))
        query = select(*(transaction.c[name] for name in _WITHHELD.names)).where(*mine)
        waiting = scope.rows(query, _WITHHELD)
    before, now = (keys(*(t[name] for name in _WITHHELD.names[1:])) for t in (waiting, rows))
    again = waiting["id"].filter(pc.is_in(before, value_set=now))
    if len(again):
        stays = update(transaction).where(scope.among(transaction.c.id, again))
        scope.connection.execute(stays.values(run_id=run_id, updated_at=at))
    others = rows.filter(pc.invert(pc.is_in(now, value_set=before)))
    begin(scope, side, run_id, at, others, status="pending")


def settle(scope: Scope, side: str, status: str, rows: pa.Table, *, at: datetime) -> None:
    """Finish the open transactions of these rows: operation, local_id, external_id.

    The columns error_class and error may be there too. A create gets the id that it was given.
    """
    found = _open(scope, side, rows)
    place = pc.index_in(_keys(side, found), value_set=_keys(side, rows))
    found, place = found.filter(place.is_valid()), place.drop_null()
    if not found.num_rows:
        return
    result = {
        "id": found["id"],
        "given_id": rows[f"{side}_id"].take(place),
        "error_class": _optional(rows, "error_class").take(place),
        "error": _shown(_optional(rows, "error").take(place)),
    }
    given = given_rows(scope.connection, pa.table(result))
    written = transaction.c[f"{side}_id"]
    finished = {
        "status": status,
        written.name: func.coalesce(given.c.given_id, written),
        "error_class": given.c.error_class,
        "error": given.c.error,
        "updated_at": at,
    }
    one = transaction.c.id == given.c.id
    scope.connection.execute(update(transaction).where(one).values(finished))


def sent_creates(scope: Scope, side: str, ids: pa.Array) -> pa.Table:
    """Of these ids of the other side, those whose create was sent and not answered."""
    names = (f"{_other(side)}_id", f"{side}_id", "run_id")
    return _unanswered(scope, side, names, ids).rename_columns(SENT_CREATES.names)


def chosen_keys(scope: Scope, external_ids: pa.Array) -> pa.Table:
    """Of these ids, those chosen for an external create that was sent and not answered."""
    return _unanswered(scope, "external", ("external_id", "local_id"), external_ids)


def unanswered(scope: Scope, run_id: str) -> pa.Table:
    """Writes of other runs than this one that were sent and whose answer is not known."""
    mine = [*scope.mine(transaction, status="sent"), transaction.c.run_id != run_id]
    query = select(*(transaction.c[name] for name in UNANSWERED.names)).where(*mine)
    return scope.rows(query.order_by(transaction.c.id), UNANSWERED)


def has_blind_creates(scope: Scope) -> bool:
    """Whether an external create without a chosen key was sent and not answered."""
    mine = scope.mine(transaction, side="external", operation="create", status="sent")
    return scope.any(*mine, transaction.c.external_id.is_(None))


def pending_deletes(scope: Scope) -> pa.Table:
    """Deletes that wait for approval, oldest first."""
    mine = scope.mine(transaction, operation="delete", status="pending")
    query = select(*(transaction.c[name] for name in PENDING_DELETES.names)).where(*mine)
    return scope.rows(query.order_by(transaction.c.id), PENDING_DELETES)


def withheld(scope: Scope, *, limit: int) -> list[TransactionEntry]:
    """Deletes that wait for approval, newest first."""
    mine = scope.mine(transaction, operation="delete", status="pending")
    rows = scope.newest(TransactionEntry, transaction, mine, by=("id",), limit=limit)
    return [TransactionEntry(**row) for row in rows]


def deleted(scope: Scope, run_id: str, side: str, local_ids: pa.Array) -> pa.Array:
    """Of these pairs, by their local ids, those whose record on that side the run deleted."""
    mine = scope.mine(transaction, operation="delete", status="processed", side=side, run_id=run_id)
    mine.append(scope.among(transaction.c.local_id, local_ids))
    return pa.array(scope.connection.scalars(select(transaction.c.local_id).where(*mine)).all())


def listed(
    scope: Scope, *, local_id: str | None, external_id: str | None, limit: int
) -> list[TransactionEntry]:
    """Those of the record with these ids (None: any), newest first."""
    mine = scope.mine(transaction, local_id=local_id, external_id=external_id)
    rows = scope.newest(TransactionEntry, transaction, mine, by=("id",), limit=limit)
    return [TransactionEntry(**row) for row in rows]


def archive(
    scope: Scope, statuses: Sequence[str], ids: Sequence[int] | None, *, at: datetime
) -> int:
    """Those of these statuses with these ids (None: all) are archived; how many there were."""
    mine = [*scope.mine(transaction), transaction.c.status.in_(statuses)]
    if ids is not None:
        mine.append(scope.among(transaction.c.id, pa.array(ids, pa.int64())))
    done = update(transaction).where(*mine).values(status="archived", updated_at=at)
    return scope.connection.execute(done).rowcount


def _unanswered(scope: Scope, side: str, names: tuple[str, ...], ids: pa.Array) -> pa.Table:
    """These columns of creates on that side, found by these ids in the first."""
    schema = pa.schema([(name, pa.string()) for name in names])
    mine = scope.mine(transaction, side=side, operation="create", status="sent")
    if not len(ids) or not scope.any(*mine):
        return schema.empty_table()
    mine.append(scope.among_found(transaction, **{names[0]: ids}))
    query = select(*(transaction.c[name] for name in names)).where(*mine)
    return scope.rows(query.order_by(transaction.c.id), schema)


def _open(scope: Scope, side: str, rows: pa.Table) -> pa.Table:
    """The open transactions about one of the ids of these rows."""
    found = [_OPEN.empty_table()]
    ids = {name: rows[name] for name in ("local_id", "external_id")}
    # PostgreSQL finds rows by one status, also where it has counted nothing yet; not by two.
    for status in ("pending", "sent"):
        mine = scope.mine(transaction, side=side, status=status)
        if rows.num_rows and scope.any(*mine):
            mine.append(scope.among_found(transaction, **ids))
            query = select(*(transaction.c[name] for name in _OPEN.names)).where(*mine)
            found.append(scope.rows(query, _OPEN))
    return pa.concat_tables(found)


def _keys(side: str, rows: pa.Table) -> pa.Array:
    """What a transaction is about: a create may not know the id that it will be given."""
    create = pc.equal(rows["operation"], "create")
    written = pc.if_else(create, pa.scalar(None, pa.string()), rows[f"{side}_id"])
    return keys(rows["operation"], rows[f"{_other(side)}_id"], written)


def _other(side: str) -> str:
    return {"local": "external", "external": "local"}[side]


def _optional(rows: pa.Table, name: str) -> pa.Array:
    return rows[name] if name in rows.schema.names else pa.nulls(len(rows), pa.string())


def _shown(errors: pa.Array) -> pa.Array:
    return pa.array([e and printable(e) for e in errors.to_pylist()], pa.string())
