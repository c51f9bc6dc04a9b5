"""The Resco connector passes the suite, against the simulated organization."""

import json
import re
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tandem.conformance import *  # noqa: F403
from tandem.conformance import Subject
from tandem.connectors.resco.connector import RescoConnector
from tandem.connectors.resco.xml import uncarried
from tandem.demo.resco.attributes import LookupForm
from tandem.demo.resco.service import create_app
from tandem.demo.resco.values import from_body
from tandem.demo.server import serving
from tandem.demo.write import read_json
from tandem.model.connection import Connection
from tandem.model.schema import Field, Kind

IN_EACH_FORM = (
    "test_lookups_lead_to_fields_that_are_there",
    "test_values_come_back_exactly",
    "test_created_records_are_there_exactly",
    "test_update_can_set_null",
    "test_what_an_update_answers_is_what_the_next_one_has_seen",
)
"""Tests in which the form of lookups may matter; the others run in one."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """How the service shows lookups."""
    if "subject" in metafunc.fixturenames:
        each = metafunc.function.__name__ in IN_EACH_FORM
        forms = list(LookupForm) if each else [LookupForm.TYPED]
        metafunc.parametrize("subject", forms, indirect=True, ids=lambda form: form.value)


@pytest.fixture
def subject(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Subject]:
    app = create_app(tmp_path / "resco.db", lookups=request.param)
    organization = app.state.organization

    def put(name: str, records: pa.RecordBatch) -> None:
        """In one transaction: a page has a thousand records."""
        entity = organization.entity(name)
        with organization.store.writing() as connection:
            for record in records.to_pylist():
                body = json.dumps({name: as_json(value) for name, value in record.items()})
                values = from_body(entity, read_json(as_numbers(body).encode()))
                organization.create(connection, entity, values)

    with serving(app) as url:
        connection = Connection(
            id="here", conn_type="resco", host=url, login="sync", password="sync"
        )
        connector = RescoConnector(connection)
        yield Subject(connector, "account", put, holds=holds, several_pages=1_001)
        connector.close()


def as_json(value: Any) -> Any:
    """A value as OData JSON writes it (OData JSON Format 4.01, 7.1)."""
    if isinstance(value, Decimal):
        return f"#{value:f}"
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return value


def as_numbers(text: str) -> str:
    """With decimals as numbers, digit by digit."""
    return re.sub(r'"#(-?[0-9.]+)"', r"\1", text)


def holds(field: Field, value: Any) -> bool:
    """XML has no control characters, and an empty element is null; integers have 32 bits, dates
    are to the second.
    """
    if field.kind is Kind.STRING:
        return bool(value) and not uncarried(value)
    if field.type_name == "Edm.Int32":
        return abs(int(value)) < 2**31
    return not (isinstance(value, datetime) and value.microsecond)
