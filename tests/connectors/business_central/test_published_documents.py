"""Business Central's own metadata and payloads, where they are at hand."""

import json
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from tests.connectors.business_central.small import Small

from tandem.connectors.base import ETAG, Query
from tandem.connectors.business_central.document_lines import lines_of
from tandem.model.schema import Schema

DATA = Path(__file__).parents[4] / "shared" / "data" / "businesscentral"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the published documents are not here")
REBEL = "3ab5c248-e72b-f011-9a4a-7c1e5275406f"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def service() -> Small:
    metadata = (DATA / "bc-api-v2.0-metadata.xml").read_bytes()
    orders = json.loads((DATA / "salesOrders.json").read_bytes())
    orders["value"] = [order for order in orders["value"] if "salesOrderLines" in order]
    return Small(
        {
            "$metadata": httpx.Response(
                200, content=metadata, headers={"Content-Type": "application/xml"}
            ),
            "companies": httpx.Response(200, content=(DATA / "companies.json").read_bytes()),
            f"companies({REBEL})/salesOrders": httpx.Response(200, json=orders),
            f"companies({REBEL})/customers": httpx.Response(
                200, content=(DATA / "empty.json").read_bytes()
            ),
        }
    )


@pytest.fixture
def schema(service: Small) -> Schema:
    return service.connector(company="Rebel").schema()


def test_all_document_lines_are_read_by_their_documents(schema: Schema) -> None:
    assert sorted(entity.name for entity in schema.entities if lines_of(entity)) == [
        "purchaseCreditMemoLines",
        "purchaseInvoiceLines",
        "purchaseOrderLines",
        "purchaseReceiptLines",
        "salesCreditMemoLines",
        "salesInvoiceLines",
        "salesOrderLines",
        "salesQuoteLines",
        "salesShipmentLines",
    ]


def test_what_is_of_the_environment_is_not_below_a_company(schema: Schema) -> None:
    assert {entity.name for entity in schema.entities if not entity.path} == {
        "apicategoryroutes",
        "companies",
        "entityDefinitions",
        "externalbusinesseventdefinitions",
        "externaleventsubscriptions",
        "subscriptions",
    }


def test_what_cannot_be_listed_is_left_out(service: Small, schema: Schema) -> None:
    unlisted = {"pictures", "dimensionSetLines", "journalLines", "pdfDocument", "attachments"}
    assert not unlisted & schema.by_name.keys()
    assert "9 left out" in service.connector(company="Rebel").check()


def test_nothing_has_delta_links_and_nothing_is_given_an_id(schema: Schema) -> None:
    for entity in schema.entities:
        assert not entity.capabilities.delta
        if entity.path and entity.key == ("id",):
            assert not entity.capabilities.client_keys


def test_lookups_written_the_wrong_way_round_are_none(schema: Schema) -> None:
    """A customer's id refers to nothing, although what it contains refers to it."""
    assert schema.entity("customers").field("id").lookup == ()
    (currency,) = schema.entity("customers").field("currencyId").lookup
    assert (currency.entity, currency.field) == ("currencies", "id")
    (document,) = schema.entity("salesOrderLines").field("documentId").lookup
    assert (document.entity, document.field) == ("salesOrders", "id")


def test_the_published_orders_give_their_lines(service: Small, schema: Schema) -> None:
    lines = schema.entity("salesOrderLines")
    fields = ("id", "documentId", "quantity", "documentLastModifiedDateTime")
    pages = list(service.connector(company="Rebel").read(Query(lines, fields, NOW)))
    records = [record for page in pages for record in page.records.to_pylist()]
    published = json.loads((DATA / "salesOrders.json").read_bytes())["value"]
    ids = [line["id"] for order in published for line in order.get("salesOrderLines", ())]
    assert [record["id"] for record in records] == ids
    assert all(record[ETAG].startswith('W/"') for record in records)
    assert all(record["documentLastModifiedDateTime"].year == 2025 for record in records)
    assert not any(page.unreadable for page in pages)


def test_the_published_orders_are_read(service: Small, schema: Schema) -> None:
    entity = schema.entity("salesOrders")
    fields = tuple(entity.by_name)
    (page,) = service.connector(company="Rebel").read(Query(entity, fields, NOW))
    assert not page.unreadable
    assert page.records.num_rows


def test_an_empty_listing_is_empty(service: Small, schema: Schema) -> None:
    query = Query(schema.entity("customers"), ("id", "displayName"), NOW)
    assert list(service.connector(company="Rebel").read(query)) == []
