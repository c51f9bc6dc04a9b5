"""Generated DAGs, run by Airflow itself."""

import json
from typing import Any
from uuid import uuid4

import pytest

pytestmark = pytest.mark.airflow
TASKS = [
    *("refresh_schema", "validate_metadata", "approve"),
    *("customers.extract", "customers.transform", "customers.load"),
    *("orders.extract", "orders.transform", "orders.load"),
    *("complete_lookups", "report"),
]
"""The tasks of a DAG in an order in which they can run."""
BOTH_WAYS = {
    "source": "office",
    "orders": "direction: bidirectional",
    "customers": "direction: bidirectional",
}


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
    assert handed_over["customers.extract"]["external"]["records"] >= 2
    assert handed_over["report"]["lines"][0].startswith("orders: RESULTS: ALL (3)")
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
    assert "replace_local would remove 1 of 1 records of 'partly_order'" in ran.log


def test_a_broken_mapping_fails_its_own_tasks_and_no_others(house: Any, run_dag: Any) -> None:
    house.integrate("mapped", orders="local_version_number: gone")
    ran = run_dag("mapped__sync")
    assert ran.state == "failed"
    assert ran.tasks["validate_metadata"] == "success"
    assert {ran.tasks[f"customers.{step}"] for step in ("extract", "transform", "load")} == {
        "success"
    }
    assert ran.tasks["orders.extract"] == "failed"
    assert ran.tasks["orders.load"] == "upstream_failed"
    assert ran.tasks["complete_lookups"] == "success"
    assert ran.tasks["report"] == "failed"
    assert "local entity 'mapped_order' has no field 'gone'" in ran.log
    assert set(ran.handed_over["validate_metadata"]["stopped"]) == {"orders"}
    there = house.sql("source", "select count(*) from customers")
    assert house.sql("target", "select count(*) from mapped_customer") == there
    looked = run_dag("mapped__import", preview=True)
    assert looked.tasks["customers.transform"] == "success"
    assert looked.tasks["orders.extract"] == "failed"


def test_what_looks_up_a_broken_entity_says_that_it_waits_for_it(house: Any, run_dag: Any) -> None:
    house.integrate("waits", customers="local_version_number: gone")
    ran = run_dag("waits__sync", entities=["orders"])
    assert ran.state == "failed"
    assert ran.tasks["validate_metadata"] == "failed"
    assert "orders waits for customers" in ran.log
    assert house.sql("target", "select count(*) from waits_order") == [(0,)]


def test_a_lookup_to_an_entity_that_is_disabled_stops_only_its_entity(
    house: Any, run_dag: Any
) -> None:
    house.integrate("half", customers="enabled: false")
    ran = run_dag("half__sync")
    assert not ran.import_errors
    assert "looks up 'customers', which is disabled" in ran.log


def test_a_first_sync_replaces_local_records_once_that_is_confirmed(
    house: Any, run_dag: Any
) -> None:
    house.sql("target", "create table clean_order (number integer primary key not null)")
    house.sql("target", "insert into clean_order values (99)")
    house.integrate("clean", orders="first_sync: replace_local")
    assert run_dag("clean__sync").state == "failed"
    assert house.sql("target", "select number from clean_order") == [(99,)]
    ran = run_dag("clean__sync", confirm=True)
    assert ran.state == "success"
    assert house.sql("target", "select number from clean_order") == [(1,), (2,), (3,)]


def test_an_import_previews_without_writing(house: Any, run_dag: Any) -> None:
    house.integrate("look")
    before = house.tables()
    ran = run_dag("look__import", preview=True)
    assert ran.state == "success"
    assert "PREVIEW orders: 3 create" in ran.log
    assert ran.tasks["orders.load"] == "skipped"
    assert house.tables() == before


def test_a_two_way_sync_carries_what_either_side_changed(house: Any, run_dag: Any) -> None:
    house.integrate("both", **BOTH_WAYS)
    assert run_dag("both__sync").state == "success"
    house.sql("office", "update customers set name = 'Ada L.', version = 9 where id = 'c1'")
    house.sql("target", "update both_customer set name = 'Božena N.' where id = 'c2'")
    house.sql("target", "insert into both_customer values ('c7', 'Grace')")
    order = f"('{uuid4()}', 7, 'c7')"
    house.sql("target", f"insert into both_order (id, number, customer_id) values {order}")
    house.sql("target", "delete from both_order where number = 3")
    ran = run_dag("both__sync")
    assert ran.state == "success"
    assert "customers: RESULTS: ALL (3) : EXPORTED (1); UPDATED (1)" in ran.log
    names = [("Ada L.",), ("Božena N.",), ("Grace",)]
    assert house.sql("office", "select name from customers order by id") == names
    assert house.sql("target", "select name from both_customer order by id") == names
    orders = [(1, "c1"), (2, "c2"), (7, "c7")]
    assert house.sql("office", "select number, customer_id from orders order by 1") == orders
    assert [line[:9] for line in ran.handed_over["report"]["results"].splitlines()] == [
        "RESULTS: ",
        "RESULTS: ",
    ]


def test_an_export_previews_without_writing_and_then_uploads(house: Any, run_dag: Any) -> None:
    house.integrate("up", **BOTH_WAYS)
    run_dag("up__sync")
    before = house.sql("office", "select id from customers")
    house.sql("target", "insert into up_customer values ('u1', 'Ursula')")
    looked = run_dag("up__export", preview=True, entities=["customers"])
    assert looked.state == "success"
    assert "PREVIEW customers: 3 unchanged, 1 create" in looked.log
    assert house.sql("office", "select id from customers") == before
    ran = run_dag("up__export")
    assert ran.state == "success"
    assert "customers: RESULTS: ALL (4) : EXPORTED (1); UPDATED (0); FAILED (0)" in ran.log
    assert "IMPORTED" not in ran.log
    assert house.sql("office", "select name from customers where id = 'u1'") == [("Ursula",)]


def test_tasks_of_a_run_that_ended_can_be_cleared_and_the_next_run_is_let_in(
    house: Any, run_dag: Any
) -> None:
    house.integrate("clear", **BOTH_WAYS)
    ran = run_dag("clear__sync", again=TASKS)
    assert set(ran.tasks.values()) == {"success"}
    assert ran.log.count("starting task_id=customers.load") == 2
    assert run_dag("clear__sync").state == "success"


def test_a_run_that_failed_lets_the_next_one_in(house: Any, run_dag: Any) -> None:
    house.integrate("mend", **BOTH_WAYS)
    run_dag("mend__sync")
    text = (house.config / "mend.yaml").read_text(encoding="utf-8")
    (house.config / "mend.yaml").write_text(text.replace("external: name", "external: nome"))
    assert run_dag("mend__sync").state == "failed"
    (house.config / "mend.yaml").write_text(text, encoding="utf-8")
    assert run_dag("mend__sync").state == "success"


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
