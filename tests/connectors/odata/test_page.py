"""One page of JSON → typed columns, with the records that do not fit aside."""

import json
import math
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.connectors.base import ETAG
from tandem.connectors.odata.metadata import parse_metadata
from tandem.connectors.odata.page import PageReader, Parsed
from tandem.connectors.odata.shape import Shape
from tandem.connectors.odata.wire import Wire, Wires
from tandem.core.ids import record_ids
from tandem.core.values import arrow_type
from tandem.errors import ConfigurationError, Unreachable
from tandem.model.schema import Entity, Field, Kind

GUID = "01234567-89ab-cdef-0123-456789abcdef"
DATA = Path(__file__).parents[4] / "shared" / "data"
published = pytest.mark.skipif(not DATA.is_dir(), reason="the published payloads are not here")


def things(**kinds: Kind) -> Entity:
    """An entity with the key `id`, and these fields; decimals keep four digits of nineteen."""
    fields = [
        Field(
            name=name, kind=kind, **({"precision": 19, "scale": 4} if kind is Kind.DECIMAL else {})
        )
        for name, kind in kinds.items()
    ]
    return Entity(name="Things", key=("id",), fields=(Field(name="id", kind=Kind.INT64), *fields))


def read(body: bytes | str, entity: Entity, wires: Wires | None = None) -> Parsed:
    body = body.encode() if isinstance(body, str) else body
    names = [field.name for field in entity.fields]
    return PageReader(entity, names, {} if wires is None else wires).read(body)


def page(*records: str, more: str = "") -> str:
    """A page of records that are given as the JSON of their members."""
    listed = ",".join(f'{{"id":{row},{record}}}' for row, record in enumerate(records))
    return f'{{"@odata.context":"x","value":[{listed}]{more}}}'


def column(kind: Kind, *values: str) -> list[Any]:
    """What these JSON values are as values of a field of that kind. None of them is bad."""
    entity = things(x=kind)
    parsed = read(page(*(f'"x":{value}' for value in values)), entity)
    assert not parsed.page.unreadable
    found = parsed.page.records.column("x")
    assert found.type == arrow_type(entity.field("x"))
    return list(found.to_pylist())


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (Kind.STRING, '"O\'Neil \\"x\\" \\u017d"', 'O\'Neil "x" Ž'),
        (Kind.BOOLEAN, "true", True),
        (Kind.INT64, "9223372036854775807", 2**63 - 1),
        (Kind.INT64, '"-9223372036854775808"', -(2**63)),
        (Kind.INT64, "12.0", 12),
        (Kind.DECIMAL, "123456789012345.6789", Decimal("123456789012345.6789")),
        (Kind.DECIMAL, '"123456789012345.6789"', Decimal("123456789012345.6789")),
        (Kind.DECIMAL, "20000.0000", Decimal("20000.0000")),
        (Kind.DECIMAL, "1.5e3", Decimal("1500.0000")),
        (Kind.FLOAT64, "0.1", 0.1),
        (Kind.FLOAT64, '"-INF"', -math.inf),
        (Kind.DATE, '"2024-02-29"', date(2024, 2, 29)),
        (Kind.DATE, '"0001-01-01"', date(1, 1, 1)),
        (Kind.TIME, '"07:59:59.999"', time(7, 59, 59, 999000)),
        (Kind.TIME, '"07:59:59.1234567"', time(7, 59, 59, 123456)),
        (Kind.TIME, '"07:59"', time(7, 59)),
        (Kind.INSTANT, '"2024-01-31T12:00:00Z"', datetime(2024, 1, 31, 12, tzinfo=UTC)),
        (Kind.INSTANT, '"2024-01-31T12:00:00+02:00"', datetime(2024, 1, 31, 10, tzinfo=UTC)),
        (Kind.INSTANT, '"0001-01-01T00:00:00Z"', datetime(1, 1, 1, tzinfo=UTC)),
        (Kind.INSTANT, '"9999-12-31T23:59:59Z"', datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
        (
            Kind.INSTANT,
            '"2024-01-31T12:00:00.123456789Z"',
            datetime(2024, 1, 31, 12, 0, 0, 123456, tzinfo=UTC),
        ),
        (Kind.GUID, f'"{GUID.upper()}"', GUID),
        (Kind.BINARY, '"T0RhdGE"', b"OData"),
        (Kind.BINARY, '"_-8="', b"\xff\xef"),
        (Kind.BINARY, '"/+8="', b"\xff\xef"),
        (Kind.JSON, '{"b": [1.10, null], "a": "é"}', '{"a":"é","b":[1.10,null]}'),
        (Kind.JSON, '"text"', '"text"'),
    ],
)
def test_values_by_kind(kind: Kind, text: str, value: Any) -> None:
    assert column(kind, text) == [value]


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.LOCAL_DATETIME])
def test_null_and_absent_are_null(kind: Kind) -> None:
    parsed = read(page('"x":null', '"other":1'), things(x=kind))
    assert parsed.page.records.column("x").to_pylist() == [None, None]


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        (Kind.STRING, "5", "a text"),
        (Kind.STRING, '"\\ud800"', "a text"),
        (Kind.BOOLEAN, '"true"', "true or false"),
        (Kind.BOOLEAN, "1", "true or false"),
        (Kind.INT64, "9223372036854775808", "64 bits"),
        (Kind.INT64, "1.5", "64 bits"),
        (Kind.INT64, '"x"', "64 bits"),
        (Kind.INT64, "true", "64 bits"),
        (Kind.INT64, "1" * 5000, "64 bits"),
        (Kind.DECIMAL, "1.23456", "19 digits, 4 of them"),
        (Kind.DECIMAL, "1234567890123456", "19 digits"),
        (Kind.DECIMAL, '""', "19 digits"),
        (Kind.DECIMAL, "1e400000000", "19 digits"),
        (Kind.FLOAT64, "1e400", "a number"),
        (Kind.FLOAT64, '"much"', "a number"),
        (Kind.DATE, '"2024-02-30"', "a date"),
        (Kind.DATE, '"2024-01-31T00:00:00Z"', "a date"),
        (Kind.TIME, '"25:00:00"', "a time of day"),
        (Kind.INSTANT, '"2024-01-31T12:00:00"', "a zone"),
        (Kind.INSTANT, '"31.1.2024"', "a zone"),
        (Kind.INSTANT, "1706702400", "a zone"),
        (Kind.GUID, '"x"', "a GUID"),
        (Kind.GUID, f'"{{{GUID}}}"', "a GUID"),
        (Kind.BINARY, '"a"', "base64url"),
        (Kind.BINARY, '"%%%%"', "base64url"),
    ],
)
def test_a_value_that_does_not_fit_puts_only_its_record_aside(
    kind: Kind, text: str, expected: str
) -> None:
    parsed = read(page('"x":null', f'"x":{text}', '"x":null'), things(x=kind))

    (bad,) = parsed.page.unreadable
    assert bad.id == "1"
    assert bad.reason.startswith("field 'x': ")
    assert expected in bad.reason
    assert len(bad.reason) < 160
    assert json.loads(bad.payload, parse_int=str)["id"] == "1"
    assert parsed.page.records.column("id").to_pylist() == [0, 2]
    assert parsed.rows == 3


def test_good_values_beside_a_bad_one_keep_all_their_digits() -> None:
    entity = things(big=Kind.INT64, price=Kind.DECIMAL, at=Kind.INSTANT)
    good = '"big":9007199254740993,"price":999999999999999.9999,"at":"2024-01-01T00:00:00.1Z"'
    expected = read(page(good, good), entity).page.records

    parsed = read(page(good, '"big":"bad"', good), entity)

    assert parsed.page.records.drop_columns(["id"]).equals(expected.drop_columns(["id"]))


def test_a_record_that_is_no_object_is_put_aside() -> None:
    parsed = read('{"value":[{"id":1},null,{"id":2},5]}', things())
    assert [bad.payload for bad in parsed.page.unreadable] == ["null", "5"]
    assert parsed.page.records.column("id").to_pylist() == [1, 2]


def test_bytes_that_are_no_text_put_only_their_record_aside() -> None:
    body = page('"x":"good"', '"x":"bad"').encode().replace(b"bad", b"b\xff\xfe")
    parsed = read(body, things(x=Kind.STRING))
    assert [bad.id for bad in parsed.page.unreadable] == ["1"]
    assert parsed.page.records.column("x").to_pylist() == ["good"]


def test_a_property_that_comes_twice_has_its_last_value() -> None:
    assert read(page('"x":1,"x":2'), things(x=Kind.INT64)).page.records.column("x")[0].as_py() == 2


def test_the_id_of_a_bad_record_is_written_as_all_ids_are() -> None:
    fields = (
        Field(name="a", kind=Kind.GUID),
        Field(name="b", kind=Kind.STRING),
        Field(name="x", kind=Kind.INT64),
    )
    entity = Entity(name="T", key=("a", "b"), fields=fields)
    record = f'{{"a":"{GUID.upper()}","b":"O\\"Neil","x":%s}}'
    body = f'{{"value":[{record % "1"},{record % "true"}]}}'

    parsed = read(body, entity)

    (bad,) = parsed.page.unreadable
    assert bad.id == record_ids(parsed.page.records, entity.key)[0].as_py()


def test_how_a_service_writes_numbers_is_learnt_once() -> None:
    """SAP CAP writes Int64 and Decimal as texts, whatever it was asked for."""
    wires: Wires = {}
    entity = things(x=Kind.INT64, y=Kind.DECIMAL)
    reader = PageReader(entity, ["x", "y"], wires)
    for _ in range(2):
        records = reader.read(page('"x":"12","y":"1.5"').encode()).page.records
        assert records.to_pylist() == [{"x": 12, "y": Decimal("1.5000")}]
    assert wires["x"] is Wire.TEXT


def test_numbers_and_texts_may_be_mixed() -> None:
    assert column(Kind.INT64, "1", '"2"') == [1, 2]
    assert column(Kind.FLOAT64, "1.5", '"INF"') == [1.5, math.inf]
    assert column(Kind.DECIMAL, "1.5", '"2.5"') == [Decimal("1.5"), Decimal("2.5")]


def test_a_bad_record_teaches_nothing() -> None:
    wires: Wires = {}
    read(page('"x":1', '"x":"bad"'), things(x=Kind.INT64), wires)
    assert wires["x"] is Wire.NATIVE


def test_complex_values_are_read_by_path() -> None:
    fields = {"address/city": Kind.STRING, "address/geo/lat": Kind.FLOAT64}
    body = page(
        '"address":{"city":"Brno","geo":{"lat":49.2}}', '"address":null', '"address":{"geo":null}'
    )
    records = read(body, things(**fields)).page.records
    assert records.column("address/city").to_pylist() == ["Brno", None, None]
    assert records.column("address/geo/lat").to_pylist() == [49.2, None, None]


def test_a_complex_value_that_is_none_puts_its_record_aside() -> None:
    parsed = read(
        page('"address":"Brno"', '"address":null'), things(**{"address/city": Kind.STRING})
    )
    assert [bad.id for bad in parsed.page.unreadable] == ["0"]


def test_columns_come_as_asked_then_the_etag() -> None:
    entity = things(b=Kind.STRING, a=Kind.STRING)
    body = page('"a":"1","b":"2","@odata.etag":"W/\\"1\\""').encode()
    records = PageReader(entity, ["b", "a"], {}).read(body).page.records
    assert records.schema.names == ["b", "a", ETAG]
    assert records.column(ETAG).to_pylist() == ['W/"1"']


def test_once_there_were_etags_every_page_has_the_column() -> None:
    reader = PageReader(things(), ["id"], {})
    assert ETAG not in reader.read(page('"x":1').encode()).page.records.schema.names
    reader.read(page('"@odata.etag":"1"').encode())
    assert reader.read(page('"x":1').encode()).page.records.column(ETAG).to_pylist() == [None]


def test_control_information_of_401_has_no_prefix() -> None:
    parsed = read('{"@context":"x","value":[{"@etag":"1","id":1}],"@nextLink":"n"}', things())
    assert parsed.page.records.column(ETAG).to_pylist() == ["1"]
    assert parsed.next_link == "n"


@pytest.mark.parametrize("record", ['"x":1', '"x":"bad"'])
def test_the_link_is_found_on_both_ways(record: str) -> None:
    body = page(record, more=',"@odata.nextLink":"a?$skiptoken=%27\\u00e9"')
    assert read(body, things(x=Kind.INT64)).next_link == "a?$skiptoken=%27é"


def test_annotations_and_undeclared_properties_are_no_error() -> None:
    """OData Protocol 4.01, 11.4 and JSON 4.01, 4.5.13: clients ignore what they do not know."""
    record = '"x":1,"x@Some.Term":{"a":[]},"new":{"deep":[{}]},"@odata.type":"#T"'
    assert read(page(record), things(x=Kind.INT64)).page.records.column("x")[0].as_py() == 1


def test_a_byte_order_mark_is_no_error() -> None:
    body = b"\xef\xbb\xbf" + page('"x":1', '"x":true').encode()
    assert read(body, things(x=Kind.INT64)).rows == 2


def test_an_empty_page_has_the_right_types() -> None:
    records = read('{"value":[]}', things(x=Kind.DECIMAL, y=Kind.JSON)).page.records
    assert records.num_rows == 0
    assert records.schema.field("x").type == pa.decimal128(19, 4)


@pytest.mark.parametrize(
    "body", ['{"value":[{"id":1}', '{"value":[{"id":1}]}{', "", "{" + '"a":[' * 9999, "[1,}"]
)
def test_a_page_that_is_cut_is_no_usable_answer(body: str) -> None:
    with pytest.raises(Unreachable, match="not whole JSON"):
        read(body, things())


def test_an_error_behind_status_200_is_passed_on() -> None:
    with pytest.raises(Unreachable, match="out of disk"):
        read('{"error":{"code":"x","message":"out of disk"}}', things())


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ('{"d":{"results":[]}}', "OData 2"),
        ('{"id":1}', "no OData listing"),
        ("[]", "no OData listing"),
        ('{"value":null}', "no OData listing"),
        ('{"value":[],"@odata.nextLink":5}', "nextLink is no text"),
    ],
)
def test_what_is_no_listing_is_refused(body: str, reason: str) -> None:
    with pytest.raises(ConfigurationError, match=reason):
        read(body, things())


@given(
    st.lists(
        st.tuples(
            st.text(),
            st.integers(-(2**63), 2**63 - 1),
            st.decimals(-(10**14), 10**14, places=4),
            st.datetimes(timezones=st.just(UTC)),
            st.booleans(),
        ),
        max_size=5,
    ),
    st.booleans(),
)
def test_values_survive(rows: list[tuple[Any, ...]], as_texts: bool) -> None:
    entity = things(
        s=Kind.STRING, i=Kind.INT64, d=Kind.DECIMAL, t=Kind.INSTANT, x=Kind.BOOLEAN, bad=Kind.DATE
    )
    quote = '"' if as_texts else ""
    records = [
        f'"s":{json.dumps(s)},"i":{quote}{i}{quote},"d":{quote}{d:f}{quote},'
        f'"t":"{t.isoformat()}","x":{json.dumps(x)}'
        for s, i, d, t, x in rows
    ]
    for body in (page(*records), page(*records, '"bad":"x"')):
        found = read(body, entity).page.records.select(["s", "i", "d", "t", "x"]).to_pylist()
        assert [tuple(record.values()) for record in found] == rows


@published
def test_the_specifications_primitive_values() -> None:
    kinds = {
        "NullValue": Kind.STRING,
        "TrueValue": Kind.BOOLEAN,
        "BinaryValue": Kind.BINARY,
        "IntegerValue": Kind.INT64,
        "DoubleValue": Kind.FLOAT64,
        "SingleValue": Kind.FLOAT64,
        "DecimalValue": Kind.DECIMAL,
        "StringValue": Kind.STRING,
        "DateValue": Kind.DATE,
        "DateTimeOffsetValue": Kind.INSTANT,
        "DurationValue": Kind.STRING,
        "TimeOfDayValue": Kind.TIME,
        "GuidValue": Kind.GUID,
        "Int64Value": Kind.INT64,
        "ColorEnumValue": Kind.STRING,
        "GeographyPoint": Kind.JSON,
    }
    record = (DATA / "oasis-json-examples/primitive-values.json").read_text()
    parsed = read(f'{{"value":[{record}]}}', things(**kinds))
    assert not parsed.page.unreadable
    assert parsed.page.records.to_pylist()[0] == {
        "id": None,
        "NullValue": None,
        "TrueValue": True,
        "BinaryValue": b"OData",
        "IntegerValue": -128,
        "DoubleValue": 3.141592653589793,
        "SingleValue": math.inf,
        "DecimalValue": Decimal("34.9500"),
        "StringValue": 'Say "Hello",\nthen go',
        "DateValue": date(2012, 12, 3),
        "DateTimeOffsetValue": datetime(2012, 12, 3, 7, 16, 23, tzinfo=UTC),
        "DurationValue": "P12DT23H59M59.999999999999S",
        "TimeOfDayValue": time(7, 59, 59, 999000),
        "GuidValue": GUID,
        "Int64Value": 0,
        "ColorEnumValue": "Yellow",
        "GeographyPoint": '{"coordinates":[142.1,64.1],"type":"Point"}',
    }


ODATA_DEMO = "trippin-northwind/odata-demo-service-metadata.xml"
BUSINESS_CENTRAL = "businesscentral/bc-api-v2.0-metadata.xml"
DATAVERSE = "dataverse/dynamics-crm4-v9.1-metadata.xml"


@published
@pytest.mark.parametrize(
    ("document", "entity_set", "payload", "rows"),
    [
        (ODATA_DEMO, "Products", "trippin-northwind/odata-demo-response-products.json", 11),
        (ODATA_DEMO, "Persons", "trippin-northwind/odata-demo-response-persons.json", 7),
        (ODATA_DEMO, "Suppliers", "trippin-northwind/odata-demo-response-suppliers.json", 2),
        (
            ODATA_DEMO,
            "PersonDetails",
            "trippin-northwind/odata-demo-response-person-details.json",
            7,
        ),
        (BUSINESS_CENTRAL, "companies", "businesscentral/companies.json", 2),
        (BUSINESS_CENTRAL, "customers", "businesscentral/customers.json", 1),
        (BUSINESS_CENTRAL, "customers", "businesscentral/empty.json", 0),
        (BUSINESS_CENTRAL, "salesOrders", "businesscentral/salesOrders.json", 3),
        (DATAVERSE, "contacts", "dataverse/docs/page-1.json", 2),
        (DATAVERSE, "accounts", "dataverse/docs/lookup-annotations.json", 2),
    ],
)
def test_published_payloads_are_read(
    document: str, entity_set: str, payload: str, rows: int
) -> None:
    entity = parse_metadata((DATA / document).read_bytes()).entity(entity_set)
    parsed = read((DATA / payload).read_bytes(), entity)
    assert not parsed.page.unreadable
    assert parsed.rows == rows


@pytest.mark.parametrize("text", ["1e-999999999", "0E-10000000", "-1.5e-2147483647", "1e999999999"])
@pytest.mark.parametrize("quote", ["", '"'])
def test_an_exponent_beyond_all_measure_puts_only_its_record_aside(text: str, quote: str) -> None:
    wires = {"x": Wire.TEXT if quote else Wire.NATIVE}
    body = page('"x":1.5', f'"x":{quote}{text}{quote}', '"x":2e-1')
    for known in ({}, wires):
        parsed = read(body, things(x=Kind.DECIMAL), dict(known))
        assert [bad.id for bad in parsed.page.unreadable] == ["1"]
        found = parsed.page.records.column("x").to_pylist()
        assert found == [Decimal("1.5"), Decimal("0.2")]


def test_texts_that_look_like_such_numbers_are_texts() -> None:
    guid = GUID[:-12] + "e-1234567890"[:12]
    parsed = read(
        page(f'"x":1.5,"y":"1e-5000","z":"{guid}"'),
        things(x=Kind.DECIMAL, y=Kind.STRING, z=Kind.STRING),
    )
    assert not parsed.page.unreadable
    assert parsed.page.records.column("y").to_pylist() == ["1e-5000"]


def test_what_others_learn_while_a_page_is_read_changes_nothing_about_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    entity, wires, parse = things(x=Kind.INT64), {"x": Wire.TEXT}, Shape.read
    bodies = [page('"x":3').encode()]

    def read_while_others_do(shape: Shape, body: bytes) -> Any:
        found = parse(shape, body)
        while bodies:
            read(bodies.pop(), entity, wires)
        return found

    monkeypatch.setattr(Shape, "read", read_while_others_do)
    assert read(page('"x":"2"'), entity, wires).page.records.column("x").to_pylist() == [2]
    assert wires["x"] is Wire.NATIVE
