"""Database URLs from connections."""

from typing import Any

import pytest

from tandem.connectors.sql.address import url_of
from tandem.errors import ConfigurationError
from tandem.model.connection import Connection


def address(**parts: Any) -> str:
    connection = Connection(id="crm", **parts)
    return url_of(connection).render_as_string(hide_password=False)


def test_url_stands_in_extra() -> None:
    url = "postgresql+psycopg://tandem@localhost/crm"
    assert address(conn_type="sql", extra={"url": url}) == url


def test_password_may_stand_in_its_own_field() -> None:
    found = address(
        conn_type="sql", login="ada", password="p@ss", extra={"url": "postgresql://localhost/crm"}
    )
    assert found == "postgresql://ada:p%40ss@localhost/crm"


def test_airflows_sqlite_connection_has_the_path_as_host() -> None:
    assert address(conn_type="sqlite", host="/data/crm.db") == "sqlite:////data/crm.db"


def test_airflows_postgres_connection_has_its_parts() -> None:
    found = address(
        conn_type="postgres",
        host="db",
        port=5433,
        schema_name="crm",
        login="ada",
        password="secret",
        extra={"sslmode": "require", "cursor": "dictcursor"},
    )
    assert found == "postgresql://ada:secret@db:5433/crm?sslmode=require"


@pytest.mark.parametrize(
    "parts",
    [
        {"conn_type": "sql"},
        {"conn_type": "sql", "extra": {"url": "ada:secret"}},
        {"conn_type": "sqlite"},
    ],
)
def test_connection_without_an_address_is_an_error_without_secrets(parts: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        address(**parts)
    assert caught.value.remedy
    assert "secret" not in str(caught.value)
