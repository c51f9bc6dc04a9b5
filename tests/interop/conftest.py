"""SAP CAP, an OData v4 server that nobody here wrote, started once for the interop tests.

Without Node the tests are skipped; with Node, an install or a start that fails is a failure.
The server keeps its rows in memory (db/init.js makes them), so tests may change them; a test
that does should make the records it changes.
"""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

CAP = Path(__file__).parent / "cap"
MODULES = CAP / "node_modules"
LISTENING = re.compile(r"server listening on \{ url: '\w+://[^:]+:(\d+)'")
INSTALL_SECONDS = 300
START_SECONDS = 60


@pytest.fixture(scope="session")
def cap_host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the running server, without a path."""
    _install()
    log = tmp_path_factory.mktemp("cap") / "server.log"
    with log.open("wb") as output, _start(output) as server:
        try:
            yield f"http://127.0.0.1:{_port(server, log)}"
        finally:
            server.terminate()


@pytest.fixture(scope="session")
def cap(cap_host: str) -> str:
    """Service root: Accounts, Orders, OrderLines and Articles, open to everyone."""
    return f"{cap_host}/odata/v4/interop/"


@pytest.fixture(scope="session")
def cap_guarded(cap_host: str) -> str:
    """Service root: Articles, for user `sync` with password `interop` (basic)."""
    return f"{cap_host}/odata/v4/guarded/"


def _install() -> None:
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("Node and npm are not installed: the interop tests need them to run SAP CAP.")
    wanted = hashlib.sha256((CAP / "package-lock.json").read_bytes()).hexdigest()
    stamp = MODULES / ".installed"
    with (CAP / "package-lock.json").open() as lock:
        # Parallel test processes share the folder: one installs, the others wait.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not stamp.exists() or stamp.read_text() != wanted:
            _run_npm()
            stamp.write_text(wanted)


def _run_npm() -> None:
    done = subprocess.run(
        ["npm", "ci"],
        cwd=CAP,
        capture_output=True,
        text=True,
        timeout=INSTALL_SECONDS,
        check=False,
    )
    if done.returncode:
        pytest.fail(f"npm ci failed in {CAP}:\n{done.stdout}\n{done.stderr}", pytrace=False)


def _start(output: IO[bytes]) -> "subprocess.Popen[bytes]":
    own_node = MODULES / ".bin" / "node"
    node = str(own_node) if own_node.exists() else "node"
    return subprocess.Popen(
        [node, "node_modules/@sap/cds/bin/serve.js", "all"],
        cwd=CAP,
        env={**os.environ, "PORT": "0", "NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
    )


def _port(server: "subprocess.Popen[bytes]", log: Path) -> str:
    give_up = time.monotonic() + START_SECONDS
    while server.poll() is None and time.monotonic() < give_up:
        if found := LISTENING.search(log.read_text()):
            return found[1]
        time.sleep(0.05)
    pytest.fail(f"SAP CAP did not start:\n{log.read_text()}", pytrace=False)
