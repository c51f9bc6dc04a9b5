"""What users of Business Central begin with."""

from tests.connectors.business_central.small import COMPANY, METADATA, PUBLISHED

from tandem.connectors.base import DefaultMapping
from tandem.connectors.business_central.default_mapping import default_mapping
from tandem.connectors.business_central.layout import business_central_schema
from tandem.connectors.odata.metadata import csdl_of
from tandem.model.integration import EntityMapping, FieldMapping
from tandem.model.schema import Schema


def schema(document: str) -> Schema:
    return business_central_schema(csdl_of(document.encode()), f"companies({COMPANY})")


def mapping(document: str) -> DefaultMapping:
    found = default_mapping(schema(document))
    assert found
    return found


def lines(entity: EntityMapping) -> dict[str | None, FieldMapping]:
    return {line.local: line for line in entity.fields}


def test_the_published_pages_are_mapped() -> None:
    found = mapping(PUBLISHED)
    assert [(entity.external, entity.local) for entity in found.entities] == [
        ("RescoCustomer", "account"),
        ("RescoContact", "contact"),
        ("RescoServiceOrder", "fs_workorder"),
    ]
    for entity in found.entities:
        assert entity.direction == "bidirectional"
        assert entity.version_number is None  # the best that there is


def test_it_says_why_row_version_numbers_are_not_used() -> None:
    used, lacking = mapping(PUBLISHED).remarks
    assert "by SystemModifiedAt" in used
    assert "RowVersionNumber, which misses" in used
    assert lacking.endswith("RowVersionNumber has to do in RescoContact, RescoServiceOrder.")


def test_work_orders_are_told_apart_by_number_and_document_type() -> None:
    *_, orders = mapping(PUBLISHED).entities
    assert orders.primary_key == ("No", "DocumentType")
    found = lines(orders)
    assert found["integration_bc_pk"].external == "No"
    assert found["integration_bc_documenttype"].external == "DocumentType"
    assert found["name"].external == "description"


def test_lookups_go_by_numbers() -> None:
    accounts, contacts, orders = mapping(PUBLISHED).entities
    primary = lines(accounts)["primarycontactid"].lookup
    customer = lines(orders)["customerid"].lookup
    assert primary
    assert (primary.entity, primary.field) == ("RescoContact", "No")
    assert customer
    assert (customer.entity, customer.field) == ("RescoCustomer", "No")
    assert lines(contacts)["parentcustomerid"].direction == "download_only"


def test_a_lookup_of_what_is_not_published_is_left_out() -> None:
    alone = Schema(entities=(schema(PUBLISHED).entity("RescoServiceOrder"),))
    found = default_mapping(alone)
    assert found
    assert "customerid" not in lines(found.entities[0])
    assert "RescoCustomer is left out: that page is not published." in found.remarks


def test_the_api_has_accounts_and_contacts_and_no_work_orders() -> None:
    found = mapping(METADATA)
    accounts, contacts = found.entities
    assert (accounts.external, accounts.local) == ("customers", "account")
    assert accounts.primary_key == ("number",)
    assert lines(accounts)["integration_bc_pk"].external == "number"
    assert lines(accounts).keys() == {"integration_bc_pk", "name", "emailaddress1"}
    assert contacts.download_filter is not None
    assert "Work orders are left out" in found.remarks[0]


def test_a_service_without_any_of_it_has_no_default_mapping() -> None:
    assert default_mapping(Schema()) is None
