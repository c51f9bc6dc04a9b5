"""The Business Central connector passes the suite, against the simulator: records of an API, lines
that are read by their documents, and published web services.
"""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import httpx
import pyarrow as pa
import pytest
from tests.simulated import simulated

from tandem.conformance import *  # noqa: F403
from tandem.conformance import Subject, filtering
from tandem.connectors.business_central.connector import BusinessCentralConnector
from tandem.connectors.business_central.document_lines import lines_of
from tandem.demo.business_central.api import API
from tandem.demo.business_central.control import Control
from tandem.demo.business_central.pages import Page, Root, blank
from tandem.demo.business_central.sample import COMPANIES
from tandem.demo.business_central.service import TENANT, create_app
from tandem.demo.business_central.sites import site
from tandem.demo.business_central.web_services import WEB_SERVICES
from tandem.demo.store import Store
from tandem.demo.values import Stored, from_json
from tandem.model.connection import Connection
from tandem.model.schema import Entity, Field, Kind, Schema

HOST = "erp.example"
DATABASE = "bc.db"
COMPANY = COMPANIES[0]
REFERRING = (
    "CustomerNo",
    "ContactNo",
    "PrimaryContacNo",
    "companyNumber",
    "lineObjectNumber",
    "number",
)
WITHOUT_NULL = (Kind.BOOLEAN, Kind.DECIMAL, Kind.INT64)


class WithNulls(BusinessCentralConnector):
    """Without fields that cannot be null, since the suite leaves some of all empty (numbers,
    booleans, and options, of which the first stands for nothing), and without those that take
    other values than any: numbers of records, each of which has to be there, or to be new.
    """

    @cached_property
    def _known(self) -> Schema:
        return Schema(entities=tuple(map(_with_nulls, super().schema().entities)))

    def schema(self) -> Schema:
        return self._known


def _with_nulls(entity: Entity) -> Entity:
    versions = entity.capabilities.version_fields
    kept = (
        field
        for field in entity.fields
        if field.name in versions
        or not (field.kind in WITHOUT_NULL or field.options or field.name in REFERRING)
    )
    able = entity.capabilities
    if lines_of(entity):  # a new line needs a document, of which the suite does not know
        able = able.model_copy(update={"creates": False})
    return entity.model_copy(update={"fields": tuple(kept), "capabilities": able})


@dataclass
class SmallPages(httpx.BaseTransport):
    """Asks for smaller pages than the connector does."""

    there: httpx.BaseTransport

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if "Prefer" in request.headers:
            request.headers["Prefer"] = "odata.maxpagesize=40"
        return self.there.handle_request(request)


@dataclass(frozen=True)
class Records:
    """Puts records into a store as they are, with the keys that the suite wants."""

    store: Store
    root: Root

    def put(self, entity: str, records: pa.RecordBatch) -> None:
        page = self.root.by_name[entity]
        self._insert(page, records.to_pylist())

    def put_lines(self, entity: str, records: pa.RecordBatch) -> None:
        """Each line in a document of its own."""
        lines = records.to_pylist()
        orders = [{"id": str(uuid5(NAMESPACE_URL, line["id"]))} for line in lines]
        self._insert(self.root.by_name["salesOrders"], orders)
        beside = zip(lines, orders, strict=True)
        found = [{**line, "documentId": order["id"]} for line, order in beside]
        self._insert(self.root.by_name[entity], found)

    def _insert(self, page: Page, records: list[dict[str, Any]]) -> None:
        paths = page.entity_set.paths
        now = "2026-03-18T15:30:45.123"
        stamps = dict.fromkeys(("lastModifiedDateTime", "SystemModifiedAt"), now)
        counters = ("#rowVersion", "RowVersionNumber")

        def row(number: int, record: dict[str, Any]) -> tuple[Stored, ...]:
            known: dict[str, Any] = {**stamps, **dict.fromkeys(counters, number + 1)}
            given = {name: value for name, value in record.items() if value is not None}
            return tuple(
                from_json(as_json(given[name]), item, ieee754=False)
                if name in given
                else known.get(name, blank(item))
                for name, item in paths.items()
            )

        self.store.insert(page.entity_set, [row(n, record) for n, record in enumerate(records)])


def as_json(value: Any) -> Any:
    """A value as OData JSON writes it (OData JSON Format 4.01, 7.1)."""
    if isinstance(value, date | datetime):
        return value.isoformat().replace("+00:00", "Z")
    return value


def holds(_: Field, value: Any) -> bool:
    """Blank values are nulls; SQL Server keeps no such dates."""
    return value not in ("", date(1, 1, 1)) and not (isinstance(value, str) and "\0" in value)


@dataclass(frozen=True)
class Case:
    """An entity of the simulator."""

    route: str
    root: Root
    entity: str
    composite: str | None
    put: Callable[[Records, str, pa.RecordBatch], None] = Records.put


CASES = (
    Case("v2.0", API, "contacts", None),
    Case("v2.0", API, "salesOrderLines", None, Records.put_lines),
    Case("ODataV4", WEB_SERVICES, "RescoCustomer", "RescoServiceOrder"),
)


FILTERS = {name for name in vars(filtering) if name.startswith("test_")}
"""Some take hundreds of requests."""


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The databases of companies without records, made once."""
    folder = tmp_path_factory.mktemp("empty")
    create_app(folder / DATABASE)
    return folder


@pytest.fixture(params=CASES, ids=lambda case: case.entity)
def subject(request: pytest.FixtureRequest, empty: Path, tmp_path: Path) -> Iterator[Subject]:
    case: Case = request.param
    if case is not CASES[0] and request.node.originalname in FILTERS:
        pytest.skip("conditions are compiled alike for all entities")
    shutil.copytree(empty, tmp_path, dirs_exist_ok=True)
    app = create_app(tmp_path / DATABASE, control=Control(page_size=40))
    store = site(case.root, COMPANIES, tmp_path / DATABASE).stores[COMPANY.id]
    records = Records(store, case.root)
    extra = {"auth": "bearer", "tenant": TENANT, "company": COMPANY.name, "route": case.route}
    connection = Connection(
        id="erp", conn_type="business_central", host=f"https://{HOST}", password="t", extra=extra
    )
    connector = WithNulls(connection, SmallPages(simulated({HOST: app})))

    def put(entity: str, batch: pa.RecordBatch) -> None:
        case.put(records, entity, batch)

    yield Subject(connector, entity=case.entity, put=put, composite=case.composite, holds=holds)
    connector.close()
