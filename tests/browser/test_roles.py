"""Airflow's own roles at the pages of a real Airflow: every route, with tokens that it gave out."""

from collections.abc import Iterator

import httpx
import pytest
from fastapi.routing import APIRoute
from tests.browser.conftest import Installation
from tests.web.test_routes import every_route, guard_of, path_of

EDITORS = ("admin", "op", "user")
"""Roles of the SimpleAuthManager that may trigger and edit DAGs."""


@pytest.fixture(scope="module")
def programs(installation: Installation) -> Iterator[dict[str, httpx.Client]]:
    """A program of each role, and one that is not logged in."""
    found = {role: installation.program(role) for role in (*EDITORS, "viewer")}
    headers = {"Accept": "application/json", "Sec-Fetch-Site": "same-origin"}
    found["nobody"] = httpx.Client(
        base_url=f"{installation.url}/tandem", headers=headers, timeout=60
    )
    yield found
    for program in found.values():
        program.close()


@every_route
def test_each_role_gets_as_far_as_airflow_lets_it(
    method: str, route: APIRoute, programs: dict[str, httpx.Client]
) -> None:
    body = {} if method != "GET" else None
    answers = {
        role: program.request(method, path_of(route), json=body).status_code
        for role, program in programs.items()
    }
    assert answers["nobody"] == 401
    reads = guard_of(route) in ("signed_in", "may_read")
    assert (answers["viewer"] == 403) is not reads
    for role in EDITORS:
        assert answers[role] not in (401, 403, 500), role


def test_a_connection_is_named_by_those_only_who_may_read_it(
    programs: dict[str, httpx.Client],
) -> None:
    wanted = {
        "name": "sneaky",
        "external": {"connector": "odata", "connection": "northwind_api"},
        "local": {"connector": "sql", "connection": "northwind_local"},
    }
    answer = programs["user"].post("/integrations", json=wanted)
    assert answer.status_code == 403
    assert "northwind_api" in answer.json()["problem"]


def test_a_token_that_is_none_lets_nobody_in(installation: Installation) -> None:
    headers = {"Authorization": "Bearer nonsense", "Accept": "application/json"}
    answer = httpx.get(f"{installation.url}/tandem/", headers=headers, timeout=60)
    assert answer.status_code == 401


def test_the_cookie_alone_changes_nothing_from_elsewhere(installation: Installation) -> None:
    cookies = {"_token": installation.token("admin")}
    url = f"{installation.url}/tandem"
    with httpx.Client(base_url=url, cookies=cookies, timeout=60) as browser:
        for headers in ({}, {"Origin": "https://evil.example.com"}):
            answer = browser.post(
                "/integrations/northwind/schedule", json={"paused": False}, headers=headers
            )
            assert answer.status_code == 403
