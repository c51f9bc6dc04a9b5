"""A run that asks a person, in a running Airflow: approved, rejected, not answered."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from tests.live.airflow import ENDED, LiveAirflow
from tests.orders import INTEGRATION

MANY = 15
"""So many deletions of 30 wait for approval."""
PATIENCE = 600
"""Seconds that a run gets: on a busy machine each of its nine tasks takes most of a minute."""


class Asked:
    """An integration of whose customers many are gone: the run that asks about them."""

    def __init__(self, airflow: LiveAirflow, name: str) -> None:
        self.airflow, self.name, self.dag_id = airflow, name, f"{name}__sync"
        rows = ", ".join(f"('{name}{n}', 'Customer {n}', {n + 10})" for n in range(30))
        airflow.sql("source", f"insert into customers values {rows}")
        file = INTEGRATION.format(name=name, source="source", head="", orders="", customers="")
        airflow.integrate(name, file)
        airflow.unpause(self.dag_id)
        assert self.ended(self.start()) == "success"
        self.before = self.there()
        airflow.sql("source", f"delete from customers where version < {10 + MANY} and version > 9")
        assert self.ended(self.start()) == "success"
        assert self.there() == self.before
        self.run = self.start()
        airflow.wait_for_task(self.dag_id, self.run, "approve", "awaiting_input", PATIENCE)

    def start(self) -> str:
        return self.airflow.trigger(self.dag_id, entities=["customers"])

    def ended(self, run: str) -> str:
        return self.airflow.wait(self.dag_id, run, PATIENCE)

    def there(self) -> set[str]:
        """The local customers."""
        return {
            id_ for (id_,) in self.airflow.sql("target", f"select id from {self.name}_customer")
        }

    def here(self) -> set[str]:
        """The external ones."""
        return {id_ for (id_,) in self.airflow.sql("source", "select id from customers")}

    @property
    def question(self) -> dict[str, Any]:
        found: dict[str, Any] = self.airflow.get(self._place)
        return found

    def answer(self, option: str) -> str:
        """The state in which the run ends.

        Answered before it has noted that the task waits, Airflow 3.3 makes it ask once more.
        """
        give_up = time.monotonic() + PATIENCE
        while (state := self._state()) not in ENDED:
            assert time.monotonic() < give_up
            if self._asks():
                self.airflow.patch(self._place, {"chosen_options": [option], "params_input": {}})
            time.sleep(0.5)
        return state

    def _state(self) -> str:
        path = f"/api/v2/dags/{self.dag_id}/dagRuns/{self.run}"
        return str(self.airflow.get(path)["state"])

    def _asks(self) -> bool:
        waits = self.airflow.tasks(self.dag_id, self.run)["approve"] == "awaiting_input"
        return waits and not self.question["response_received"]

    @property
    def _place(self) -> str:
        run = f"/api/v2/dags/{self.dag_id}/dagRuns/{self.run}"
        return f"{run}/taskInstances/approve/-1/hitlDetails"


@pytest.fixture(autouse=True)
def as_before(airflow: LiveAirflow) -> Iterator[None]:
    """The next test, and other modules, find the customers that were there at first."""
    yield
    airflow.sql("source", "update customers set name = 'Ada', version = 1 where id = 'c1'")
    airflow.sql("source", "delete from customers where version > 9")


def test_an_approval_deletes_what_was_asked_about(airflow: LiveAirflow) -> None:
    asked = Asked(airflow, "approved")
    assert asked.question["subject"] == f"approved: delete {MANY} records?"
    assert f"| customers | local | {MANY} | `approved" in asked.question["body"]
    airflow.sql("source", "delete from customers where version > 36")
    assert asked.answer("Approve") == "success"
    later = {f"approved{n}" for n in (27, 28, 29)}
    assert asked.there() == asked.here() | later
    assert len(asked.there()) == len(asked.before) - MANY
    assert airflow.xcom(asked.dag_id, asked.run, "approve")["by"] == "admin"


def test_a_rejection_leaves_everything_as_it_was(airflow: LiveAirflow) -> None:
    asked = Asked(airflow, "turned_down")
    airflow.sql("source", "update customers set name = 'Eva', version = 99 where id = 'c1'")
    assert asked.answer("Reject") == "success"
    tasks = airflow.tasks(asked.dag_id, asked.run)
    assert tasks.pop("report") == tasks.pop("approve") == "success"
    assert {tasks.pop("refresh_schema"), tasks.pop("validate_metadata")} == {"success"}
    assert {*tasks.values()} == {"skipped"}
    assert asked.there() == asked.before
    assert airflow.sql("target", "select name from turned_down_customer where id = 'c1'") == [
        ("Ada",)
    ]
    assert "Rejected by admin: nothing was synced." in airflow.log(
        asked.dag_id, asked.run, "report"
    )


def test_without_an_answer_all_else_is_synced(airflow: LiveAirflow) -> None:
    asked = Asked(airflow, "unheard")
    airflow.sql("source", "insert into customers values ('new', 'New', 100)")
    assert let_time_pass(airflow, asked) == "success"
    assert asked.there() == asked.before | {"new"}
    assert "Nobody has answered" in airflow.log(asked.dag_id, asked.run, "approve")


def let_time_pass(airflow: LiveAirflow, asked: Asked) -> str:
    """As if the seven days were over that a person has; the state in which the run ends.

    An answer that comes before the worker is off makes Airflow try the task again: it asks anew.
    """
    url = airflow.environment.get("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN")
    if url is None:
        pytest.fail("Airflow's database is not known.")
    engine = create_engine(url.replace("+psycopg2", "+psycopg"))
    over = text(
        "UPDATE task_instance SET trigger_timeout = start_date"
        " WHERE run_id = :run AND task_id = 'approve' AND state = 'awaiting_input'"
    )
    run = f"/api/v2/dags/{asked.dag_id}/dagRuns/{asked.run}"
    while (state := str(airflow.get(run)["state"])) not in ("success", "failed"):
        with engine.begin() as connection:
            connection.execute(over, {"run": asked.run})
        time.sleep(5)
    engine.dispose()
    return state
