"""A large full reading in mapped tasks, run by Airflow itself."""

from typing import Any

import pytest

from tandem.sync.parts import LEAST

pytestmark = pytest.mark.airflow

MANY = 3 * LEAST + 1_000
ROWS = f"""
insert into orders with recursive n(number) as (
    select 101 union all select number + 1 from n where number < 100 + {MANY}
) select number, null, number from n
"""


@pytest.fixture
def many(house: Any) -> Any:
    house.sql("source", ROWS)
    yield MANY + 3
    house.sql("source", "delete from orders where number > 3")


def test_a_large_first_reading_is_split_and_a_later_one_is_not(
    house: Any, run_dag: Any, many: int
) -> None:
    house.integrate("parted", orders="parallel_reads: 3")
    first = run_dag("parted__sync")
    assert first.state == "success", first.log[-3000:]
    assert len(first.handed_over["orders.split"]) == 3
    assert house.sql("target", "select count(*) from parted_order") == [(many,)]
    house.sql("source", "insert into orders values (7, 'c1', 99999999)")
    second = run_dag("parted__sync")
    assert len(second.handed_over["orders.split"]) == 1
    # What has the newest version so far is read again: it may have been written meanwhile.
    assert "orders: RESULTS: ALL (2) : IMPORTED (1); UPDATED (0); FAILED (0)" in second.log


def test_a_split_that_is_cleared_may_give_fewer_parts(house: Any, run_dag: Any, many: int) -> None:
    house.integrate("fewer", orders="parallel_reads: 3")
    steps = [f"orders.{step}" for step in ("split", "extract", "transform", "load")]
    ran = run_dag("fewer__sync", again=["refresh_schema", "validate_metadata", *steps, "report"])
    assert len(ran.handed_over["orders.split"]) == 1, ran.log[-30000:]
    assert ran.log.count("starting task_id=orders.extract") == 4
    assert ran.tasks["orders.transform"] == ran.tasks["orders.load"] == "success", ran.log[-3000:]
    assert house.sql("target", "select count(*) from fewer_order") == [(many,)]


def test_a_preview_reads_in_parts_too(house: Any, run_dag: Any, many: int) -> None:
    house.integrate("glanced", orders="parallel_reads: 2")
    ran = run_dag("glanced__import", preview=True)
    assert ran.state == "success", ran.log[-3000:]
    assert f"PREVIEW orders: {many:,} create" in ran.log
    assert "glanced_order" not in house.tables()


def test_what_is_not_asked_for_is_not_split(house: Any, run_dag: Any) -> None:
    house.integrate("unasked", orders="parallel_reads: 2")
    ran = run_dag("unasked__sync", entities=["customers"])
    assert ran.state == "success"
    assert ran.tasks["orders.split"] == ran.tasks["orders.extract"] == "skipped"
