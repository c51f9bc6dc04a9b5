"""The log for people: runs, newest first and a page at a time.

A run's place is that of its last row. The log is walked from its end, in steps that grow, until a
page is full: what is looked at depends on the runs that are given, not on how long the log is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple, Protocol

from sqlalchemy import (
    ColumnElement,
    Row,
    and_,
    case,
    distinct,
    func,
    select,
)

from tandem.model.changes import Counts
from tandem.state.run_log import LogEntry, entry
from tandem.state.scope import Scope
from tandem.state.tables import log

STATUSES: Final = ("success", "partial", "failed", "running")
"""From what is no trouble to what says nothing yet: a run has the last that an entity of it has."""

_RANK: Final = case({status: n for n, status in enumerate(STATUSES)}, value=log.c.status)
_LONGEST_STEP: Final = 20_000


@dataclass(frozen=True, slots=True)
class LoggedRun:
    """One run: all of its entities, or the one that was asked for."""

    run_id: str
    place: int
    """Where it is in the log: the runs before it have smaller ones. A page ends with one."""
    kind: str
    mode: str
    """full or incremental; `mixed` if some entities were read this way, and some that way."""
    started_at: datetime
    finished_at: datetime | None
    """None while an entity of it has not ended."""
    status: str
    counts: dict[str, Counts]
    """Direction → its records, for each direction that the run went."""
    entities: int


class RunFilter(NamedTuple):
    """Which runs are asked for; None: any."""

    entity: str | None = None
    status: str | None = None
    kind: str | None = None


class HistoryReader(Protocol):
    """What the log says about runs."""

    def runs(
        self, asked: RunFilter, *, before: int | None = None, limit: int = 20
    ) -> list[LoggedRun]:
        """Runs whose place is before that, the newest first."""
        ...

    def run_entries(self, run_id: str) -> list[LogEntry]:
        """All entities of a run, in the order in which they began."""
        ...

    def logged_entities(self) -> list[str]:
        """All entities that the log knows, in order of their names."""
        ...

    def at_work(self, now: datetime) -> str | None:
        """The run that holds the lease."""
        ...


def runs(
    scope: Scope, asked: RunFilter, *, before: int | None = None, limit: int = 20
) -> list[LoggedRun]:
    """Runs whose place is before that, the newest first."""
    places = _places(scope, asked, before=before, limit=limit)
    sums = _sums(scope, asked.entity, list(places))
    entities = _entities_of(scope, asked.entity, list(places))
    return [_run(run_id, place, sums[run_id], entities[run_id]) for run_id, place in places.items()]


def of_run(scope: Scope, run_id: str) -> list[LogEntry]:
    """All entities of a run, in the order in which they began."""
    query = select(log).where(*scope.mine(log, run_id=run_id)).order_by(log.c.id)
    return [entry(row) for row in scope.connection.execute(query).mappings()]


def entities(scope: Scope) -> list[str]:
    """All entities that the log knows, in order of their names.

    Each is looked up after the one before it: a `distinct` would read the whole log.
    """
    mine = log.c.integration == scope.integration
    names = select(func.min(log.c.entity).label("entity")).where(mine).cte("names", recursive=True)
    after = select(func.min(log.c.entity)).where(mine, log.c.entity > names.c.entity)
    known = names.c.entity.is_not(None)
    names = names.union_all(select(after.scalar_subquery()).where(known))
    return list(scope.connection.scalars(select(names.c.entity).where(names.c.entity.is_not(None))))


def _places(scope: Scope, asked: RunFilter, *, before: int | None, limit: int) -> dict[str, int]:
    """Run → its place, for a page of runs."""
    found: dict[str, int] = {}
    below, step = before, 4 * limit
    while len(found) < limit:
        seen = _walked(scope, asked, below, step)
        new = [row.run_id for row in seen if row.run_id not in found]
        found |= _fitting(scope, asked, new, before)
        if sum(row.rows for row in seen) < step:
            break
        below, step = min(row.first for row in seen), min(10 * step, _LONGEST_STEP)
    newest = sorted(found.items(), key=lambda run: run[1], reverse=True)
    return dict(newest[:limit])


def _walked(scope: Scope, asked: RunFilter, below: int | None, step: int) -> Sequence[Row[Any]]:
    """The runs of so many rows that fit, below that one."""
    conditions = [*scope.mine(log, **asked._asdict())]
    if below is not None:
        conditions.append(log.c.id < below)
    rows = select(log.c.run_id, log.c.id).where(*conditions).order_by(log.c.id.desc()).limit(step)
    row = rows.subquery("walked").c
    columns = row.run_id, func.min(row.id).label("first"), func.count().label("rows")
    return scope.connection.execute(select(*columns).group_by(row.run_id)).all()


def _fitting(
    scope: Scope, asked: RunFilter, run_ids: Sequence[str], before: int | None
) -> dict[str, int]:
    """Of these runs, those that are before that place and have that status: run → place."""
    of_runs = _of_runs(scope, asked.entity, run_ids)
    query = select(log.c.run_id, func.max(log.c.id), func.max(_RANK)).where(of_runs)
    wanted = None if asked.status is None else STATUSES.index(asked.status)
    return {
        run_id: place
        for run_id, place, rank in scope.connection.execute(query.group_by(log.c.run_id))
        if wanted in (None, rank) and (before is None or place < before)
    }


def _sums(scope: Scope, entity: str | None, run_ids: Sequence[str]) -> dict[str, list[Row[Any]]]:
    """Run → a row for each direction."""
    columns = (
        log.c.run_id,
        log.c.direction,
        func.min(log.c.kind).label("kind"),
        func.min(log.c.mode).label("mode"),
        func.max(log.c.mode).label("other_mode"),
        func.min(log.c.started_at).label("started_at"),
        func.max(log.c.finished_at).label("finished_at"),
        func.count(log.c.finished_at).label("finished"),
        func.count().label("all_rows"),
        func.max(_RANK).label("rank"),
        *(func.sum(log.c[name]).label(name) for name in Counts.model_fields),
    )
    of_runs = _of_runs(scope, entity, run_ids)
    query = select(*columns).where(of_runs).group_by(log.c.run_id, log.c.direction)
    found: dict[str, list[Row[Any]]] = {}
    for row in scope.connection.execute(query.order_by(log.c.direction)):
        found.setdefault(row.run_id, []).append(row)
    return found


def _entities_of(scope: Scope, entity: str | None, run_ids: Sequence[str]) -> dict[str, int]:
    """Run → how many entities it has."""
    count = func.count(distinct(log.c.entity)).label("entities")
    query = select(log.c.run_id, count).where(_of_runs(scope, entity, run_ids))
    found = scope.connection.execute(query.group_by(log.c.run_id))
    return {row.run_id: row.entities for row in found}


def _of_runs(scope: Scope, entity: str | None, run_ids: Sequence[str]) -> ColumnElement[bool]:
    return and_(*scope.mine(log, entity=entity), log.c.run_id.in_(run_ids))


def _run(run_id: str, place: int, rows: Sequence[Row[Any]], entities: int) -> LoggedRun:
    modes = {mode for row in rows for mode in (row.mode, row.other_mode)}
    ended = all(row.finished == row.all_rows for row in rows)
    return LoggedRun(
        run_id=run_id,
        place=place,
        kind=rows[0].kind,
        mode=modes.pop() if len(modes) == 1 else "mixed",
        started_at=min(row.started_at for row in rows),
        finished_at=max(row.finished_at for row in rows) if ended else None,
        status=STATUSES[max(row.rank for row in rows)],
        counts={row.direction: _counts(row) for row in rows},
        entities=entities,
    )


def _counts(row: Row[Any]) -> Counts:
    return Counts(**{name: int(row._mapping[name]) for name in Counts.model_fields})
