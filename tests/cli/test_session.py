"""Errors and exit codes of the command line."""

import logging
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from tandem.cli.main import app
from tandem.cli.session import errors_as_exit_codes
from tandem.errors import ConfigurationError, Throttled

GOOD = """\
name: {name}
external: {{connector: memory, connection: a}}
local: {{connector: memory, connection: b}}
entities: [{{external: A, local: a, fields: [{{external: x, local: x}}]}}]
"""


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for integration files, and an AIRFLOW_HOME."""
    folder = tmp_path / "config"
    folder.mkdir()
    monkeypatch.setenv("TANDEM_CONFIG", str(folder))
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path / "home"))
    for conn_id in "AB":
        monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id}", '{"conn_type": "memory"}')
    return folder


def code_of(error: Exception) -> int:
    with pytest.raises(typer.Exit) as raised, errors_as_exit_codes():
        raise error
    return raised.value.exit_code


def test_each_error_has_its_exit_code() -> None:
    assert code_of(ConfigurationError("x")) == 2
    assert code_of(Throttled("x")) == 3
    assert code_of(ZeroDivisionError("x")) == 70
    assert code_of(typer.Exit(5)) == 5


def test_a_bug_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    code_of(ValueError("first\nsecond"))
    shown = " ".join(capsys.readouterr().err.split())
    assert shown == "Error: bug: ValueError: first (run with -v for the traceback)"


def test_the_log_has_the_traceback_of_a_bug(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        code_of(ValueError("first"))
    assert "Traceback" in caplog.text


def test_checking_what_is_not_there_is_wrong_usage(config: Path) -> None:
    (config / "crm.yaml").write_text(GOOD.format(name="crm"))
    answer = CliRunner().invoke(app, ["check", "nosuch"])
    assert answer.exit_code == 2
    assert "crm" in answer.stderr


def test_a_bug_in_one_check_does_not_hide_the_others(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("first", "second"):
        (config / f"{name}.yaml").write_text(GOOD.format(name=name))
    monkeypatch.setenv("TANDEM_STATE", "sqlite:///:memory:?timeout=x")
    answer = CliRunner().invoke(app, ["check"])
    assert answer.exit_code == 1, answer.output
    assert "first" in answer.stdout
    assert "second" in answer.stdout
