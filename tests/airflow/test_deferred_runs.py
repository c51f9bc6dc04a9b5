"""Airflow itself defers a step that is throttled, and goes on with it."""

import json
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import Response

from tandem.demo.data import Sizes, fill
from tandem.demo.schema import FIELD_SERVICE
from tandem.demo.server import serving
from tandem.demo.service import create_app
from tandem.demo.store import Store

pytestmark = pytest.mark.airflow
FILE = """\
name: throttled
external: {connector: odata, connection: throttling}
local: {connector: sql, connection: target}
provision: true
entities:
  - external: Accounts
    local: throttled_account
    primary_key: [accountNumber]
    fields: [{external: accountNumber, local: number}, {external: name, local: name}]
"""


def test_a_throttled_step_is_deferred_and_then_done_without_a_retry(
    house: Any, run_dag: Any, tmp_path: Path
) -> None:
    """Five answers are as many as the connector waits for on the spot."""
    path = tmp_path / "service.db"
    fill(Store(path, FIELD_SERVICE), Sizes(5, 5, 5))
    demo, left = create_app(path), [1] * 6

    async def app(scope: Any, receive: Any, send: Any) -> None:
        throttled = left and Request(scope).url.path.startswith("/odata")
        headers = {"retry-after": str(left.pop())} if throttled else {}
        await (Response(status_code=429, headers=headers) if throttled else demo)(
            scope, receive, send
        )

    with serving(app) as url:
        connection = json.dumps({"conn_type": "odata", "host": url})
        house.airflow("connections", "add", "throttling", "--conn-json", connection)
        (house.config / "throttled.yaml").write_text(FILE, encoding="utf-8")
        ran = run_dag("throttled__sync")
    assert ran.state == "success"
    assert "asks us to slow down (429)" in ran.log
    assert "This task waits without a worker" in ran.log
    assert house.sql("target", "select count(*) from throttled_account") == [(5,)]
