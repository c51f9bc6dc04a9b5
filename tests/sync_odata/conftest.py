"""Two-way syncs between the demo service, over real HTTP, and a SQL database.

Both sides are read and edited without Tandem: the service by its OData JSON, the database by its
own driver.
"""

import json
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx
import pytest
from tests.local_database import Local

from tandem.connectors.odata.connector import ODataConnector
from tandem.demo.server import serving
from tandem.demo.service import create_app
from tandem.model.connection import Connection
from tandem.model.integration import Integration
from tandem.settings import Settings
from tandem.state.store import open_state
from tandem.sync.environment import Environment
from tandem.sync.job import Request, Run, open_job
from tandem.sync.report import RunReport
from tandem.sync.run import run_all

Record = dict[str, Any]
Disturbance = Callable[[httpx.Request], httpx.Response | BaseException | None]

BOTH = {"direction": "bidirectional", "first_sync": "link_and_merge"}
ACCOUNTS: Record = {
    **BOTH,
    "external": "Accounts",
    "local": "account",
    "primary_key": ["accountNumber"],
    "fields": [
        {"external": "accountNumber", "local": "number"},
        {"external": "name", "local": "name"},
        {
            "external": "parent_ID",
            "local": "parent",
            "lookup": {"entity": "Accounts", "field": "ID"},
        },
        {"external": "address/city", "local": "city"},
        {"external": "creditLimit", "local": "credit"},
        {"external": "revenue", "local": "revenue"},
        {"external": "employees", "local": "employees"},
        {"external": "registrationNumber", "local": "registration"},
        {"external": "isActive", "local": "active"},
        {"external": "customerSince", "local": "since"},
    ],
}
CONTACTS: Record = {
    **BOTH,
    "external": "Contacts",
    "local": "contact",
    "fields": [
        {
            "external": "account_ID",
            "local": "account",
            "lookup": {"entity": "Accounts", "field": "ID"},
        },
        {"external": "lastName", "local": "name"},
        {"external": "email", "local": "email"},
        {"external": "birthDate", "local": "born"},
        {"external": "callAfter", "local": "call_after"},
    ],
}
WORK_ORDERS: Record = {
    **BOTH,
    "external": "WorkOrders",
    "local": "work_order",
    "primary_key": ["orderNumber"],
    "fields": [
        {"external": "orderNumber", "local": "number"},
        {"external": "subject", "local": "subject"},
        {
            "external": "account_ID",
            "local": "account",
            "lookup": {"entity": "Accounts", "field": "ID"},
        },
        {
            "external": "contact_ID",
            "local": "contact",
            "lookup": {"entity": "Contacts", "field": "ID"},
        },
        {
            "external": "status",
            "local": "status",
            "values": {"Open": 0, "Scheduled": 1, "InProgress": 2, "Completed": 3, "Cancelled": 4},
        },
        {"external": "priority", "local": "priority"},
        {"external": "scheduledAt", "local": "scheduled"},
        {"external": "hours", "local": "hours"},
        {"external": "meterReading", "local": "reading"},
        {"external": "isBillable", "local": "billable"},
    ],
}
ALL = (ACCOUNTS, CONTACTS, WORK_ORDERS)
REQUIRED: dict[str, Record] = {
    "account": {"name": "x", "active": True},
    "contact": {"name": "x"},
    "work_order": {"subject": "x", "status": 0, "priority": 1, "billable": True},
}
"""What a record needs before the service takes it, in local fields."""
SENT = {
    "Accounts": {"name": "x", "isActive": True},
    "Contacts": {"lastName": "x"},
    "WorkOrders": {"subject": "x", "status": "Open", "priority": 1, "isBillable": True},
}


@dataclass
class Wire(httpx.HTTPTransport):
    """Notes what is asked of the service, and disturbs it as it is told."""

    before: Disturbance = lambda _request: None
    """An answer or an error in place of the service's; None: let it pass."""
    after: Disturbance = lambda _request: None
    """The same, once the service has done what it was asked."""
    asked: list[httpx.Request] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.asked.append(request)
        if disturbed := self.before(request):
            return _given(disturbed)
        response = super().handle_request(request)
        if disturbed := self.after(request):
            response.close()
            return _given(disturbed)
        return response

    @property
    def writes(self) -> list[httpx.Request]:
        """The requests that write."""
        return [request for request in self.asked if is_write(request)]

    @property
    def paths(self) -> list[str]:
        """Where the requests went, decoded, below the service root."""
        return [unquote(str(r.url)).partition("/demo/")[2] for r in self.asked]


def is_write(request: httpx.Request) -> bool:
    """Whether a request changes something: a batch may also just read."""
    reads = b'"method":"GET"' in request.content or b"\r\nGET " in request.content
    return request.method != "GET" and not reads


def _given(disturbed: httpx.Response | BaseException) -> httpx.Response:
    if isinstance(disturbed, BaseException):
        raise disturbed
    return disturbed


@dataclass(frozen=True)
class Service:
    """The demo service, read and edited by OData."""

    client: httpx.Client

    def records(self, entity: str) -> dict[str, Record]:
        """All records of an entity, by ID."""
        found: list[Record] = []
        link: str | None = entity
        while link:
            page = json.loads(self.client.get(link).raise_for_status().content, parse_float=Decimal)
            found += page["value"]
            link = page.get("@odata.nextLink")
        return {record["ID"]: record for record in found}

    def create(self, entity: str, **values: Any) -> str:
        """POST a record with all that is required; its ID."""
        body = json.dumps(SENT[entity] | values, default=str)
        answer = self.client.post(entity, content=body).raise_for_status()
        return str(answer.json()["ID"])

    def change(self, entity: str, key: str, **values: Any) -> None:
        """PATCH a record."""
        body = json.dumps(values, default=str)
        self.client.patch(f"{entity}({key})", content=body).raise_for_status()

    def delete(self, entity: str, key: str) -> None:
        """DELETE a record."""
        self.client.delete(f"{entity}({key})").raise_for_status()


@dataclass
class Town:
    """Both sides, an integration between them, and what stays between its runs."""

    url: str
    service: Service
    local: Local
    folder: Path
    mappings: list[Record]
    settings: Record = field(default_factory=dict)
    """More of the integration file."""
    wire: Wire = field(default_factory=Wire)
    clock: datetime = field(default_factory=lambda: datetime.now(UTC))

    def now(self) -> datetime:
        """Later each time."""
        self.clock += timedelta(seconds=1)
        return self.clock

    @property
    def integration(self) -> Integration:
        """As a user would write it."""
        return Integration.model_validate(
            {
                "name": "town",
                "external": {"connector": "odata", "connection": "service"},
                "local": {"connector": "sql", "connection": "here"},
                "provision": True,
                "entities": self.mappings,
                **self.settings,
            }
        )

    @contextmanager
    def job(self, **request: Any) -> Iterator[Run]:
        """An open run, whose requests go through the wire."""
        folder = self.folder
        settings = Settings(folder, f"sqlite:///{folder}/state.db", f"file://{folder}/staging")
        connections = {
            "service": Connection(id="service", conn_type="odata", host=self.url),
            "here": Connection(id="here", conn_type="sql", extra={"url": self.local.url}),
        }
        environment = Environment(settings, connections.__getitem__, self.now)
        asked = Request(f"run-{secrets.token_hex(4)}", **request)
        self.wire.asked.clear()
        watched = ODataConnector(connections["service"], self.wire, sleep=lambda _: None)
        with open_job(self.integration, asked, environment) as run, closing(watched):
            yield replace(run, external=watched)

    def sync(self, **request: Any) -> RunReport:
        """A whole run."""
        with self.job(**request) as run:
            return run_all(run)

    def state(self, table: str, **where: Any) -> list[Record]:
        """The rows of a state table."""
        state = Local(f"sqlite:///{self.folder}/state.db")
        rows = state.query(f"SELECT * FROM integration_{table}")
        return [row for row in rows if where.items() <= row.items()]

    def versions(self) -> dict[str, Any]:
        """What any write to the service would change."""
        return {
            f"{entity}({key})": (record["rowVersion"], record["modifiedAt"])
            for entity in SENT
            for key, record in self.service.records(entity).items()
        }


@pytest.fixture
def accounts() -> Record:
    """The mapping of accounts."""
    return dict(ACCOUNTS)


@pytest.fixture
def counted() -> Callable[[RunReport], dict[str, dict[str, int]]]:
    """`Entity direction` → what was written or refused; what stayed as it was is left out."""
    return _counted


def _counted(report: RunReport) -> dict[str, dict[str, int]]:
    found = {}
    assert report.status != "failed", [entity.message for entity in report.entities]
    for entity in report.entities:
        counts = entity.counts.model_dump(exclude={"unchanged"})
        said = {name: count for name, count in counts.items() if count}
        if said:
            found[f"{entity.entity} {entity.direction}"] = said
    return found


@pytest.fixture(scope="session")
def new_state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state database without rows: making one takes longer than a run."""
    path = tmp_path_factory.mktemp("state") / "new.db"
    open_state(f"sqlite:///{path}", "town").close()
    return path


@pytest.fixture
def service_url(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """An empty demo service; `@pytest.mark.parametrize("service_url", [{…}], indirect=True)`."""
    options = getattr(request, "param", {})
    with serving(create_app(tmp_path / "service.db", **options)) as url:
        yield url


@pytest.fixture
def service(service_url: str) -> Iterator[Service]:
    """The service, as its own users see it."""
    exact = "application/json;IEEE754Compatible=true"
    headers = {"content-type": exact, "accept": exact}
    with httpx.Client(base_url=service_url, headers=headers) as client:
        yield Service(client)


@pytest.fixture(params=["sqlite", "postgresql"])
def local(request: pytest.FixtureRequest, tmp_path: Path) -> Local:
    """An empty database of each kind in turn."""
    if request.param == "sqlite":
        return Local(f"sqlite:///{tmp_path}/local.db", REQUIRED)
    return Local(request.getfixturevalue("postgresql_url"), REQUIRED)


@pytest.fixture
def sqlite(tmp_path: Path) -> Local:
    """An empty SQLite database."""
    return Local(f"sqlite:///{tmp_path}/local.db", REQUIRED)


@pytest.fixture
def make_town(
    service_url: str, service: Service, tmp_path: Path, new_state: Path
) -> Callable[..., Town]:
    """Makes an integration: a local database, mappings, and more of the integration file."""

    def make(local: Local, *mappings: Record, **settings: Any) -> Town:
        shutil.copy(new_state, tmp_path / "state.db")
        return Town(service_url, service, local, tmp_path, list(mappings or ALL), settings)

    return make
