"""Steps that wait give up their worker, and go on where they were."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route
from tests.airflow.by_hand import Shop, open_shop

from tandem.connectors.throttling import WORKER
from tandem.demo.server import serving
from tandem.errors import Busy, ConfigurationError, Throttled
from tandem.state.store import open_state

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    monkeypatch.setattr(WORKER, "answers", 0)
    yield open_shop(tmp_path, monkeypatch)
    WORKER.can_be_left = False


def deferred(call: Any) -> Any:
    """The deferral that the call ends in."""
    from airflow.sdk.exceptions import TaskDeferred

    with pytest.raises(TaskDeferred) as raised:
        call()
    return raised.value


def lasts(deferral: Any) -> float:
    """Seconds until its trigger fires, about."""
    return float((deferral.trigger.moment - datetime.now(UTC)).total_seconds())


def lease_until(shop: Shop) -> datetime:
    found = shop.sql("state", "select expires_at from integration_lease")[0][0]
    return datetime.fromisoformat(found).replace(tzinfo=UTC)


def test_a_step_whose_integration_is_busy_looks_again_in_a_minute(
    shop: Shop, tmp_path: Path
) -> None:
    state = open_state(f"sqlite:///{tmp_path / 'state.db'}", "shop")
    state.acquire("backfill", process=None, now=datetime.now(UTC), ttl=timedelta(hours=1))
    context, step = shop.context("scheduled"), shop.task("refresh_schema")
    first = deferred(lambda: step.execute(context))
    assert 50 < lasts(first) <= 60
    again = deferred(lambda: step.resume(context, event=None, **first.kwargs))
    assert again.kwargs["busy"] == 120
    state.release()
    state.close()
    assert step.resume(context, event=None, **again.kwargs)["provisioned"]


def test_a_run_that_is_kept_out_for_half_a_day_fails_as_busy(shop: Shop, tmp_path: Path) -> None:
    state = open_state(f"sqlite:///{tmp_path / 'state.db'}", "shop")
    state.acquire("backfill", process=None, now=datetime.now(UTC), ttl=timedelta(hours=1))
    context, step = shop.context("scheduled"), shop.task("refresh_schema")
    with pytest.raises(Busy, match=r"Another run \(backfill\)"):
        step.resume(context, busy=12 * 3600.0)
    state.close()


@pytest.fixture
def throttled(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The external system is a service that asks to wait; what it says each time."""
    wishes: list[str] = []

    def answer(_: Any) -> Response:
        return Response(status_code=429, headers={"retry-after": wishes[0]})

    routes = [Route("/health", lambda _: Response()), Route("/{path:path}", answer)]
    with serving(Starlette(routes=routes), root="/") as url:
        connection = json.dumps({"conn_type": "odata", "host": url})
        monkeypatch.setenv("AIRFLOW_CONN_SERVICE", connection)
        yield wishes


def at_the_service(shop: Shop) -> Any:
    """The first step of the shop, if its external system were that service."""
    step = shop.task("refresh_schema")
    external = shop.integration.external.model_copy(
        update={"connector": "odata", "connection": "service"}
    )
    step.integration = shop.integration.model_copy(update={"external": external})
    return step


def test_a_step_that_is_throttled_at_its_beginning_waits_without_a_worker(
    shop: Shop, throttled: list[str]
) -> None:
    throttled.append("130")
    first = deferred(lambda: at_the_service(shop).execute(shop.context("mine")))
    assert 120 < lasts(first) <= 131
    assert first.method_name == "resume"
    assert first.kwargs["throttled"] == 130


def waiting_extract(shop: Shop, throttled: list[str]) -> tuple[dict[str, Any], Any]:
    """A run, and its extract, which the service has asked to wait."""
    throttled.append("130")
    context = shop.context("mine")
    for name in ("refresh_schema", "validate_metadata"):
        shop.task(name).execute(context)
    step = shop.task("customers.extract")
    step.integration = at_the_service(shop).integration
    deferred(lambda: step.execute(context))
    return context, step


def test_an_entity_that_waits_is_not_logged_as_failed(shop: Shop, throttled: list[str]) -> None:
    context, _ = waiting_extract(shop, throttled)
    ((status, message),) = shop.sql("state", "select status, message from integration_log")
    assert status == "running"
    assert "waits without a worker until" in message
    shop.task("customers.extract").resume(context)
    assert shop.sql("state", "select status, message from integration_log") == [("running", "")]


@pytest.mark.parametrize("error", [Busy, ConfigurationError])
def test_a_wait_that_ends_badly_is_logged_as_failed(
    shop: Shop, throttled: list[str], tmp_path: Path, monkeypatch: Any, error: Any
) -> None:
    context, step = waiting_extract(shop, throttled)
    if error is ConfigurationError:
        monkeypatch.delenv("AIRFLOW_CONN_SERVICE")
    else:
        shop.sql("state", "update integration_lease set holder = 'other', epoch = epoch + 1")
    with pytest.raises(error) as raised:
        step.resume(context, busy=12 * 3600.0)
    found = shop.sql("state", "select status, message from integration_log")
    assert found == [("failed", str(raised.value))]


def test_a_part_that_waits_does_not_hide_one_that_failed(shop: Shop) -> None:
    from tandem.airflow.asked import Asked
    from tandem.airflow.steps import note_wait

    context = shop.context("mine")
    for name in ("refresh_schema", "validate_metadata", "customers.extract"):
        shop.task(name).execute(context)
    failed = "update integration_log set status = 'failed', message = 'part 1 is not readable'"
    shop.sql("state", failed)
    asked = Asked(shop.integration, "sync", "customers", "extract")
    note_wait(asked, context, Throttled("part 2 has to wait"), "It waits until noon.")
    found = shop.sql("state", "select status, message from integration_log")
    assert found == [("failed", "part 1 is not readable")]


def test_a_long_wait_renews_the_lease_in_between_and_asks_nobody(
    shop: Shop, throttled: list[str]
) -> None:
    throttled.append("3000")
    step, context = at_the_service(shop), shop.context("mine")
    first = deferred(lambda: step.execute(context))
    assert 290 < lasts(first) <= 300
    shop.sql("state", "update integration_lease set expires_at = '2026-01-01 00:00:00'")
    del throttled[:]  # whoever asks now gets an error
    second = deferred(lambda: step.resume(context, **first.kwargs))
    assert second.kwargs == first.kwargs
    assert lease_until(shop) > datetime.now(UTC) + timedelta(minutes=8)


def test_a_run_that_was_overtaken_while_it_waited_waits_for_the_other(
    shop: Shop, throttled: list[str], tmp_path: Path
) -> None:
    throttled.append("3000")
    step, context = at_the_service(shop), shop.context("mine")
    first = deferred(lambda: step.execute(context))
    state = open_state(f"sqlite:///{tmp_path / 'state.db'}", "shop")
    later = datetime.now(UTC) + timedelta(minutes=11)
    state.acquire("other", process=None, now=later, ttl=timedelta(hours=1))
    second = deferred(lambda: step.resume(context, **first.kwargs))
    assert second.kwargs["busy"] == 60
    assert second.kwargs["until"] == first.kwargs["until"]
    state.close()


def test_a_system_that_wants_a_day_is_not_waited_for(shop: Shop, throttled: list[str]) -> None:
    throttled.append("86400")
    with pytest.raises(Throttled):
        at_the_service(shop).execute(shop.context("mine"))


def test_who_has_read_much_waits_on_the_spot() -> None:
    """To begin anew would ask for as much again, and come no further."""
    from tandem.connectors.throttling import Worker

    error = Throttled("slow down", retry_after=200)
    assert Worker(can_be_left=True, answers=19).leaves(200, error)
    assert not Worker(can_be_left=True, answers=20).leaves(200, error)
    assert not Worker(can_be_left=True).leaves(30, error)
    assert not Worker().leaves(200, error), "nobody waits in the command line's stead"


def test_waits_add_up_until_it_is_too_long() -> None:
    from tandem.airflow.waiting import Waited, after

    waited, hours = Waited(), 0
    while more := after(Throttled("slow down", retry_after=3600), waited, NOW):
        waited, hours = more, hours + 1
    assert hours == 6
    assert waited.left(NOW) == timedelta(hours=1)


@pytest.mark.parametrize(("wish", "seconds"), [(None, 300), (0.0, 1), (-5.0, 1), (2.5, 2.5)])
def test_odd_wishes_have_a_sensible_length(wish: float | None, seconds: float) -> None:
    from tandem.airflow.waiting import Waited, after

    more = after(Throttled("slow down", retry_after=wish), Waited(), NOW)
    assert more
    assert more.throttled == seconds


def test_an_authority_that_is_away_is_no_reason_to_give_up_a_retry_for_hours() -> None:
    from tandem.airflow.waiting import Waited, after
    from tandem.connectors.http_errors import NotSigned

    assert after(NotSigned("no token"), Waited(), NOW) is None
    assert after(NotSigned("no token", retry_after=90), Waited(), NOW)


def test_what_is_slept_for_a_system_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    from tandem.connectors.http import Format, Http, Repeats

    answers = iter([httpx.Response(429, headers={"Retry-After": "7"}), httpx.Response(500)])
    client = httpx.Client(
        transport=httpx.MockTransport(lambda _: next(answers, httpx.Response(200, json={})))
    )
    monkeypatch.setattr(WORKER, "slept", 0.0)
    http = Http(client, "https://x.test/", "x", Repeats(lambda _: None, lambda: 0.0))
    http.get("https://x.test/", Format("application/json"))
    assert WORKER.slept == 7
