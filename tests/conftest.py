"""What tests of several packages need."""

import logging
from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex

import psycopg
import pytest
from hypothesis import settings
from tests.shortcuts import (
    NO_FSYNC,
    with_certificates_read_once,
    with_servers_that_end_at_once,
    without_fsync,
)

without_fsync()
with_certificates_read_once()
with_servers_that_end_at_once()
settings.register_profile("tandem", deadline=None)  # tests assert behaviour, not time
settings.load_profile("tandem")

POSTGRESQL = "postgresql://postgres@127.0.0.1:5432/postgres"


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """The command line, and Airflow where a test imports it, take over their process's logging."""
    root = logging.getLogger()
    handlers, level = [*root.handlers], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def postgresql_url() -> Iterator[str]:
    """A PostgreSQL schema of the test's own, dropped afterwards."""
    try:
        address = f"{POSTGRESQL}?options={NO_FSYNC}"
        admin = psycopg.connect(address, autocommit=True, connect_timeout=3)
    except psycopg.OperationalError as error:
        pytest.skip(f"no PostgreSQL at 127.0.0.1:5432 for user postgres: {error}")
    schema = f"tandem_test_{token_hex(6)}"
    with admin:
        admin.execute(f"CREATE SCHEMA {schema}")
        yield f"{POSTGRESQL}?options={NO_FSYNC}%20-csearch_path%3D{schema}"
        admin.execute("SET client_min_messages = warning")
        admin.execute(f"DROP SCHEMA {schema} CASCADE")


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database, of each kind in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'system.db'}"
    return str(request.getfixturevalue("postgresql_url"))
