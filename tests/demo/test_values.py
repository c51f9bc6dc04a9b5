"""Values come back as they were sent: nothing rounded, nothing cut."""

import json
from decimal import Decimal

import httpx
import pytest

from tandem.demo.model import Edm, EntitySet, EnumType, Property, ServiceModel

THINGS = EntitySet(
    name="Things",
    type_name="Thing",
    key=("code", "number"),
    properties=(
        Property("code", nullable=False, max_length=10),
        Property("number", Edm.INT64, nullable=False),
        Property("fixed", Edm.DECIMAL, precision=34, scale=6),
        Property("free", Edm.DECIMAL),
        Property("double", Edm.DOUBLE),
        Property("small", Edm.INT32),
        Property("flag", Edm.BOOLEAN),
        Property("day", Edm.DATE),
        Property("time", Edm.TIME_OF_DAY, precision=6),
        Property("moment", Edm.DATE_TIME_OFFSET, precision=6),
        Property("guid", Edm.GUID),
        Property("colour", EnumType("Colour", ("Red", "Green"))),
    ),
)
MODEL = ServiceModel("Test", (THINGS,))
IEEE754 = "application/json;IEEE754Compatible=true"
URL = "Things(code='a',number=1)"


@pytest.fixture
def client(empty_client: httpx.Client) -> httpx.Client:
    return empty_client


def post(client: httpx.Client, **values: object) -> httpx.Response:
    body = json.dumps({"code": "a", "number": 1} | values, default=str)
    return client.post("Things", content=body, headers={"content-type": IEEE754})


@pytest.mark.parametrize(
    ("name", "sent", "text"),
    [
        ("fixed", "1234567890123456789012345678.123456", "1234567890123456789012345678.123456"),
        ("fixed", "-0.1", "-0.100000"),
        ("free", "0.1234567890123456789012345678901234567890", None),
        ("free", "12.30", "12.30"),
        ("small", -(2**31), str(-(2**31))),
        ("double", 0.1 + 0.2, "0.30000000000000004"),
        ("double", 1e300, "1e+300"),
        ("flag", False, "false"),
        ("day", "0001-01-01", '"0001-01-01"'),
        ("day", "9999-12-31", '"9999-12-31"'),
        ("time", "23:59:59.999999", '"23:59:59.999999"'),
        ("moment", "2024-02-29T23:59:59.123456+14:00", '"2024-02-29T09:59:59.123456Z"'),
        ("moment", "0001-01-01T00:00:00Z", '"0001-01-01T00:00:00Z"'),
        ("guid", "01234567-89AB-CDEF-0123-456789ABCDEF", '"01234567-89ab-cdef-0123-456789abcdef"'),
        ("colour", "Green", '"Green"'),
        ("fixed", None, "null"),
    ],
)
def test_value_survives(client, name, sent, text):
    assert post(client, **{name: sent}).status_code == 201
    assert f'"{name}":{text or sent}' in client.get(URL).text


def test_numbers_are_strings_for_who_asks_so(client):
    post(client, number=2**63 - 1, fixed="1.5")
    response = client.get("Things?$count=true", headers={"accept": IEEE754})
    assert "IEEE754Compatible=true" in response.headers["content-type"]
    page = response.json()
    assert page["@odata.count"] == "1"
    assert page["value"][0]["number"] == "9223372036854775807"
    assert page["value"][0]["fixed"] == "1.500000"
    assert page["value"][0]["small"] is None


def test_exact_number_is_found_by_filter(client):
    post(client, number=2**53 + 1, fixed="1234567890123456789012345678.123456")
    for condition, found in [
        ("fixed eq 1234567890123456789012345678.123456", 1),
        ("fixed gt 1234567890123456789012345678.123455", 1),
        ("fixed gt 1234567890123456789012345678.123456", 0),
        ("number eq 9007199254740993", 1),
        ("number eq 9007199254740992", 0),
    ]:
        assert client.get(f"Things/$count?$filter={condition}").text == str(found)


def test_decimals_order_as_numbers(client):
    values = [Decimal(text) for text in ("10", "9", "-1", "0.5", "100", "-20", "9.0001")]
    for number, value in enumerate(values):
        post(client, number=number, free=str(value))
    found = client.get("Things?$orderby=free").json()["value"]
    assert [Decimal(str(thing["free"])) for thing in found] == sorted(values)


@pytest.mark.parametrize(
    "values",
    [
        {"fixed": "0.0000001"},
        {"fixed": "12345678901234567890123456789"},
        {"fixed": "1e5"},
        {"fixed": True},
        {"number": 2**63},
        {"number": 1.5},
        {"small": 2**31},
        {"small": "1"},
        {"double": "1"},
        {"flag": 1},
        {"day": "2024-02-30"},
        {"day": "20240229"},
        {"time": "24:00"},
        {"moment": "2024-01-01T00:00:00"},
        {"moment": "2024-01-01T00:00:00.1234567Z"},
        {"moment": "0001-01-01T00:00:00+01:00"},
        {"guid": "{01234567-89ab-cdef-0123-456789abcdef}"},
        {"colour": "Blue"},
        {"colour": 1},
        {"code": "more than ten"},
        {"code": None},
        {"code": "\ud83d"},
        {"size": 1},
    ],
)
def test_value_that_does_not_fit_is_refused_by_name(client, values):
    response = post(client, **values)
    assert response.status_code == 400
    assert response.json()["error"]["target"] == next(iter(values))


def test_strings_are_no_numbers_unless_announced(client):
    response = client.post("Things", json={"code": "a", "number": "1"})
    assert response.status_code == 400


@pytest.mark.parametrize("code", ["O'Neil", "a/b", "100 %", "ž+&?#", "東京 😀", '"', "a,b=c)"])
def test_any_text_can_be_a_key(client, code):
    location = post(client, code=code).headers["location"]
    assert client.get(location).json()["code"] == code
    assert client.delete(location).status_code == 204
    assert client.get(location).status_code == 404
