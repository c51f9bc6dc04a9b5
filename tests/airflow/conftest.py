import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.orders import INTEGRATION, TABLES, sqlite_connection

PROJECT = Path(__file__).parent.parent.parent


@dataclass(frozen=True)
class Ran:
    """What became of a DAG run."""

    state: str
    tasks: dict[str, str]
    handed_over: dict[str, Any]
    import_errors: dict[str, str]
    log: str


class House:
    """An Airflow of its own, with two sources and a target database beside it.

    Syncs that write to their source as well have one to themselves: the `office`.
    """

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
            "AIRFLOW_CONN_SOURCE": sqlite_connection(folder / "source.db"),
            "AIRFLOW_CONN_OFFICE": sqlite_connection(folder / "office.db"),
        }
        self.target = sqlite_connection(folder / "target.db")
        for source in ("source", "office"):
            self.sql(source, TABLES)

    def integrate(self, name: str, *, source: str = "source", **more: str) -> None:
        """Write an integration file; `head`, `orders` and `customers` are more lines of these."""
        lines = {"head": "", "orders": "", "customers": "", **more}
        text = INTEGRATION.format(name=name, source=source, **lines)
        (self.config / f"{name}.yaml").write_text(text, encoding="utf-8")

    def sql(self, database: str, text: str) -> list[tuple[Any, ...]]:
        """Run statements in one of the databases; the rows of the last one."""
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
    questions, answers = runner.stdin, runner.stdout
    assert questions
    assert answers

    def run(dag_id: str, *, again: Sequence[str] = (), says: str | None = None, **conf: Any) -> Ran:
        """Run the DAG with these params; then clear and run once more the tasks `again`.

        `says`: what a person answers who is asked; None: nobody does.
        """
        asked = {"dag_id": dag_id, "conf": conf, "again": again, "says": says}
        questions.write(json.dumps(asked) + "\n")
        questions.flush()
        answer = json.loads(answers.readline() or '{"state": "the runner died"}')
        return Ran(**answer)

    yield run
    runner.communicate()
