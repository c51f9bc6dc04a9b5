"""A demo service in a process of its own, a local database, and syncs that can be killed."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from tandem.demo.server import wait_until_ready

HERE = Path(__file__).parent
INTEGRATION = HERE / "town.yaml"


@dataclass(frozen=True)
class Database:
    """A database, seen through its own driver."""

    url: str

    def rows(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """What a statement gives; `?` stands for a value."""
        with closing(self._open()) as database:
            found = database.execute(self._own(statement), values)
            return (
                [tuple(map(_plain, row)) for row in found.fetchall()] if found.description else []
            )

    def tables(self) -> set[str]:
        """The names of all tables."""
        query = (
            "SELECT name FROM sqlite_master WHERE type = 'table'"
            if self._is_sqlite
            else "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
        )
        return {name for (name,) in self.rows(query)}

    @property
    def _is_sqlite(self) -> bool:
        return self.url.startswith("sqlite")

    def _own(self, statement: str) -> str:
        return statement if self._is_sqlite else statement.replace("?", "%s")

    def _open(self) -> Any:
        if self._is_sqlite:
            path = self.url.removeprefix("sqlite:///")
            return sqlite3.connect(path, isolation_level=None, timeout=30)
        return psycopg.connect(self.url, autocommit=True)


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, int | str) else str(value)


@dataclass(frozen=True)
class Ended:
    """How a run ended."""

    killed: bool
    code: int
    seconds: float
    said: str


@dataclass(frozen=True)
class House:
    """Both sides, the state, and a process that runs syncs."""

    service: httpx.Client
    external: Database
    """The service's own database, to be read only."""
    local: Database
    state: Database
    environment: dict[str, str]
    folder: Path
    warm: "subprocess.Popen[str]"

    def sync(self, kill_after: float | None = None) -> Ended:
        """A run; killed by SIGKILL after so many seconds, unless it has ended by then."""
        log = self.folder / "run.log"
        order = {"kill_after": kill_after, "log": str(log)}
        assert self.warm.stdin
        assert self.warm.stdout
        self.warm.stdin.write(json.dumps(order) + "\n")
        self.warm.stdin.flush()
        answer = json.loads(self.warm.stdout.readline())
        return Ended(**answer, said=log.read_text() if log.exists() else "")

    def command(self, *arguments: str, kill_after: float | None = None) -> Ended:
        """A `tandem` command, as a person runs it."""
        tandem = [str(Path(sys.executable).with_name("tandem")), *arguments]
        with subprocess.Popen(
            tandem,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            try:
                said, _ = process.communicate(timeout=kill_after)
            except subprocess.TimeoutExpired:
                process.kill()
                said, _ = process.communicate()
        killed = process.returncode == -signal.SIGKILL
        return Ended(killed, process.returncode, 0, said)


@pytest.fixture(params=["sqlite", "postgresql"])
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    """An empty house; local side and state in databases of each kind in turn."""
    if request.param == "sqlite":
        local, state = (f"sqlite:///{tmp_path}/{name}.db" for name in ("local", "state"))
    else:
        local = state = request.getfixturevalue("postgresql_url")
    with _service(tmp_path / "service.db") as url:
        (tmp_path / INTEGRATION.name).write_text(INTEGRATION.read_text())
        ours = {n: v for n, v in os.environ.items() if not n.startswith(("AIRFLOW", "TANDEM"))}
        environment = {
            **ours,
            "AIRFLOW_HOME": str(tmp_path),
            "TANDEM_CONFIG": str(tmp_path),
            "TANDEM_STATE": state.replace("postgresql://", "postgresql+psycopg://"),
            "TANDEM_STAGING": f"file://{tmp_path}/staging",
            "AIRFLOW_CONN_SERVICE": json.dumps({"conn_type": "odata", "host": url}),
            "AIRFLOW_CONN_HERE": json.dumps({"conn_type": "sql", "extra": {"url": local}}),
        }
        headers = {"content-type": "application/json;IEEE754Compatible=true"}
        with (
            httpx.Client(base_url=url, headers=headers, timeout=60) as client,
            _process([str(HERE / "warm_process.py")], environment) as warm,
        ):
            external = Database(f"sqlite:///{tmp_path}/service.db")
            yield House(
                client, external, Database(local), Database(state), environment, tmp_path, warm
            )


@contextmanager
def _service(database: Path) -> Iterator[str]:
    arguments = ["-m", "tandem.demo", "--port", "0", "--accounts", "0"]
    with _process([*arguments, "--database", str(database)], dict(os.environ)) as process:
        assert process.stdout
        url = process.stdout.readline().rpartition(" ")[2].strip()
        wait_until_ready(url)
        yield url


@contextmanager
def _process(
    arguments: list[str], environment: dict[str, str]
) -> Iterator["subprocess.Popen[str]"]:
    with subprocess.Popen(
        [sys.executable, *arguments],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.terminate()
