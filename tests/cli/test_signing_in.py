"""Commands for systems at which somebody has to sign in: they say so, wait, and remember it."""

import json
import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from tests.simulated import simulated
from typer.testing import CliRunner

from tandem.cli.main import app
from tandem.cli.session import environment
from tandem.connectors import registry
from tandem.connectors.odata.connector import ODataConnector
from tandem.connectors.sign_in import SignsIn
from tandem.demo.authority.authority import Authority
from tandem.demo.authority.grants import Application
from tandem.demo.authority.service import HOST, create_app
from tandem.integration_files import load_integration
from tandem.sync.job import Request, open_job

METADATA = """<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx">
<edmx:DataServices><Schema Namespace="n" xmlns="http://docs.oasis-open.org/odata/ns/edm">
<EntityType Name="Account"><Key><PropertyRef Name="id"/></Key>
<Property Name="id" Type="Edm.Guid" Nullable="false"/><Property Name="name" Type="Edm.String"/>
</EntityType><EntityContainer Name="c"><EntitySet Name="accounts" EntityType="n.Account"/>
</EntityContainer></Schema></edmx:DataServices></edmx:Edmx>"""


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """That of a system, whose connector finds it there; the code is entered as soon as it waits."""
    found = Authority([Application("app")])

    def answer(request: httpx.Request) -> httpx.Response:
        if not found.accepts(request.headers["Authorization"].removeprefix("Bearer ")):
            return httpx.Response(401)
        return httpx.Response(200, content=METADATA.encode())

    def enter(_: float) -> None:
        for code in found.waiting:
            found.complete(code)

    transport = simulated({HOST: create_app(found), "org.example": httpx.MockTransport(answer)})
    factory = partial(ODataConnector, transport=transport, sleep=enter)
    entry = SimpleNamespace(load=lambda: factory)
    known: Callable[[], object] = lambda: {"odata": entry}  # noqa: E731
    monkeypatch.setattr(registry, "installed_connectors", known)
    connection = {
        "conn_type": "odata",
        "host": "https://org.example/api/",
        "extra": {"auth": "device_code", "client_id": "app"},
    }
    for name in ("CRM", "ERP"):
        monkeypatch.setenv(f"AIRFLOW_CONN_{name}", json.dumps(connection))
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    monkeypatch.setenv("TANDEM_CONFIG", str(tmp_path))
    for name in ("TANDEM_STATE", "AIRFLOW__CORE__FERNET_KEY"):
        monkeypatch.delenv(name, raising=False)
    return found


def test_a_draft_waits_for_the_sign_in_and_a_run_finds_it(
    authority: Authority, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    command = ["init", "crm", "--external", "odata:crm", "--local", "odata:erp"]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    said = [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]
    assert len(said) == 1
    assert "Go to https://microsoft.com/devicelogin and enter the code" in said[0]
    assert (tmp_path / "tandem.key").exists()

    asked = len(authority.asked)
    integration = load_integration(tmp_path / "crm.yaml")
    with open_job(integration, Request("r1"), environment()) as run:
        for side in (run.external, run.local):
            assert isinstance(side, SignsIn)
            assert side.begin_sign_in() is None
            assert side.schema().entities
    assert len(authority.asked) == asked
