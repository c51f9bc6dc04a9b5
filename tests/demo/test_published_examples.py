"""The service answers in the shapes of published examples: their documents go in and come out."""

import json
import re
from decimal import Decimal
from pathlib import Path

import pytest
from jsonschema import Draft7Validator

from tandem.demo.model import (
    ComplexProperty,
    ComplexType,
    Edm,
    EntitySet,
    EnumType,
    Property,
    ServiceModel,
)

DATA = Path(__file__).parents[3] / "shared" / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the published examples are not here")


def published(name: str) -> dict:
    return json.loads((DATA / name).read_text(), parse_float=Decimal)


def number(name: str, type_: Edm = Edm.INT32) -> Property:
    return Property(name, type_, nullable=False)


PRIMITIVES = EntitySet(
    "Primitives",
    "Primitive",
    ("GuidValue",),
    (
        Property("NullValue"),
        Property("TrueValue", Edm.BOOLEAN),
        Property("FalseValue", Edm.BOOLEAN),
        Property("IntegerValue", Edm.INT32),
        Property("DoubleValue", Edm.DOUBLE),
        Property("DecimalValue", Edm.DECIMAL, precision=10, scale=2),
        Property("StringValue"),
        Property("DateValue", Edm.DATE),
        Property("DateTimeOffsetValue", Edm.DATE_TIME_OFFSET),
        Property("TimeOfDayValue", Edm.TIME_OF_DAY, precision=3),
        Property("GuidValue", Edm.GUID, nullable=False),
        Property("Int64Value", Edm.INT64),
        Property("ColorEnumValue", EnumType("Color", ("Red", "Yellow"))),
    ),
)
PRODUCTS = EntitySet(
    "Products",
    "Product",
    ("ID",),
    (
        number("ID"),
        Property("Name"),
        Property("Description"),
        Property("ReleaseDate", Edm.DATE_TIME_OFFSET, nullable=False),
        Property("DiscontinuedDate", Edm.DATE_TIME_OFFSET),
        number("Rating"),
        number("Price", Edm.DOUBLE),
    ),
)
ADDRESS = ComplexType(
    "Address", tuple(Property(n) for n in ("Street", "City", "State", "ZipCode", "Country"))
)
SUPPLIERS = EntitySet(
    "Suppliers",
    "Supplier",
    ("ID",),
    (number("ID"), Property("Name"), ComplexProperty("Address", ADDRESS)),
)
ORDER_DETAILS = EntitySet(
    "Order_Details",
    "Order_Detail",
    ("OrderID", "ProductID"),
    (
        number("OrderID"),
        number("ProductID"),
        Property("UnitPrice", Edm.DECIMAL, precision=19, scale=4),
        number("Quantity"),
        number("Discount", Edm.DOUBLE),
    ),
)
MODEL = ServiceModel("ODataDemo", (PRIMITIVES, PRODUCTS, SUPPLIERS, ORDER_DETAILS))


@pytest.fixture
def client(empty_client):
    return empty_client


def known(record: dict, entity_set: EntitySet) -> dict:
    """Without annotations and the types that the service does not have."""
    names = {property_.name for property_ in entity_set.properties}
    return {name: value for name, value in record.items() if name in names}


def put_in(client, entity_set: EntitySet, record: dict) -> dict:
    body = json.dumps(known(record, entity_set), default=float)
    headers = {"content-type": "application/json"}
    response = client.post(entity_set.name, content=body, headers=headers)
    assert response.status_code == 201, response.text
    return json.loads(response.content, parse_float=Decimal)


def test_primitive_values(client):
    example = published("oasis-json-examples/primitive-values.json")
    assert known(put_in(client, PRIMITIVES, example), PRIMITIVES) == known(example, PRIMITIVES)


@pytest.mark.parametrize(
    ("entity_set", "file"),
    [(PRODUCTS, "products"), (SUPPLIERS, "suppliers")],
)
def test_collection(client, entity_set, file):
    example = published(f"trippin-northwind/odata-demo-response-{file}.json")
    records = [known(record, entity_set) for record in example["value"]]
    for record in records:
        put_in(client, entity_set, record)
    page = json.loads(client.get(entity_set.name).content, parse_float=Decimal)
    assert page.keys() == example.keys()
    assert page["@odata.context"].endswith(example["@odata.context"].partition("$")[2])
    assert page["value"] == records


def test_single_entity(client):
    example = published("trippin-northwind/odata-demo-response-product.json")
    put_in(client, PRODUCTS, example)
    record = client.get("Products(1)").json()
    assert list(record) == list(example)
    assert record["@odata.context"].endswith("$metadata#Products/$entity")


def test_decimal_with_trailing_zeros_keeps_its_text(client):
    text = (DATA / "trippin-northwind/northwind-order-details-one-record.json").read_text()
    put_in(client, ORDER_DETAILS, json.loads(text))
    answer = client.get("Order_Details(OrderID=10248,ProductID=42)").text
    assert '"UnitPrice":9.8000,' in text
    assert '"UnitPrice":9.8000,' in answer


def test_service_document(client):
    example = published("oasis-json-examples/service-document.json")
    document = client.get("").json()
    assert list(document) == ["@odata.context", "value"]
    assert set(document["value"][0]) == set(example["value"][0])


def test_error(client):
    example = published("oasis-json-examples/error.json")["error"]
    error = client.get("Products?$search=milk").json()["error"]
    assert set(error) <= set(example)
    assert error["target"] == example["details"][0]["target"]


def test_metadata_in_json_follows_its_schema(client):
    text = (DATA / "oasis-csdl/schemas/csdl.schema.json").read_text()
    # Python's regular expressions have no \p{L} and the like.
    schema = json.loads(re.sub(r"\\\\p\{\w+\}", r"\\\\w", text))
    document = client.get("$metadata?$format=json").json()
    assert not list(Draft7Validator(schema).iter_errors(document))
