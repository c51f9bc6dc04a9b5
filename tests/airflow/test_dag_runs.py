"""Generated DAGs, run by Airflow itself."""

import json
from typing import Any

import pytest

pytestmark = pytest.mark.airflow


def test_a_sync_reads_everything_first_and_then_what_changed(house: Any, run_dag: Any) -> None:
    house.integrate("shop")
    first = run_dag("shop__sync")
    assert first.state == "success"
    assert set(first.tasks.values()) == {"success"}
    assert "RESULTS: ALL (5) : IMPORTED (5); UPDATED (0); FAILED (0)" in first.log
    house.sql("source", "insert into customers values ('c3', 'Chloé', 3)")
    second = run_dag("shop__sync")
    assert "customers: RESULTS: ALL (2) : IMPORTED (1); UPDATED (0); FAILED (0)" in second.log
    assert house.sql("target", "select count(*) from shop_customer") == [(3,)]


def test_what_tasks_hand_over_are_small_manifests_without_values(house: Any, run_dag: Any) -> None:
    house.integrate("small")
    handed_over = run_dag("small__sync").handed_over
    assert handed_over["customers.extract"]["records"] >= 2
    text = json.dumps(handed_over, ensure_ascii=False)
    assert "Ada" not in text
    assert len(text) < 5_000


def test_a_lookup_is_written_though_its_entity_stands_later_in_the_file(
    house: Any, run_dag: Any
) -> None:
    house.integrate("order")
    run_dag("order__sync")
    query = "select number, customer_id from order_order order by number"
    assert house.sql("target", query) == [(1, "c1"), (2, "c2"), (3, None)]


def test_only_the_entities_that_are_asked_for_run(house: Any, run_dag: Any) -> None:
    house.integrate("some")
    ran = run_dag("some__sync", entities=["orders"])
    assert ran.state == "success"
    assert ran.tasks["customers.extract"] == ran.tasks["customers.load"] == "skipped"
    assert ran.tasks["orders.load"] == "success"
    assert house.sql("target", "select count(*) from some_order") == [(3,)]


def test_an_entity_that_fails_leaves_the_others_and_fails_the_run(house: Any, run_dag: Any) -> None:
    house.sql("target", "create table partly_order (number integer primary key not null)")
    house.sql("target", "insert into partly_order values (99)")
    house.integrate("partly", orders="first_sync: replace_local")
    ran = run_dag("partly__sync")
    assert ran.state == "failed"
    assert ran.tasks["customers.load"] == "success"
    assert ran.tasks["orders.transform"] == "failed"
    assert ran.tasks["report"] == "failed"
    assert "orders.transform" in ran.log
    assert "replace_local would delete" in ran.log


def test_an_import_previews_without_writing(house: Any, run_dag: Any) -> None:
    house.integrate("look")
    before = house.tables()
    ran = run_dag("look__import", preview=True)
    assert ran.state == "success"
    assert "PREVIEW orders: 3 create" in ran.log
    assert ran.tasks["orders.load"] == "skipped"
    assert house.tables() == before


def test_an_import_reads_everything_each_time(house: Any, run_dag: Any) -> None:
    house.integrate("twice")
    assert "RESULTS: ALL (3) : IMPORTED (3)" in run_dag("twice__import", entities=["orders"]).log
    again = run_dag("twice__import", entities=["orders"])
    assert "IMPORTED (0); UPDATED (0); FAILED (0); UNCHANGED (3)" in again.log


def test_a_connection_that_is_nowhere_fails_at_once_with_its_remedy(
    house: Any, run_dag: Any
) -> None:
    house.integrate("lost", source="x")
    ran = run_dag("lost__sync")
    assert ran.state == "failed"
    assert ran.tasks["refresh_schema"] == "failed"
    assert "Set AIRFLOW_CONN_X" in ran.log


def test_a_broken_file_has_a_dag_that_says_why_and_hides_no_other(house: Any, run_dag: Any) -> None:
    house.integrate("fine")
    (house.config / "broken.yaml").write_text("name: broken\nexternal: odata\n", encoding="utf-8")
    house.integrate("late", head='schedule: "every tuesday"')
    ran = run_dag("broken__sync")
    assert ran.tasks == {"read_integration_file": "failed"}
    assert "broken.yaml:2: external: 'odata' is not possible here" in ran.log
    assert "every tuesday" in run_dag("late__sync").log
    assert run_dag("fine__sync").state == "success"
    assert not ran.import_errors
