"""Records of both sides of the integration `northwind`, edited without Tandem."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import httpx
from tests.local_database import Local
from tests.web.conftest import Pages

from tandem.integration_files import load_integration
from tandem.sync.job import Request, open_job
from tandem.sync.lease import holding

WAITING: Final = "/integrations/northwind/waiting"


@dataclass(frozen=True)
class Both:
    """Both sides, and the pages over them. Records have the same id on both."""

    pages: Pages

    @property
    def local(self) -> Local:
        """The local side."""
        return Local(f"sqlite:///{self.pages.database}")

    def there(self, entity: str) -> list[dict[str, Any]]:
        """All external records, by their ids."""
        with self._service() as service:
            found = service.get(entity, params={"$top": "200"}).raise_for_status().json()["value"]
        return sorted(found, key=lambda record: record["ID"])

    def create(self, entity: str, **values: Any) -> str:
        """Create an external record; its id."""
        with self._service() as service:
            return str(service.post(entity, json=values).raise_for_status().json()["ID"])

    def change(self, entity: str, id_: str, **values: Any) -> None:
        """Change an external record."""
        with self._service() as service:
            service.patch(f"{entity}({id_})", json=values).raise_for_status()

    def here(self, table: str, id_: str) -> dict[str, Any]:
        """A local record."""
        return self.local.rows(table)[id_]

    def asked_for(self, before: str, after: str) -> None:
        """Edit the integration file."""
        path = self.pages.folder / "northwind.yaml"
        text = path.read_text(encoding="utf-8")
        assert before in text
        path.write_text(text.replace(before, after, 1), encoding="utf-8")

    def listed(self, kind: str, **asked: Any) -> dict[str, Any]:
        """What a program is told of what waits."""
        answer = self.pages.program("viewer").get(WAITING, params={"kind": kind, **asked})
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def decided(self, path: str, body: dict[str, Any], role: str = "editor") -> dict[str, Any]:
        """What came of a decision, once it is carried out."""
        program = self.pages.program(role)
        answer = program.post(f"{WAITING}/{path}", json=body)
        assert answer.status_code in (200, 202), answer.text
        decision: dict[str, Any] = answer.json()
        while decision["state"] in ("waiting", "running"):
            time.sleep(0.05)
            decision = program.get(f"{WAITING}/decisions/{decision['id']}").json()
        return decision

    @contextmanager
    def another_run(self) -> Iterator[None]:
        """While another run is at work."""
        integration = load_integration(self.pages.folder / "northwind.yaml")
        with open_job(integration, Request("other"), self.pages.environment) as run, holding(run):
            yield

    @contextmanager
    def _service(self) -> Iterator[httpx.Client]:
        with httpx.Client(base_url=self.pages.service_url, timeout=30) as service:
            yield service
