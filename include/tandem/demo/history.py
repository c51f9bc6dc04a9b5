"""What happened to the rows of an entity set: a log beside its table, which triggers write.

Each entry names one row by its key and keeps what it was before (nothing, for one that was
created). So for any past moment the log can tell which rows have changed since, which are gone,
and whether they satisfied a condition in between. The columns of the log's own have names that no
property can have.
"""

import sqlite3
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from tandem.demo.clock import moment_text
from tandem.demo.conditions import column
from tandem.demo.model import EntitySet, ServiceModel
from tandem.demo.values import column_type

NUMBER: Final = '"#number"'
"""Rises with each entry of the set and is never used twice."""
IMAGE: Final = '"#image"'
"""1 where the entry keeps what the row was before, 0 where there was none."""
MOMENT: Final = '"#at"'
"""When it happened, by the clock of the service."""


def log(entity_set: EntitySet) -> str:
    """The log table of an entity set, quoted."""
    return f'"{entity_set.name}/history"'


def definitions(entity_set: EntitySet) -> Iterator[str]:
    """SQL that makes the log and its triggers, or what is missing of them."""
    images = ", ".join(
        f"{column(path)} {column_type(item)}" for path, item in entity_set.paths.items()
    )
    table, target = f'"{entity_set.name}"', log(entity_set)
    yield (
        f"CREATE TABLE IF NOT EXISTS {target} "
        f"({NUMBER} INTEGER PRIMARY KEY AUTOINCREMENT, {MOMENT} TEXT, {IMAGE} INTEGER, {images});"
    )
    keys = tuple(entity_set.key)
    for name, indexed in (("key", [*map(column, keys), NUMBER]), ("at", [MOMENT])):
        index = column(f"{entity_set.name}/history/{name}")
        yield f"CREATE INDEX IF NOT EXISTS {index} ON {target} ({', '.join(indexed)});"
    for event, state, paths in (
        ("INSERT", "NEW", keys),
        ("UPDATE", "OLD", tuple(entity_set.paths)),
        ("DELETE", "OLD", tuple(entity_set.paths)),
    ):
        trigger = column(f"{entity_set.name}/{event.lower()}")
        columns = ", ".join(map(column, paths))
        values = ", ".join(f"{state}.{column(path)}" for path in paths)
        yield (
            f"CREATE TRIGGER IF NOT EXISTS {trigger} AFTER {event} ON {table} BEGIN "  # noqa: S608 names of the model
            f"INSERT INTO {target} ({MOMENT}, {IMAGE}, {columns}) "
            f"VALUES (moment(), {int(state == 'OLD')}, {values}); END;"
        )


def latest(connection: sqlite3.Connection, entity_set: EntitySet) -> int:
    """The number of the last entry that there ever was; 0 if there was none."""
    row = connection.execute(
        "SELECT seq FROM sqlite_sequence WHERE name = ?", (f"{entity_set.name}/history",)
    ).fetchone()
    return int(row[0]) if row else 0


def forget(connection: sqlite3.Connection, model: ServiceModel, before: datetime) -> None:
    """Drop the entries that are older than that."""
    for entity_set in model.entity_sets:
        connection.execute(
            f"DELETE FROM {log(entity_set)} WHERE {MOMENT} < ?",  # noqa: S608 names of the model
            (moment_text(before),),
        )
