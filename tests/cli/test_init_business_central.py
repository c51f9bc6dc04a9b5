"""`tandem init` with Business Central: the default mapping, which runs as it is."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from tandem.cli.main import app
from tandem.demo.business_central.sample import COMPANIES, fill
from tandem.demo.business_central.service import create_app
from tandem.demo.data import Sizes
from tandem.demo.server import serving
from tandem.integration_files import load_integration

NEW = "11111111-2222-4333-8444-555555555555"
SIZES = Sizes(accounts=12, contacts=9, work_orders=7)


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of integration files; Business Central runs, and a database waits."""
    database = tmp_path / "bc.db"
    service = create_app(database)
    fill(database, SIZES)
    with serving(service, root="") as url:
        for name, route in (("erp", "v2.0"), ("erp_pages", "ODataV4")):
            connection = {
                "conn_type": "business_central",
                "host": url,
                "password": "token",
                "extra": {
                    "auth": "bearer",
                    "tenant": "contoso.example",
                    "company": COMPANIES[0].name,
                    "route": route,
                },
            }
            monkeypatch.setenv(f"AIRFLOW_CONN_{name.upper()}", json.dumps(connection))
        local = {"conn_type": "sql", "extra": {"url": f"sqlite:///{tmp_path}/local.db"}}
        monkeypatch.setenv("AIRFLOW_CONN_LOCAL", json.dumps(local))
        monkeypatch.setenv("TANDEM_CONFIG", str(tmp_path / "config"))
        monkeypatch.setenv("TANDEM_STATE", f"sqlite:///{tmp_path}/state.db")
        monkeypatch.setenv("TANDEM_STAGING", f"file://{tmp_path}/staging")
        yield tmp_path / "config"


def tandem(*arguments: str) -> Result:
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == 0, result.stderr + result.stdout
    return result


def init(connection: str, *arguments: str) -> Result:
    sides = ["--external", f"business_central:{connection}", "--local", "sql:local"]
    return tandem("init", "crm", *sides, *arguments)


def rows(config: Path, statement: str) -> list[tuple[object, ...]]:
    with sqlite3.connect(config.parent / "local.db") as connection:
        found = connection.execute(statement).fetchall()
    connection.close()
    return found


def test_published_pages_are_mapped_and_synced(config: Path) -> None:
    init("erp_pages")
    integration = load_integration(config / "crm.yaml")
    assert integration.provision
    assert [(e.external, e.local, e.direction) for e in integration.entities] == [
        ("RescoCustomer", "account", "bidirectional"),
        ("RescoContact", "contact", "bidirectional"),
        ("RescoServiceOrder", "fs_workorder", "bidirectional"),
    ]
    tandem("sync", "crm", "--yes")
    assert rows(config, "select count(*) from account") == [(SIZES.accounts,)]
    ((types,),) = rows(
        config, "select count(distinct integration_bc_documenttype) from fs_workorder"
    )
    assert types == 1
    joined = "select count(*) from fs_workorder o join account a on a.id = o.customerid"
    assert rows(config, joined) == [(SIZES.work_orders,)]


def test_what_is_local_goes_back_with_its_number(config: Path) -> None:
    init("erp_pages")
    tandem("sync", "crm", "--yes")
    with sqlite3.connect(config.parent / "local.db") as connection:
        connection.execute("insert into account (id, name) values (?, 'Fabrikam')", (NEW,))
    connection.close()
    tandem("sync", "crm", "--yes")
    ((number,),) = rows(config, "select integration_bc_pk from account where name = 'Fabrikam'")
    assert number


def test_the_api_gives_accounts_and_contacts(config: Path) -> None:
    init("erp")
    text = (config / "crm.yaml").read_text()
    assert "  # Work orders are left out" in text
    assert [e.external for e in load_integration(config / "crm.yaml").entities] == [
        "customers",
        "contacts",
    ]
    tandem("sync", "crm", "--yes")
    ((accounts,),) = rows(config, "select count(integration_bc_pk) from account")
    assert accounts == SIZES.accounts


def test_named_entities_are_copied_as_they_are(config: Path) -> None:
    init("erp", "--entity", "salesOrders", "--entity", "salesOrderLines")
    orders, lines = load_integration(config / "crm.yaml").entities
    assert (orders.direction, orders.version_number) == ("download_only", "lastModifiedDateTime")
    assert lines.version_number is None  # read whole
    tandem("sync", "crm", "--yes")
    assert rows(config, "select count(distinct documentid) from salesorderlines")
