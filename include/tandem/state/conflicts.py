"""Records that were changed on both sides: who won, or that a person has to say so."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import delete, select, update

from tandem.state.keys import keys
from tandem.state.scope import INSTANT, Scope
from tandem.state.tables import conflict

Fields = Mapping[str, Mapping[str, str | None]]
"""Field → its values as texts: `base`, `local` and `external`."""

_PAIR: Final = pa.schema([("local_id", pa.string()), ("external_id", pa.string())])
_OPEN: Final = pa.schema(
    [("id", pa.int64()), *_PAIR, ("fields", pa.string()), ("created_at", INSTANT)]
)


@dataclass(frozen=True, slots=True)
class Conflict:
    """A pair of records that both sides have changed."""

    local_id: str | None
    external_id: str | None
    kind: str
    """`edited`: both; `deleted`: one of them; `changed`: again, while we were writing it."""
    fields: Fields
    decision: str | None = None
    """Who won; None where a person has to decide."""


@dataclass(frozen=True, slots=True)
class ConflictEntry:
    """A conflict as it is kept."""

    entity: str
    local_id: str | None
    external_id: str | None
    run_id: str
    kind: str
    status: str
    """`open`, `resolved` (it waited and is over) or `decided` (by the policy, at once)."""
    decision: str | None
    fields: Fields
    created_at: datetime
    updated_at: datetime


def put(scope: Scope, conflicts: Sequence[Conflict], *, run_id: str, at: datetime) -> None:
    """Keep these; an open one of the same pair is replaced, and was created when that was.

    One that tells of other values stays as resolved: they may be nowhere else any more.
    """
    if not conflicts:
        return
    rows = pa.table(
        {
            "local_id": pa.array([c.local_id for c in conflicts], pa.string()),
            "external_id": pa.array([c.external_id for c in conflicts], pa.string()),
            "kind": [c.kind for c in conflicts],
            "status": ["decided" if c.decision else "open" for c in conflicts],
            "decision": pa.array([c.decision for c in conflicts], pa.string()),
            "fields": [json.dumps(c.fields, ensure_ascii=False) for c in conflicts],
        }
    )
    created = _take_open(scope, rows, at)
    created = pc.fill_null(created, pa.scalar(at, INSTANT))
    rows = rows.append_column("created_at", created)
    scope.insert(conflict, rows, run_id=run_id, updated_at=at)


def resolve(
    scope: Scope, external_ids: pa.Array | None, local_ids: pa.Array | None, *, at: datetime
) -> None:
    """What was open of these records is over."""
    mine = scope.mine(conflict, status="open")
    given = {"external_id": external_ids, "local_id": local_ids}
    ids = {name: some for name, some in given.items() if some is not None and len(some)}
    if ids and scope.any(*mine):
        mine.append(scope.among_found(conflict, **ids))
        over = update(conflict).where(*mine).values(status="resolved", updated_at=at)
        scope.connection.execute(over)


def listed(
    scope: Scope, *, status: str | None, record_id: str | None, limit: int
) -> list[ConflictEntry]:
    """Those of that status (None: any), of that external or local record (None: all)."""
    mine = [*scope.mine(conflict, status=status), *scope.of_record(conflict, record_id)]
    rows = scope.newest(ConflictEntry, conflict, mine, by=("updated_at", "id"), limit=limit)
    return [ConflictEntry(**{**row, "fields": json.loads(row["fields"])}) for row in rows]


def _take_open(scope: Scope, rows: pa.Table, at: datetime) -> pa.Array:
    """No conflict of these pairs is open any more; when each was created, null where none was."""
    mine = scope.mine(conflict, status="open")
    if not scope.any(*mine):
        return pa.nulls(len(rows), INSTANT)
    mine.append(scope.among_found(conflict, **{name: rows[name] for name in _PAIR.names}))
    found = scope.rows(select(*(conflict.c[n] for n in _OPEN.names)).where(*mine), _OPEN)
    pairs, pairs_found = (keys(*(t[name] for name in _PAIR.names)) for t in (rows, found))
    same = found.filter(pc.is_in(pairs_found, value_set=pairs))
    told = pc.is_in(_told(same), value_set=_told(rows))
    again, others = same["id"].filter(told), same["id"].filter(pc.invert(told))
    scope.connection.execute(delete(conflict).where(scope.among(conflict.c.id, again)))
    over = update(conflict).where(scope.among(conflict.c.id, others))
    scope.connection.execute(over.values(status="resolved", updated_at=at))
    return found["created_at"].take(pc.index_in(pairs, value_set=pairs_found))


def _told(rows: pa.Table) -> pa.Array:
    """The pairs with what is told of them."""
    return keys(*(rows[name] for name in (*_PAIR.names, "fields")))
