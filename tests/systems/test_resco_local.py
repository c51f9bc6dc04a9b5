"""Resco Cloud as the local side of an OData service, as its Integrations had it: the external
number is in `integration_bc_pk`.
"""

from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.simulated import simulated
from tests.systems.office import Office, counted
from tests.systems.resco_cloud import Resco, RescoWire, is_write

from tandem.connectors.odata.connector import ODataConnector
from tandem.demo.service import ROOT, create_app
from tandem.model.connection import Connection

URL = f"https://erp.example{ROOT}"
BOTH = {"direction": "bidirectional", "local_version_number": "versionnumber"}
LOOKUPS = {"parent_ID": "parentaccountid", "account_ID": "customerid_account"}


def lines(*names: str) -> list[dict[str, Any]]:
    ends = (name.split(":") for name in names)
    return [{"external": external, "local": own} for external, own in ends]


def lookup(external: str) -> dict[str, Any]:
    target = {"entity": "Accounts", "field": "ID"}
    return {"external": external, "local": LOOKUPS[external], "lookup": target}


ACCOUNTS = {
    **BOTH,
    "external": "Accounts",
    "local": "account",
    "primary_key": ["accountNumber"],
    "fields": [
        *lines("accountNumber:integration_bc_pk", "name:name", "address/city:address1_city"),
        lookup("parent_ID"),
        {"external": "isActive", "constant": True},
    ],
}
ORDERS = {
    **BOTH,
    "external": "WorkOrders",
    "local": "fs_workorder",
    "primary_key": ["orderNumber"],
    "fields": [
        *lines("orderNumber:integration_bc_pk", "subject:name"),
        lookup("account_ID"),
        {"external": "isBillable", "constant": True},
        {"external": "priority", "constant": 3},
        {"external": "status", "constant": "Open"},
    ],
}


class Erp:
    """The service, read and edited without Tandem."""

    def __init__(self, folder: Path) -> None:
        self.wire = RescoWire(simulated({"erp.example": create_app(folder / "erp.db")}))
        self._client = httpx.Client(transport=self.wire.there, base_url=URL)

    def connect(self, connection: Connection) -> ODataConnector:
        return ODataConnector(connection, transport=self.wire, sleep=lambda _: None)

    def create(self, entity: str, **values: Any) -> str:
        made = self._client.post(entity, json=values).raise_for_status()
        return str(made.json()["ID"])

    def change(self, entity: str, key: str, **values: Any) -> None:
        self._client.patch(f"{entity}({key})", json=values).raise_for_status()

    def records(self, entity: str, by: str) -> dict[str, dict[str, Any]]:
        found = self._client.get(entity).raise_for_status().json()["value"]
        return {record[by]: record for record in found}


@pytest.fixture
def erp(tmp_path: Path) -> Erp:
    return Erp(tmp_path)


@pytest.fixture
def resco(tmp_path: Path) -> Resco:
    return Resco(tmp_path)


@pytest.fixture
def office(tmp_path: Path, erp: Erp, resco: Resco) -> Office:
    there = Connection(id="there", conn_type="odata", host=URL)
    here = resco.connection.model_copy(update={"id": "here"})
    both = [ACCOUNTS, ORDERS]
    return Office(tmp_path, there, erp.connect, both, here=here, connect_here=resco.connect)


def by_number(resco: Resco, entity: str) -> dict[str, dict[str, Any]]:
    return {row["integration_bc_pk"]: row for row in resco.rows(entity).values()}


def test_both_sides_take_each_others_records_with_their_lookups(
    office: Office, erp: Erp, resco: Resco
) -> None:
    known = resco.create("account", name="Known", integration_bc_pk="1", address1_city="Brno")
    erp.create("Accounts", accountNumber="1", name="Known", isActive=True)
    parent = erp.create("Accounts", accountNumber="2", name="Parent", isActive=True)
    erp.change("Accounts", erp.records("Accounts", "accountNumber")["1"]["ID"], parent_ID=parent)
    wanted = {"isBillable": True, "priority": 1, "status": "Open", "account_ID": parent}
    erp.create("WorkOrders", orderNumber="9", subject="Mend it", **wanted)
    office.sync()
    accounts = by_number(resco, "account")
    assert accounts["1"]["id"] == known
    assert accounts["1"]["parentaccountid"] == accounts["2"]["id"]
    order = by_number(resco, "fs_workorder")["9"]
    assert order["customerid"] == accounts["2"]["id"]
    assert order["customerid#target"] == "account"

    resco.create("fs_workorder", name="New", integration_bc_pk="10", customerid=f"account:{known}")
    resco.change("fs_workorder", order["id"], customerid=f"account:{known}")
    office.sync()
    orders = erp.records("WorkOrders", "orderNumber")
    one = erp.records("Accounts", "accountNumber")["1"]["ID"]
    assert {number: r["account_ID"] for number, r in orders.items()} == {"9": one, "10": one}

    office.sync()
    erp.wire.asked.clear()
    resco.wire.asked.clear()
    assert counted(office.sync()) == {}
    assert not [r for r in resco.wire.asked if is_write(r)]
