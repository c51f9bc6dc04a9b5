"""Signing in as somebody at a terminal sees it: one message, above the progress, and exit codes."""

import json
import os
import pty
import re
import select
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.systems.hosted import CLIENT, Hosted, hosted

from tandem.demo.authority.authority import Authority
from tandem.demo.authority.grants import Application
from tandem.demo.data import Sizes
from tandem.demo.dynamics.organization import ROOT
from tandem.demo.dynamics.sample import fill
from tandem.demo.dynamics.service import create_app

FILE = """\
name: crm
external: {connector: dynamics, connection: crm}
local: {connector: sql, connection: crm_local}
provision: true
entities:
  - external: accounts
    local: account
    fields:
      - {external: name, local: name}
"""
GO = re.compile(r"enter the code\s+(\w+)\.")
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")


@pytest.fixture
def authority() -> Authority:
    return Authority([Application(CLIENT, "s3cret~of/the+app")], interval=1)


@pytest.fixture
def host(authority: Authority, tmp_path: Path) -> Iterator[Hosted]:
    folder = tmp_path / "there"
    folder.mkdir()
    fill(folder / "there.db", Sizes(3, 3, 3))
    app = create_app(folder / "there.db", accepts=authority.accepts)
    with hosted(folder, authority, {ROOT: app}) as at:
        yield at


def surroundings(folder: Path, host: Hosted, **extra: Any) -> dict[str, str]:
    """The environment of a shell."""
    (folder / "crm.yaml").write_text(FILE)
    local = {"conn_type": "sql", "extra": {"url": f"sqlite:///{folder}/local.db"}}
    crm = {
        "conn_type": "dynamics",
        "host": f"{host.base}{ROOT}",
        "extra": {**host.sign_in("device_code"), **extra},
    }
    return {
        "PATH": os.environ["PATH"],
        "TERM": "xterm",
        "COLUMNS": "100",
        "AIRFLOW_HOME": str(folder / "home"),
        "TANDEM_CONFIG": str(folder),
        "AIRFLOW_CONN_CRM": json.dumps(crm),
        "AIRFLOW_CONN_CRM_LOCAL": json.dumps(local),
    }


def at_a_terminal(
    environment: Mapping[str, str], *arguments: str, decide: Any = None
) -> tuple[int, str]:
    """Exit code and all that the terminal shows; `decide` gets each code as soon as it stands
    there.
    """
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", "from tandem.cli.main import app; app()", *arguments],
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    shown, decided = b"", set[str]()
    while chunk := _read(ours):
        shown += chunk
        for code in GO.findall(CONTROL.sub("", shown.decode(errors="replace"))):
            if decide and code not in decided:
                decided.add(code)
                decide(code)
    os.close(ours)
    return process.wait(60), shown.decode(errors="replace")


def _read(terminal: int) -> bytes:
    ready, _, _ = select.select([terminal], [], [], 120)
    try:
        return os.read(terminal, 4096) if ready else b""
    except OSError:  # the other end is closed
        return b""


def messages(shown: str) -> list[str]:
    """The codes that a reader is asked to enter, each as often as it is asked for."""
    return GO.findall(CONTROL.sub("", shown))


@pytest.mark.parametrize("command", ["check", "sync"])
def test_the_message_is_shown_once_and_the_command_goes_on(
    tmp_path: Path, host: Hosted, command: str
) -> None:
    environment = surroundings(tmp_path, host)
    code, shown = at_a_terminal(environment, command, "crm", decide=host.enter)
    assert code == 0, shown
    assert len(messages(shown)) == 1, shown
    assert "https://microsoft.com/devicelogin" in shown
    code, shown = at_a_terminal(environment, command, "crm")
    assert code == 0, shown
    assert messages(shown) == []


@pytest.mark.parametrize(("command", "code"), [("check", 1), ("sync", 2)])
def test_a_sign_in_that_is_declined_ends_it(
    tmp_path: Path, host: Hosted, authority: Authority, command: str, code: int
) -> None:
    environment = surroundings(tmp_path, host)
    ended, shown = at_a_terminal(environment, command, "crm", decide=authority.decline)
    assert ended == code, shown
    plain = " ".join(CONTROL.sub("", shown).split())
    assert "declined to sign in." in plain
    assert "Traceback" not in plain


@pytest.mark.parametrize("command", ["check", "sync"])
def test_an_authority_that_cannot_be_reached_may_be_tried_again(
    tmp_path: Path, host: Hosted, command: str
) -> None:
    nowhere = surroundings(tmp_path, host, authority="https://127.0.0.1:9/contoso.example")
    ended, shown = at_a_terminal(nowhere, command, "crm")
    assert ended == 3, shown
    assert "127.0.0.1:9 cannot be reached" in " ".join(CONTROL.sub("", shown).split())
