"""`tandem demo`: what it says, and that what it says works."""

import json
import os
import shlex
import signal
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from typer.testing import CliRunner

from tandem.cli.main import app
from tandem.demo.certificate import certificate
from tandem.demo.data import Sizes
from tandem.demo.dialects import Dialect
from tandem.demo.stands import Place, Stand, signs_in, stand

COMMAND = (sys.executable, "-m", "tandem.demo", "--accounts", "5", "--port", "0")


@contextmanager
def _running(folder: Path, *arguments: str) -> Iterator[str]:
    """What a demo says once it serves; it has to end well by Ctrl-C."""
    command = [*COMMAND, "--database", str(folder / "demo.db"), *arguments]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    try:
        assert process.stdout
        lines = []
        while not lines or not lines[-1].startswith("Stop it"):
            lines.append(process.stdout.readline())
            assert lines[-1], "it ended"
        yield "".join(lines)
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    assert process.returncode == 0


def _connections(said: str) -> list[dict[str, Any]]:
    lines = [line.strip() for line in said.splitlines() if "AIRFLOW_CONN_CRM=" in line]
    return [json.loads(line.partition("=")[2].strip("'")) for line in lines]


def test_the_command_is_there() -> None:
    assert CliRunner().invoke(app, ["demo", "--help"]).exit_code == 0


def test_a_token_of_the_authority_opens_the_organization(tmp_path: Path) -> None:
    with _running(tmp_path, "--dialect", "dynamics") as said:
        by_secret, by_code = _connections(said)
        extra = by_secret["extra"]
        assert by_code["extra"]["auth"] == "device_code"
        assert "/devicelogin" in said
        trust = ssl.create_default_context(cafile=extra["verify"])
        with httpx.Client(verify=trust, base_url=by_secret["host"]) as client:
            assert client.get("WhoAmI").status_code == 401
            form = {
                "grant_type": "client_credentials",
                "client_id": extra["client_id"],
                "client_secret": by_secret["password"],
                "scope": f"{client.base_url.copy_with(path='/')}.default",
            }
            answer = client.post(f"{extra['authority']}/oauth2/v2.0/token", data=form).json()
            headers = {"Authorization": f"Bearer {answer['access_token']}"}
            assert client.get("WhoAmI", headers=headers).status_code == 200


def test_the_plain_service_needs_no_certificate(tmp_path: Path) -> None:
    with _running(tmp_path) as said:
        (connection,) = _connections(said)
        assert httpx.get(f"{connection['host']}Accounts?$top=1").status_code == 200
    assert not list(tmp_path.glob("*.pem"))


@pytest.mark.parametrize("dialect", Dialect)
def test_every_dialect_has_a_connection(tmp_path: Path, dialect: Dialect) -> None:
    trust = tmp_path / "trust.pem" if signs_in(dialect) else None
    base = "http://localhost:1"
    ready = stand(dialect, Place(base, tmp_path / "demo.db", Sizes(2, 2, 2), trust))
    assert all(each["conn_type"] == dialect.value for each in ready.connections.values())
    assert all(each["host"].startswith(base) for each in ready.connections.values())


def test_a_certificate_is_made_once_and_its_key_is_nobody_elses(tmp_path: Path) -> None:
    public, private = certificate(tmp_path)
    made = public.read_bytes()
    assert certificate(tmp_path) == (public, private)
    assert public.read_bytes() == made
    assert private.stat().st_mode & 0o077 == 0


def test_a_key_that_others_could_read_is_replaced_by_one_they_cannot(tmp_path: Path) -> None:
    public, private = certificate(tmp_path)
    private.chmod(0o644)
    public.unlink()
    certificate(tmp_path)
    assert private.stat().st_mode & 0o077 == 0


def test_the_certificate_vouches_for_nobody_else(tmp_path: Path) -> None:
    public, _ = certificate(tmp_path)
    made = x509.load_pem_x509_certificate(public.read_bytes())
    assert not made.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_a_connection_is_exported_as_one_word_of_the_shell() -> None:
    connection = {"conn_type": "odata", "password": "it's; $(touch x)"}
    (_, line), *_ = Stand("", None, "", {"": connection}).exports()  # type: ignore[arg-type]
    command, word = shlex.split(line)
    assert command == "export"
    assert json.loads(word.partition("=")[2]) == connection
