"""The default mapping over published web services, and a custom API with row versions."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.systems.cronus import CRONUS, OTHER, Cronus, Record, There, lines_of
from tests.systems.office import Office, counted
from typer.testing import CliRunner

from tandem.cli.main import app
from tandem.demo.business_central.service import TENANT
from tandem.demo.server import serving
from tandem.errors import ConfigurationError

PUBLISHED = "ODataV4"
CUSTOM = "contoso/app1/v1.0"
ORDER = "DocumentType='Order',No='{}'"


@pytest.fixture
def cronus(tmp_path: Path) -> Cronus:
    return Cronus(tmp_path)


@pytest.fixture
def draft(cronus: Cronus, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    """Writes an integration as `tandem init` does, over a real connection; the entities in it."""
    with serving(cronus.app, root="") as url:

        def init(route: str, *options: str) -> list[Record]:
            connection = {
                "conn_type": "business_central",
                "host": url,
                "password": "token",
                "extra": {
                    "auth": "bearer",
                    "tenant": TENANT,
                    "company": CRONUS.name,
                    "route": route,
                },
            }
            local = {"conn_type": "sql", "extra": {"url": f"sqlite:///{tmp_path}/local.db"}}
            monkeypatch.setenv("AIRFLOW_CONN_THERE", json.dumps(connection))
            monkeypatch.setenv("AIRFLOW_CONN_HERE", json.dumps(local))
            monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
            monkeypatch.setenv("TANDEM_CONFIG", str(tmp_path))
            command = ["init", "office", "--external", "business_central:there"]
            result = CliRunner().invoke(app, [*command, "--local", "sql:here", *options])
            assert result.exit_code == 0, result.output
            written: Record = yaml.safe_load((tmp_path / "office.yaml").read_text())
            return list(written["entities"])

        yield init


def filled(cronus: Cronus) -> There:
    """A company with customers, one with a contact of its own, and service orders."""
    there = cronus.company(PUBLISHED)
    for n in (1, 2, 3):
        there.create("RescoCustomer", No=f"C{n}", Name=f"Customer {n}", City="Brno")
        there.create("RescoContact", No=f"P{n}", Name=f"Person {n}", CustomerNo=f"C{n}")
    there.change("RescoCustomer", "'C1'", PrimaryContacNo="P1")
    there.create("RescoServiceOrder", No="S1", CustomerNo="C1", Description="Boiler")
    there.create(
        "RescoServiceOrder", DocumentType="Quote", No="S1", CustomerNo="C2", Description="Offer"
    )
    return there


def office_of(cronus: Cronus, entities: list[Record]) -> Office:
    return cronus.office(*entities, connection=cronus.connection(route=PUBLISHED))


def by(office: Office, table: str, name: str) -> dict[Any, Record]:
    return {row[name]: row for row in office.local.rows(table).values()}


def settled(cronus: Cronus, office: Office) -> None:
    """One more sync writes nothing, and both sides agree."""
    cronus.wire.asked.clear()
    assert counted(office.sync()) == {}
    assert counted(office.sync(mode="full")) == {}
    assert not cronus.wire.writes
    there = cronus.company(PUBLISHED)
    accounts, contacts = office.local.rows("account"), office.local.rows("contact")

    def number(rows: dict[str, Record], id_: str | None) -> str:
        return rows[id_]["integration_bc_pk"] if id_ else ""

    assert {
        row["integration_bc_pk"]: (
            row["name"],
            row["address1_city"] or "",
            number(contacts, row["primarycontactid"]),
        )
        for row in accounts.values()
    } == {
        r["No"]: (r["Name"], r["City"], r["PrimaryContacNo"])
        for r in there.records("RescoCustomer", by="No").values()
    }
    assert {
        row["integration_bc_pk"]: (row["fullname"], number(accounts, row["parentcustomerid"]))
        for row in contacts.values()
    } == {
        r["No"]: (r["Name"], r["CustomerNo"])
        for r in there.records("RescoContact", by="No").values()
    }
    assert {
        (row["integration_bc_documenttype"], row["integration_bc_pk"]): (
            row["name"],
            number(accounts, row["customerid"]),
        )
        for row in office.local.rows("fs_workorder").values()
    } == {
        (r["DocumentType"], r["No"]): (r["Description"] or None, r["CustomerNo"])
        for r in there.records("RescoServiceOrder", by="@odata.etag").values()
    }


def test_the_drafted_mapping_carries_a_whole_working_day(
    cronus: Cronus, draft: Callable[..., list[Record]]
) -> None:
    there = filled(cronus)
    entities = draft(PUBLISHED)
    assert [entity["local"] for entity in entities] == ["account", "contact", "fs_workorder"]
    office = office_of(cronus, entities)
    assert counted(office.sync()) == {
        "RescoCustomer download": {"created": 3},
        "RescoContact download": {"created": 3},
        "RescoServiceOrder download": {"created": 2},
    }
    orders = office.local.rows("fs_workorder").values()
    keys = {(row["integration_bc_documenttype"], row["integration_bc_pk"]) for row in orders}
    assert keys == {("Order", "S1"), ("Quote", "S1")}
    settled(cronus, office)

    # Both sides edit and create.
    accounts = by(office, "account", "integration_bc_pk")
    there.change("RescoCustomer", "'C2'", City="Praha")
    there.change("RescoServiceOrder", ORDER.format("S1"), Description="Two boilers")
    office.local.change("account", accounts["C2"]["id"], name="Renamed")
    mine = office.local.create("account", name="Mine", integration_bc_pk="MINE")
    office.local.create(
        "fs_workorder", name="My order", customerid=mine, integration_bc_documenttype="Order"
    )
    office.local.create("contact", fullname="My person")
    counts = counted(office.sync())
    assert counts["RescoCustomer upload"] == {"created": 1, "updated": 1}
    assert counts["RescoServiceOrder upload"] == {"created": 1}
    assert counts["RescoContact upload"] == {"created": 1}
    customers = there.records("RescoCustomer", by="No")
    assert (customers["C2"]["Name"], customers["C2"]["City"]) == ("Renamed", "Praha")
    assert customers["MINE"]["Name"] == "Mine"
    # Numbers that Business Central gave are here now.
    assert "My person" in by(office, "contact", "fullname")
    assert by(office, "contact", "fullname")["My person"]["integration_bc_pk"]
    assert by(office, "fs_workorder", "name")["My order"]["integration_bc_pk"]
    settled(cronus, office)

    # Both sides delete.
    there.delete("RescoServiceOrder", "DocumentType='Quote',No='S1'")
    office.local.delete("fs_workorder", by(office, "fs_workorder", "name")["My order"]["id"])
    counts = counted(office.sync())
    assert counts["RescoServiceOrder download"]["deleted"] == 1
    assert counts["RescoServiceOrder upload"]["deleted"] == 1
    settled(cronus, office)


def test_only_what_changed_since_is_read(
    cronus: Cronus, draft: Callable[..., list[Record]]
) -> None:
    there = filled(cronus)
    office = office_of(cronus, draft(PUBLISHED))
    office.sync()
    cronus.wire.asked.clear()
    there.change("RescoCustomer", "'C3'", City="Plzeň")
    assert counted(office.sync()) == {"RescoCustomer download": {"updated": 1}}
    queries = cronus.wire.listings("RescoCustomer")
    assert any("SystemModifiedAt ge " in query for query in queries)
    assert not any("RowVersionNumber" in query for query in queries)


def test_local_records_with_known_numbers_meet_their_partners(
    cronus: Cronus, draft: Callable[..., list[Record]]
) -> None:
    filled(cronus)
    office = office_of(cronus, draft(PUBLISHED))
    office.local.run(
        'CREATE TABLE "account" ("id" TEXT PRIMARY KEY, "name" TEXT, "telephone1" TEXT)'
    )
    office.local.create("account", name="Nobody there knows")
    counts = counted(office.sync())
    assert counts["RescoCustomer upload"]["created"] == 1
    assert counts["RescoCustomer download"]["created"] == 3
    assert {"integration_bc_pk", "primarycontactid"} <= {
        *next(iter(office.local.rows("account").values()))
    }
    settled(cronus, office)


def test_api_v2_has_a_default_mapping_too(
    cronus: Cronus, draft: Callable[..., list[Record]]
) -> None:
    there = cronus.company()
    there.create("customers", number="C1", displayName="Customer 1")
    there.create("contacts", number="P1", displayName="Person 1", type="Person")
    there.create("contacts", number="F1", displayName="A firm")
    entities = draft("v2.0")
    assert [entity["local"] for entity in entities] == ["account", "contact"]
    office = cronus.office(*entities)
    assert counted(office.sync()) == {
        "customers download": {"created": 1},
        "contacts download": {"created": 1},
    }
    office.local.create("contact", fullname="My person")
    counted(office.sync())
    contacts = there.records("contacts", by="displayName")
    assert contacts["My person"]["type"] == "Person"
    cronus.wire.asked.clear()
    assert counted(office.sync(mode="full")) == {}
    assert not cronus.wire.writes


SERVICE_NOTES: Record = {
    "external": "RescoContact",
    "local": "note",
    "direction": "bidirectional",
    "primary_key": ["No"],
    "composite_lookups": ["service_order"],
    "fields": [
        {"external": "No", "local": "number"},
        {"external": "Name", "local": "title"},
        *(
            {
                "external": external,
                "local": "work_order",
                "lookup": {
                    "entity": "RescoServiceOrder",
                    "field": field,
                    "composite": "service_order",
                },
            }
            for external, field in (("State", "DocumentType"), ("City", "No"))
        ),
    ],
}
"""A page of ours: two fields that name a service order together."""
ORDERS: Record = {
    "external": "RescoServiceOrder",
    "local": "work_order",
    "direction": "bidirectional",
    "primary_key": ["No", "DocumentType"],
    "fields": lines_of("No:number", "DocumentType:document_type", "Description:description"),
}


def test_two_fields_refer_to_one_record(cronus: Cronus) -> None:
    there = cronus.company(PUBLISHED)
    for kind in ("Order", "Quote"):
        there.create("RescoServiceOrder", DocumentType=kind, No="S1", Description=kind)
    there.create("RescoContact", No="N1", Name="Note", State="Quote", City="S1")
    office = cronus.office(ORDERS, SERVICE_NOTES, connection=cronus.connection(route=PUBLISHED))
    office.sync()
    orders = by(office, "work_order", "document_type")
    (note,) = office.local.rows("note").values()
    assert note["work_order"] == orders["Quote"]["id"]

    office.local.change("note", note["id"], work_order=orders["Order"]["id"])
    new = office.local.create("work_order", document_type="Order", description="New")
    office.local.create("note", number="N2", title="Other", work_order=new)
    office.sync()
    notes = there.records("RescoContact", by="No")
    assert (notes["N1"]["State"], notes["N1"]["City"]) == ("Order", "S1")
    (number,) = [
        r["No"]
        for r in there.records("RescoServiceOrder", by="Description").values()
        if r["Description"] == "New"
    ]
    assert (notes["N2"]["State"], notes["N2"]["City"]) == ("Order", number)

    office.local.change("note", note["id"], work_order=None)
    office.sync()
    notes = there.records("RescoContact", by="No")
    assert (notes["N1"]["State"], notes["N1"]["City"]) == ("", "")
    cronus.wire.asked.clear()
    assert counted(office.sync()) == {}
    assert counted(office.sync(mode="full")) == {}
    assert not cronus.wire.writes


ASSETS: Record = {
    "external": "assets",
    "local": "asset",
    "direction": "bidirectional",
    "primary_key": ["no"],
    "fields": lines_of(
        "no:number",
        "description:name",
        "state:state",
        "value:value",
        "groupId:asset_group",
        groupId={"lookup": {"entity": "assetGroups", "field": "id"}},
        state={"values": {"In Use": "used", "Scrapped": "gone"}},
    ),
}
GROUPS: Record = {
    "external": "assetGroups",
    "local": "asset_group",
    "direction": "bidirectional",
    "primary_key": ["code"],
    "fields": lines_of("code:code", "description:name"),
}


def test_a_custom_api_is_read_by_what_changed(cronus: Cronus) -> None:
    there = cronus.company(CUSTOM)
    group = there.create("assetGroups", code="G1", description="Boilers")
    asset = there.create(
        "assets", no="A1", description="Boiler", state="In_x0020_Use", groupId=group["id"]
    )
    office = cronus.office(GROUPS, ASSETS, connection=cronus.connection(route=CUSTOM))
    office.sync()
    (row,) = office.local.rows("asset").values()
    assert row["state"] == "used"
    assert row["asset_group"] in office.local.rows("asset_group")
    there.change("assets", asset["id"], state="Scrapped", value=7)
    office.local.change("asset", row["id"], name="Old boiler")
    cronus.wire.asked.clear()
    assert counted(office.sync()) == {
        "assets download": {"updated": 1},
        "assets upload": {"updated": 1},
    }
    assert any("systemModifiedAt ge " in query for query in cronus.wire.listings("assets"))
    (row,) = office.local.rows("asset").values()
    assert (row["state"], row["name"]) == ("gone", "Old boiler")
    assert there.records("assets")[asset["id"]]["description"] == "Old boiler"
    cronus.wire.asked.clear()
    assert counted(office.sync()) == {}
    assert counted(office.sync(mode="full")) == {}
    assert not cronus.wire.writes


def test_published_companies_are_told_apart_by_name(cronus: Cronus) -> None:
    cronus.company(PUBLISHED).create("RescoCustomer", No="C1", Name="Mine")
    cronus.company(PUBLISHED, OTHER).create("RescoCustomer", No="C1", Name="Theirs")
    accounts = {
        "external": "RescoCustomer",
        "local": "account",
        "direction": "bidirectional",
        "primary_key": ["No"],
        "fields": lines_of("No:number", "Name:name"),
    }
    for company, name in ((CRONUS, "Mine"), (OTHER, "Theirs")):
        folder = cronus.folder / company.id
        folder.mkdir()
        office = cronus.office(
            accounts, connection=cronus.connection(route=PUBLISHED, company=company.name)
        )
        office.folder = folder
        office.sync()
        (row,) = office.local.rows("account").values()
        assert row["name"] == name
        office.local.change("account", row["id"], name=f"{name} too")
        office.sync()
        records = cronus.company(PUBLISHED, company).records("RescoCustomer", by="No")
        assert records["C1"]["Name"] == f"{name} too"


def test_a_company_of_another_name_is_the_same_if_somebody_says_so(cronus: Cronus) -> None:
    accounts = {
        "external": "RescoCustomer",
        "local": "account",
        "direction": "bidirectional",
        "primary_key": ["No"],
        "fields": lines_of("No:number", "Name:name"),
    }
    for company in (CRONUS, OTHER):
        cronus.company(PUBLISHED, company).create("RescoCustomer", No="C1", Name="One")
    office = cronus.office(accounts, connection=cronus.connection(route=PUBLISHED))
    office.sync()
    office.connection = cronus.connection(route=PUBLISHED, company=OTHER.name)
    with pytest.raises(ConfigurationError, match="tandem sync --yes"):
        office.sync()
    assert counted(office.sync(approved=True)) == {}
    (row,) = office.local.rows("account").values()
    office.local.change("account", row["id"], name="Two")
    assert counted(office.sync()) == {"RescoCustomer upload": {"updated": 1}}
    records = cronus.company(PUBLISHED, OTHER).records("RescoCustomer", by="No")
    assert records["C1"]["Name"] == "Two"


ACCOUNTS: Record = {
    "external": "RescoCustomer",
    "local": "account",
    "direction": "bidirectional",
    "primary_key": ["No"],
    "fields": lines_of("No:number", "Name:name"),
}


def test_numbers_of_any_characters_are_keys(cronus: Cronus) -> None:
    there = cronus.company(PUBLISHED)
    numbers = ["A/B", "O'NEIL", "100%", "A:1", "A B+C", "Ž#1", "X?&="]
    for number in numbers:
        there.create("RescoCustomer", No=number, Name="Before")
    office = cronus.office(ACCOUNTS, connection=cronus.connection(route=PUBLISHED))
    office.sync()
    for row in office.local.rows("account").values():
        office.local.change("account", row["id"], name=f"After {row['number']}")
    assert counted(office.sync()) == {"RescoCustomer upload": {"updated": len(numbers)}}
    records = there.records("RescoCustomer", by="No")
    assert {n: r["Name"] for n, r in records.items()} == {n: f"After {n}" for n in numbers}
    for row in office.local.rows("account").values():
        office.local.delete("account", row["id"])
    office.sync(approved=True)
    assert not there.records("RescoCustomer", by="No")


def test_a_new_order_may_leave_its_document_type_to_business_central(cronus: Cronus) -> None:
    there = cronus.company(PUBLISHED)
    office = cronus.office(ORDERS, connection=cronus.connection(route=PUBLISHED))
    office.sync()
    there.create("RescoServiceOrder", No="S1", Description="Theirs")
    office.sync()
    office.local.create("work_order", description="Mine")
    assert counted(office.sync())["RescoServiceOrder upload"] == {"created": 1}
    mine = by(office, "work_order", "description")["Mine"]
    assert mine["document_type"] == "Order"
    assert mine["number"]
    assert counted(office.sync()) == {}


def test_another_number_here_does_not_travel_and_breaks_no_link(cronus: Cronus) -> None:
    """Keys are sent with new records only."""
    there = cronus.company(PUBLISHED)
    there.create("RescoCustomer", No="C1", Name="One")
    there.create("RescoCustomer", No="C2", Name="Two")
    office = cronus.office(ACCOUNTS, connection=cronus.connection(route=PUBLISHED))
    office.sync()
    row = by(office, "account", "number")["C1"]
    office.local.change("account", row["id"], number="ZZ", name="Renamed")
    assert counted(office.sync()) == {"RescoCustomer upload": {"updated": 1}}
    records = there.records("RescoCustomer", by="No")
    assert {number: r["Name"] for number, r in records.items()} == {"C1": "Renamed", "C2": "Two"}
    cronus.wire.asked.clear()
    assert counted(office.sync()) == {}
    assert counted(office.sync(mode="full")) == {}
    assert not cronus.wire.writes


def test_new_records_that_refer_to_each_other_are_made_in_one_sync(
    cronus: Cronus, draft: Callable[..., list[Record]]
) -> None:
    filled(cronus)
    office = office_of(cronus, draft(PUBLISHED))
    office.sync()
    person = office.local.create("contact", fullname="New person")
    account = office.local.create("account", name="New", primarycontactid=person)
    office.local.create("fs_workorder", name="New order", customerid=account)
    office.sync()
    there = cronus.company(PUBLISHED)
    customer = there.records("RescoCustomer", by="Name")["New"]
    contact = there.records("RescoContact", by="Name")["New person"]
    order = there.records("RescoServiceOrder", by="Description")["New order"]
    assert customer["PrimaryContacNo"] == contact["No"] != ""
    assert order["CustomerNo"] == customer["No"]
    settled(cronus, office)
