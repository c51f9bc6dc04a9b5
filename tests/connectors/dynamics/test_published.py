"""The documents and payloads that Microsoft publishes, where they are at hand."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pytest
from tests.connectors.dynamics.small_dataverse import HOST, ROOT, Dataverse

from tandem.connectors.base import Query
from tandem.connectors.dynamics.definitions import parse_definitions
from tandem.errors import AnchorExpired

_SHARED = Path(__file__).parents[4] / "shared/data/dataverse"
pytestmark = pytest.mark.skipif(not _SHARED.is_dir(), reason="the published documents are absent")


def published(name: str) -> Any:
    text = (_SHARED / "docs" / name).read_text()
    return json.loads(text.replace("[Organization URI]", HOST))


@pytest.fixture
def organisation(dataverse: Dataverse) -> Dataverse:
    """With the metadata of a whole organisation."""
    document = (_SHARED / "dynamics-crm4-v9.1-metadata.xml").read_bytes()
    dataverse.instead[r"^\$metadata"] = lambda _: httpx.Response(200, content=document)
    return dataverse


def test_keys_in_the_documentation_are_understood() -> None:
    tables = [
        {**table, "LogicalName": table["SchemaName"], "EntitySetName": table["SchemaName"]}
        for table in published("entitydefinitions-keys.json")
    ]
    found = parse_definitions(json.dumps({"value": tables}).encode())
    assert found["Account"].unique == {"accountnumber"}
    assert found["example_Table"].unique == frozenset()


def test_a_whole_organisation_has_no_column_that_its_metadata_makes_required(
    organisation: Dataverse,
) -> None:
    schema = organisation.connector().schema()
    assert len(schema.entities) > 200
    assert schema.entity("systemusers").key == ("ownerid",)
    assert schema.entity("tasks").key == ("activityid",)
    assert not [
        (entity.name, field.name)
        for entity in schema.entities
        for field in entity.fields
        if field.name not in entity.key and field.is_required
    ]


def test_changes_as_published(organisation: Dataverse) -> None:
    connector = organisation.connector()
    entity = connector.schema().entity("accounts")
    organisation.instead = {
        "deltatoken": lambda _: httpx.Response(200, json=published("delta-changes.json")),
        r"^accounts\?": lambda _: httpx.Response(200, json=published("delta-initial.json")),
    }
    query = Query(entity, ("name", "telephone1", "fax"), datetime(2025, 1, 1, tzinfo=UTC))
    *_, last = connector.changes(query, None)
    first, *_, end = connector.changes(query, last.token)
    assert "919042%2108%2f22%2f2017%2008%3a10%3a44" in (last.token or "")
    assert first.records.column("name").to_pylist() == ["Monte Orton"]
    assert end.gone == ("2e451703-c686-e711-80e5-00155db19e6d",)


@pytest.mark.parametrize("status", [400, 410])
def test_a_token_that_is_too_old_or_older_than_the_table_has_expired(
    organisation: Dataverse, status: int
) -> None:
    connector = organisation.connector()
    entity = connector.schema().entity("accounts")
    message = "Version stamp associated with the client has expired. Please perform a full sync."
    error = {"error": {"code": "0x80044352", "message": message}}
    organisation.instead["deltatoken"] = lambda _: httpx.Response(status, json=error)
    query = Query(entity, ("name",), datetime(2025, 1, 1, tzinfo=UTC))
    with pytest.raises(AnchorExpired):
        list(connector.changes(query, f"{ROOT}accounts?$deltatoken=1"))


def test_new_records_are_sent_and_answered_as_published(dataverse: Dataverse) -> None:
    answer = published("create-multiple-response.json")
    made = [{"accountid": key, "name": key[:4]} for key in answer["Ids"]]
    dataverse.instead = {
        "CRM.CreateMultiple": lambda _: httpx.Response(
            200, json={"Ids": [*answer["Ids"], made[0]["accountid"].replace("8", "9", 1)]}
        )
    }
    for row in made:
        dataverse.made(row)
    connector = dataverse.connector()
    entity = connector.schema().entity("accounts")
    names = pa.RecordBatch.from_pylist([{"name": f"sample record {n}"} for n in range(4)])
    written = connector.create(entity, names)
    assert written.records is not None
    assert written.records.column("accountid").to_pylist() == answer["Ids"]
    sent = next(r for r in dataverse.requests if r.url.path.endswith("CreateMultiple"))
    target = json.loads(sent.content)["Targets"][0]
    shape = published("create-multiple-request.json")["Targets"][0]
    assert target["@odata.type"].rpartition(".")[0] == shape["@odata.type"].rpartition(".")[0]


def test_rows_whose_etag_is_stale_are_told(dataverse: Dataverse) -> None:
    connector = dataverse.connector()
    entity = connector.schema().entity("accounts")
    stale = published("error-412-etag.json")
    dataverse.instead[r"^accounts\("] = lambda _: httpx.Response(412, json=stale)
    key = "00000000-0000-0000-0000-000000000001"
    records = pa.RecordBatch.from_pylist([{"accountid": key, "name": "n"}])
    written = connector.update(
        entity, records, seen=pa.RecordBatch.from_pylist([{"@etag": 'W/"1"'}])
    )
    assert written.changed == (0,)
