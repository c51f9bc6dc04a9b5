"""A simulated organisation with a few records, and what tests ask of it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, fromstring

import httpx
import pytest

from tandem.demo.data import Sizes
from tandem.demo.resco.attributes import LookupForm
from tandem.demo.resco.controls import Controls
from tandem.demo.resco.organization import Organization
from tandem.demo.resco.sample import fill
from tandem.demo.resco.service import create_app
from tandem.demo.server import serving

NOW = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
FEW = Sizes(20, 30, 40)
EXECUTE = "{http://schemas.resco.net/XRM/Execute}"


@dataclass(frozen=True)
class Resco:
    """One organisation and a client of its services."""

    organization: Organization
    client: httpx.Client

    @property
    def controls(self) -> Controls:
        return self.organization.controls

    def get(self, path: str, **headers: str) -> Any:
        response = self.client.get(f"/odata/v4/{path}", headers=headers)
        assert response.status_code == 200, response.text
        return response.json()

    def first(self, entity: str, query: str = "$orderby=versionnumber") -> dict[str, Any]:
        return self.get(f"{entity}?$top=1&{query}")["value"][0]

    @staticmethod
    def parsed(response: httpx.Response) -> Element:
        return fromstring(response.content)  # noqa: S314 the simulator's own

    def post(self, method: str, body: str = "") -> Element:
        response = self.client.post(f"/rest/v1/data/{method}", content=body.encode())
        assert response.status_code == 200, response.text
        return self.parsed(response)

    def execute(self, *entities: str, continues: bool = True) -> list[tuple[str, str]]:
        """What ExecuteMultiple answers: type and text of each result, `Fault` and its code."""
        attributes = f'xmlns="{EXECUTE[1:-1]}" ContinueOnError="{str(continues).lower()}"'
        body = f"<ExecuteMultiple {attributes}>{''.join(entities)}</ExecuteMultiple>"
        return [
            (item.get("Type", "Fault"), item.findtext(f"{EXECUTE}Code") or item.text or "")
            for item in self.post("ExecuteMultiple", body)
        ]

    def fetch(self, entity: str, inside: str = "", **attributes: str) -> Element:
        named = "".join(f' {name.replace("_", "-")}="{text}"' for name, text in attributes.items())
        return self.post("", f'<fetch{named}><entity name="{entity}">{inside}</entity></fetch>')

    def max_row_version(self) -> int:
        return int(self.post("GetMaxRowVersion").text or "")


Made = Callable[..., Resco]


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Made]:
    """Makes an organisation with lookups in that form and that many records."""
    with ExitStack() as stack:

        def make(lookups: LookupForm = LookupForm.TYPED, sizes: Sizes = FEW) -> Resco:
            app = create_app(tmp_path / f"{lookups}.db", clock=lambda: NOW, lookups=lookups)
            fill(app.state.organization, sizes)
            url = stack.enter_context(serving(app)).split("/odata/")[0]
            client = stack.enter_context(httpx.Client(base_url=url, auth=("sync", "sync")))
            return Resco(app.state.organization, client)

        yield make


@pytest.fixture
def resco(made: Made) -> Resco:
    """One as it is by default."""
    return made()
