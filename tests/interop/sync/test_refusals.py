"""What is wrong with a connection or a mapping is said, with the exit code that it deserves."""

import json
import sqlite3
from contextlib import closing

import pytest
import yaml
from typer.testing import CliRunner

from tandem.cli.main import app

pytestmark = pytest.mark.interop


@pytest.fixture
def command(monkeypatch, tmp_path):
    """The command line with an integration of Articles; gives exit code and output."""

    def run(*arguments, host, entity="Articles", **connection):
        fields = [{"external": name, "local": name} for name in ("code", "name")]
        mapping = {"external": entity, "local": "article", "primary_key": ["code"]}
        file = {
            "name": "shop",
            "external": {"connector": "odata", "connection": "cap"},
            "local": {"connector": "sql", "connection": "here"},
            "provision": True,
            "entities": [mapping | {"fields": fields}],
        }
        (tmp_path / "shop.yaml").write_text(yaml.safe_dump(file))
        cap = {"conn_type": "odata", "host": host, **connection}
        here = {"conn_type": "sql", "extra": {"url": f"sqlite:///{tmp_path}/local.db"}}
        monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
        monkeypatch.setenv("TANDEM_CONFIG", str(tmp_path))
        for name in ("TANDEM_STATE", "TANDEM_STAGING"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("AIRFLOW_CONN_CAP", json.dumps(cap))
        monkeypatch.setenv("AIRFLOW_CONN_HERE", json.dumps(here))
        done = CliRunner().invoke(app, arguments, env={"COLUMNS": "200"})
        return done.exit_code, " ".join(done.output.split())

    return run


def test_right_password_lets_in(command, cap_guarded, tmp_path):
    signed_in = {"host": cap_guarded, "login": "sync", "password": "interop"}
    assert command("check", "shop", **signed_in)[0] == 0
    code, said = command("sync", "shop", **signed_in)
    assert (code, "ALL (21) : IMPORTED (21); UPDATED (0); FAILED (0)" in said) == (0, True)
    with closing(sqlite3.connect(tmp_path / "local.db")) as local:
        assert ("it's / all & here #1?",) in local.execute("SELECT code FROM article").fetchall()


@pytest.mark.parametrize(
    "signed_in", [{}, {"login": "sync", "password": "let-me-in"}, {"login": "who", "password": "x"}]
)
@pytest.mark.parametrize(
    ("verb", "code"), [("check", 1), ("preview", 2), ("import", 2), ("sync", 2)]
)
def test_wrong_password_is_said_and_not_repeated(command, cap_guarded, signed_in, verb, code):
    exit_code, said = command(verb, "shop", host=cap_guarded, **signed_in)
    assert exit_code == code
    assert "does not accept our credentials (401)" in said
    assert "connection 'cap'" in said
    assert "let-me-in" not in said


@pytest.mark.parametrize(("verb", "code"), [("check", 1), ("preview", 2), ("sync", 2)])
def test_wrong_entity_gets_a_suggestion(command, cap, verb, code):
    exit_code, said = command(verb, "shop", host=cap, entity="Article")
    assert exit_code == code
    assert "no entity 'Article'. Did you mean Articles?" in said


@pytest.mark.parametrize("path", ["/odata/v4/nowhere/", "/odata/v4/", "/"])
def test_wrong_path_is_told_from_a_service(command, cap_host, tmp_path, path):
    code, said = command("sync", "shop", host=cap_host + path)
    assert code == 2
    assert "has nothing there (404)" in said
    assert not (tmp_path / "local.db").exists()
    code, said = command("check", "shop", host=cap_host + path)
    assert code == 1
    assert "has nothing there (404)" in said or "answers with a web page" in said
    assert "service root URL" in said
