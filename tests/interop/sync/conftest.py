"""Tandem's own runs against SAP CAP, and what both sides hold, each read without Tandem.

`source` reads and edits CAP's records by its OData JSON, `tandem` runs an integration and reads
the local database with the database's own driver.
"""

import json
import os
import secrets
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import psycopg
import pytest
from psycopg.rows import dict_row

from tandem.connectors.odata.connector import ODataConnector
from tandem.model.connection import Connection
from tandem.model.integration import Integration
from tandem.settings import Settings
from tandem.sync.job import Environment, JobKind, Mode, Request, Run, open_job
from tandem.sync.preview import Preview, preview_all
from tandem.sync.report import RunReport
from tandem.sync.run import run_all

Record = dict[str, Any]
POSTGRESQL = "postgresql://postgres@127.0.0.1:5432"


def _instant(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


_MEANING: Mapping[str, Callable[[Any], Any]] = {
    **dict.fromkeys(("amount", "rate", "quantity", "price"), Decimal),
    **dict.fromkeys(("serial", "pieces", "position"), int),
    **dict.fromkeys(("createdAt", "modifiedAt", "promisedAt", "recordedAt"), _instant),
    "weight": float,
    "urgent": bool,
    "dueDate": date.fromisoformat,
    "startTime": time.fromisoformat,
}
"""Property → what its JSON, or SQLite's text or number for it, means. All others are texts.

The local fields have the properties' names.
"""


def _meant(record: Mapping[str, Any]) -> Record:
    return {
        name: value if value is None or name not in _MEANING else _MEANING[name](value)
        for name, value in record.items()
    }


@dataclass(frozen=True)
class Source:
    """CAP's records, read and edited by OData."""

    client: httpx.Client

    def records(self, entity: str) -> list[Record]:
        """All records, by CAP's own pages."""
        found: list[Record] = []
        link: str | None = entity
        while link:
            page = json.loads(self._good(self.client.get(link)).content, parse_float=Decimal)
            found += [_meant(record) for record in page["value"]]
            link = page.get("@odata.nextLink")
        return found

    def record(self, entity: str, key: str) -> Record:
        """One record."""
        answer = self._good(self.client.get(f"{entity}({key})"))
        return _meant(json.loads(answer.content, parse_float=Decimal))

    def create(self, entity: str, **values: Any) -> None:
        """POST a record."""
        self._good(self.client.post(entity, json=values))

    def change(self, entity: str, key: str, **values: Any) -> None:
        """PATCH a record."""
        self._good(self.client.patch(f"{entity}({key})", json=values))

    def delete(self, entity: str, key: str) -> None:
        """DELETE a record; one that is not there is fine."""
        assert self.client.delete(f"{entity}({key})").status_code in (204, 404)

    def create_together(self, entity: str, records: Sequence[Record]) -> None:
        """POST the records in one transaction, which gives all of them one modifiedAt."""
        self._together("POST", [(entity, record) for record in records])

    def delete_together(self, entity: str, keys: Sequence[str]) -> None:
        """DELETE the records in one transaction."""
        self._together("DELETE", [(f"{entity}({key})", None) for key in keys])

    def _together(self, method: str, wanted: Sequence[tuple[str, Record | None]]) -> None:
        requests = [
            {
                "id": str(number),
                "method": method,
                "url": url,
                "atomicityGroup": "together",
                "headers": {"content-type": "application/json", "if-match": "*"},
                **({"body": body} if body else {}),
            }
            for number, (url, body) in enumerate(wanted)
        ]
        answer = self._good(self.client.post("$batch", json={"requests": requests}))
        assert all(part["status"] in (201, 204) for part in answer.json()["responses"])

    def _good(self, answer: httpx.Response) -> httpx.Response:
        assert answer.is_success, answer.text
        return answer


@pytest.fixture(scope="session")
def source(cap: str) -> Iterator[Source]:
    """The open service."""
    headers = {"content-type": "application/json;IEEE754Compatible=true", "if-match": "*"}
    with httpx.Client(base_url=cap, headers=headers) as client:
        yield Source(client)


@dataclass
class Wire(httpx.HTTPTransport):
    """Notes what is asked of CAP, and lets others act before a request is sent."""

    asked: list[str] = field(default_factory=list)
    before: Callable[[httpx.Request], None] = lambda request: None

    def __post_init__(self) -> None:
        super().__init__()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.before(request)
        self.asked.append(request.url.raw_path.decode().rpartition("/interop/")[2])
        return super().handle_request(request)


@dataclass(frozen=True)
class Local:
    """A local database, seen through its own driver."""

    url: str

    def rows(self, table: str) -> list[Record]:
        """All rows of a table."""
        return self.run(f'SELECT * FROM "{table}"')

    def run(self, statement: str) -> list[Record]:
        """What a statement gives."""
        return self._sqlite(statement) if self.url.startswith("sqlite") else self._pg(statement)

    def _sqlite(self, statement: str) -> list[Record]:
        path = self.url.removeprefix("sqlite:///")
        with closing(sqlite3.connect(path, isolation_level=None)) as database:
            database.row_factory = sqlite3.Row
            return [_meant(dict(row)) for row in database.execute(statement)]

    def _pg(self, statement: str) -> list[Record]:
        with psycopg.connect(self.url, autocommit=True, row_factory=dict_row) as database:
            found = database.execute(statement)
            rows = found.fetchall() if found.description else []
        return [{n: str(v) if isinstance(v, UUID) else v for n, v in r.items()} for r in rows]


@pytest.fixture
def sqlite(tmp_path: Path) -> Local:
    """An empty SQLite database."""
    return Local(f"sqlite:///{tmp_path}/local.db")


@pytest.fixture
def postgresql() -> Iterator[Local]:
    """An empty PostgreSQL database."""
    try:
        admin = psycopg.connect(f"{POSTGRESQL}/postgres", autocommit=True, connect_timeout=2)
    except psycopg.OperationalError as error:
        pytest.skip(f"no PostgreSQL on 127.0.0.1:5432 ({str(error).splitlines()[0]})")
    name = f"tandem_interop_{os.getpid()}"
    with admin:
        admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        admin.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        yield Local(f"{POSTGRESQL}/{name}")
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgresql"])
def local(request: pytest.FixtureRequest) -> Local:
    """An empty local database, of each kind that is tested."""
    database: Local = request.getfixturevalue(request.param)
    return database


@dataclass
class Tandem:
    """One integration of CAP with a local database, and what stays between its runs."""

    host: str
    local: Local
    folder: Path
    entities: list[Record]
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    wire: Wire = field(default_factory=Wire)

    def sync(self, mode: Mode = "auto", kind: JobKind = "sync") -> RunReport:
        """One run, as the command line makes it."""
        with self._job(kind, mode) as run:
            return run_all(run)

    def preview(self) -> dict[str, dict[str, int]]:
        """What an import would do, by entity and action."""
        with self._job("import", "full") as job:
            return {plan.entity: plan.actions for plan in preview_all(job, limit=0)}

    def anchors(self) -> dict[str, str]:
        """Entity → how far it has been read."""
        return {row["entity"]: row["value"] for row in self._state("integration_syncanchor")}

    def rejected(self) -> dict[str, str]:
        """Record → why it waits."""
        return {row["record_id"]: row["error"] for row in self._state("integration_rejected")}

    def _state(self, table: str) -> list[Record]:
        return Local(self._state_url).rows(table)

    @property
    def _state_url(self) -> str:
        return f"sqlite:///{self.folder}/state.db"

    @contextmanager
    def _job(self, kind: JobKind, mode: Mode) -> Iterator[Run]:
        integration = Integration.model_validate(
            {
                "name": "interop",
                "external": {"connector": "odata", "connection": "cap"},
                "local": {"connector": "sql", "connection": "here"},
                "provision": True,
                "entities": self.entities,
            }
        )
        self.wire.asked.clear()
        connections = {
            "cap": Connection(id="cap", conn_type="odata", host=self.host),
            "here": Connection(id="here", conn_type="sql", extra={"url": self.local.url}),
        }
        settings = Settings(self.folder, self._state_url, f"file://{self.folder}/staging")
        environment = Environment(settings, connections.__getitem__, lambda: self.now)
        request = Request(f"run-{secrets.token_hex(4)}", kind, mode)
        watched = ODataConnector(connections["cap"], self.wire, sleep=lambda _: None)
        with open_job(integration, request, environment) as run, closing(watched):
            yield replace(run, external=watched)


@pytest.fixture
def tandem(cap: str, tmp_path: Path) -> Callable[..., Tandem]:
    """Makes an integration: a local database, then its entity mappings."""
    return lambda local, *entities: Tandem(cap, local, tmp_path, list(entities))
