"""The Resco connector passes the suite, against the simulated organization."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pytest

from tandem.conformance import *  # noqa: F403
from tandem.conformance import Subject
from tandem.connectors.resco.connector import RescoConnector
from tandem.connectors.resco.xml import uncarried
from tandem.demo.resco.attributes import LookupForm
from tandem.demo.resco.service import create_app
from tandem.demo.server import serving
from tandem.model.connection import Connection
from tandem.model.schema import Field, Kind


@pytest.fixture(params=list(LookupForm), ids=lambda form: form.value)
def subject(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Subject]:
    app = create_app(tmp_path / "resco.db", lookups=request.param)
    with serving(app) as url, httpx.Client(base_url=url, auth=("sync", "sync")) as client:

        def put(entity: str, records: pa.RecordBatch) -> None:
            for record in records.to_pylist():
                body = {name: as_json(value) for name, value in record.items()}
                client.post(entity, json=body).raise_for_status()

        connection = Connection(
            id="here", conn_type="resco", host=url, login="sync", password="sync"
        )
        connector = RescoConnector(connection)
        yield Subject(connector, "account", put, holds=holds, several_pages=1_001)
        connector.close()


def as_json(value: Any) -> Any:
    """A value as OData JSON writes it (OData JSON Format 4.01, 7.1)."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return value


def holds(field: Field, value: Any) -> bool:
    """XML has no control characters, and an empty element is null; dates are to the second."""
    if field.kind is Kind.STRING:
        return bool(value) and not uncarried(value)
    return not (isinstance(value, datetime) and value.microsecond)
