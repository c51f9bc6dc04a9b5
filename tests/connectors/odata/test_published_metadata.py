"""Metadata documents that were published by others, where they are at hand."""

import re
import tracemalloc
from pathlib import Path

import pytest

from tandem.connectors.odata.metadata import parse_metadata
from tandem.connectors.odata.values import coded, decoded
from tandem.errors import ConfigurationError
from tandem.model.schema import Kind, Schema

DATA = Path(__file__).parents[4] / "shared" / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the published documents are not here")

VALID = sorted(
    path
    for pattern in (
        "trippin-northwind/*metadata.xml",
        "businesscentral/*metadata.xml",
        "dataverse/*metadata.xml",
        "oasis-csdl/*.xml",
        "oasis-csdl/*.json",
    )
    for path in DATA.glob(pattern)
)
REFUSED = sorted(
    [*DATA.glob("oasis-csdl/not-v4/*"), *DATA.glob("oasis-csdl/counterexamples/*.xml")]
)
TWICE = sorted(DATA.glob("oasis-csdl/*.json"))


def schema(name: str) -> Schema:
    return parse_metadata((DATA / name).read_bytes())


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.name)
def test_valid_documents_are_read(path: Path) -> None:
    for entity in parse_metadata(path.read_bytes()).entities:
        assert entity.fields
        assert set(entity.key) <= entity.by_name.keys()


REASONS = {
    "annotationtarget1.xml": "org.example.Function1",
    "test1.xml": "DoubleKey has 2 keys",
    "test2.xml": "'LastName' has the type Edm.String",
    "odata-rw-v2.xml": "OData 2.0",
    "odata-rw-v3.xml": "OData 3.0",
    "ReferentialConstraint-v2.xml": "OData 2.0",
}
OTHER = {"csdl.schema.json": "no $Version", "edm.xsd": "<schema>", "edmx.xsd": "<schema>"}


@pytest.mark.parametrize("path", REFUSED, ids=lambda path: path.name)
def test_invalid_documents_and_other_versions_are_refused(path: Path) -> None:
    with pytest.raises(ConfigurationError) as refused:
        parse_metadata(path.read_bytes())
    assert REASONS[path.name] in str(refused.value)
    assert refused.value.remedy


@pytest.mark.parametrize("name", OTHER)
def test_schemas_of_metadata_are_no_metadata(name: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        schema(f"oasis-csdl/schemas/{name}")
    assert OTHER[name] in str(refused.value)
    assert "address" in refused.value.remedy


@pytest.mark.parametrize("path", TWICE, ids=lambda path: path.stem)
def test_xml_and_json_say_the_same(path: Path) -> None:
    assert parse_metadata(path.read_bytes()) == parse_metadata(
        path.with_suffix(".xml").read_bytes()
    )


def test_dataverse_is_read_in_little_memory() -> None:
    body = (DATA / "dataverse/dynamics-crm4-v9.1-metadata.xml").read_bytes()
    tracemalloc.start()
    parse_metadata(body)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 150 * 2**20


def test_dataverse_accounts() -> None:
    accounts = schema("dataverse/dynamics-crm4-v9.1-metadata.xml").entity("accounts")
    assert accounts.key == ("accountid",)
    assert accounts.capabilities.version_fields == ("versionnumber", "modifiedon")
    assert [t.entity for t in accounts.field("_parentaccountid_value").lookup] == ["accounts"]
    assert accounts.field("revenue").scale is None


def test_dataverse_owners_are_users_and_teams() -> None:
    accounts = schema("dataverse/dynamics-crm4-v9.1-metadata.xml").entity("accounts")
    owner = accounts.field("_ownerid_value")
    assert [t.entity for t in owner.lookup] == ["owners", "systemusers", "teams"]
    assert owner.read_only
    parts = [f for f in accounts.fields if f.part_of == owner.name]
    assert [f.name for f in parts] == ["ownerid_systemuser", "ownerid_team"]
    assert {(f.lookup[0].navigation, f.lookup[0].field) for f in parts} == {("ownerid", "ownerid")}


def test_a_dataverse_user_is_referred_to_by_the_key_whatever_the_constraint_names() -> None:
    accounts = schema("dataverse/dynamics-crm4-v9.1-metadata.xml").entity("accounts")
    preferred = accounts.field("_preferredsystemuserid_value")
    assert (preferred.by_navigation, preferred.lookup[0].field) == (True, "ownerid")


def test_all_coded_members_of_business_central_are_spelt_as_they_came() -> None:
    body = (DATA / "businesscentral/bc-api-v2.0-metadata.xml").read_text()
    members = set(re.findall(r'<Member Name="([^"]+)"', body))
    assert [name for name in members if coded(decoded(name)) != name] == []


def test_each_target_of_a_dataverse_customer_has_its_navigation_property() -> None:
    emails = schema("dataverse/dynamics-crm4-v9.1-metadata.xml").entity("emails")
    sender = {t.entity: t.navigation for t in emails.field("_emailsender_value").lookup}
    assert sender["accounts"] == "emailsender_account"
    assert sender["contacts"] == "emailsender_contact"


def test_business_central_sales_orders() -> None:
    orders = schema("businesscentral/bc-api-v2.0-metadata.xml").entity("salesOrders")
    assert orders.key == ("id",)
    assert orders.capabilities.version_fields == ("lastModifiedDateTime",)
    assert [t.entity for t in orders.field("customerId").lookup] == ["customers"]
    assert orders.field("status").options[0] == "Draft"


def test_business_central_variants_are_referred_to_by_their_id_alone() -> None:
    lines = schema("businesscentral/bc-api-v2.0-metadata.xml").entity("salesOrderLines")
    assert [t.entity for t in lines.field("itemVariantId").lookup] == ["itemVariants"]
    assert lines.field("lineObjectNumber").lookup == ()


def test_northwind_composite_key() -> None:
    details = schema("trippin-northwind/northwind-v4-metadata.xml").entity("Order_Details")
    assert details.key == ("OrderID", "ProductID")
    assert details.field("UnitPrice").kind is Kind.DECIMAL
    assert [t.entity for t in details.field("OrderID").lookup] == ["Orders"]


def test_the_specifications_example() -> None:
    suppliers = schema("oasis-csdl/csdl-16.1.xml").entity("Suppliers")
    assert [t.entity for t in suppliers.field("Address/CountryName").lookup] == ["Countries"]
    assert not suppliers.field("ID").nullable
