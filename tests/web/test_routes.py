"""Every route, walked by every role: who may, who may not, and what is refused from elsewhere."""

import re
from collections.abc import Iterator
from typing import Any, Final

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from tests.web.conftest import ROLES, Pages

from tandem.airflow.host import May
from tandem.web.access import signed_in
from tandem.web.app import ROUTERS

ALLOWED: Final = {
    "signed_in": {"stranger", "viewer", "user", "editor"},
    "may_read": {"viewer", "user", "editor"},
    "may_run": {"user", "editor"},
    "may_edit": {"editor"},
}
"""Guard → the roles that it lets pass."""
SAMPLES: Final = {"name": "northwind", "path": "tandem.css", "dag_id": "northwind__sync"}
"""What stands for the parts of paths; for others, `1`."""


def _routes() -> list[APIRoute]:
    return [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]


def _called(dependant: Dependant) -> Iterator[Any]:
    yield dependant.call
    for needed in dependant.dependencies:
        yield from _called(needed)


def guard_of(route: APIRoute) -> str:
    """The guard of a route: the one that asks for most."""
    names = {call.__name__ for call in _called(route.dependant) if call is not route.endpoint}
    found = [name for name in reversed(ALLOWED) if name in names]
    assert found, f"{route.path} has no guard"
    return found[0]


def path_of(route: APIRoute) -> str:
    return re.sub(r"{(\w+)(:path)?}", lambda part: SAMPLES.get(part[1], "1"), route.path)


ROUTES: Final = [(method, route) for route in _routes() for method in sorted(route.methods)]
every_route = pytest.mark.parametrize(
    ("method", "route"), ROUTES, ids=[f"{m} {r.path}" for m, r in ROUTES]
)


@every_route
def test_a_route_lets_in_whom_its_guard_lets_in(
    method: str, route: APIRoute, shared_pages: Pages
) -> None:
    shared_pages.airflow.wake()
    for role in (None, *ROLES):
        browser = shared_pages.program(role)
        answer = browser.request(method, path_of(route), json={} if method != "GET" else None)
        if role is None:
            assert answer.status_code == 401
        elif role in ALLOWED[guard_of(route)]:
            assert answer.status_code not in (401, 500), answer.text
            assert answer.status_code != 403 or guard_of(route) == "signed_in", answer.text
        else:
            assert answer.status_code == 403


@every_route
def test_what_changes_something_is_not_taken_from_another_site(
    method: str, route: APIRoute, shared_pages: Pages
) -> None:
    if method in ("GET", "HEAD"):
        return
    browser = shared_pages.program("editor")
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}):
        answer = browser.request(method, path_of(route), json={}, headers=headers)
        assert (answer.status_code, "another site" in answer.text) == (403, True)


@pytest.mark.parametrize("route", _routes(), ids=lambda route: route.path)
def test_what_changes_something_needs_more_than_reading(route: APIRoute) -> None:
    """Reading may be asked for by POST where a draft goes along."""
    if guard_of(route) == "may_read" and route.methods - {"GET", "HEAD"}:
        assert route.name in READ_BY_POST


READ_BY_POST: Final = {
    "build_filter",
    "copy_integration",
    "mapping_file",
    "open_entity",
    "show_line",
    "show_suggestions",
}
"""Routes that change nothing of what is read, and are given more than fits into an address. A copy
needs permission to edit the DAG of the new name.
"""


def test_without_fetch_metadata_the_origin_has_to_be_ours(shared_pages: Pages) -> None:
    browser = shared_pages.program("editor")
    del browser.headers["Sec-Fetch-Site"]
    path = "/integrations/northwind/previews"
    host = shared_pages.url.split("/")[2]
    for origin, status in (
        (None, 403),
        ("null", 403),
        ("https://evil.example.com", 403),
        (f"http://{host}", 422),
    ):
        headers = {"Origin": origin} if origin else {}
        assert browser.post(path, json=[], headers=headers).status_code == status


def test_browsers_are_told_to_load_nothing_from_elsewhere(shared_pages: Pages) -> None:
    headers = shared_pages.browser("viewer").get("/").headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'self'" in policy
    assert "unsafe" not in policy
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"


def test_the_pages_name_nobody_elsewhere(shared_pages: Pages) -> None:
    """No font, script, style or picture of another host."""
    for path in ("/", "/integrations/northwind/mapping", "/integrations/northwind/data"):
        page = shared_pages.browser("editor").get(path).text
        assert not re.search(r"""(src|href)=["'](https?:)?//""", page)


@pytest.mark.parametrize("name", ["%2e%2e", "..%2f..%2fetc", "a/b", "northwind.yaml", "x"])
def test_a_name_of_a_path_becomes_no_file(shared_pages: Pages, name: str) -> None:
    answer = shared_pages.program("editor").get(f"/integrations/{name}")
    assert answer.status_code in (404, 422), answer.text


def test_the_api_describes_itself(shared_pages: Pages) -> None:
    document = shared_pages.program("viewer").get("/openapi.json").json()
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    assert len(operations) > 20
    undescribed = [one["summary"] for one in operations if not one.get("description")]
    assert not undescribed
    assert signed_in.__doc__
    assert May.READ
