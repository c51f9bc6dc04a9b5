"""Rows that have had their time: of logs, and of what is settled. Nothing that a run decides by.

Deleted a part at a time, each in a transaction of its own, so that runs never wait for long.
What stays, however old: anchors, links, all that waits, and of the log, of each entity, whatever
tells when it ran and was loaded last. How often it was loaded is counted on.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Table,
    and_,
    delete,
    func,
    or_,
    select,
    tuple_,
    update,
)

from tandem.database import writing
from tandem.state.run_log import SYNCED
from tandem.state.scope import insert_new
from tandem.state.tables import (
    conflict,
    edit,
    expired,
    lease,
    log,
    question,
    rejected,
    schema,
    transaction,
)

SCHEMAS_KEPT: Final = 100
"""Of each side, the newest: as many as `tandem.sync.changed_mapping.gone_between` looks at."""
EDITS_KEPT: Final = 50
"""Of each integration, the newest: as many as can be undone."""
QUESTIONS_KEPT: Final = 100
"""Of each integration, the newest: what was refused is not asked again."""

_ROWS: Final = 2_000
"""Rows that are deleted at once."""
_RUNS: Final = 200
"""Runs of the log that are deleted at once."""
_LOOKED_UP: Final = 50_000
"""Rows that are looked up at once."""

_ERROR_IS_OVER: Final = ~(
    select(rejected.c.record_id)
    .where(
        rejected.c.integration == transaction.c.integration,
        rejected.c.entity == transaction.c.entity,
        rejected.c.status == "waiting",
        rejected.c.record_id.in_((transaction.c.local_id, transaction.c.external_id)),
    )
    .exists()
)
"""No record waits because of it."""

_SETTLED: Final[dict[str, tuple[Table, ColumnElement[bool]]]] = {
    "transactions": (
        transaction,
        or_(
            transaction.c.status.in_(("processed", "archived")),
            and_(transaction.c.status == "error", _ERROR_IS_OVER),
        ),
    ),
    "conflicts": (conflict, conflict.c.status != "open"),
    "rejected": (rejected, rejected.c.status == "archived"),
}
"""What it is called → its table, and which of its rows nobody waits for."""
_NUMBERED: Final[dict[str, tuple[Table, str, str, tuple[str, ...], int]]] = {
    "schemas": (schema, "taken_at", "version", ("integration", "side"), SCHEMAS_KEPT),
    "edits": (edit, "made_at", "id", ("integration",), EDITS_KEPT),
    "questions": (question, "asked_at", "id", ("integration",), QUESTIONS_KEPT),
}
"""What it is called → its table, when a row is from, by what rows are counted, within what, and how
many always stay.
"""
KINDS: Final = ("log", *_SETTLED, *_NUMBERED)
"""What rows can be of."""


class Expiry:
    """Finds and deletes what is older than a point in time, of all integrations."""

    def __init__(self, engine: Engine, before: datetime) -> None:
        self._engine = engine
        self._before = before

    def count(self, kind: str) -> int:
        """How many rows of that kind (see KINDS) would be deleted."""
        if kind == "log":
            return sum(rows for runs in self._old_runs().values() for rows in runs.values())
        query = select(func.count()).select_from(self._table(kind)).where(*self._may_go(kind))
        with self._engine.connect() as connection:
            return connection.scalar(query) or 0

    def delete(self, kind: str) -> int:
        """Delete them; how many they were. Those that came to matter meanwhile stay."""
        if kind == "log":
            return sum(
                self._delete_runs(integration, part)
                for integration, runs in self._old_runs().items()
                for part in _parts(runs, _RUNS)
            )
        gone = 0
        while ids := self._ids(kind):
            deleted = sum(self._delete_rows(kind, part) for part in _parts(ids, _ROWS))
            gone += deleted
            if not deleted:
                break
        return gone

    def _delete_rows(self, kind: str, ids: list[Any]) -> int:
        table = self._table(kind)
        old = delete(table).where(_key(table).in_(ids), self._is_over(kind))
        with writing(self._engine) as connection:
            return connection.execute(old).rowcount

    def _table(self, kind: str) -> Table:
        return _SETTLED[kind][0] if kind in _SETTLED else _NUMBERED[kind][0]

    def _is_over(self, kind: str) -> ColumnElement[bool]:
        """That a row of that kind is old, and nobody waits for it."""
        if kind in _SETTLED:
            table, over = _SETTLED[kind]
            return and_(over, table.c.updated_at < self._before)
        table, at, *_ = _NUMBERED[kind]
        return table.c[at] < self._before

    def _may_go(self, kind: str) -> Iterator[ColumnElement[bool]]:
        yield self._is_over(kind)
        table = self._table(kind)
        if kind in _NUMBERED:
            yield _beyond_the_newest(*_NUMBERED[kind])
        elif "id" in table.c:  # SQLite gives the greatest id again once it is free
            yield table.c.id < select(func.max(table.c.id)).scalar_subquery()

    def _ids(self, kind: str) -> list[Any]:
        """The primary keys of some rows that may go."""
        table = self._table(kind)
        query = select(*table.primary_key).where(*self._may_go(kind)).limit(_LOOKED_UP)
        with self._engine.connect() as connection:
            found = connection.execute(query).all()
        return [row[0] if len(row) == 1 else tuple(row) for row in found]

    def _old_runs(self) -> dict[str, dict[str, int]]:
        """Integration → the runs whose rows in the log may go, and how many these are."""
        found: dict[str, dict[str, int]] = {}
        with self._engine.connect() as connection:
            kept = _runs_that_tell(connection)
            query = select(log.c.integration, log.c.run_id, func.count())
            query = query.group_by(log.c.integration, log.c.run_id)
            old = connection.execute(query.having(func.max(log.c.started_at) < self._before))
            for integration, run_id, rows in old:
                if (integration, run_id) not in kept:
                    found.setdefault(integration, {})[run_id] = rows
        return found

    def _delete_runs(self, integration: str, runs: Iterable[str]) -> int:
        of_runs = and_(log.c.integration == integration, log.c.run_id.in_(list(runs)))
        with writing(self._engine) as connection:
            again = select(log.c.run_id).where(of_runs, log.c.started_at >= self._before)
            mine = and_(of_runs, log.c.run_id.not_in(again))
            _count_on(connection, mine)
            return connection.execute(delete(log).where(mine)).rowcount


def _runs_that_tell(connection: Connection) -> set[tuple[str, str]]:
    """Integration and run of the rows of the log that something is decided by."""
    newest = select(func.max(log.c.id)).group_by(log.c.integration, log.c.entity, log.c.direction)
    kept: set[tuple[str, str]] = set()
    for ids in (newest, newest.where(SYNCED)):
        query = select(log.c.integration, log.c.run_id).where(log.c.id.in_(ids))
        kept |= {(row[0], row[1]) for row in connection.execute(query)}
    held = select(lease.c.integration, lease.c.holder).where(lease.c.holder.is_not(None))
    return kept | {(row[0], row[1]) for row in connection.execute(held)}


def _count_on(connection: Connection, mine: ColumnElement[bool]) -> None:
    """Add the loads among these rows of the log to those that have expired before."""
    loads = func.count(log.c.run_id.distinct())
    query = select(log.c.integration, log.c.entity, loads).where(mine, SYNCED)
    for integration, entity, more in connection.execute(
        query.group_by(log.c.integration, log.c.entity)
    ).all():
        place = {"integration": integration, "entity": entity}
        if not insert_new(connection, expired, {**place, "loads": more}):
            here = and_(*(expired.c[name] == value for name, value in place.items()))
            added = update(expired).where(here).values(loads=expired.c.loads + more)
            connection.execute(added)


def _beyond_the_newest(
    table: Table, _at: str, number: str, within: tuple[str, ...], kept: int
) -> ColumnElement[bool]:
    other = table.alias()
    same = and_(*(other.c[name] == table.c[name] for name in within))
    newer = select(func.count()).where(same, other.c[number] > table.c[number])
    return newer.scalar_subquery() >= kept


def _key(table: Table) -> ColumnElement[Any]:
    first, *others = table.primary_key
    return tuple_(first, *others) if others else first


def _parts(items: Iterable[Any], size: int) -> Iterator[list[Any]]:
    """The items, so many at a time."""
    rest = iter(items)
    while part := list(islice(rest, size)):
        yield part
