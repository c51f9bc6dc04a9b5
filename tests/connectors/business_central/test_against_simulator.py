"""The connector and the simulated Business Central, beyond what every connector does."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tandem.connectors.base import ETAG, Query
from tandem.connectors.business_central.connector import BusinessCentralConnector
from tandem.demo.business_central.control import Control
from tandem.demo.business_central.sample import COMPANIES, fill
from tandem.demo.business_central.service import create_app
from tandem.demo.data import Sizes
from tandem.demo.server import serving
from tandem.model.connection import Connection
from tandem.model.filters import Comparison
from tandem.model.schema import Entity

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CUSTOMERS = 90
VERSION = "documentLastModifiedDateTime"


@dataclass(frozen=True)
class Office:
    """A company with customers and sales orders."""

    connector: BusinessCentralConnector
    control: Control

    def entity(self, name: str) -> Entity:
        return self.connector.schema().entity(name)

    def read(self, name: str, *fields: str, **more: Any) -> list[dict[str, Any]]:
        query = Query(self.entity(name), fields or ("id",), NOW, **more)
        pages = self.connector.read(query)
        return [record for page in pages for record in page.records.to_pylist()]


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    control = Control(expanded_size=1)
    app = create_app(tmp_path / "bc.db", control=control)
    fill(tmp_path / "bc.db", Sizes(accounts=CUSTOMERS, contacts=3, work_orders=6))
    with serving(app, root="") as url:
        extra = {"auth": "bearer", "tenant": "contoso.example", "company": COMPANIES[0].name}
        connection = Connection(
            id="erp", conn_type="business_central", host=url, password="token", extra=extra
        )
        connector = BusinessCentralConnector(connection, sleep=lambda _: None, random=lambda: 0.5)
        yield Office(connector, control)
        connector.close()


def one(record: dict[str, Any], *names: str) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist([{name: record[name] for name in names}])


@pytest.mark.parametrize(
    ("name", "value", "found"), [("discountAmount", 1, True), ("description", "Other", False)]
)
def test_changed_amounts_of_lines_are_changes_of_their_document(
    office: Office, name: str, value: Any, found: bool
) -> None:
    fields = ("id", "documentId", name, VERSION)
    before = office.read("salesOrderLines", *fields)
    newest = max(record[VERSION] for record in before)
    changed = {**before[0], name: value}
    lines = office.entity("salesOrderLines")
    seen = one(before[0], ETAG)
    written = office.connector.update(lines, one(changed, "id", name), seen=seen)
    assert not written.rejected
    since = Comparison(field=VERSION, operator="gt", value=newest)
    after = office.read("salesOrderLines", *fields, condition=since)
    assert (changed["id"] in [record["id"] for record in after]) is found
    assert value in [record[name] for record in office.read("salesOrderLines", *fields)]


def test_lines_of_a_deleted_document_vanish(office: Office) -> None:
    lines = office.read("salesOrderLines", "id", "documentId")
    gone = lines[0]["documentId"]
    key = pa.RecordBatch.from_pydict({"id": [gone]})
    assert not office.connector.delete(office.entity("salesOrders"), key).rejected
    left = {record["id"] for record in office.read("salesOrderLines")}
    assert left == {record["id"] for record in lines if record["documentId"] != gone}


@pytest.mark.parametrize("status", [409, 412])
def test_a_record_that_others_changed_is_left_as_it_is(office: Office, status: int) -> None:
    office.control.changed_status = status
    customers = office.entity("customers")
    record = office.read("customers", "id", "displayName")[0]
    seen = one(record, ETAG)
    theirs = one({**record, "displayName": "Theirs"}, "id", "displayName")
    assert not office.connector.update(customers, theirs, seen=seen).rejected
    ours = one({**record, "displayName": "Ours"}, "id", "displayName")
    written = office.connector.update(customers, ours, seen=seen)
    assert written.changed == (0,)
    names = [r["displayName"] for r in office.read("customers", "id", "displayName")]
    assert "Theirs" in names
    assert "Ours" not in names


def test_throttling_without_a_wish_is_waited_out(office: Office) -> None:
    office.connector.schema()
    office.control.throttle = 2
    assert len(office.read("customers")) == CUSTOMERS


def test_pages_that_take_too_long_are_made_smaller(office: Office) -> None:
    office.control.slow_above = 60
    assert len(office.read("customers")) == CUSTOMERS


def test_a_new_line_is_made_in_its_document(office: Office) -> None:
    line = office.read("salesOrderLines", "id", "documentId")[0]
    new = {"documentId": line["documentId"], "description": "New", "lineType": "Comment"}
    created = office.connector.create(
        office.entity("salesOrderLines"), pa.RecordBatch.from_pylist([new])
    )
    assert not created.rejected
    assert created.records is not None
    assert created.records.column("id")[0].is_valid
