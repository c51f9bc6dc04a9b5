"""Records that the next run reads by id, whatever the anchors say."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import delete, select

from tandem.state.scope import Scope
from tandem.state.tables import recheck

RECHECKS = pa.schema([("record_id", pa.string()), ("policy", pa.string())])


WAITS: Final = "a lookup waits for its partner"
"""The reason of a record that was written without a lookup, in a two-way mapping."""


@dataclass(frozen=True, slots=True)
class RecheckEntry:
    """A record that the next run reads by id."""

    entity: str
    side: str
    record_id: str
    created_at: datetime
    """When it was looked at last."""


def put(
    scope: Scope, side: str, ids: pa.Array, *, reason: str, policy: str | None, at: datetime
) -> None:
    """Ask for these records of that side; each is asked for once, the last reason counts.

    A person's decision stays until it was carried out: `policy` None does not take it back.
    """
    if not len(ids):
        return
    ids = ids.unique()
    before = found(scope, side, ids)
    remove(scope, side, ids)
    decided = before["policy"].take(pc.index_in(ids, value_set=before["record_id"]))
    policies = decided if policy is None else pa.repeat(policy, len(ids))
    rows = pa.table([ids, policies], schema=RECHECKS)
    scope.insert(recheck, rows, side=side, reason=reason, created_at=at)


def remove(scope: Scope, side: str, ids: pa.Array, until: datetime | None = None) -> None:
    """These need not be asked for any more; with `until`, only those asked for up to then."""
    mine = scope.mine(recheck, side=side)
    if until is not None:
        mine.append(recheck.c.created_at <= until)
    if len(ids) and scope.any(*mine):
        mine.append(scope.among(recheck.c.record_id, ids))
        scope.connection.execute(delete(recheck).where(*mine))


def found(scope: Scope, side: str, ids: pa.Array | None = None) -> pa.Table:
    """Those of that side, among these ids, as RECHECKS."""
    mine = scope.mine(recheck, side=side)
    if ids is not None:
        mine.append(scope.among(recheck.c.record_id, ids))
    query = select(recheck.c.record_id, recheck.c.policy).where(*mine)
    return scope.rows(query.order_by(recheck.c.record_id), RECHECKS)


def listed(scope: Scope, reason: str, *, limit: int) -> list[RecheckEntry]:
    """Those that are read for that reason, newest first."""
    mine = scope.mine(recheck, reason=reason)
    by = ("created_at", "entity", "side", "record_id")
    return [
        RecheckEntry(**row) for row in scope.newest(RecheckEntry, recheck, mine, by=by, limit=limit)
    ]
