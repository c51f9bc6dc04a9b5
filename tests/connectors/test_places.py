"""Where connectors say that records are."""

from pathlib import Path
from typing import Any

import pytest

from tandem.connectors.base import Place, Placed
from tandem.connectors.registry import open_connector
from tandem.connectors.sql.address import place_of, url_of
from tandem.model.connection import Connection


def connection(conn_type: str, **parts: Any) -> Connection:
    return Connection(id="there", conn_type=conn_type, **parts)


@pytest.mark.parametrize(
    ("host", "place"),
    [
        (
            "https://services.example.com/odata/v4/crm/",
            Place("https://services.example.com", "odata/v4/crm/Shop/Orders"),
        ),
        ("http://127.0.0.1:8765", Place("http://127.0.0.1:8765", "Shop/Orders")),
    ],
)
def test_a_service_is_its_host(host: str, place: Place) -> None:
    connector = open_connector(
        "odata", connection("odata", host=host, login="eva", password="hush")
    )
    assert isinstance(connector, Placed)
    assert connector.place("Shop/Orders") == place


@pytest.mark.parametrize(
    ("url", "place"),
    [
        (
            "postgresql+psycopg://eva:hush@db.example.com/crm?sslmode=require",
            Place("postgres://db.example.com:5432", "crm.sales.account"),
        ),
        (
            "postgresql://localhost:6543/crm",
            Place("postgres://localhost:6543", "crm.sales.account"),
        ),
        (
            "mssql+pyodbc://eva:hush@db.example.com:1433/crm",
            Place("mssql://db.example.com:1433", "crm.sales.account"),
        ),
    ],
)
def test_a_table_is_named_by_the_rules_of_openlineage(url: str, place: Place) -> None:
    assert place_of(url_of(connection("sql", extra={"url": url})), "account", "sales") == place


def test_a_table_of_a_file_is_in_that_file(tmp_path: Path) -> None:
    connector = open_connector("sql", connection("sqlite", host=str(tmp_path / "crm.db")))
    assert isinstance(connector, Placed)
    assert connector.place("account") == Place(f"sqlite://{tmp_path}/crm.db", "account")
