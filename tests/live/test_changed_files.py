"""Integration files that are edited, added and removed by hand are noticed in seconds."""

import time
from collections.abc import Callable
from typing import Any

import httpx
from tests.live.airflow import LiveAirflow

NOTICED = 60
"""Seconds that a busy machine gets."""
TEXT = """\
name: {name}
description: {description}
external: {{connector: sql, connection: source}}
local: {{connector: sql, connection: target}}
provision: true
entities:
  - external: customers
    local: {name}_customer
    fields:
      - {{external: id, local: id}}
"""


def test_files_that_were_changed_by_hand_are_noticed(airflow: LiveAirflow) -> None:
    path = airflow.integrations / "by_hand.yaml"

    path.write_text(TEXT.format(name="by_hand", description="At first"), encoding="utf-8")
    until(lambda: dag(airflow).get("description") == "At first")

    path.write_text(TEXT.format(name="by_hand", description="Edited"), encoding="utf-8")
    until(lambda: dag(airflow).get("description") == "Edited")

    path.write_text("name: by_hand\nexternl: {}\n", encoding="utf-8")
    until(lambda: "by_hand.yaml:2" in str(dag(airflow).get("doc_md")))
    assert "broken" in str(dag(airflow)["tags"])

    path.unlink()
    until(lambda: dag(airflow).get("is_stale", True))


def dag(airflow: LiveAirflow) -> dict[str, Any]:
    """What Airflow says of the integration's DAG; nothing if it has none."""
    answer = airflow.client().get("/api/v2/dags/by_hand__sync/details")
    return answer.json() if answer.status_code == httpx.codes.OK else {}


def until(found: Callable[[], Any]) -> None:
    give_up = time.monotonic() + NOTICED
    while not found():
        assert time.monotonic() < give_up, f"not noticed in {NOTICED} s"
        time.sleep(0.3)
