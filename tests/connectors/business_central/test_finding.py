"""Records that are found by a key of several fields."""

import pyarrow as pa
from tests.connectors.business_central.small import PUBLISHED

from tandem.connectors.business_central.layout import business_central_schema
from tandem.connectors.odata.key_groups import filters_by_key
from tandem.connectors.odata.metadata import csdl_of

ORDERS = business_central_schema(csdl_of(PUBLISHED.encode()), "Company('X')").entity(
    "RescoServiceOrder"
)


def filters(*keys: tuple[str | None, str | None]) -> list[str]:
    rows = [{"DocumentType": kind, "No": number} for kind, number in keys]
    schema = pa.schema([("DocumentType", pa.string()), ("No", pa.string())])
    return list(filters_by_key(ORDERS, pa.RecordBatch.from_pylist(rows, schema=schema)))


def test_no_or_joins_different_fields() -> None:
    assert filters(("Order", "1"), ("Order", "2"), ("Quote", "3")) == [
        "DocumentType eq 'Order' and (No eq '1' or No eq '2')",
        "DocumentType eq 'Quote' and No eq '3'",
    ]


def test_a_null_finds_nothing() -> None:
    assert filters((None, "1"), ("Order", None)) == []


def test_one_field_is_one_filter() -> None:
    keys = pa.RecordBatch.from_pydict({"No": ["1", "2"]})
    assert list(filters_by_key(ORDERS, keys)) == ["(No eq '1' or No eq '2')"]
