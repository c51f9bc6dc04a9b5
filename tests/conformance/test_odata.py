"""The OData connector passes the suite, against the demo service."""

from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pytest

from tandem.conformance import *  # noqa: F403
from tandem.conformance import Subject
from tandem.connectors.odata.connector import ODataConnector
from tandem.demo.model import Edm, EntitySet, Property, ServiceModel
from tandem.demo.server import serving
from tandem.demo.service import create_app
from tandem.model.connection import Connection
from tandem.model.schema import Field, Kind

ITEMS = EntitySet(
    "Items",
    "Item",
    key=("ID",),
    properties=(
        Property("ID", Edm.GUID, nullable=False),
        Property("text"),
        Property("code", max_length=12),
        Property("flag", Edm.BOOLEAN),
        Property("whole", Edm.INT64),
        Property("price", Edm.DECIMAL, precision=18, scale=2),
        Property("total", Edm.DECIMAL, precision=34, scale=6),
        Property("ratio", Edm.DOUBLE),
        Property("day", Edm.DATE),
        Property("at", Edm.TIME_OF_DAY, precision=6),
        Property("moment", Edm.DATE_TIME_OFFSET, precision=6),
        Property("version", Edm.INT64),
        Property("stage", nullable=False),
    ),
)
LINES = EntitySet(
    "Lines",
    "Line",
    key=("order", "number"),
    properties=(
        Property("order", nullable=False),
        Property("number", Edm.INT64, nullable=False),
        Property("text"),
    ),
)
JSON = "application/json;IEEE754Compatible=true"


@pytest.fixture
def subject(tmp_path: Path) -> Iterator[Subject]:
    app = create_app(
        tmp_path / "items.db", ServiceModel("Conformance", (ITEMS, LINES)), page_size=10
    )
    with serving(app) as url, httpx.Client(base_url=url, headers={"Content-Type": JSON}) as client:

        def put(entity: str, records: pa.RecordBatch) -> None:
            for record in records.to_pylist():
                body = {name: as_json(value) for name, value in record.items()}
                client.post(entity, json=body).raise_for_status()

        connection = Connection(id="here", conn_type="odata", host=url)
        connector = ODataConnector(connection, transport=SmallPages())
        yield Subject(connector, entity="Items", put=put, composite="Lines", holds=holds)
        connector.close()


class SmallPages(httpx.HTTPTransport):
    """Asks for smaller pages than the connector does."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        prefer = request.headers.get("Prefer", "")
        request.headers["Prefer"] = prefer.replace("maxpagesize=5000", "maxpagesize=10")
        return super().handle_request(request)


def as_json(value: Any) -> Any:
    """A value as OData JSON writes it (OData JSON Format 4.01, 7.1)."""
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, date | datetime | time):
        return value.isoformat().replace("+00:00", "Z")
    return value


def holds(field: Field, value: Any) -> bool:
    """JSON has no text with a lone surrogate, and OData none that XML could not hold."""
    return not (field.kind is Kind.STRING and "\0" in value)
