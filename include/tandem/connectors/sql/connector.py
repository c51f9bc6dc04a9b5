"""SQL databases: tables are entities, rows are records."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import pyarrow as pa
from sqlalchemy import Connection as Database
from sqlalchemy.exc import DBAPIError

from tandem.connectors.base import Page, Place, Query, Written
from tandem.connectors.parts import within
from tandem.connectors.sql import provision as provisioning
from tandem.connectors.sql.address import place_of, url_of
from tandem.connectors.sql.dialect import Dialect
from tandem.connectors.sql.postgresql import PostgreSql
from tandem.connectors.sql.read import count_records, find_pages, read_pages
from tandem.connectors.sql.schema import reflect
from tandem.connectors.sql.splitting import split_records
from tandem.connectors.sql.sqlite import Sqlite
from tandem.connectors.sql.write import (
    answered,
    create_records,
    delete_records,
    update_records,
)
from tandem.database import open_engine, reading, writing
from tandem.database.errors import first_line, shown
from tandem.errors import ConfigurationError
from tandem.model.connection import Connection
from tandem.model.schema import Entity, Schema

PAGE_ROWS: Final = 25_000

_DIALECTS: Final[dict[str, type[Dialect]]] = {
    "sqlite+pysqlite": Sqlite,
    "postgresql+psycopg": PostgreSql,
}


class SqlConnector:
    """A connector, writer and provisioner for one database.

    SQLite and PostgreSQL are tested; others that SQLAlchemy has a driver for may work.
    """

    def __init__(self, connection: Connection, *, page_rows: int = PAGE_ROWS) -> None:
        self._engine = open_engine(url_of(connection))
        name = f"{self._engine.dialect.name}+{self._engine.dialect.driver}"
        self._dialect = _DIALECTS.get(name, Dialect)()
        self._dialect.prepare(self._engine)
        self._page_rows = page_rows
        self._schema: Schema | None = None

    def check(self) -> str:
        """Product, version and address: `PostgreSQL 16.2 at postgresql://host/crm, …`."""
        with self._reading() as database:
            version = ".".join(str(part) for part in database.dialect.server_version_info or ())
            rights = self._dialect.rights(database)
        product = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}.get(
            self._engine.dialect.name, self._engine.dialect.name
        )
        tables = len(self.schema().entities)
        others = len(rights.unreadable) if rights else 0
        more = f" ({others} more that the user may not read)" if others else ""
        at = shown(self._engine.url)
        return f"{product} {version} at {at}, tables and views: {tables}{more}"

    def place(self, entity: str) -> Place:
        """The table; the server is asked which schema it is in."""
        with self._reading() as database:
            schema = database.dialect.default_schema_name
        return place_of(self._engine.url, entity, schema)

    def schema(self) -> Schema:
        """Tables and views of the default schema, as far as the user may read them; read once, and
        again after `provision`.
        """
        if self._schema is None:
            with self._reading() as database:
                self._schema = reflect(database, self._dialect)
        return self._schema

    def read(self, query: Query) -> Iterator[Page]:
        """All records as they were at one moment, in the order of their key."""
        with self._reading() as database:
            yield from read_pages(database, query, self._dialect, self._page_rows)

    def count(self, query: Query) -> int:
        """How many records satisfy the condition."""
        with self._reading() as database:
            return count_records(database, query, self._dialect)

    def find(self, query: Query, keys: pa.RecordBatch) -> Iterator[Page]:
        """The records whose fields equal one of the rows of `keys`; null equals nothing."""
        with self._reading() as database:
            yield from find_pages(database, query, keys, self._dialect, self._page_rows)

    def split(self, query: Query, parts: int, *, least: int) -> tuple[str, ...]:
        """By ranges of the key, each with as many records as the others."""
        with self._reading() as database:
            return split_records(database, query, self._dialect, parts, least)

    def read_part(self, query: Query, part: str) -> Iterator[Page]:
        """As `read`, within the range: as the records were at one moment, each part at its own."""
        yield from self.read(within(query, part))

    def create(
        self,
        entity: Entity,
        records: pa.RecordBatch,
        *,
        replace: bool = False,
        returning: Sequence[str] = (),
    ) -> Written:
        """Insert the records in one transaction, without the rows that the database refuses."""
        with self._writing() as database:
            written = create_records(database, entity, records, self._dialect, replacing=replace)
            return answered(database, entity, records, written, returning, self._dialect)

    def update(
        self,
        entity: Entity,
        records: pa.RecordBatch,
        *,
        seen: pa.RecordBatch | None = None,
        given: pa.RecordBatch | None = None,
        returning: Sequence[str] = (),
    ) -> Written:
        """Update the records in one transaction, without the rows that the database refuses.

        Those whose fields are not as they were `seen` stay; there are no etags here.
        """
        with self._writing() as database:
            written = update_records(
                database, entity, records, self._dialect, seen=seen, given=given
            )
            return answered(database, entity, records, written, returning, self._dialect)

    def delete(
        self, entity: Entity, keys: pa.RecordBatch, *, seen: pa.RecordBatch | None = None
    ) -> Written:
        """Delete the records in one transaction, without the rows that others refer to."""
        with self._writing() as database:
            return delete_records(database, entity, keys, self._dialect, seen=seen)

    def missing(self, wanted: Entity) -> tuple[str, ...]:
        """The table or the columns that the wanted entity lacks."""
        return provisioning.steps(wanted, self.schema(), self._dialect)

    def provision(self, wanted: Entity) -> tuple[str, ...]:
        """Create them. Columns that are there stay as they are, whatever their type."""
        self._schema = None
        done = self.missing(wanted)
        with self._writing() as database:
            for statement in provisioning.statements(
                database, wanted, self.schema(), self._dialect
            ):
                database.exec_driver_sql(statement)
        self._schema = None
        return done

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()

    @contextmanager
    def _reading(self) -> Iterator[Database]:
        with self._in_our_words(), reading(self._engine) as database:
            yield database

    @contextmanager
    def _writing(self) -> Iterator[Database]:
        with self._in_our_words(), writing(self._engine) as database:
            yield database

    @contextmanager
    def _in_our_words(self) -> Iterator[None]:
        """What is about a row, but shows only at the end of a transaction or inside a view."""
        try:
            yield
        except DBAPIError as error:
            raise ConfigurationError(
                f"Database {shown(self._engine.url)}: {first_line(error.orig or error)}",
                remedy="Check the definitions of tables, views and deferred constraints.",
            ) from error
