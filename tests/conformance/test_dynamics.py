"""The Dynamics connector passes the suite, against the simulated organization: a table of
Dataverse's own, and one that a solution added.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pytest
from tests.simulated import simulated

from tandem.conformance import *  # noqa: F403
from tandem.conformance import Subject, filtering
from tandem.connectors.dynamics.connector import DynamicsConnector
from tandem.demo.dynamics.control import Control
from tandem.demo.dynamics.organization import ROOT
from tandem.demo.dynamics.service import create_app
from tandem.model.connection import Connection
from tandem.model.schema import Entity, Field, Kind, Schema

HOST = "contoso.crm4.dynamics.com"
TABLES = {"contacts": "contact", "msdyn_workorders": "msdyn_workorder"}
JSON = "application/json;IEEE754Compatible=true"


class Described(DynamicsConnector):
    """Tells at once what a mapped entity is described with, such as options, and hides columns
    that no two records share a value of: the suite repeats its values.
    """

    def schema(self) -> Schema:
        known = super().schema()
        tested = self.described([known.entity(name) for name in TABLES])
        found = {entity.name: _repeating(entity) for entity in tested}
        return Schema(entities=tuple(found.get(e.name, e) for e in known.entities))


def _repeating(entity: Entity) -> Entity:
    kept = (f for f in entity.fields if f.name in entity.key or not f.unique)
    return entity.model_copy(update={"fields": tuple(kept)})


FILTERS = {name for name in vars(filtering) if name.startswith("test_")}
"""Some take hundreds of requests."""


@pytest.fixture(params=list(TABLES))
def subject(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Subject]:
    if request.param != "msdyn_workorders" and request.node.originalname in FILTERS:
        pytest.skip("conditions are compiled alike for all tables")
    control = Control()
    app = create_app(tmp_path / "organization.db", page_size=25, control=control)
    transport = simulated({HOST: app})
    connection = Connection(id="crm", conn_type="dynamics", host=HOST, extra={"auth": "none"})
    connector = Described(connection, transport=transport, sleep=lambda _: None)
    client = httpx.Client(
        base_url=f"https://{HOST}{ROOT}", transport=transport, headers={"Content-Type": JSON}
    )

    def put(entity: str, records: pa.RecordBatch) -> None:
        """All in one request: all or none."""
        kind = f"Microsoft.Dynamics.CRM.{TABLES[entity]}"
        targets = [
            {"@odata.type": kind, **{name: as_json(value) for name, value in record.items()}}
            for record in records.to_pylist()
        ]
        action = f"{entity}/Microsoft.Dynamics.CRM.CreateMultiple"
        answer = client.post(action, json={"Targets": targets})
        assert answer.is_success, answer.text

    def expire(_entity: str) -> None:
        control.expire_delta_tokens(datetime.max.replace(tzinfo=UTC))

    yield Subject(connector, request.param, put, holds=holds, expire=expire)
    client.close()
    connector.close()


def as_json(value: Any) -> Any:
    """A value as OData JSON writes it (OData JSON Format 4.01, 7.1)."""
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, date | datetime):
        return value.isoformat().replace("+00:00", "Z")
    return value


def holds(field: Field, value: Any) -> bool:
    """Whole numbers have 32 bits, money four digits after the point, times are to the second, and
    OData has no text that XML could not hold.
    """
    if field.type_name == "Edm.Int32":
        return abs(int(value)) < 2**31
    if isinstance(value, datetime):
        return not value.microsecond
    if isinstance(value, Decimal):
        return value == value.quantize(Decimal("0.0001")) if abs(value) < 10**15 else False
    return not (field.kind is Kind.STRING and "\0" in value)
