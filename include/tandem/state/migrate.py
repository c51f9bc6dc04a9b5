"""Bringing the state database to the tables that this version needs."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, Engine, inspect, text

from tandem.database import open_engine, writing
from tandem.errors import ConfigurationError

if TYPE_CHECKING:
    from alembic.config import Config

HEAD: Final = "0009"
"""The newest migration. Known here so that a task need not load Alembic to see that it is there."""


def open_database(url: str) -> Engine:
    """The engine of the state database, which is made, or brought up to date, first."""
    engine = open_engine(url)
    if engine.url.get_backend_name() == "sqlite" and engine.url.database:
        Path(engine.url.database).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    ensure_current(engine)
    return engine


def ensure_current(engine: Engine) -> None:
    """Run the migrations that are missing. Safe when several processes do it at once."""
    with engine.connect() as connection:
        if found_revision(connection) == HEAD:
            return
    with writing(engine) as connection:
        _wait_for_others(connection)
        found = found_revision(connection)
        if found and found > HEAD:
            raise ConfigurationError(
                f"The state database has migration {found}, newer than {HEAD} of this version.",
                remedy="Upgrade Tandem, or restore the backup made before the upgrade.",
            )
        if found != HEAD:
            _upgrade(connection)


def found_revision(connection: Connection) -> str | None:
    """The newest migration that the database has had; None: none."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _wait_for_others(connection: Connection) -> None:
    """One process migrates at a time; on SQLite the write lock sees to it."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('tandem.migrate'))"))


def _upgrade(connection: Connection) -> None:
    from alembic import command  # half a second, needed once per version

    command.upgrade(alembic_config(connection), "head")


def alembic_config(connection: Connection) -> "Config":
    """What Alembic's commands take, to work on that connection."""
    from alembic.config import Config

    config = Config(stdout=sys.stdout)  # its default is what that was when Alembic was loaded
    config.set_main_option("script_location", "tandem:state/migrations")
    config.attributes["connection"] = connection
    return config
