"""The demo service behind a transport that can be disturbed, for tests of writes."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pytest

from tandem.connectors.base import Query, Written
from tandem.connectors.odata.connector import ODataConnector
from tandem.core.values import arrow_type
from tandem.demo.model import ComplexProperty, ComplexType, Edm, EntitySet, Property, ServiceModel
from tandem.demo.server import serving
from tandem.demo.service import create_app
from tandem.model.connection import Connection
from tandem.model.schema import Entity

THINGS = EntitySet(
    "Things",
    "Thing",
    key=("ID",),
    properties=(
        Property("ID", Edm.INT32, nullable=False),
        Property("name", nullable=False, max_length=20),
        Property("price", Edm.DECIMAL, precision=34, scale=6),
        Property("size", Edm.INT64),
        ComplexProperty("address", ComplexType("Address", (Property("city"), Property("zip")))),
        Property("version", Edm.INT64),
    ),
    row_version="version",
)
LABELS = EntitySet(
    "Labels",
    "Label",
    key=("code",),
    properties=(Property("code", nullable=False), Property("text")),
)
NOTES = EntitySet(
    "Notes",
    "Note",
    key=("ID",),
    properties=(Property("ID", Edm.GUID, nullable=False), Property("text", nullable=False)),
)

Disturbance = Callable[[httpx.Request], httpx.Response | Exception | None]


@dataclass
class Wire(httpx.BaseTransport):
    """Carries requests to the service, notes them, and disturbs them as it is told."""

    before: Disturbance = lambda _request: None
    """An answer or an error in place of the service's; None: let it pass."""
    after: Disturbance = lambda _request: None
    """The same, once the service has done what it was asked."""
    asked: list[httpx.Request] = field(default_factory=list)
    carrier: httpx.HTTPTransport = field(default_factory=httpx.HTTPTransport)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.asked.append(request)
        if disturbed := self.before(request):
            return _given(disturbed)
        response = self.carrier.handle_request(request)
        if disturbed := self.after(request):
            response.close()
            return _given(disturbed)
        return response

    def close(self) -> None:
        self.carrier.close()

    @property
    def writes(self) -> list[str]:
        """Method and path of what was asked, but for reads."""
        return [
            f"{request.method} {request.url.path.rpartition('/')[2]}"
            for request in self.asked
            if request.method != "GET"
            and b'"method":"GET"' not in request.content
            and b"\r\nGET " not in request.content
        ]


@dataclass
class Shop:
    """The service, a connector to it, and what lies between."""

    wire: Wire
    connector: ODataConnector
    waits: list[float]
    url: str

    def entity(self, name: str = "Things") -> Entity:
        return self.connector.schema().entity(name)

    def records(self, name: str = "Things") -> list[dict[str, Any]]:
        """All records, by key, asked for behind the connector's back."""
        value = httpx.get(self.url + name).json()["value"]
        return sorted(value, key=lambda record: record.get("ID", record.get("code")))

    def fill(self, numbers: range) -> list[dict[str, Any]]:
        """Records that are there, put behind the connector's back."""
        rows = [{"ID": number, "name": f"thing {number}"} for number in numbers]
        for row in rows:
            httpx.post(self.url + "Things", json=row).raise_for_status()
        return rows

    def disturb(self, *answers: httpx.Response | Exception, at: str = "$batch") -> None:
        """Give these answers to the next writes there, in place of the service's."""
        self.wire.before = _once(answers, at)

    def disturb_after(self, *answers: httpx.Response | Exception, at: str = "$batch") -> None:
        """The same, but the service has done what it was asked."""
        self.wire.after = _once(answers, at)

    def refuse_batches(self, *kinds: str, status: int = 415) -> None:
        """Let the service take no batches of these media types."""

        def refuse(request: httpx.Request) -> httpx.Response | None:
            kind = request.headers.get("Content-Type", "").partition(";")[0]
            is_batch = request.url.path.endswith("$batch")
            return httpx.Response(status) if is_batch and kind in kinds else None

        self.wire.before = refuse

    def create(self, rows: list[dict[str, Any]], name: str = "Things", **options: Any) -> Written:
        entity = self.entity(name)
        return self.connector.create(entity, batch(entity, rows), **options)

    def update(self, rows: list[dict[str, Any]], name: str = "Things", **options: Any) -> Written:
        entity = self.entity(name)
        return self.connector.update(entity, batch(entity, rows), **options)

    def delete(self, rows: list[dict[str, Any]], name: str = "Things", **options: Any) -> Written:
        entity = self.entity(name)
        return self.connector.delete(entity, batch(entity, rows), **options)

    def seen(self, rows: list[dict[str, Any]], name: str = "Things") -> pa.RecordBatch:
        """What the connector reads of these records, in their order."""
        entity = self.entity(name)
        query = Query(entity, entity.key, datetime(2026, 3, 4, tzinfo=UTC))
        keys = batch(entity, [{key: row[key] for key in entity.key} for row in rows])
        pages = [page.records for page in self.connector.find(query, keys)]
        return pa.Table.from_batches(pages).sort_by(entity.key[0]).to_batches()[0]


def batch(entity: Entity, rows: list[dict[str, Any]]) -> pa.RecordBatch:
    names = list(dict.fromkeys(name for row in rows for name in row))
    types = [(name, arrow_type(entity.field(name))) for name in names]
    return pa.RecordBatch.from_pylist(rows, schema=pa.schema(types))


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A shop of its own, empty."""
    app = create_app(tmp_path / "shop.db", ServiceModel("Shop", (THINGS, LABELS, NOTES)))
    waits: list[float] = []
    with serving(app) as url:
        wire = Wire()
        connection = Connection(id="shop", conn_type="odata", host=url)
        connector = ODataConnector(connection, wire, sleep=waits.append, random=lambda: 0.5)
        yield Shop(wire, connector, waits, url if url.endswith("/") else url + "/")
        connector.close()


def _once(answers: tuple[httpx.Response | Exception, ...], at: str) -> Disturbance:
    """Disturb the first writes that go there; requests that read pass."""
    left = list(answers)

    def disturb(request: httpx.Request) -> httpx.Response | Exception | None:
        reads = b'"method":"GET"' in request.content or b"\r\nGET " in request.content
        if reads or not left or request.method == "GET" or at not in request.url.path:
            return None
        return left.pop(0)

    return disturb


def _given(disturbed: httpx.Response | Exception) -> httpx.Response:
    if isinstance(disturbed, Exception):
        raise disturbed
    return disturbed
