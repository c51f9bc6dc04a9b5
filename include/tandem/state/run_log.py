"""The log: what became of each entity of each run."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import RowMapping, and_, func, insert, select, update

from tandem.model.changes import Counts
from tandem.state.scope import Scope
from tandem.state.tables import expired, log, syncanchor

LOADED: Final = log.c.status.in_(("success", "partial"))
"""That a run has loaded the entity, wholly or in part."""
SYNCED: Final = and_(log.c.kind == "sync", LOADED)
"""That the run was a sync of all that changed, too."""


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One entity of one run."""

    run_id: str
    entity: str
    direction: str
    mode: str
    started_at: datetime
    finished_at: datetime | None
    status: str
    message: str
    counts: Counts
    kind: str = "sync"
    """sync, import, export; window: a sync of a window of time; asked: what somebody decided about
    records.
    """


def start(
    scope: Scope, key: Mapping[str, str], *, mode: str, at: datetime, kind: str = "sync"
) -> None:
    """An entity of a run has begun, perhaps again."""
    nothing = dict.fromkeys(("all", *Counts.model_fields), 0)
    begun = {
        "mode": mode,
        "kind": kind,
        "started_at": at,
        "status": "running",
        "message": "",
        **nothing,
    }
    again = update(log).where(*scope.mine(log, **key)).values(**begun, finished_at=None)
    if scope.connection.execute(again).rowcount == 0:
        scope.connection.execute(insert(log).values({**scope.place, **key, **begun}))


def has_synced(scope: Scope) -> bool:
    """Whether a sync, not only an import, export or window, has loaded the entity. Its run may have
    been repeated as something else since, but nothing else sets anchors.
    """
    return scope.any(*scope.mine(log), SYNCED) or scope.any(*scope.mine(syncanchor))


def note_mode(scope: Scope, key: Mapping[str, str], mode: str) -> None:
    """How it was read."""
    scope.connection.execute(update(log).where(*scope.mine(log, **key)).values(mode=mode))


def finish(
    scope: Scope,
    key: Mapping[str, str],
    *,
    status: str,
    counts: Counts,
    message: str,
    at: datetime,
) -> None:
    """What became of it."""
    ended = {"status": status, "message": message, "finished_at": at}
    values = {**ended, "all": counts.all, **counts.model_dump()}
    scope.connection.execute(update(log).where(*scope.mine(log, **key)).values(values))


def wait(scope: Scope, run_id: str, message: str, *, failure: str) -> None:
    """What failed for that reason has not: it goes on later."""
    failed = scope.mine(log, run_id=run_id, status="failed", message=failure)
    goes_on = {"status": "running", "message": message, "finished_at": None}
    scope.connection.execute(update(log).where(*failed).values(goes_on))


def wait_no_more(scope: Scope, run_id: str, message: str, *, at: datetime) -> None:
    """It goes on no more: what still runs has failed."""
    running = scope.mine(log, run_id=run_id, status="running")
    ended = {"status": "failed", "message": message, "finished_at": at}
    scope.connection.execute(update(log).where(*running).values(ended))


def loads(scope: Scope) -> int:
    """How many syncs have loaded the entity, also those that have expired."""
    logged = select(func.count(log.c.run_id.distinct())).where(*scope.mine(log), SYNCED)
    gone = select(func.coalesce(func.sum(expired.c.loads), 0)).where(*scope.mine(expired))
    # In one statement: rows expire at any moment.
    query = select(logged.scalar_subquery() + gone.scalar_subquery())
    return int(scope.connection.scalar(query) or 0)


def entries(scope: Scope, *, run_id: str | None, limit: int) -> list[LogEntry]:
    """The log of that run (None: of all), newest first."""
    query = select(log).where(*scope.mine(log, run_id=run_id)).order_by(log.c.id.desc())
    return [entry(row) for row in scope.connection.execute(query.limit(limit)).mappings()]


def entry(row: RowMapping) -> LogEntry:
    """A row of the table as an entry."""
    counts = Counts(**{name: row[name] for name in Counts.model_fields})
    rest = {name: row[name] for name in LogEntry.__slots__ if name != "counts"}
    return LogEntry(**rest, counts=counts)
