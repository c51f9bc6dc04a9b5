"""Delta links of a real service: the demo's, over HTTP, in the forms of 4.0 and of 4.01."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tandem.connectors.base import Page, Query
from tandem.connectors.odata.connector import ODataConnector
from tandem.demo.model import Edm, EntitySet, Property, ServiceModel
from tandem.demo.server import serving
from tandem.demo.service import create_app
from tandem.errors import AnchorExpired
from tandem.model.connection import Connection
from tandem.model.filters import Comparison

ITEMS = EntitySet(
    "Items",
    "Item",
    key=("ID",),
    properties=(
        Property("ID", nullable=False),
        Property("text"),
        Property("price", Edm.DECIMAL, precision=30, scale=10),
    ),
)
LINES = EntitySet(
    "Lines",
    "Line",
    key=("order", "number"),
    properties=(
        Property("order", nullable=False),
        Property("number", Edm.INT64, nullable=False),
        Property("text"),
    ),
)
JSON = {"Content-Type": "application/json;IEEE754Compatible=true"}
ANY_ETAG = {"If-Match": "*"}
PRICE = "12345678901234567890.0123456789"


class PagesOfTwo(httpx.HTTPTransport):
    """Asks for smaller pages than the connector does."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        prefer = request.headers.get("Prefer", "")
        request.headers["Prefer"] = prefer.replace("maxpagesize=5000", "maxpagesize=2")
        return super().handle_request(request)


@dataclass
class Demo:
    """The service, with a client of another user and a connector of ours."""

    client: httpx.Client
    connector: ODataConnector

    def query(self, name: str, **parts: Any) -> Query:
        entity = self.connector.schema().entity(name)
        fields = tuple(field.name for field in entity.fields)
        return Query(entity, fields, datetime(2026, 3, 4, tzinfo=UTC), **parts)

    def changes(self, name: str, since: str | None, **parts: Any) -> list[Page]:
        return list(self.connector.changes(self.query(name, **parts), since))

    def token(self, name: str = "Items") -> str:
        token = self.changes(name, None)[-1].token
        assert token
        return token

    def create(self, name: str, **record: Any) -> None:
        self.client.post(name, json=record).raise_for_status()

    def update(self, item: str, **values: Any) -> None:
        answer = self.client.patch(address(item), json=values, headers=ANY_ETAG)
        answer.raise_for_status()

    def delete(self, url: str) -> None:
        self.client.delete(url, headers=ANY_ETAG).raise_for_status()


def address(item: str) -> str:
    literal = item.replace("'", "''")
    return f"Items('{quote(literal, safe='')}')"


def records(pages: list[Page]) -> dict[str, Any]:
    found = [record for page in pages for record in page.records.to_pylist()]
    return {record["ID"]: record for record in found}


@pytest.fixture(params=["4.0", "4.01"])
def demo(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Demo]:
    app = create_app(tmp_path / "demo.db", ServiceModel("Delta", (ITEMS, LINES)))
    with serving(app) as url, httpx.Client(base_url=url, headers=JSON) as client:
        extra = {"headers": {"OData-MaxVersion": request.param}}
        connection = Connection(id="demo", conn_type="odata", host=url, extra=extra)
        connector = ODataConnector(connection, transport=PagesOfTwo())
        yield Demo(client, connector)
        connector.close()


def test_created_changed_and_deleted_records_come_over_several_pages(demo: Demo) -> None:
    for key in "abcdefg":
        demo.create("Items", ID=key, text="old")
    pages = demo.changes("Items", None)
    assert len(pages) > 2
    assert set(records(pages)) == set("abcdefg")
    demo.create("Items", ID="h", price=PRICE)
    demo.delete(address("a"))
    demo.update("b", text="new")
    demo.update("c", text=None)
    demo.delete(address("g"))
    pages = demo.changes("Items", pages[-1].token)
    found = records(pages)
    assert set(found) == {"h", "b", "c"}
    assert found["h"]["price"] == Decimal(PRICE)
    assert (found["b"]["text"], found["c"]["text"]) == ("new", None)
    assert set(pages[-1].gone) == {"a", "g"}
    (last,) = demo.changes("Items", pages[-1].token)
    assert (len(last.records), last.gone) == (0, ())


@pytest.mark.parametrize("key", ["O'Neil", "a/b c", "50%25", "ž(1),x='2'", "#?&+;", ""])
def test_the_id_of_a_removed_record_is_the_one_that_it_had(demo: Demo, key: str) -> None:
    demo.create("Items", ID=key)
    token = demo.token()
    demo.delete(address(key))
    assert demo.changes("Items", token)[-1].gone == (key,)


def test_composite_keys(demo: Demo) -> None:
    demo.create("Lines", order='O\'1,a="b"', number="9007199254740993", text="x")
    token = demo.token("Lines")
    demo.delete("Lines(order='O''1,a=%22b%22',number=9007199254740993)")
    (last,) = demo.changes("Lines", token)
    assert last.gone == ('["O\'1,a=\\"b\\"","9007199254740993"]',)


def test_a_record_that_was_created_again_is_not_gone(demo: Demo) -> None:
    demo.create("Items", ID="a", text="first")
    token = demo.token()
    demo.delete(address("a"))
    demo.create("Items", ID="a", text="second")
    pages = demo.changes("Items", token)
    assert records(pages)["a"]["text"] == "second"
    assert pages[-1].gone == ()


def test_the_condition_is_not_the_services_affair(demo: Demo) -> None:
    condition = Comparison(field="text", operator="eq", value="nothing has this")
    demo.create("Items", ID="a", text="x")
    first = demo.changes("Items", None, condition=condition)
    demo.create("Items", ID="b", text="y")
    then = demo.changes("Items", first[-1].token, condition=condition)
    assert (set(records(first)), set(records(then))) == ({"a"}, {"b"})


def test_a_token_that_the_service_does_not_know_has_expired(demo: Demo) -> None:
    token = demo.token()
    with pytest.raises(AnchorExpired, match="410"):
        demo.changes("Items", token[:-8] + "AAAAAAAA")
