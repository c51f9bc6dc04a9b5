"""An organization with a few rows, served, and the hand on it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from tandem.demo.data import Sizes
from tandem.demo.dynamics.control import Control
from tandem.demo.dynamics.organization import ROOT
from tandem.demo.dynamics.sample import fill
from tandem.demo.dynamics.service import create_app
from tandem.demo.server import serving

Row = dict[str, Any]


@dataclass
class Organization:
    """The organization, as its clients and its keepers see it."""

    client: httpx.Client
    control: Control
    time: list[datetime]
    good_tokens: set[str] = field(default_factory=set)

    def get(self, path: str, **headers: str) -> Any:
        """The JSON of a GET."""
        response = self.client.get(path, headers=headers)
        assert response.status_code == 200, response.text
        return response.json()

    def create(self, table: str, **values: Any) -> str:
        """A new row; its URL."""
        response = self.client.post(table, json=values)
        assert response.status_code == 204, response.text
        return response.headers["odata-entityid"]

    def error(self, response: httpx.Response, status: int) -> tuple[str, str]:
        """Code and text of a refusal."""
        assert response.status_code == status, response.text
        found = response.json()["error"]
        return found["code"], found["message"]

    def walk(self, path: str, **headers: str) -> list[list[Row]]:
        """The pages."""
        pages, link = [], path
        while link:
            page = self.get(link, **headers)
            pages.append(page["value"])
            link = page.get("@odata.nextLink")
        return pages

    def later(self, **passed: float) -> None:
        """Let time pass."""
        self.time[0] += timedelta(**passed)


@pytest.fixture
def organization(tmp_path: Path) -> Iterator[Organization]:
    """One that nobody has to sign in to."""
    database = tmp_path / "organization.db"
    fill(database, Sizes(accounts=12, contacts=20, work_orders=8))
    control, time = Control(), [datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)]
    app = create_app(database, clock=lambda: time[0], control=control)
    with serving(app, root=ROOT) as url, httpx.Client(base_url=url) as client:
        yield Organization(client, control, time)
