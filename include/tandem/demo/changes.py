"""Which entities changed after a point in the history, in the order in which they did.

An entity is told once, as it is now, at the place of its last change. It is told as removed if it
is no longer in the result but may have been: if it satisfied the condition at any time since, for
a client that reads page by page may have met any of these states.
"""

import json
import sqlite3
from dataclasses import dataclass

from tandem.demo.conditions import Sql, column
from tandem.demo.history import IMAGE, NUMBER, log
from tandem.demo.model import EntitySet
from tandem.demo.read import Selection
from tandem.demo.resources import key_predicate
from tandem.demo.store import table
from tandem.demo.tokens import Reading
from tandem.demo.values import Stored


@dataclass(frozen=True, slots=True)
class Changed:
    """A page of changes, each as JSON text, and the entry that it ends with (None: the last)."""

    texts: list[str]
    end: int | None


@dataclass(frozen=True, slots=True)
class Shape:
    """How many changes to tell, and how an entity that left the result is told.

    OData JSON Format 4.01, 15.3.

    In 4.01 it is by `@removed`, in 4.0 by a context URL of its own, with `id` as a plain property.
    Both name the entity by its id relative to the service root.
    """

    size: int
    as_4_01: bool

    def removed(self, entity_set: EntitySet, key: tuple[Stored, ...], reason: str) -> str:
        """The deleted-entity object."""
        entity_id = f"{entity_set.name}{key_predicate(entity_set, key)}"
        if self.as_4_01:
            return json.dumps({"@removed": {"reason": reason}, "@id": entity_id})
        context = f"#{entity_set.name}/$deletedEntity"
        return json.dumps({"@odata.context": context, "id": entity_id, "reason": reason})


def changes(
    connection: sqlite3.Connection,
    selection: Selection,
    where: Sql,
    since: int,
    reading: Reading,
    shape: Shape,
) -> Changed:
    """The next changes after the entry `since` of the log that the reading has not told yet."""
    entity_set = selection.entity_set
    keys = ", ".join(f"entry.{column(path)}" for path in entity_set.key)
    rows = connection.execute(
        f"SELECT * FROM ("  # noqa: S608 names of the model, values bound
        f" SELECT entry.{NUMBER} AS number,"
        f" (SELECT {selection.sql} FROM {table(entity_set)}"
        f"  WHERE {_same(entity_set, table(entity_set))} AND ({where.text})) AS text,"
        f" EXISTS (SELECT 1 FROM {table(entity_set)}"
        f"  WHERE {_same(entity_set, table(entity_set))}) AS there,"
        f" EXISTS (SELECT 1 FROM {log(entity_set)} AS before"
        f"  WHERE {_same(entity_set, 'before')} AND before.{NUMBER} > ?"
        f"  AND before.{IMAGE} AND ({where.text})) AS seen, {keys}"
        f" FROM {log(entity_set)} AS entry"
        f" WHERE entry.{NUMBER} > ? AND entry.{NUMBER} <= ?"
        f" AND NOT EXISTS (SELECT 1 FROM {log(entity_set)} AS later"
        f"  WHERE {_same(entity_set, 'later')}"
        f"  AND later.{NUMBER} > entry.{NUMBER} AND later.{NUMBER} <= ?)"
        f") WHERE text IS NOT NULL OR seen ORDER BY number LIMIT ?",
        (
            *where.parameters,
            since,
            *where.parameters,
            reading.after,
            reading.until,
            reading.until,
            shape.size + 1,
        ),
    ).fetchall()
    more = len(rows) > shape.size
    del rows[shape.size :]
    texts = [
        shape.removed(entity_set, tuple(key), "changed" if there else "deleted")
        if text is None
        else text
        for _, text, there, _, *key in rows
    ]
    return Changed(texts, rows[-1][0] if more and rows else None)


def _same(entity_set: EntitySet, other: str) -> str:
    return " AND ".join(f"{other}.{column(path)} = entry.{column(path)}" for path in entity_set.key)
