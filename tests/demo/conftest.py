"""A running demo service with a few hundred records, and the records as they are kept."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from tandem.demo.data import Sizes, fill
from tandem.demo.resources import key_predicate
from tandem.demo.schema import FIELD_SERVICE
from tandem.demo.server import serving
from tandem.demo.service import create_app
from tandem.demo.store import Store

NOW = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
Record = dict[str, Any]
Get = Callable[..., Any]


@pytest.fixture(scope="session")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """For tests that only read."""
    yield from _served(tmp_path_factory.mktemp("demo") / "demo.db")


@pytest.fixture
def own_client(tmp_path: Path) -> Iterator[httpx.Client]:
    """For tests that write."""
    yield from _served(tmp_path / "demo.db")


def _served(database: Path) -> Iterator[httpx.Client]:
    fill(Store(database, FIELD_SERVICE), Sizes(accounts=60, contacts=150, work_orders=300))
    app = create_app(database, clock=lambda: NOW, page_size=100)
    with serving(app) as url, httpx.Client(base_url=url) as client:
        yield client


@pytest.fixture(scope="session")
def get(client: httpx.Client) -> Get:
    """JSON of a GET, numbers exact; the answer has to be a 200."""
    return lambda path, **headers: exact(client.get(path, headers=headers))


@pytest.fixture(scope="session")
def orders(get: Get) -> list[Record]:
    """All work orders, in key order."""
    return walk(get, "WorkOrders")


@pytest.fixture(scope="module")
def model_client(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    """Serves the test module's own MODEL over an empty database."""
    app = create_app(tmp_path_factory.mktemp("own") / "own.db", request.module.MODEL)
    with serving(app) as url, httpx.Client(base_url=url) as client:
        yield client


@pytest.fixture
def empty_client(
    model_client: httpx.Client, request: pytest.FixtureRequest
) -> Iterator[httpx.Client]:
    """The same, and empty again after each test."""
    yield model_client
    for entity_set in request.module.MODEL.entity_sets:
        for record in model_client.get(entity_set.name).json()["value"]:
            key = tuple(record[name] for name in entity_set.key)
            path = f"{entity_set.name}{key_predicate(entity_set, key)}"
            assert model_client.delete(path).status_code == 204


def exact(response: httpx.Response) -> Any:
    assert response.status_code == 200, response.text
    return json.loads(response.content, parse_float=Decimal)


def walk(get: Get, path: str, **headers: str) -> list[Record]:
    rows: list[Record] = []
    link: str | None = path
    while link:
        page = get(link, **headers)
        rows += page["value"]
        link = page.get("@odata.nextLink")
    return rows
