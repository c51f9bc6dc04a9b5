"""What a real Airflow makes of throttling, of two runs at once, of failures and of lateness."""

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_string
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from tests.live.airflow import LiveAirflow
from tests.live.receivers import Received, mailbox, webhook

from tandem.demo.data import Sizes, fill
from tandem.demo.schema import FIELD_SERVICE
from tandem.demo.server import serving
from tandem.demo.service import create_app
from tandem.demo.store import Store
from tandem.state.store import open_state

WISH = 65
"""Seconds that the service asks to wait: more than a worker is held for."""
THROTTLED = """\
name: throttled
external: {connector: odata, connection: throttling}
local: {connector: sql, connection: target}
provision: true
late_after: PT10S
notify: [{on: [late], slack: {connection: slack_test}}]
entities:
  - external: Accounts
    local: throttled_account
    primary_key: [accountNumber]
    fields: [{external: accountNumber, local: number}, {external: name, local: name}]
"""
SHOP = """\
name: {name}
external: {{connector: sql, connection: {external}}}
local: {{connector: sql, connection: target}}
provision: true
{head}
entities:
  - external: customers
    local: {name}_customer
    primary_key: [id]
    fields: [{{external: id, local: id}}, {{external: name, local: name}}]
"""
NOTIFY = """\
notify:
  - {slack: {connection: slack_test}}
  - {email: {to: [ada@example.com], connection: mail_test}}
  - {notifier: nowhere.at.All}
"""


@pytest.fixture(scope="module")
def slack(airflow: LiveAirflow) -> Iterator[Received]:
    """A Slack channel."""
    with webhook() as received:
        add_connection(
            airflow,
            "slack_test",
            "slackwebhook",
            host=f"http://127.0.0.1:{received.port}",
            password="T1/B2/hidden-hook",
        )
        yield received


@pytest.fixture(scope="module")
def mails(airflow: LiveAirflow) -> Iterator[Received]:
    """A mailbox."""
    with mailbox() as received:
        extra = {"disable_ssl": True, "disable_tls": True, "from_email": "tandem@example.com"}
        add_connection(
            airflow, "mail_test", "smtp", host="127.0.0.1", port=received.port, extra=extra
        )
        yield received


@pytest.fixture(scope="module")
def throttling(airflow: LiveAirflow, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The demo service, which once asks to wait."""
    path = tmp_path_factory.mktemp("throttling") / "service.db"
    fill(Store(path, FIELD_SERVICE), Sizes(5, 5, 5))
    with serving(Starlette(routes=routes(create_app(path)))) as url:
        add_connection(airflow, "throttling", "odata", host=url)
        yield


def routes(demo: Starlette) -> list[Route | Mount]:
    left = [WISH]

    async def once(request: Request) -> Response:
        if left and request.url.path.startswith("/odata"):
            return Response(status_code=429, headers={"retry-after": str(left.pop())})
        # What the mounted service answers, as if it had been asked at once.
        sent: list[Any] = []

        async def send(message: Any) -> None:
            sent.append(message)

        await demo(request.scope, request.receive, send)
        body = b"".join(message.get("body", b"") for message in sent)
        reply = Response(body, sent[0]["status"])
        reply.raw_headers = list(sent[0]["headers"])
        return reply

    return [Route("/{path:path}", once, methods=["GET", "POST", "PATCH", "DELETE"])]


def add_connection(airflow: LiveAirflow, conn_id: str, conn_type: str, **more: Any) -> None:
    extra = json.dumps(more.pop("extra", {}))
    body = {"connection_id": conn_id, "conn_type": conn_type, "extra": extra, **more}
    airflow.post("/api/v2/connections", body)


def eventually(found: Callable[[], Any], seconds: float = 300) -> Any:
    """What is found in the end."""
    give_up = time.monotonic() + seconds
    while not (value := found()):
        assert time.monotonic() < give_up
        time.sleep(0.3)
    return value


@pytest.mark.usefixtures("throttling")
def test_waits_take_no_worker_and_no_retry_and_a_late_run_is_told(
    airflow: LiveAirflow, slack: Received
) -> None:
    airflow.integrate("throttled", THROTTLED)
    airflow.integrate("turns", SHOP.format(name="turns", external="source", head=""))
    state = open_state(state_url(airflow), "turns")
    state.acquire("backfill", process=None, now=datetime.now(UTC), ttl=timedelta(minutes=30))
    for name in ("throttled", "turns"):
        airflow.unpause(f"{name}__sync")
    runs = {name: airflow.trigger(f"{name}__sync") for name in ("throttled", "turns")}
    for name, run_id in runs.items():
        airflow.wait_for_task(f"{name}__sync", run_id, "refresh_schema", "deferred")
    text = eventually(lambda: [one for one in slack.texts if "throttled is late" in one])[0]
    assert f"/dags/throttled__sync/runs/{quote(runs['throttled'], safe=':')}" in text
    state.release()
    state.close()
    for name, run_id in runs.items():
        assert airflow.wait(f"{name}__sync", run_id) == "success"
        assert set(airflow.tries(f"{name}__sync", run_id).values()) == {1}
    assert airflow.sql("target", "select count(*) from throttled_account") == [(5,)]


def state_url(airflow: LiveAirflow) -> str:
    return airflow.environment.get("TANDEM_STATE", f"sqlite:///{airflow.home / 'tandem.db'}")


def test_what_needs_a_person_fails_at_once_and_everyone_is_told(
    airflow: LiveAirflow, slack: Received, mails: Received
) -> None:
    airflow.integrate("unknown", SHOP.format(name="unknown", external="nowhere", head=NOTIFY))
    airflow.unpause("unknown__sync")
    run_id = airflow.trigger("unknown__sync")
    assert airflow.wait("unknown__sync", run_id) == "failed"
    assert airflow.tries("unknown__sync", run_id)["refresh_schema"] == 1
    text = eventually(lambda: [one for one in slack.texts if "unknown failed" in one])[0]
    assert "There is no connection 'nowhere'." in text
    assert f"/dags/unknown__sync/runs/{quote(run_id, safe=':')}" in text
    assert "hidden-hook" not in text
    mail = message_from_string(eventually(lambda: mails.texts)[0])
    assert mail["Subject"] == "Tandem: unknown failed"
    assert mail["To"] == "ada@example.com"
    log = airflow.log("unknown__sync", run_id, "report")
    assert "notify 3: nobody was told" in log
    assert "hidden-hook" not in log


def test_a_partial_run_is_green_and_leads_to_its_page(airflow: LiveAirflow, tmp_path: Path) -> None:
    airflow.sql(
        "office",
        "create table doubles (uid integer primary key, id text, name text);"
        "insert into doubles (id, name) values ('same', 'Ada'), ('same', 'Bea'), ('good', 'Cy')",
    )
    text = SHOP.format(name="part", external="office", head="").replace(
        "external: customers", "external: doubles"
    )
    airflow.integrate("part", text)
    airflow.unpause("part__sync")
    run_id = airflow.trigger("part__sync")
    assert airflow.wait("part__sync", run_id) == "success"
    assert "PARTIAL: what waits: 2 rejected" in airflow.log("part__sync", run_id, "report")
    task = f"/api/v2/dags/part__sync/dagRuns/{run_id}/taskInstances/report"
    link = airflow.get(f"{task}/links")["extra_links"]["Tandem: this run"]
    page = airflow.client().get(link)
    assert page.status_code == 200
    assert "partial" in page.text
