"""Tandem's runs against SAP CAP, and what both sides hold, each read without Tandem.

`source` reads and edits CAP's records by its OData JSON; `tandem` runs the integration of
interop.yaml and reads the local database with the database's own driver.
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
from threading import Lock
from typing import Any
from uuid import UUID

import httpx
import psycopg
import pytest
import yaml

from tandem.connectors.odata.connector import ODataConnector
from tandem.integration_files import load_integration
from tandem.model.connection import Connection
from tandem.settings import Settings
from tandem.sync.environment import Environment
from tandem.sync.job import JobKind, Mode, Request, Run, open_job
from tandem.sync.people.preview import preview_all
from tandem.sync.report import RunReport
from tandem.sync.run import run_all

Record = dict[str, Any]
INTEGRATION = Path(__file__).with_name("interop.yaml")
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
"""Property → what its value in JSON, or in SQLite, means. All others are texts."""


def _meant(name: str, value: Any) -> Any:
    if isinstance(value, UUID):
        return str(value)
    as_it_is = value is None or isinstance(value, date | time)
    return value if as_it_is or name not in _MEANING else _MEANING[name](value)


@dataclass(frozen=True)
class Source:
    """CAP's records, read and edited by OData."""

    client: httpx.Client

    def records(self, query: str) -> list[Record]:
        """All records of an entity, or of a query, by CAP's own pages."""
        found: list[Record] = []
        link: str | None = query
        while link:
            answer = self.client.get(link).raise_for_status()
            page = json.loads(answer.content, parse_float=Decimal)
            found += [{n: _meant(n, v) for n, v in record.items()} for record in page["value"]]
            link = page.get("@odata.nextLink")
        return found

    def create(self, entity: str, **values: Any) -> None:
        """POST a record."""
        self.client.post(entity, json=values).raise_for_status()

    def change(self, entity: str, key: str, **values: Any) -> None:
        """PATCH a record."""
        self.client.patch(f"{entity}({key})", json=values).raise_for_status()

    def create_together(self, entity: str, records: Sequence[Record]) -> None:
        """POST the records in one transaction, which gives all of them the same modifiedAt."""
        self._together([{"method": "POST", "url": entity, "body": record} for record in records])

    def delete(self, entity: str, *keys: str) -> None:
        """DELETE the records in one transaction."""
        self._together([{"method": "DELETE", "url": f"{entity}({key})"} for key in keys])

    def _together(self, requests: Sequence[Record]) -> None:
        headers = {"content-type": "application/json", "if-match": "*"}
        common = {"atomicityGroup": "together", "headers": headers}
        batch = [{"id": str(n), **common, **request} for n, request in enumerate(requests)]
        answer = self.client.post("$batch", json={"requests": batch}).raise_for_status()
        assert all(part["status"] in (201, 204) for part in answer.json()["responses"])


@pytest.fixture(scope="session")
def source(cap: str) -> Iterator[Source]:
    """The open service."""
    headers = {"content-type": "application/json;IEEE754Compatible=true", "if-match": "*"}
    with httpx.Client(base_url=cap, headers=headers) as client:
        yield Source(client)


@pytest.fixture
def mine(source: Source) -> Iterator[str]:
    """Begins the numbers of accounts and orders that a test makes; they are deleted afterwards."""
    prefix = f"T{secrets.token_hex(4)}-"
    yield prefix
    for entity, number, key in (
        ("OrderLines", "order/orderNumber", "order_ID={order_ID},position={position}"),
        ("Orders", "orderNumber", "{ID}"),
        ("Accounts", "accountNumber", "{ID}"),
    ):
        records = source.records(f"{entity}?$filter=startswith({number},'{prefix}')")
        if records:
            source.delete(entity, *(key.format_map(record) for record in records))


@dataclass
class Wire(httpx.HTTPTransport):
    """Notes what is asked of CAP, and lets others act before a request is sent."""

    asked: list[str] = field(default_factory=list)
    before: Callable[[httpx.Request], None] = lambda request: None

    def __post_init__(self) -> None:
        super().__init__()
        self._one_at_a_time = Lock()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        with self._one_at_a_time:  # the next page is fetched in a thread of its own
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
        with closing(self._open()) as database:
            found = database.execute(statement)
            names = [column[0] for column in found.description or ()]
            rows = found.fetchall() if names else []
        return [{n: _meant(n, v) for n, v in zip(names, row, strict=True)} for row in rows]

    def _open(self) -> Any:
        if self.url.startswith("sqlite"):
            return sqlite3.connect(self.url.removeprefix("sqlite:///"), isolation_level=None)
        return psycopg.connect(self.url, autocommit=True)


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
    """The integration with one local database, and what stays between its runs."""

    host: str
    local: Local
    folder: Path
    entities: dict[str, Record]
    """External entity → its mapping."""
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    wire: Wire = field(default_factory=Wire)

    def sync(self, mode: Mode = "auto", kind: JobKind = "sync") -> RunReport:
        """One run, as the command line makes it."""
        with self._job(kind, mode) as run:
            return run_all(run)

    def preview(self) -> dict[str, dict[str, int]]:
        """What an import would do: entity → action → records."""
        with self._job("import", "full") as job:
            return {plan.entity: plan.actions for plan in preview_all(job, limit=0)}

    def state(self, table: str) -> list[Record]:
        """The rows of a state table."""
        return Local(self._settings.state).rows(f"integration_{table}")

    def anchors(self) -> dict[str, datetime]:
        """Entity → how far it has been read."""
        rows = self.state("syncanchor")
        return {r["entity"]: datetime.fromisoformat(r["value"]) for r in rows if r["value"]}

    def rejected(self) -> dict[str, str]:
        """Record → why it waits."""
        return {row["record_id"]: row["error"] for row in self.state("rejected")}

    def forget(self) -> None:
        """Lose the state: links, anchors, everything."""
        for file in self.folder.glob("state.db*"):
            file.unlink()

    def differences(self, source: Source) -> list[tuple[Any, ...]]:
        """What is not as CAP says: the key, what CAP says and what is here; of everything."""
        return [
            (key, theirs.get(key), ours.get(key))
            for entity in self.entities
            for theirs, ours in [(self._theirs(source, entity), self._ours(entity))]
            for key in sorted(theirs.keys() | ours.keys(), key=str)
            if _typed(theirs.get(key)) != _typed(ours.get(key))
        ]

    def _theirs(self, source: Source, entity: str) -> dict[tuple[Any, ...], Record]:
        """CAP's records in local names, with the ids of local records for lookups."""
        fields = self.entities[entity]["fields"]
        ids = {f["local"]: self._ids(f["lookup"]["entity"]) for f in fields if "lookup" in f}
        found = {}
        for record in source.records(entity):
            row = {f["local"]: record[f["external"]] for f in fields}
            row |= {name: known.get(row[name]) for name, known in ids.items()}
            found[self._key(entity, row)] = row
        return found

    def _ours(self, entity: str) -> dict[tuple[Any, ...], Record]:
        mapping = self.entities[entity]
        names = [f["local"] for f in mapping["fields"]]
        rows = [{n: row[n] for n in names} for row in self.local.rows(mapping["local"])]
        return {self._key(entity, row): row for row in rows}

    def _ids(self, entity: str) -> dict[str, str]:
        """CAP's key → the id of the local record."""
        rows = self.local.rows(self.entities[entity]["local"])
        return {self._key(entity, row)[0]: row["id"] for row in rows}

    def _key(self, entity: str, row: Record) -> tuple[Any, ...]:
        mapping = self.entities[entity]
        names = [f["local"] for f in mapping["fields"] if f["external"] in mapping["primary_key"]]
        return tuple(row[name] for name in names)

    @property
    def _settings(self) -> Settings:
        state, staging = f"sqlite:///{self.folder}/state.db", f"file://{self.folder}/staging"
        return Settings(self.folder, state, staging)

    @contextmanager
    def _job(self, kind: JobKind, mode: Mode) -> Iterator[Run]:
        whole = yaml.safe_load(INTEGRATION.read_text()) | {"entities": list(self.entities.values())}
        file = self.folder / INTEGRATION.name
        file.write_text(yaml.safe_dump(whole, allow_unicode=True))
        connections = {
            "cap": Connection(id="cap", conn_type="odata", host=self.host),
            "here": Connection(id="here", conn_type="sql", extra={"url": self.local.url}),
        }
        environment = Environment(self._settings, connections.__getitem__, lambda: self.now)
        request = Request(f"run-{secrets.token_hex(4)}", kind, mode)
        self.wire.asked.clear()
        watched = ODataConnector(connections["cap"], self.wire, sleep=lambda _: None)
        with open_job(load_integration(file), request, environment) as run, closing(watched):
            yield replace(run, external=watched)


def _typed(record: Record | None) -> Record | None:
    """True is not 1, and no decimal is a float."""
    return record and {name: (type(value), value) for name, value in record.items()}


@pytest.fixture
def tandem(cap: str, tmp_path: Path) -> Callable[..., Tandem]:
    """Makes an integration: a local database, and external entities with what differs."""

    def make(local: Local, **changes: Record) -> Tandem:
        known = {m["external"]: m for m in yaml.safe_load(INTEGRATION.read_text())["entities"]}
        chosen = {name: known[name] | changes.get(name, {}) for name in changes or known}
        return Tandem(cap, local, tmp_path, chosen)

    return make
