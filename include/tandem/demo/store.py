"""The database file of a service: for each entity set a table and its history."""

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final
from uuid import uuid4

from tandem.demo.clock import Clock, moment_text, system_clock
from tandem.demo.conditions import column
from tandem.demo.history import definitions, forget
from tandem.demo.model import EntitySet, Property, ServiceModel
from tandem.demo.values import Stored, column_type, decimal_order, double_json

BUSY_SECONDS: Final = 30
RETENTION: Final = timedelta(days=7)


class Store:
    """Opens a connection for each request: cheap beside the request, and safe among threads."""

    def __init__(
        self,
        database: Path,
        model: ServiceModel,
        *,
        clock: Clock = system_clock,
        retention: timedelta = RETENTION,
        prepare: Callable[[sqlite3.Connection], None] = lambda _: None,
    ) -> None:
        """Make the database, or what is missing in it. `retention`: how long history is good.

        `prepare` gives each connection the functions and collations that the model needs.
        """
        self.database = database
        self.model = model
        self.retention = retention
        self._clock = clock
        self._prepare = prepare
        database.parent.mkdir(parents=True, exist_ok=True)
        with self._connection() as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.executescript("\n".join(["BEGIN IMMEDIATE;", *_schema(model), "COMMIT;"]))
            connection.execute("INSERT OR IGNORE INTO identity VALUES (1, ?)", (str(uuid4()),))
            found = connection.execute("SELECT value FROM identity").fetchone()
        self.identity: str = found[0]
        """Tells this database from any other."""

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        with closing(
            sqlite3.connect(self.database, timeout=BUSY_SECONDS, isolation_level=None)
        ) as connection:
            connection.create_collation("decimal", decimal_order)
            connection.create_function("double_json", 1, double_json, deterministic=True)
            self._prepare(connection)
            connection.create_function("moment", 0, lambda: moment_text(self._clock()))
            yield connection

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection that sees one state of the database throughout."""
        with self._connection() as connection:
            connection.execute("BEGIN")
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """The only writer; what it did is kept if the block ends well."""
        with self._connection() as connection:
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            # Twice the time: a token can be a little younger than the changes it leads to.
            forget(connection, self.model, self._clock() - 2 * self.retention)
            connection.execute("COMMIT")

    @contextmanager
    def together(self) -> Iterator["Store"]:
        """A store whose readings and writings are one transaction: all is kept, or nothing."""
        with self.writing() as connection:
            yield _Joined(self, connection)

    def insert(self, entity_set: EntitySet, rows: Iterable[tuple[Stored, ...]]) -> None:
        """Add rows: values as they are kept, in the order of `entity_set.paths`."""
        places = ", ".join("?" * len(entity_set.paths))
        with self.writing() as connection:
            connection.execute("PRAGMA defer_foreign_keys = ON")
            statement = f"INSERT INTO {table(entity_set)} VALUES ({places})"  # noqa: S608 names of the model
            connection.executemany(statement, rows)
            _catch_up(connection, entity_set)

    def counts(self) -> dict[str, int]:
        """How many entities each set has."""
        with self.reading() as connection:
            return {
                entity_set.name: connection.execute(
                    f"SELECT count(*) FROM {table(entity_set)}"  # noqa: S608 names of the model
                ).fetchone()[0]
                for entity_set in self.model.entity_sets
            }


class _Joined(Store):
    def __init__(self, store: Store, connection: sqlite3.Connection) -> None:
        self.model = store.model
        self.identity = store.identity
        self.retention = store.retention
        self._joined = connection

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        yield self._joined

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        yield self._joined


def table(entity_set: EntitySet) -> str:
    """The table of an entity set, quoted."""
    return f'"{entity_set.name}"'


def next_version(connection: sqlite3.Connection, entity_set: EntitySet) -> int:
    """The next row version of the set; higher than any before, deleted rows included."""
    row = connection.execute(
        "UPDATE row_versions SET value = value + 1 WHERE entity_set = ? RETURNING value",
        (entity_set.name,),
    ).fetchone()
    return int(row[0])


def _catch_up(connection: sqlite3.Connection, entity_set: EntitySet) -> None:
    if entity_set.row_version:
        highest = (
            f"SELECT coalesce(max({column(entity_set.row_version)}), 0) FROM {table(entity_set)}"  # noqa: S608
        )
        connection.execute(
            f"UPDATE row_versions SET value = max(value, ({highest})) WHERE entity_set = ?",  # noqa: S608
            (entity_set.name,),
        )


def _schema(model: ServiceModel) -> Iterator[str]:
    yield "CREATE TABLE IF NOT EXISTS row_versions (entity_set TEXT PRIMARY KEY, value INTEGER);"
    yield "CREATE TABLE IF NOT EXISTS identity (id INTEGER PRIMARY KEY, value TEXT);"
    for entity_set in model.entity_sets:
        yield _table_definition(entity_set, model)
        yield from definitions(entity_set)
        yield f"INSERT OR IGNORE INTO row_versions VALUES ('{entity_set.name}', 0);"  # noqa: S608
        for path in _indexed(entity_set):
            keys = ", ".join(column(item) for item in (path, *entity_set.key))
            name = column(f"{entity_set.name}/{path}")
            yield f"CREATE INDEX IF NOT EXISTS {name} ON {table(entity_set)} ({keys});"


def _indexed(entity_set: EntitySet) -> list[str]:
    references = [reference.property for reference in entity_set.references]
    changes = [path for path in (entity_set.row_version, entity_set.modified_at) if path]
    return [*changes, *references]


def _table_definition(entity_set: EntitySet, model: ServiceModel) -> str:
    columns = [_column_definition(path, item) for path, item in entity_set.paths.items()]
    key = f"PRIMARY KEY ({', '.join(column(path) for path in entity_set.key)})"
    foreign_keys = [
        f"FOREIGN KEY ({column(reference.property)}) "
        f"REFERENCES {table(target)} ({column(target.key[0])})"
        for reference in entity_set.references
        if reference.enforced
        for target in (model.by_name[reference.target],)
    ]
    parts = ",\n  ".join([*columns, key, *foreign_keys])
    return f"CREATE TABLE IF NOT EXISTS {table(entity_set)} (\n  {parts}\n) WITHOUT ROWID;"


def _column_definition(path: str, property_: Property) -> str:
    return f"{column(path)} {column_type(property_)}{'' if property_.nullable else ' NOT NULL'}"
