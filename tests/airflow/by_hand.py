"""Steps of an integration between two SQLite files, run by hand in this process."""

import sqlite3
from collections import defaultdict
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.orders import sqlite_connection

from tandem.integration_files import parse_integration

FILE = """\
name: shop
external: {connector: sql, connection: source}
local: {connector: sql, connection: target}
provision: true
HEAD
entities:
  - external: customers
    local: customer
    primary_key: [id]
    fields: [{external: id, local: id}, {external: name, local: name}]
"""
WHOLE = (
    "refresh_schema",
    "validate_metadata",
    "customers.extract",
    "customers.transform",
    "customers.load",
    "report",
)


class Desk:
    """What Airflow keeps of a run: what its tasks handed over."""

    def __init__(self, run_id: str) -> None:
        self.dag_id, self.run_id, self.id = "shop__sync", run_id, None
        self.run_type = "manual"
        self.handed_over: dict[str, Any] = {}

    def xcom_pull(self, task_ids: str, **_: Any) -> Any:
        """What that task handed over."""
        return self.handed_over.get(task_ids)

    def get_task_states(self, **_: Any) -> dict[str, dict[str, str]]:
        """Nothing has failed."""
        return {}


class Shop:
    """The integration and its databases."""

    def __init__(self, folder: Path, head: str) -> None:
        self.folder = folder
        path = folder / "shop.yaml"
        path.write_text(FILE.replace("HEAD", head), encoding="utf-8")
        self.integration = parse_integration(path, path.read_text(encoding="utf-8"))
        self.sql("source", "create table customers (id text primary key not null, name text)")

    def sql(self, database: str, *statements: str) -> list[tuple[Any, ...]]:
        """The rows of the last of these statements."""
        with closing(sqlite3.connect(self.folder / f"{database}.db")) as connection, connection:
            return [connection.execute(text).fetchall() for text in statements][-1]

    def task(self, task_id: str) -> Any:
        """The operator of that task."""
        from tandem.airflow.tasks import Step

        entity = "customers" if "." in task_id else ""
        name = task_id.rpartition(".")[2]
        return Step(task_id=name, integration=self.integration, kind="sync", entity=entity)

    def context(self, run_id: str, **params: Any) -> dict[str, Any]:
        """What Airflow tells the tasks of a run."""
        desk = Desk(run_id)
        params = {"entities": [], **params}
        events: Any = defaultdict(lambda: SimpleNamespace(extra={}))
        run = {"run_id": run_id, "params": params, "outlet_events": events}
        return {**run, "ti": desk, "dag_run": desk}

    def run(self, run_id: str) -> dict[str, Any]:
        """All steps of a run; the context that the last one had."""
        context = self.context(run_id)
        for task_id in WHOLE:
            context["task"] = task = self.task(task_id)
            context["ti"].handed_over[task_id] = task.execute(context)
        return context


def open_shop(folder: Path, monkeypatch: pytest.MonkeyPatch, head: str = "") -> Shop:
    """The shop, with its state and staging in the folder."""
    settle(folder, monkeypatch)
    return Shop(folder, head)


def settle(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files, state, staging and both sides are in the folder."""
    monkeypatch.setenv("TANDEM_CONFIG", str(folder))
    monkeypatch.setenv("TANDEM_STATE", f"sqlite:///{folder / 'state.db'}")
    monkeypatch.setenv("TANDEM_STAGING", f"file://{folder / 'staging'}")
    for side in ("source", "target"):
        connection = sqlite_connection(folder / f"{side}.db")
        monkeypatch.setenv(f"AIRFLOW_CONN_{side.upper()}", connection)
