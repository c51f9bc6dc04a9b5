"""What the README tells a newcomer to type works, against the demo service."""

import json
import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tandem.cli.main import app
from tandem.demo.data import Sizes, fill
from tandem.demo.schema import FIELD_SERVICE
from tandem.demo.server import serving
from tandem.demo.service import create_app
from tandem.demo.store import Store

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


@pytest.fixture
def newcomer(tmp_path, monkeypatch):
    """The environment of the README's first step."""
    database = tmp_path / "service.db"
    fill(Store(database, FIELD_SERVICE), Sizes(accounts=20, contacts=50, work_orders=100))
    with serving(create_app(database)) as url:
        local = {"conn_type": "sql", "extra": {"url": f"sqlite:///{tmp_path}/crm.db"}}
        monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path / ".airflow"))
        monkeypatch.setenv("TANDEM_CONFIG", str(tmp_path / "integrations"))
        monkeypatch.setenv("AIRFLOW_CONN_CRM", json.dumps({"conn_type": "odata", "host": url}))
        monkeypatch.setenv("AIRFLOW_CONN_CRM_LOCAL", json.dumps(local))
        yield


def run(command: str):
    """What the command prints, and how it exits."""
    return CliRunner().invoke(app, shlex.split(command.removeprefix(".venv/bin/tandem ")))


def test_the_commands_of_the_first_integration_work(newcomer):
    commands = re.findall(r"^ +(\.venv/bin/tandem .*)$", README, re.MULTILINE)
    assert [shlex.split(command)[1] for command in commands] == ["init", "check", "preview", "sync"]
    for command in commands:
        result = run(command)
        assert result.exit_code == 0, f"{command}: {result.output}"
    assert "RESULTS: ALL (70) : IMPORTED (70); UPDATED (0); FAILED (0)" in result.output
    again = json.loads(run("sync crm --json").stdout)
    assert again["results"] == "RESULTS: ALL (0) : IMPORTED (0); UPDATED (0); FAILED (0)"
    assert "(incremental): success" in run("log crm").output


def test_the_commands_about_systems_that_change_work(newcomer):
    run("init crm --external odata:crm --local sql:crm_local --entity Accounts --entity Contacts")
    page = (ROOT / "docs" / "when-systems-change.md").read_text()
    commands = re.findall(r"^tandem (.*?) +#", page, re.MULTILINE)
    assert len(commands) == 4
    for command in [
        *commands,
        "validate crm",
        "suggest crm WorkOrders --new",
        "mapping export crm",
    ]:
        result = run(command)
        assert result.exit_code == 0, f"{command}: {result.output}"


def test_the_commands_about_operations_work(newcomer):
    run("init crm --external odata:crm --local sql:crm_local --entity Accounts --entity Contacts")
    run("sync crm")
    page = (ROOT / "docs" / "operations.md").read_text()
    commands = re.findall(r"^tandem (.*?) +#", page, re.MULTILINE)
    assert len(commands) == 6
    for command in commands:
        result = run(command)
        assert result.exit_code == 0, f"{command}: {result.output}"


def test_commands_and_options_that_pages_name_exist():
    pages = " ".join(page.read_text() for page in [ROOT / "README.md", *ROOT.glob("docs/*.md")])
    named = re.findall(r"`tandem ((?:mapping )?[a-z]+)([^`]*)`", pages)
    assert len(named) > 20
    for command, rest in named:
        usage = run(f"{command} --help")
        assert usage.exit_code == 0, command
        for option in re.findall(r"--[a-z-]+", rest):
            assert option in usage.output, f"tandem {command} {option}"


def test_a_new_integration_does_not_replace_a_file(newcomer):
    command = "init crm --external odata:crm --local sql:crm_local --entity Accounts"
    assert run(command).exit_code == 0
    again = run(command)
    assert again.exit_code == 2
    assert "is there already" in again.output


def test_make_has_every_target_that_is_documented():
    makefile = (ROOT / "Makefile").read_text()
    pages = [
        README,
        *(page.read_text() for page in [ROOT / "CONTRIBUTING.md", ROOT / "BENCHMARKS.md"]),
    ]
    for target in set(re.findall(r"`?make ([a-z]+)`", " ".join(pages))):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_links_between_documents_lead_somewhere():
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/**/*.md")]:
        for link in re.findall(r"\]\((?!http)([^)#]+)", page.read_text()):
            assert (page.parent / link).exists(), f"{page.name}: {link}"
