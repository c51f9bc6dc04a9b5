"""Engines and transactions."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.pool import QueuePool

from tandem.database.errors import translate
from tandem.errors import ConfigurationError

_OPTIONS: Final[dict[str, dict[str, Any]]] = {
    "sqlite": {"connect_args": {"timeout": 30}},  # seconds to wait for another writer
    "postgresql": {"pool_pre_ping": True},
}

_PRAGMAS: Final = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA cache_size = -16384",  # KiB: the pages of a large index that a batch touches
)

_READABLE: Final = (
    "SELECT set_config('TimeZone', 'UTC', true), set_config('DateStyle', 'ISO', true),"
    " set_config('bytea_output', 'hex', true)"
)


def open_engine(url: str | URL) -> Engine:
    """The engine of a database URL; nothing is connected yet.

    What goes wrong is raised as a TandemError, except what a row's values cause
    (`tandem.database.errors.is_about_a_row`), which stays SQLAlchemy's DBAPIError.
    """
    address = _address(url)
    name = address.get_backend_name()
    try:
        options = {**_OPTIONS.get(name, {}), **_pool(address)}
        engine = create_engine(address, hide_parameters=True, **options)
    except (NoSuchModuleError, ImportError) as error:
        raise ConfigurationError(
            f"No driver for {address.drivername!r} databases is installed ({error}).",
            remedy="Use sqlite:/// or postgresql://, or install that driver.",
        ) from None
    if name == "sqlite":
        event.listen(engine, "do_connect", _make_private)
        event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "handle_error", _translated, retval=True)
    return engine


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that writes, committed at the end.

    On SQLite it takes the write lock at once: a transaction that reads first and writes later
    fails, without waiting, when another one has written in between.
    """
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        yield connection


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A transaction that sees one moment, rolled back at the end.

    PostgreSQL's texts come in the forms that we read: ISO dates, instants in UTC.
    """
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN")
        else:
            connection.execution_options(isolation_level="REPEATABLE READ")
        set_text_forms(connection)
        yield connection


def set_text_forms(connection: Connection) -> None:
    """See that PostgreSQL's texts come in the forms that we read, until the transaction ends."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(_READABLE)


def _address(url: str | URL) -> URL:
    try:
        address = make_url(url)
    except (ArgumentError, ValueError):
        # The text may hold a password: it must not show.
        raise ConfigurationError(
            "The database URL cannot be read.",
            remedy="Write it as sqlite:///path/to/file.db or postgresql://user@host/database.",
        ) from None
    if address.drivername in ("postgres", "postgresql"):
        address = address.set(drivername="postgresql+psycopg")
    if address.get_backend_name() == "postgresql":
        address = address.set(query={"connect_timeout": "10", **address.query})
    return address


def _pool(address: URL) -> dict[str, Any]:
    """As many connections as are needed at once: each part of a reading keeps one to its end."""
    dialect: Any = address.get_dialect()
    queues = issubclass(dialect.get_pool_class(address), QueuePool)
    return {"max_overflow": -1} if queues else {}


def _make_private(_dialect: object, _record: object, args: list[Any], _options: object) -> None:
    """A database file that is not there yet is made for its owner alone: it holds records."""
    path = args[0]
    if path != ":memory:" and not path.startswith("file:"):
        with suppress(OSError):  # SQLite itself says what is wrong
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def _prepare_sqlite(connection: Any, _record: object) -> None:
    for pragma in _PRAGMAS:
        # A file that we may only read keeps its journal mode.
        with suppress(connection.OperationalError):
            connection.execute(pragma)


def _translated(context: ExceptionContext) -> BaseException | None:
    if context.is_pre_ping or context.engine is None:
        return None
    return translate(context.original_exception, context.engine.url)
