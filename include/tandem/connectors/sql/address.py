"""From an Airflow connection to a database URL."""

from pathlib import Path
from typing import Final

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from tandem.connectors.base import Place
from tandem.errors import ConfigurationError
from tandem.model.connection import Connection

_POSTGRESQL: Final = ("postgres", "postgresql")
_PORTS: Final = {"postgres": 5432, "mysql": 3306}
_OPTIONS: Final = ("ssl", "options", "target_session_attrs", "connect_timeout", "keepalives")
"""Beginnings of the names that libpq knows; Airflow keeps settings of its own beside them."""


def url_of(connection: Connection) -> URL:
    """The URL of a `sql` connection, or of Airflow's own `sqlite` and `postgres` connections.

    A login or password that the URL leaves out is taken from the connection's own fields.
    """
    if connection.conn_type == "sqlite":
        return URL.create("sqlite", database=_path(connection))
    if connection.conn_type in _POSTGRESQL:
        return _postgresql(connection)
    return _given(connection)


def place_of(url: URL, table: str, schema: str | None) -> Place:
    """Where that table is, by the naming rules of OpenLineage: `crm.public.account` at
    `postgres://host:5432`; a file and its table for SQLite, which has no rule there.
    """
    backend = url.get_backend_name()
    if backend == "sqlite":
        file = url.database or ":memory:"
        return Place(f"sqlite://{file if file == ':memory:' else Path(file).absolute()}", table)
    named = "postgres" if backend in _POSTGRESQL else backend
    port = url.port or _PORTS.get(named)
    system = f"{named}://{url.host or 'localhost'}" + (f":{port}" if port else "")
    return Place(system, ".".join(part for part in (url.database, schema, table) if part))


def _given(connection: Connection) -> URL:
    text = str(connection.extra.get("url") or connection.host or "")
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        # The text may hold a password: it must not show.
        raise ConfigurationError(
            f"Connection {connection.id!r} has no database URL that can be read.",
            remedy='Give it an extra like {"url": "postgresql://user@host/database"}.',
        ) from None
    if url.get_backend_name() == "sqlite":
        return url
    return url.set(
        username=url.username or connection.login, password=url.password or connection.secret
    )


def _postgresql(connection: Connection) -> URL:
    extra = connection.extra.items()
    options = {name: str(value) for name, value in extra if name.startswith(_OPTIONS)}
    return URL.create(
        "postgresql",
        username=connection.login,
        password=connection.secret,
        host=connection.host,
        port=connection.port,
        database=connection.schema_name,
        query=options,
    )


def _path(connection: Connection) -> str:
    """The file's path is the host, as Airflow has it; in a URL it may stand after the slashes."""
    path = connection.host or connection.schema_name
    if not path:
        raise ConfigurationError(
            f"Connection {connection.id!r} names no file.", remedy="Write its path as host."
        )
    return path
