"""Tasks of a run that has ended, cleared by themselves."""

from pathlib import Path
from typing import Any

import pytest
from tests.airflow.by_hand import Shop, open_shop

from tandem.errors import Stale

LOG = "select status, created, message from integration_log"


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    shop = open_shop(tmp_path, monkeypatch)
    shop.sql("source", "insert into customers values ('c1', 'Ada')")
    return shop


@pytest.mark.parametrize("step", ["extract", "transform", "load"])
def test_they_say_what_to_clear_and_leave_log_and_integration_to_others(
    shop: Shop, step: Any
) -> None:
    context = shop.run("first")
    with pytest.raises(Stale, match="Clear refresh_schema with all that follow it, or start"):
        shop.task(f"customers.{step}").execute(context)
    assert shop.sql("state", LOG) == [("success", 1, "")]
    assert shop.sql("state", "select holder from integration_lease") == [(None,)]


def test_a_run_at_work_keeps_the_integration_when_a_task_of_it_is_refused(shop: Shop) -> None:
    context = shop.context("first")
    for task_id in ("refresh_schema", "validate_metadata", "customers.extract"):
        context["ti"].handed_over[task_id] = shop.task(task_id).execute(context)
    del context["ti"].handed_over["customers.extract"]["mapping_hash"]
    with pytest.raises(Stale, match="another version of Tandem"):
        shop.task("customers.transform").execute(context)
    assert shop.sql("state", "select holder from integration_lease") == [("first",)]


def test_a_run_whose_tasks_are_all_cleared_is_done_again(shop: Shop) -> None:
    shop.run("first")
    shop.sql("source", "insert into customers values ('c2', 'Bea')")
    shop.run("first")
    assert shop.sql("state", LOG) == [("success", 1, "")]
    assert shop.sql("target", "select count(*) from customer") == [(2,)]
