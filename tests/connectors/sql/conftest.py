"""What the tests of the SQL connector share."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
from sqlalchemy import text

from tandem.connectors.sql import SqlConnector
from tandem.database import open_engine, writing
from tandem.model.connection import Connection

System = Callable[..., AbstractContextManager[SqlConnector]]


@contextmanager
def _system(url: str, *statements: str, page_rows: int = 100) -> Iterator[SqlConnector]:
    engine = open_engine(url)
    with writing(engine) as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()
    connection = Connection(id="here", conn_type="sql", extra={"url": url})
    connector = SqlConnector(connection, page_rows=page_rows)
    yield connector
    connector.close()


@pytest.fixture
def system() -> System:
    """`with system(url, *statements)`: a connector to a database where these were executed."""
    return _system
