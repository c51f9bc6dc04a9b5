"""How the entities of an integration stand: what waits, what ran last, and what was loaded last.

Few statements, whatever the number of entities, and none that reads the whole log.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

import pyarrow as pa
from sqlalchemy import FromClause, ScalarSelect, Table, func, select

from tandem.state.among import given_rows
from tandem.state.rechecks import WAITS
from tandem.state.run_log import LOADED, LogEntry, entry
from tandem.state.scope import Scope
from tandem.state.tables import conflict, deferred, link, log, recheck, rejected, transaction

Way = tuple[str, str]
"""External entity and direction."""

_DIRECTIONS: Final = ("download", "upload")


@dataclass(frozen=True, slots=True)
class Waits:
    """How many records of an entity wait, by what they wait for."""

    conflicts: int = 0
    """Open: a person decides."""
    rejected: int = 0
    """Could not be applied, and are not archived."""
    deferred: int = 0
    """Lookups whose partner is missing: of records that are only downloaded, and two-way records
    that were written without one.
    """
    deletions: int = 0
    """Withheld until somebody approves them."""

    @property
    def all(self) -> int:
        """All of them."""
        return self.conflicts + self.rejected + self.deferred + self.deletions

    @classmethod
    def sum(cls, waits: Iterable["Waits"]) -> "Waits":
        """Of several entities."""
        found = list(waits)
        names = cls.__slots__
        return cls(**{name: sum(getattr(one, name) for one in found) for name in names})


class OverviewReader(Protocol):
    """What the state says about many entities at once."""

    def waits(self, entities: Sequence[str]) -> dict[str, Waits]:
        """What waits of these entities; none that has nothing."""
        ...

    def last_runs(self, entities: Sequence[str]) -> list[LogEntry]:
        """What the last run that each of these entities was part of made of it: an entry for each
        direction that it took.
        """
        ...

    def last_loads(self, ways: Sequence[Way]) -> dict[Way, datetime]:
        """When the last sync began that loaded each of these entities in that direction."""
        ...

    def link_counts(self) -> dict[str, int]:
        """How many pairs of records of each entity are linked; none that has none."""
        ...


def waits(scope: Scope, entities: Sequence[str]) -> dict[str, Waits]:
    """See `OverviewReader`."""
    counts = {
        "conflicts": _counts(scope, conflict, entities, status="open"),
        "rejected": _counts(scope, rejected, entities, status="waiting"),
        "deferred": _together(
            _counts(scope, deferred, entities),
            _counts(scope, recheck, entities, reason=WAITS),
        ),
        "deletions": _counts(scope, transaction, entities, status="pending"),
    }
    found = {entity for by_entity in counts.values() for entity in by_entity}
    return {
        entity: Waits(**{kind: of.get(entity, 0) for kind, of in counts.items()})
        for entity in found
    }


def last_runs(scope: Scope, entities: Sequence[str]) -> list[LogEntry]:
    """See `OverviewReader`."""
    given = _given(scope, [(entity, direction) for entity in entities for direction in _DIRECTIONS])
    run_id = _newest(scope, given, log.alias(), "run_id")
    same = (log.c.entity == given.c.entity, log.c.direction == given.c.direction)
    one = select(log.c.id).where(*scope.mine(log), *same, log.c.run_id == run_id)
    ids = scope.connection.scalars(
        select(one.correlate(given).scalar_subquery()).select_from(given)
    )
    found = pa.array([id_ for id_ in ids if id_ is not None], pa.int64())
    # Joined in one statement, SQLite would read the whole log to find them.
    query = select(log).where(scope.among(log.c.id, found))
    return [entry(row) for row in scope.connection.execute(query).mappings()]


def last_loads(scope: Scope, ways: Sequence[Way]) -> dict[Way, datetime]:
    """See `OverviewReader`."""
    given = _given(scope, ways)
    loaded = (log.c.direction == given.c.direction, log.c.kind == "sync", LOADED)
    started = _newest(scope, given, log, "started_at", *loaded)
    found = scope.connection.execute(select(given.c.entity, given.c.direction, started))
    return {(entity, direction): at for entity, direction, at in found if at is not None}


def link_counts(scope: Scope) -> dict[str, int]:
    """See `OverviewReader`."""
    query = select(link.c.entity, func.count()).where(*scope.mine(link)).group_by(link.c.entity)
    return dict(scope.connection.execute(query).all())


def _together(some: Mapping[str, int], others: Mapping[str, int]) -> Mapping[str, int]:
    return {name: some.get(name, 0) + others.get(name, 0) for name in {*some, *others}}


def _counts(
    scope: Scope, table: Table, entities: Sequence[str], **values: str
) -> Mapping[str, int]:
    """How many rows of each of these entities have these values."""
    ours = scope.among(table.c.entity, pa.array(entities, pa.string()))
    query = select(table.c.entity, func.count()).where(*scope.mine(table, **values), ours)
    counted = scope.connection.execute(query.group_by(table.c.entity))
    return dict(counted.all())


def _given(scope: Scope, ways: Sequence[Way]) -> FromClause:
    columns = {name: [way[at] for way in ways] for at, name in enumerate(("entity", "direction"))}
    types = pa.schema([(name, pa.string()) for name in columns])
    return given_rows(scope.connection, pa.table(columns, schema=types))


def _newest(
    scope: Scope, given: FromClause, among: FromClause, column: str, *conditions: Any
) -> ScalarSelect[Any]:
    """That column of the newest log entry of each given entity: one is looked up for each."""
    mine = (among.c.integration == scope.integration, among.c.entity == given.c.entity)
    newest = select(among.c[column]).where(*mine, *conditions).order_by(among.c.id.desc())
    return newest.limit(1).correlate(given).scalar_subquery()
