"""What changed in a table and what is gone, read from the log of the store."""

import json
import sqlite3
from dataclasses import dataclass

from tandem.demo.conditions import column
from tandem.demo.dynamics.shown import Shown
from tandem.demo.dynamics.tables import Table
from tandem.demo.history import NUMBER, log


@dataclass(frozen=True, slots=True)
class Span:
    """What happened to a table after one entry of its log, up to another."""

    table: Table
    since: int
    until: int

    @property
    def _touched(self) -> str:
        """SQL: ids and the number of the last entry in the span."""
        key = column(self.table.key)
        return (
            f'SELECT {key} AS "#id", max({NUMBER}) AS "#n" FROM {log(self.table.entity_set)} '  # noqa: S608 names of the model
            f"WHERE {NUMBER} > ? AND {NUMBER} <= ? GROUP BY {key}"
        )

    def count(self, connection: sqlite3.Connection) -> int:
        """How many rows were touched."""
        statement = f"SELECT count(*) FROM ({self._touched})"  # noqa: S608 names of the model
        found = connection.execute(statement, (self.since, self.until)).fetchone()
        return int(found[0])

    def read(
        self,
        connection: sqlite3.Connection,
        selection: Shown,
        root: str,
        place: tuple[int, int],
        limit: int,
    ) -> list[tuple[tuple[int, int], str]]:
        """Items after a place (phase and number), with theirs. Phase 1 is deletions."""
        phase, after = place
        items = []
        if phase == 0:
            items = [
                ((0, n), text) for n, text in self._changed(connection, selection, after, limit)
            ]
            after = 0
        if len(items) < limit:
            gone = self._deleted(connection, after, limit - len(items))
            about = f"{root}$metadata#{self.table.set_name}/$deletedEntity"
            items += [((1, n), _deletion(about, id_)) for n, id_ in gone]
        return items

    def _changed(
        self, connection: sqlite3.Connection, selection: Shown, after: int, limit: int
    ) -> list[tuple[int, str]]:
        return connection.execute(
            f'SELECT "#n", {selection.sql} FROM ({self._touched}) '  # noqa: S608 names of the model
            f'JOIN "{self.table.set_name}" ON {column(self.table.key)} = "#id" '
            'WHERE "#n" > ? ORDER BY "#n" LIMIT ?',
            (self.since, self.until, after, limit),
        ).fetchall()

    def _deleted(
        self, connection: sqlite3.Connection, after: int, limit: int
    ) -> list[tuple[int, str]]:
        """Rows that were created and deleted within the span are among them."""
        return connection.execute(
            f'SELECT "#n", "#id" FROM ({self._touched}) WHERE "#n" > ? AND "#id" NOT IN '  # noqa: S608 names of the model
            f'(SELECT {column(self.table.key)} FROM "{self.table.set_name}") '
            'ORDER BY "#n" LIMIT ?',
            (self.since, self.until, after, limit),
        ).fetchall()


def _deletion(about: str, id_: str) -> str:
    return json.dumps({"@odata.context": about, "id": id_, "reason": "deleted"})
