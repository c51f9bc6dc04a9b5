"""Lookups whose partner is not there yet."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa
from sqlalchemy import ColumnElement, delete, func, insert, select

from tandem.state.scope import Scope
from tandem.state.tables import deferred

DEFERRED = pa.schema(
    [(name, pa.string()) for name in ("external_id", "local_id", "field", "target", "value")]
)


@dataclass(frozen=True, slots=True)
class DeferredEntry:
    """One lookup that waits."""

    entity: str
    external_id: str
    local_id: str
    field: str
    """The local field that waits."""
    target: str
    """The external entity that is looked up."""
    value: str
    """What the external record refers to."""
    created_at: datetime


@dataclass(frozen=True, slots=True)
class WantedEntry:
    """A record that lookups in one field wait for."""

    entity: str
    field: str
    """The local field that waits."""
    target: str
    """The external entity that is looked up."""
    value: str
    """What the external records refer to."""
    count: int
    """How many of them wait."""
    newest: datetime
    waiting: tuple[str, ...]
    """External ids of some of them, the newest first."""


def put(scope: Scope, lookups: pa.Table, *, of: pa.Array, at: datetime) -> None:
    """Remember these lookups, as DEFERRED, in place of all that waited for the records `of`."""
    settle(scope, of)
    if lookups.num_rows:
        rows = [{**scope.place, "created_at": at, **row} for row in lookups.to_pylist()]
        scope.connection.execute(insert(deferred), rows)


def settle(scope: Scope, ids: pa.Array, *conditions: ColumnElement[bool]) -> None:
    """Those of these external records wait no longer."""
    mine = [*scope.mine(deferred), *conditions]
    if scope.any(*mine):
        mine.append(scope.among(deferred.c.external_id, ids))
        scope.connection.execute(delete(deferred).where(*mine))


def after(scope: Scope, field: str, external_id: str, rows: int) -> pa.Table:
    """The first in that field after that id, as DEFERRED in order of external_id."""
    columns = [deferred.c[name] for name in DEFERRED.names]
    query = (
        select(*columns)
        .where(*scope.mine(deferred, field=field), deferred.c.external_id > external_id)
        .order_by(deferred.c.external_id)
        .limit(rows)
    )
    return scope.rows(query, DEFERRED)


_WANTED = ("entity", "field", "target", "value")


def wanted(scope: Scope, *, limit: int, some: int) -> list[WantedEntry]:
    """What is waited for, the newest first, with the ids of `some` of those that wait."""
    columns = [deferred.c[name] for name in _WANTED]
    newest = func.max(deferred.c.created_at)
    query = (
        select(*columns, func.count().label("count"), newest.label("newest"))
        .where(*scope.mine(deferred))
        .group_by(*columns)
        .order_by(newest.desc(), *columns)
        .limit(limit)
    )
    groups = scope.connection.execute(query).mappings().all()
    values = pa.array({row["value"] for row in groups}, pa.string())
    ids = _newest_ids(scope, values, some) if groups else {}
    return [WantedEntry(**row, waiting=tuple(ids[_wanted_of(row)])) for row in groups]


def _newest_ids(scope: Scope, values: pa.Array, some: int) -> dict[tuple[Any, ...], list[str]]:
    """External ids of `some` of those that wait for each of these values."""
    columns = [deferred.c[name] for name in _WANTED]
    newest = (deferred.c.created_at.desc(), deferred.c.external_id)
    number = func.row_number().over(partition_by=columns, order_by=newest).label("number")
    numbered = (
        select(*columns, deferred.c.external_id, number)
        .where(*scope.mine(deferred), scope.among_found(deferred, value=values))
        .subquery()
    )
    query = select(numbered).where(numbered.c.number <= some).order_by(numbered.c.number)
    found: dict[tuple[Any, ...], list[str]] = defaultdict(list)
    for row in scope.connection.execute(query).mappings():
        found[_wanted_of(row)].append(row["external_id"])
    return found


def _wanted_of(row: Mapping[Any, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in _WANTED)


def listed(scope: Scope, *, record_id: str | None, limit: int) -> list[DeferredEntry]:
    """Those of that external or local record (None: all), newest first."""
    mine = [*scope.mine(deferred), *scope.of_record(deferred, record_id)]
    by = ("created_at", "external_id", "field")
    rows = scope.newest(DeferredEntry, deferred, mine, by=by, limit=limit)
    return [DeferredEntry(**row) for row in rows]
