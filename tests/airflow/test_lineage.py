"""What OpenLineage is told of a load."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tandem.staging import Staging

HERE = Path(__file__).parent
FILE = """\
name: crm
external: {connector: odata, connection: api}
local: {connector: sql, connection: house}
entities:
  - external: Accounts
    local: account
    direction: bidirectional
    fields:
      - {external: name, local: title, direction: download_only, transform: [trim, upper]}
      - {external: parent, local: parent_id, lookup: {entity: Accounts, field: ID}}
      - {local: origin, constant: crm}
"""
SCHEMA = {
    "entities": [
        {
            "name": "Accounts",
            "fields": [{"name": "name", "kind": "string", "type_name": "Edm.String"}],
        },
        {"name": "account", "fields": [{"name": "title", "kind": "string"}]},
    ]
}
API = {
    "conn_type": "odata",
    "host": "https://crm.example.com/v4/",
    "login": "eva",
    "password": "hush",
}


def told(folder: Path, kind: str) -> dict[str, Any]:
    """What OpenLineage is told of a load of accounts in a run of that kind."""
    path = folder / "crm.yaml"
    path.write_text(FILE, encoding="utf-8")
    environment = {
        **os.environ,
        "AIRFLOW_HOME": str(folder),
        "AIRFLOW_CONN_API": json.dumps(API),
        # A database is asked which schema its tables are in.
        "AIRFLOW_CONN_HOUSE": json.dumps({"conn_type": "sqlite", "host": f"{folder}/house.db"}),
        "TANDEM_STAGING": f"file://{folder}/staging",
    }
    command = [sys.executable, str(HERE / "lineage_teller.py"), str(path), "Accounts", kind, "run"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "hush" not in done.stdout
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of the file, the staged data and the local database."""
    return tmp_path_factory.mktemp("lineage")


@pytest.fixture(scope="module")
def both_ways(folder: Path) -> dict[str, Any]:
    """Of a two-way sync whose schemas are pinned."""
    staging = Staging(f"file://{folder}/staging", "crm", "run")
    pinned = {"external": SCHEMA, "local": SCHEMA, "existing": SCHEMA}
    staging.write_json(staging.schema_path, pinned)
    return told(folder, "sync")


def test_each_side_is_read_and_written_under_its_own_name(
    both_ways: dict[str, Any], folder: Path
) -> None:
    names = {
        side: [(one["namespace"], one["name"]) for one in both_ways[side]]
        for side in ("inputs", "outputs")
    }
    api = ("https://crm.example.com", "v4/Accounts")
    house = (f"sqlite://{folder}/house.db", "account")
    assert names == {"inputs": [api, house], "outputs": [house, api]}


def test_columns_are_told_with_what_they_were_made_of(both_ways: dict[str, Any]) -> None:
    local, external = (one["facets"]["columnLineage"]["fields"] for one in both_ways["outputs"])
    (source,) = local["title"]["inputFields"]
    assert (source["namespace"], source["name"], source["field"]) == (
        "https://crm.example.com",
        "v4/Accounts",
        "name",
    )
    assert source["transformations"][0]["subtype"] == "TRANSFORMATION"
    assert source["transformations"][0]["description"] == "trim, upper"
    assert local["origin"]["inputFields"] == []
    assert list(external) == ["parent"]


def test_types_are_those_that_the_run_is_pinned_to(both_ways: dict[str, Any]) -> None:
    fields = [one["facets"]["schema"]["fields"] for one in both_ways["inputs"]]
    assert [(one["name"], one["type"]) for (one,) in fields] == [
        ("name", "Edm.String"),
        ("title", "string"),
    ]


def test_without_pinned_schemas_the_mapping_says_which_columns_there_are(tmp_path: Path) -> None:
    (read,) = told(tmp_path, "import")["inputs"]
    assert [field["name"] for field in read["facets"]["schema"]["fields"]] == ["name", "parent"]
