"""The task that asks a person whether a sync may delete what needs approval."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.airflow.by_hand import Shop, open_shop

from tandem.errors import Busy
from tandem.state.store import SqlState, open_state

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


class Asking(Shop):
    """Runs of the shop as Airflow's tasks make them."""

    def state(self) -> SqlState:
        return open_state(f"sqlite:///{self.folder / 'state.db'}", "shop")

    def in_run(self, run_id: str, run_type: str = "manual", **params: Any) -> Any:
        """What Airflow tells the tasks of a run of that type."""
        from airflow.sdk import DAG

        context: Any = self.context(run_id, **params)
        context["dag_run"].run_type = run_type
        context["dag_run"].run_after = datetime.now(UTC)
        context["dag"] = DAG("shop", schedule="@weekly", catchup=False, auto_register=False)
        return context

    def step(self, task_id: str, context: Any) -> Any:
        from tandem.airflow.asked import Asked
        from tandem.airflow.steps import run_step

        entity, _, name = task_id.rpartition(".")
        handed_over = run_step(Asked(self.integration, "sync", entity, name), context)
        context["ti"].handed_over[task_id] = handed_over
        return handed_over

    def asks(self, run_id: str, **more: Any) -> Any:
        """What the run asks; nothing: an empty manifest."""
        context = self.in_run(run_id, **more)
        for name in ("refresh_schema", "validate_metadata"):
            self.step(name, context)
        return self.step("approve", context)

    def hears(self, run_id: str, question: int, event: dict[str, Any]) -> Any:
        """A context in which the tasks after it find the answer; and the answer."""
        from tandem.airflow.asked import Asked
        from tandem.airflow.steps import take_answer

        context = self.in_run(run_id)
        asked = Asked(self.integration, "sync", "", "approve")
        answer = take_answer(asked, context, question, event)
        context["ti"].handed_over["approve"] = answer
        return context, answer

    def carry_on(self, context: Any) -> None:
        """The steps of the entity."""
        for name in ("extract", "transform", "load"):
            self.step(f"customers.{name}", context)

    def customers(self) -> int:
        """How many local ones there are."""
        return len(self.sql("target", "select id from customer"))


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Asking:
    """A shop with 30 synced customers, of whom 15 are gone: their deletions wait."""
    made = open_shop(tmp_path, monkeypatch)
    rows = ", ".join(f"('c{n}', 'Customer {n}')" for n in range(30))
    made.sql("source", f"insert into customers values {rows}")
    made.run("first")
    made.sql("source", "delete from customers where cast(substr(id, 2) as integer) < 15")
    made.run("second")
    shop = Asking.__new__(Asking)
    shop.folder, shop.integration = made.folder, made.integration
    return shop


def said(option: str) -> dict[str, Any]:
    """An answer as Airflow tells it."""
    return {
        "chosen_options": [option],
        "params_input": {},
        "responded_at": NOON,
        "responded_by_user": {"id": "7", "name": "Eva"},
    }


TIME_IS_OVER = {"error": "The response timeout has passed.", "error_type": "timeout"}


def test_the_question_tells_counts_keys_and_what_follows(shop: Asking) -> None:
    found = shop.asks("third")
    assert found["subject"] == "shop: delete 15 records?"
    assert "| customers | local | 15 | `c" in found["body"]
    assert "Customer" not in found["body"]
    assert found["options"] == ["Approve", "Reject"]
    assert "/tandem/integrations/shop/waiting" in found["body"]
    assert "tandem preview shop" in found["body"]
    assert found["seconds"] == timedelta(days=7).total_seconds()


def test_what_follows_is_said_of_what_is_asked_about() -> None:
    from tandem.airflow.approval.words import body, subject
    from tandem.sync.people.approvals import Deletions, FirstSync, Needed

    first = (FirstSync("Accounts", "account", 1_200), FirstSync("Contacts", "contact", 7))
    deletions = (Deletions("Orders", "local", 1, ("o1",)),)
    only_first, only_deletions = Needed(first), Needed((), deletions)
    both = Needed(first, deletions)
    assert subject("shop", both) == (
        "shop: delete 1 record and replace the local records of account (1,200), contact (7)?"
    )
    fails = "until 2026-01-01 12:00 UTC an entity fails whose first sync would remove records;"
    changed = "and so does a record that was changed since"
    found = [body("shop", wanted, NOON) for wanted in (only_first, only_deletions, both)]
    assert [fails in text for text in found] == [True, False, True]
    assert [changed in text for text in found] == [False, True, True]
    assert all("all else is synced." in text for text in found)


def test_where_nothing_waits_nobody_is_asked(shop: Asking) -> None:
    state = shop.state()
    state.archive_transactions("customers", statuses=("pending",), at=NOON)
    state.close()
    assert shop.asks("third") == {}


def test_confirm_asks_nobody(shop: Asking) -> None:
    assert shop.asks("third", confirm=True) == {}


def test_a_backfill_asks_nobody(shop: Asking, caplog: pytest.LogCaptureFixture) -> None:
    assert shop.asks("third", run_type="backfill") == {}
    assert "Nobody is asked" in caplog.text


def test_while_it_waits_other_runs_are_let_in(shop: Asking) -> None:
    shop.asks("third")
    assert shop.step("refresh_schema", shop.in_run("fourth"))["versions"]


def test_who_asks_nobody_keeps_others_out(shop: Asking) -> None:
    shop.asks("third", confirm=True)
    with pytest.raises(Busy):
        shop.step("refresh_schema", shop.in_run("fourth"))


def test_a_scheduled_run_waits_until_the_next_one_is_due(shop: Asking) -> None:
    seconds = shop.asks("third", run_type="scheduled")["seconds"]
    assert 0 < seconds <= timedelta(days=7).total_seconds()


@pytest.mark.parametrize(
    ("event", "why"),
    [(said("Reject"), "Eva rejected it"), (TIME_IS_OVER, "nobody answered")],
)
def test_a_scheduled_run_asks_once_about_the_same_list(
    shop: Asking, event: Any, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    question = shop.asks("third", run_type="scheduled")["question"]
    shop.hears("third", question, event)
    assert shop.asks("third", run_type="scheduled") == {}
    assert why in caplog.text
    assert shop.asks("third")["question"] != question


def test_what_was_asked_and_answered_is_remembered(shop: Asking) -> None:
    question = shop.asks("third")["question"]
    shop.hears("third", question, said("Reject"))
    state = shop.state()
    (entry,) = state.questions()
    state.close()
    assert (entry.run_id, entry.answer, entry.answered_by) == ("third", "rejected", "Eva")
    assert json.loads(entry.counts)["deletions"] == [
        {"entity": "customers", "side": "local", "count": 15}
    ]


def test_what_was_approved_is_deleted(shop: Asking) -> None:
    question = shop.asks("third")["question"]
    context, _ = shop.hears("third", question, said("Approve"))
    shop.carry_on(context)
    assert shop.customers() == 15


def test_without_an_answer_nothing_is_deleted(shop: Asking) -> None:
    question = shop.asks("third")["question"]
    context, _ = shop.hears("third", question, TIME_IS_OVER)
    shop.carry_on(context)
    assert shop.customers() == 30


def test_after_a_rejection_no_step_does_anything(shop: Asking) -> None:
    from airflow.sdk.exceptions import AirflowSkipException

    question = shop.asks("third")["question"]
    context, _ = shop.hears("third", question, said("Reject"))
    with pytest.raises(AirflowSkipException, match="Rejected by Eva"):
        shop.carry_on(context)
    report = shop.step("report", context)
    assert report["lines"] == ["Rejected by Eva: nothing was synced."]
    assert shop.customers() == 30


def test_an_answer_while_another_run_is_at_work_is_not_lost(shop: Asking) -> None:
    question = shop.asks("third")["question"]
    shop.step("refresh_schema", shop.in_run("fourth"))
    assert shop.hears("third", question, said("Approve"))[1]["answer"] == "approved"


@pytest.mark.airflow
class TestInAirflow:
    """Whole runs, by `dag.test()`."""

    def gone(self, house: Any, run_dag: Any, name: str) -> None:
        """Withheld deletions of 15 customers."""
        rows = ", ".join(f"('{name}{n}', 'x', 50)" for n in range(30))
        house.sql("source", f"insert into customers values {rows}")
        house.integrate(name)
        run_dag(f"{name}__sync", entities=["customers"])
        house.sql("source", "delete from customers where version = 50 and substr(id, -1) < '5'")
        run_dag(f"{name}__sync", entities=["customers"])

    def there(self, house: Any, name: str) -> int:
        (found,) = house.sql(
            "target", f"select count(*) from {name}_customer where id like '{name}%'"
        )
        return int(found[0])

    @pytest.fixture(autouse=True)
    def clean(self, house: Any) -> Any:
        yield
        house.sql("source", "delete from customers where version = 50")

    def test_approved(self, house: Any, run_dag: Any) -> None:
        self.gone(house, run_dag, "agreed")
        ran = run_dag("agreed__sync", says="Approve", entities=["customers"])
        assert (ran.state, self.there(house, "agreed")) == ("success", 15)

    def test_rejected(self, house: Any, run_dag: Any) -> None:
        self.gone(house, run_dag, "refused")
        ran = run_dag("refused__sync", says="Reject", entities=["customers"])
        assert (ran.state, self.there(house, "refused")) == ("success", 30)
        skipped = {task for task, state in ran.tasks.items() if state == "skipped"}
        assert {*ran.tasks} - skipped == {
            "refresh_schema", "validate_metadata", "approve", "report"
        }  # fmt: skip
        assert "Rejected by Eva: nothing was synced." in ran.log

    def test_a_first_sync_that_replaces_is_asked_about(self, house: Any, run_dag: Any) -> None:
        house.sql("target", "create table anew_order (number integer primary key not null)")
        house.sql("target", "insert into anew_order values (99)")
        house.integrate("anew", orders="first_sync: replace_local")
        ran = run_dag("anew__sync", says="Reject")
        assert ran.state == "success"
        assert house.sql("target", "select number from anew_order") == [(99,)]
        ran = run_dag("anew__sync", says="Approve")
        assert ran.state == "success"
        assert house.sql("target", "select number from anew_order") == [(1,), (2,), (3,)]


WAYS: dict[str, Callable[[datetime], datetime | None]] = {
    "0 2 * * *": lambda noon: noon + timedelta(hours=14),
    "@hourly": lambda noon: noon + timedelta(hours=1),
    "*/5 * * * *": lambda noon: noon + timedelta(minutes=5),
    "@once": lambda _: None,
}


@pytest.mark.parametrize("schedule", WAYS)
def test_a_schedule_tells_when_it_is_due_next(schedule: str) -> None:
    from airflow.sdk import DAG

    from tandem.airflow.schedules import next_due

    dag = DAG("due", schedule=schedule, catchup=False, auto_register=False)
    assert next_due(dag, NOON) == WAYS[schedule](NOON)
