"""A local database, edited without Tandem: by its own driver."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import psycopg

Record = dict[str, Any]


@dataclass(frozen=True)
class Local:
    """A database, seen through its own driver; tables have a GUID `id`."""

    url: str
    required: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Table → what a record needs before the other side takes it."""

    def rows(self, table: str) -> dict[str, Record]:
        """All rows of a table, by id."""
        rows = self.query(f'SELECT * FROM "{table}"')
        return {str(row["id"]): row for row in rows}

    def create(self, table: str, **values: Any) -> str:
        """Insert a row with all that is required; its id."""
        row = {"id": str(uuid4()), **self.required.get(table, {}), **values}
        names = ", ".join(f'"{name}"' for name in row)
        places = ", ".join([self._place] * len(row))
        self.run(f'INSERT INTO "{table}" ({names}) VALUES ({places})', *row.values())
        return str(row["id"])

    def change(self, table: str, id_: str, **values: Any) -> None:
        """Update a row."""
        changes = ", ".join(f'"{name}" = {self._place}' for name in values)
        statement = f'UPDATE "{table}" SET {changes} WHERE "id" = {self._place}'
        self.run(statement, *values.values(), id_)

    def delete(self, table: str, id_: str) -> None:
        """Delete a row."""
        self.run(f'DELETE FROM "{table}" WHERE "id" = {self._place}', id_)

    def run(self, statement: str, *values: Any) -> None:
        """Execute a statement."""
        with closing(self._open()) as database:
            database.execute(statement, values)

    @property
    def _place(self) -> str:
        return "?" if self.url.startswith("sqlite") else "%s"

    def query(self, statement: str) -> list[Record]:
        """What a query finds."""
        with closing(self._open()) as database:
            found = database.execute(statement)
            names = [column[0] for column in found.description]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def _open(self) -> Any:
        if self.url.startswith("sqlite"):
            return sqlite3.connect(self.url.removeprefix("sqlite:///"), isolation_level=None)
        return psycopg.connect(self.url, autocommit=True)
