"""Blanks that stand for null, and coded members: read, written and compared."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.connectors.base import Query
from tandem.connectors.odata.body import bodies
from tandem.connectors.odata.channel import Channel
from tandem.connectors.odata.dialects.families import BUSINESS_CENTRAL
from tandem.connectors.odata.keys import key_of, record_path
from tandem.connectors.odata.metadata import parse_metadata
from tandem.connectors.odata.page import PageReader
from tandem.connectors.odata.query import filter_of
from tandem.connectors.odata.ready import made_ready
from tandem.connectors.odata.splitting import split
from tandem.connectors.odata.values import coded, decoded
from tandem.model.filters import Comparison
from tandem.model.schema import Capabilities, Entity, Field, Kind

DATA = Path(__file__).parents[4] / "shared" / "data"
ZERO = "00000000-0000-0000-0000-000000000000"
METADATA = """<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx">
<edmx:DataServices><Schema Namespace="Microsoft.NAV" xmlns="http://docs.oasis-open.org/odata/ns/edm">
<EnumType Name="kind"><Member Name="_x0020_" Value="0"/><Member Name="Sales_x0020_Order" Value="1"/>
</EnumType><EnumType Name="sort"><Member Name="Non_x002D_Inventory" Value="0"/></EnumType>
<EntityType Name="line"><Key><PropertyRef Name="type"/><PropertyRef Name="id"/></Key>
<Property Name="type" Type="Microsoft.NAV.kind" Nullable="false"/>
<Property Name="id" Type="Edm.Guid" Nullable="false"/>
<Property Name="kind" Type="Microsoft.NAV.kind"/><Property Name="sort" Type="Microsoft.NAV.sort"/>
<Property Name="text" Type="Edm.String"/><Property Name="other" Type="Edm.Guid"/>
<Property Name="day" Type="Edm.Date"/><Property Name="moment" Type="Edm.DateTimeOffset"/>
<Property Name="price" Type="Edm.Decimal" Scale="Variable"/></EntityType>
<EntityContainer Name="C"><EntitySet Name="lines" EntityType="Microsoft.NAV.line"/>
</EntityContainer></Schema></edmx:DataServices></edmx:Edmx>"""
BLANKS = {
    "kind": "_x0020_", "text": "", "other": ZERO, "day": "0001-01-01",
    "moment": "0001-01-01T00:00:00Z",
}  # fmt: skip


def lines() -> Entity:
    return parse_metadata(METADATA.encode()).entity("lines")


def read(record: dict[str, Any], names: list[str]) -> dict[str, Any]:
    body = json.dumps({"value": [record]}).encode()
    page = PageReader(lines(), names, {}).read(body).page
    assert not page.unreadable
    row: dict[str, Any] = page.records.to_pylist()[0]
    return row


def test_blanks_are_read_as_null_but_not_in_keys() -> None:
    record = {"type": "_x0020_", "id": ZERO, **BLANKS}
    found = read(record, [*record])
    assert (found.pop("type"), found.pop("id")) == (" ", ZERO)
    assert found == dict.fromkeys(BLANKS)


def test_a_blank_member_may_come_uncoded() -> None:
    assert read({"type": " ", "id": ZERO, "kind": " ", "text": " "}, ["kind", "text"]) == {
        "kind": None,
        "text": " ",
    }


def test_the_first_moment_in_another_zone_is_blank_too() -> None:
    record = {"type": " ", "id": ZERO, "moment": "0001-01-01T00:00:00+01:00"}
    assert read(record, ["moment"]) == {"moment": None}


def test_null_is_written_as_the_blank() -> None:
    records = pa.RecordBatch.from_pydict(
        {n: pa.array([None], pa.string()) for n in ["kind", "text", "other", "day", "moment"]}
    )
    ready = made_ready(lines(), records)
    (body,) = bodies(ready.for_update(), 1, BUSINESS_CENTRAL)
    assert body
    assert json.loads(body) == BLANKS


def test_members_are_read_as_people_spell_them_and_written_as_they_are() -> None:
    entity = lines()
    assert entity.field("kind").options == ("Sales Order",)
    assert entity.field("sort").options == ("Non-Inventory",)
    record = {"type": "Sales_x0020_Order", "id": ZERO, "sort": "Non_x002D_Inventory"}
    assert read(record, ["type", "sort"]) == {"type": "Sales Order", "sort": "Non-Inventory"}
    ready = made_ready(entity, pa.RecordBatch.from_pydict({"sort": ["Non-Inventory"]}))
    assert bodies(ready.for_update(), 1, BUSINESS_CENTRAL) == [b'{"sort":"Non_x002D_Inventory"}']


def test_members_in_keys_are_coded_and_decoded() -> None:
    path = record_path(lines(), ["Sales Order", ZERO])
    assert "Sales_x0020_Order" in path
    assert key_of(lines(), path) == {"type": "Sales Order", "id": ZERO}


def condition(field: str, operator: str, value: Any = None) -> Query:
    comparison = Comparison(field=field, operator=operator, value=value)
    now = datetime(2026, 1, 1, tzinfo=UTC)
    return Query(entity=lines(), fields=("id",), now=now, condition=comparison)


def test_members_in_filters_are_coded() -> None:
    asked = condition("kind", "eq", "Sales Order")
    assert filter_of(asked) == "kind eq Microsoft.NAV.kind'Sales_x0020_Order'"
    assert split(asked.condition, asked) == (asked.condition, None)


@pytest.mark.parametrize("operator", ["eq", "ne"])
def test_a_comparison_with_a_blank_member_is_ours(operator: str) -> None:
    asked = condition("kind", operator, " ")
    assert split(asked.condition, asked) == (None, asked.condition)


def test_only_what_has_a_blank_can_be_set_to_null() -> None:
    fields = lines().by_name
    assert [n for n, f in fields.items() if f.nullable] == [*BLANKS]
    assert not fields["price"].is_required
    assert fields["price"].defaulted
    assert not fields["sort"].nullable  # none of its members is blank


@given(st.text(st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"]), max_size=12))
def test_coded_names_read_as_the_texts_that_they_were(text: str) -> None:
    assert decoded(coded(text)) == text


def test_guids_in_keys_stand_in_quotes_where_the_dialect_wants_it() -> None:
    entity = Entity(
        name="account",
        key=("id",),
        fields=(Field(name="id", kind=Kind.GUID),),
        capabilities=Capabilities(dialect="resco"),
    )
    assert record_path(entity, [ZERO]) == f"account('{ZERO}')"
    assert key_of(entity, f"https://x/odata/account('{ZERO}')") == {"id": ZERO}


@pytest.mark.parametrize(("name", "size"), [("", 5_000), ("dataverse", 5_000), ("resco", 1_000)])
def test_pages_are_as_large_as_the_dialect_has_them(service: Any, name: str, size: int) -> None:
    entity = Entity(
        name="things",
        key=("id",),
        fields=(Field(name="id", kind=Kind.GUID),),
        capabilities=Capabilities(dialect=name),
    )
    service.replies["things"] = httpx.Response(200, json={"value": []})
    query = Query(entity=entity, fields=("id",), now=datetime(2026, 1, 1, tzinfo=UTC))
    list(service.connector().read(query))
    assert service.requests[0].headers["prefer"] == f"odata.maxpagesize={size}"


@pytest.mark.skipif(not DATA.is_dir(), reason="the published payloads are not here")
def test_a_published_customer_has_nothing_where_it_is_blank() -> None:
    schema = parse_metadata((DATA / "businesscentral/bc-api-v2.0-metadata.xml").read_bytes())
    record = (DATA / "businesscentral/customer.json").read_bytes()
    names = ["addressLine2", "currencyId", "blocked", "type", "taxAreaId", "balanceDue"]
    page = PageReader(schema.entity("customers"), names, {}).read(b'{"value":[' + record + b"]}")
    row = page.page.records.to_pylist()[0]
    assert [row[name] for name in names[:3]] == [None, None, None]
    assert (row["type"], row["balanceDue"]) == ("Company", 0)


def test_as_many_requests_are_under_way_as_the_dialect_takes(service: Any) -> None:
    entity = lines()
    assert entity.capabilities.batch_size == 100
    connector = service.connector()
    channel = Channel(connector._http)
    channel.open(entity, 1)
    for _ in range(10):
        channel.alone.faster()
        channel.pace.faster()
    assert (channel.alone.at_once, channel.pace.at_once, channel.pace.size) == (4, 4, 100)


def test_an_unreadable_record_is_named_as_readable_ones_are() -> None:
    record = {"type": "Sales_x0020_Order", "id": ZERO, "day": "never"}
    page = PageReader(lines(), ["day"], {}).read(json.dumps({"value": [record]}).encode()).page
    assert page.unreadable[0].id == f'["Sales Order","{ZERO}"]'
