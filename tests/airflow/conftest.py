import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).parent.parent.parent
INTEGRATION = """\
name: {name}
description: Orders and who placed them
external: {{connector: sql, connection: {source}}}
local: {{connector: sql, connection: target}}
provision: true
{head}
entities:
  - external: orders
    local: {name}_order
    primary_key: [number]
    version_number: version
    {orders}
    fields:
      - {{external: number, local: number}}
      - {{external: customer_id, local: customer_id, lookup: {{entity: customers, field: id}}}}
  - external: customers
    local: {name}_customer
    primary_key: [id]
    version_number: version
    fields:
      - {{external: id, local: id}}
      - {{external: name, local: name}}
"""


@dataclass(frozen=True)
class Ran:
    """What became of a DAG run."""

    state: str
    tasks: dict[str, str]
    handed_over: dict[str, Any]
    import_errors: dict[str, str]
    log: str


class House:
    """An Airflow of its own, with a source and a target database beside it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.config = folder / "config"
        self.config.mkdir()
        self.environment = {
            **os.environ,
            "AIRFLOW_HOME": str(folder / "home"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__DAGS_FOLDER": str(PROJECT / "dags"),
            "TANDEM_CONFIG": str(self.config),
            "AIRFLOW_CONN_SOURCE": _sqlite(folder / "source.db"),
        }
        self.target = _sqlite(folder / "target.db")
        self.sql("source", _TABLES)

    def integrate(
        self, name: str, *, source: str = "source", head: str = "", orders: str = ""
    ) -> None:
        """Write an integration file; `head` and `orders` are further lines for these parts."""
        text = INTEGRATION.format(name=name, source=source, head=head, orders=orders)
        (self.config / f"{name}.yaml").write_text(text, encoding="utf-8")

    def sql(self, database: str, text: str) -> list[tuple[Any, ...]]:
        """Run statements in the source or target database; the rows of the last one."""
        with sqlite3.connect(self._folder / f"{database}.db") as connection:
            *before, last = [part for part in text.split(";") if part.strip()]
            for statement in before:
                connection.execute(statement)
            return connection.execute(last).fetchall()

    def tables(self) -> set[str]:
        """The tables of the target database."""
        return {name for (name,) in self.sql("target", "select name from sqlite_master")}

    def airflow(self, *arguments: str) -> None:
        """Run an Airflow command to its end."""
        command = [sys.executable, "-m", "airflow", *arguments]
        subprocess.run(command, env=self.environment, capture_output=True, check=True)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """A Python process in this house."""
        return subprocess.Popen(
            [sys.executable, *arguments],
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )


_TABLES = """
create table customers (id text primary key not null, name text, version integer not null);
create table orders (
    number integer primary key not null, customer_id text, version integer not null
);
insert into customers values ('c1', 'Ada', 1), ('c2', 'Božena', 2);
insert into orders values (1, 'c1', 1), (2, 'c2', 2), (3, null, 3)
"""


def _sqlite(path: Path) -> str:
    return json.dumps({"conn_type": "sql", "extra": {"url": f"sqlite:///{path}"}})


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    return House(tmp_path_factory.mktemp("house"))


@pytest.fixture(scope="session")
def run_dag(house: House) -> Iterator[Callable[..., Ran]]:
    """Runs a DAG through Airflow, in one process for all tests."""
    house.airflow("db", "migrate")
    # One connection in the environment, one where Airflow's Connections page keeps them.
    house.airflow("connections", "add", "target", "--conn-json", house.target)
    runner = house.start(str(Path(__file__).parent / "dag_runner.py"), str(PROJECT / "dags"))
    assert runner.stdin
    assert runner.stdout

    def run(dag_id: str, **conf: Any) -> Ran:
        runner.stdin.write(json.dumps({"dag_id": dag_id, "conf": conf}) + "\n")
        runner.stdin.flush()
        answer = json.loads(runner.stdout.readline() or '{"state": "the runner died"}')
        return Ran(**answer)

    yield run
    runner.communicate()
