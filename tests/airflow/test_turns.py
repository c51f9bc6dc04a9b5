"""Steps of a run hold the integration from the first one to the report."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.airflow.by_hand import settle

from tandem.errors import Busy
from tandem.integration_files import parse_integration
from tandem.state.store import StateStore, open_state

FILE = """\
name: shop
external: {connector: sql, connection: source}
local: {connector: sql, connection: target}
provision: true
entities:
  - external: customers
    local: customer
    direction: bidirectional
    primary_key: [id]
    fields: [{external: id, local: id}, {external: name, local: name}]
"""
HOUR = timedelta(hours=1)
Step = Callable[..., Any]


class Desk:
    """What Airflow keeps of a run: what its tasks handed over, and how they ended."""

    def __init__(self) -> None:
        self.dag_id, self.run_id = "shop__sync", ""

    def xcom_pull(self, **_: Any) -> None:
        """Nothing has been handed over."""

    def get_task_states(self, **_: Any) -> dict[str, dict[str, str]]:
        """Nothing has failed."""
        return {}


@pytest.fixture
def step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Step:
    """Runs one step of a run as its Airflow task does."""
    from tandem.airflow.steps import Asked, run_step

    settle(tmp_path, monkeypatch)
    make_customers(tmp_path / "source.db")
    integration = parse_integration(tmp_path / "shop.yaml", FILE)

    def run(name: str, run_id: str = "mine", **params: Any) -> Any:
        asked = Asked(integration, "import" if "preview" in params else "sync", "", name)
        context = {"run_id": run_id, "params": {"entities": [], **params}}
        return run_step(asked, {**context, "ti": Desk(), "dag_run": Desk()})  # type: ignore[typeddict-item]

    return run


def make_customers(path: Path) -> None:
    import sqlite3

    with sqlite3.connect(path) as database:
        database.execute("create table customers (id text primary key not null, name text)")


@contextmanager
def at_work(tmp_path: Path, run_id: str) -> Iterator[StateStore]:
    """A run whose process is at work elsewhere."""
    state = open_state(f"sqlite:///{tmp_path / 'state.db'}", "shop")
    state.acquire(run_id, process=None, now=datetime.now(UTC), ttl=HOUR)
    yield state
    state.release()
    state.close()


def test_a_step_is_refused_while_another_run_is_at_work(step: Step, tmp_path: Path) -> None:
    with at_work(tmp_path, "other"), pytest.raises(Busy, match=r"Another run \(other\)"):
        step("refresh_schema")
    assert step("refresh_schema")["provisioned"]


def test_tasks_of_one_run_are_at_work_together(step: Step, tmp_path: Path) -> None:
    with at_work(tmp_path, "mine"):
        assert step("refresh_schema")["provisioned"]
        assert step("validate_metadata")["entities"]


def test_between_its_tasks_a_run_keeps_others_out_until_its_report(step: Step) -> None:
    step("refresh_schema")
    with pytest.raises(Busy):
        step("refresh_schema", "next")
    step("report")
    step("refresh_schema", "next")


def test_a_report_that_comes_late_leaves_the_run_that_is_at_work_alone(
    step: Step, tmp_path: Path
) -> None:
    with at_work(tmp_path, "other"):
        assert step("report")["lines"]
        with pytest.raises(Busy):
            step("refresh_schema")


def test_a_preview_waits_for_nobody(step: Step, tmp_path: Path) -> None:
    with at_work(tmp_path, "other"):
        assert step("refresh_schema", preview=True) == {}
