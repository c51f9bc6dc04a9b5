"""Reading what changed by delta links."""

import json
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import httpx
import pytest

from tandem.connectors.base import DeltaReader, Page, Query
from tandem.connectors.odata.metadata import parse_metadata
from tandem.errors import AnchorExpired, ConfigurationError, Unreachable
from tandem.model.filters import Comparison
from tandem.model.schema import Capabilities, Deletes, Entity, Field, Kind

ROOT = "https://erp.example.com/odata/"
NOW = datetime(2026, 3, 4, tzinfo=UTC)
TRACKS = Capabilities(delta=True, deletes=Deletes.NATIVE)
CUSTOMERS = Entity(
    name="Customers",
    key=("ID",),
    fields=(
        Field(name="ID", kind=Kind.STRING, nullable=False),
        Field(name="name", kind=Kind.STRING),
        Field(name="total", kind=Kind.DECIMAL, precision=20, scale=4),
        Field(name="address/city", kind=Kind.STRING),
    ),
    capabilities=TRACKS,
)
NUMBERED = Entity(
    name="Customers",
    key=("ID",),
    fields=(Field(name="ID", kind=Kind.INT64, nullable=False),),
    capabilities=TRACKS,
)
SINCE = ROOT + "Customers?$deltatoken=1"
NEXT = ROOT + "Customers?$deltatoken=2"


def query(
    entity: Entity = CUSTOMERS, fields: tuple[str, ...] = ("ID", "name"), **parts: Any
) -> Query:
    return Query(**{"entity": entity, "fields": fields, "now": NOW, **parts})


def page(*value: Any, **control: Any) -> httpx.Response:
    named = {f"@odata.{name}": link for name, link in control.items()}
    return httpx.Response(200, content=json.dumps({**named, "value": value}).encode())


def customer(key: str, name: str | None = "n", **more: Any) -> dict[str, Any]:
    return {"ID": key, "name": name, **more}


def read(service: Any, since: str | None = SINCE, **parts: Any) -> list[Page]:
    return list(service.connector().changes(query(**parts), since))


def records(pages: list[Page]) -> list[dict[str, Any]]:
    assert not [page.unreadable for page in pages if page.unreadable]
    return [record for found in pages for record in found.records.to_pylist()]


def gone(pages: list[Page]) -> tuple[str, ...]:
    assert not any(found.gone for found in pages[:-1])
    return pages[-1].gone


def test_the_connector_reads_deltas(service: Any) -> None:
    assert isinstance(service.connector(), DeltaReader)


# The initial reading


def test_all_records_come_and_then_the_token(service: Any) -> None:
    service.replies = {
        "Customers": page(customer("A"), nextLink="Customers?$skiptoken=A"),
        "Customers?$skiptoken=A": page(customer("B"), deltaLink="Customers?$deltatoken=1"),
    }
    pages = read(service, since=None)
    assert [record["ID"] for record in records(pages)] == ["A", "B"]
    assert [found.token for found in pages] == [None, None, SINCE]
    assert gone(pages) == ()
    assert pages[-1].records.schema == pages[0].records.schema


def test_tracking_is_asked_for_by_both_its_names(service: Any) -> None:
    service.replies = {"Customers": page(deltaLink=SINCE)}
    read(service, since=None)
    prefer = service.requests[-1].headers["Prefer"].split(",")
    assert prefer == ["odata.track-changes", "track-changes", "odata.maxpagesize=5000"]


def test_fields_are_chosen_but_nothing_is_filtered_or_ordered(service: Any) -> None:
    """Dataverse refuses $filter, $orderby and $top with change tracking."""
    service.replies = {"Customers": page(deltaLink=SINCE)}
    condition = Comparison(field="name", operator="eq", value="x")
    read(service, None, fields=("name",), condition=condition, limit=3, descending_by="name")
    asked = [target for target in service.asked if "$count" not in target]
    assert [unquote(target) for target in asked] == ["Customers?$select=name,ID"]


def test_links_that_only_count_are_followed_without_a_filter(service: Any) -> None:
    service.replies = {
        "Customers": page({"ID": 1}, nextLink="Customers?$skiptoken=1"),
        "Customers?$skiptoken=1": page({"ID": 2}, deltaLink=SINCE),
    }
    pages = read(service, None, entity=NUMBERED, fields=("ID",))
    assert [record["ID"] for record in records(pages)] == [1, 2]
    assert not any("filter" in target for target in service.asked)


def test_an_initial_reading_that_ends_early_is_incomplete(service: Any) -> None:
    service.replies = {
        "Customers": page(customer("A"), nextLink="Customers?a"),
        "Customers?a": page(customer("B"), deltaLink=SINCE),
        "Customers/$count": httpx.Response(200, text="3"),
    }
    with pytest.raises(Unreachable, match="incomplete"):
        read(service, since=None)


@pytest.mark.parametrize("since", [None, SINCE])
def test_a_service_without_delta_links_says_so(service: Any, since: str | None) -> None:
    """SAP CAP takes no notice of the preference, nor of the token."""
    service.replies = {"Customers": page(customer("A"))}
    with pytest.raises(ConfigurationError, match=r"no delta link.*version_number"):
        read(service, since=since)


@pytest.mark.parametrize("since", [None, SINCE])
def test_of_several_delta_links_the_first_leaves_out_nothing(
    service: Any, since: str | None
) -> None:
    """Some servers give one on each page, stamped with that page's moment."""
    service.replies = {
        "Customers": page(customer("A"), nextLink="Customers?a", deltaLink=NEXT),
        "Customers?a": page(customer("B"), deltaLink=ROOT + "Customers?$deltatoken=3"),
    }
    pages = read(service, since=since)
    assert len(records(pages)) == 2
    assert pages[-1].token == NEXT


# What changed


def test_changed_records_come_typed(service: Any) -> None:
    fields = ("ID", "total", "address/city")
    record = {"ID": "A", "total": "12345678901234.5678", "address": {"city": "Brno"}}
    service.replies = {"Customers": page({**record, "@odata.etag": 'W/"1"'}, deltaLink=NEXT)}
    pages = read(service, fields=fields)
    assert records(pages) == [
        {
            "ID": "A",
            "total": Decimal("12345678901234.5678"),
            "address/city": "Brno",
            "@etag": 'W/"1"',
        }
    ]
    assert pages[-1].token == NEXT


def test_the_token_is_followed_as_it_stands(service: Any) -> None:
    target = "Customers?$select=ID&$deltatoken=919042%2108%2f22%2f2017%2008%3a10%3a44"
    service.replies = {target: page(deltaLink=ROOT + target)}
    assert read(service, since=ROOT + target)[-1].token == ROOT + target
    assert service.asked == [target]


def test_tracking_is_asked_for_again(service: Any) -> None:
    service.replies = {"Customers": page(deltaLink=NEXT)}
    read(service)
    assert "odata.track-changes" in service.requests[-1].headers["Prefer"]


def test_nothing_changed(service: Any) -> None:
    service.replies = {"Customers": page(deltaLink=SINCE)}
    pages = read(service)
    assert records(pages) == []
    assert pages[-1].token == SINCE


def test_all_pages_of_the_changes_are_read(service: Any) -> None:
    service.replies = {
        "Customers": page(customer("A"), nextLink="Customers?a"),
        "Customers?a": page(nextLink="Customers?b"),
        "Customers?b": page(customer("B"), deltaLink=NEXT),
    }
    pages = read(service)
    assert [record["ID"] for record in records(pages)] == ["A", "B"]
    assert pages[-1].token == NEXT


def test_changes_that_go_in_a_circle_end(service: Any) -> None:
    service.replies = {"Customers": page(customer("A"), nextLink=SINCE)}
    with pytest.raises(Unreachable, match="circle"):
        read(service)


def test_a_page_that_fails_fails_the_reading(service: Any) -> None:
    service.replies = {
        "Customers": page(customer("A"), nextLink="Customers?a"),
        "Customers?a": httpx.Response(500),
    }
    with pytest.raises(Unreachable):
        read(service)


def test_a_token_of_another_host_is_never_followed(service: Any) -> None:
    with pytest.raises(AnchorExpired, match="another host"):
        read(service, since="https://other.example.com/odata/Customers?$deltatoken=1")
    assert not service.asked


def test_a_record_whose_value_does_not_fit_is_put_aside(service: Any) -> None:
    value = [{"ID": "A", "total": "much"}, {"ID": "B", "total": "1"}]
    service.replies = {"Customers": page(*value, deltaLink=NEXT)}
    first, _ = read(service, fields=("ID", "total"))
    assert [aside.id for aside in first.unreadable] == ["A"]
    assert first.records.column("ID").to_pylist() == ["B"]


# What went

SELF = "https://erp.example.com/odata/$metadata#Customers"


@pytest.mark.parametrize(
    "entry",
    [
        {"@removed": {"reason": "deleted"}, "@id": "Customers('A')"},
        {"@removed": {"reason": "changed"}, "ID": "A"},
        {"@removed": {}, "ID": "A", "name": None},
        {"@odata.removed": {"reason": "deleted"}, "ID": "A"},
        {"@odata.removed": {}, "@odata.id": "Customers('A')"},
        {"@removed": {}, "id": "A"},
        {"@odata.context": "#Customers/$deletedEntity", "id": "Customers('A')"},
        {"@odata.context": f"{SELF}/$deletedEntity", "id": "A", "reason": "deleted"},
        {"@odata.context": f"{SELF}/$deletedEntity", "id": ROOT + "Customers('A')"},
        {"@odata.context": f"{SELF}(ID,name)/$deletedEntity", "id": ROOT + "Customers/A"},
        {"@odata.context": f"{SELF}/Ns.Vip/$deletedEntity", "@odata.id": "Customers('A')"},
        {"@context": "#Customers/$deletedEntity", "reason": "deleted", "id": "Customers('A')"},
    ],
)
def test_removed_records_in_all_their_forms(service: Any, entry: dict[str, Any]) -> None:
    service.replies = {"Customers": page(customer("B"), entry, deltaLink=NEXT)}
    pages = read(service)
    assert [record["ID"] for record in records(pages)] == ["B"]
    assert gone(pages) == ("A",)


def test_a_field_called_id_is_no_entity_id(service: Any) -> None:
    entity = Entity(
        name="customers",
        key=("id",),
        fields=(Field(name="id", kind=Kind.GUID, nullable=False),),
        capabilities=TRACKS,
    )
    one, two = "e6b1c1f2-0694-46c0-96ec-6283627b1251", "e6b1c1f2-0694-46c0-96ec-6283627b1252"
    value = [
        {"@odata.context": "#companies(1)/customers/$deletedEntity", "id": one.upper()},
        {"@odata.context": "#customers/$deletedEntity", "id": f"companies(1)/customers({two})"},
    ]
    service.replies = {"Customers": page(*value, deltaLink=NEXT)}
    pages = read(service, entity=entity, fields=("id",))
    assert gone(pages) == (one, two)


@pytest.mark.parametrize(
    "entry",
    [
        {"@removed": {"reason": "deleted"}},
        {"@removed": {}, "@id": "Customers(other='A')"},
        {"@odata.context": "#Customers/$deletedEntity", "id": None},
        {"@odata.context": "#Customers/$deletedEntity", "id": "Vips/A"},
        {"@odata.id": "Customers('%FF')", "name": "changed"},
        {"name": "changed"},
    ],
)
def test_an_entry_about_nobody_knows_whom_is_an_error(service: Any, entry: dict[str, Any]) -> None:
    service.replies = {"Customers": page(customer("B"), entry, deltaLink=NEXT)}
    with pytest.raises(ConfigurationError, match=r"does not say which record.*version_number"):
        read(service)


def test_a_removed_record_whose_key_does_not_fit_is_an_error(service: Any) -> None:
    entry = {"@removed": {}, "@id": "Customers('A')"}
    service.replies = {"Customers": page(entry, deltaLink=NEXT)}
    with pytest.raises(ConfigurationError, match=r"Customers\('A'\)"):
        read(service, entity=NUMBERED, fields=("ID",))


def test_links_and_records_of_other_sets_are_no_changes_of_ours(service: Any) -> None:
    value = [
        {"@odata.context": "#Customers/$link", "source": "Customers('A')", "target": "Orders(1)"},
        {"@odata.context": "#Customers/$deletedLink", "source": "Customers('A')"},
        {"@odata.context": "#Orders/$entity", "ID": "A", "name": "an order"},
        {"@odata.context": "#Orders/$deletedEntity", "id": "Orders('A')"},
        {"@context": "#Orders/$entity", "@removed": {}, "ID": "A"},
        {"@odata.context": "#Customers/$entity", **customer("B")},
    ]
    service.replies = {"Customers": page(*value, deltaLink=NEXT)}
    pages = read(service)
    assert records(pages) == [customer("B")]
    assert gone(pages) == ()


# One record several times


def removed(key: str) -> dict[str, Any]:
    return {"@removed": {"reason": "deleted"}, "ID": key}


@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize(
    ("entries", "there", "went"),
    [
        ([customer("A", "1"), customer("A", "2")], "2", ()),
        ([customer("A"), removed("A")], None, ("A",)),
        ([removed("A"), customer("A", "back")], "back", ()),
        ([removed("A"), customer("A", "back"), removed("A")], None, ("A",)),
        ([customer("A"), removed("A"), customer("A", "3")], "3", ()),
        ([removed("A"), {"ID": "A", "name": 5}], None, ()),
    ],
)
def test_the_last_entry_about_a_record_counts(
    service: Any, entries: list[Any], there: str | None, went: tuple[str, ...], apart: bool
) -> None:
    """Gone is said at the end, and holds against records that came before."""
    groups = [[entry] for entry in entries] if apart else [entries]
    targets = ["Customers", *(f"Customers?p{n}" for n in range(1, len(groups)))]
    for target, group, following in zip(targets, groups, [*targets[1:], None], strict=True):
        link = {"nextLink": following} if following else {"deltaLink": NEXT}
        service.replies[target] = page(*group, **link)
    pages = read(service)
    found = [r for found in pages for r in found.records.to_pylist()]
    assert gone(pages) == went
    if there is not None:
        assert found[-1]["name"] == there
    if not apart:
        assert len(found) == (there is not None)


# What is left out is not null


def test_a_record_that_comes_in_part_is_read_again(service: Any) -> None:
    service.replies = {
        "Customers?$deltatoken=1": page({"ID": "A"}, customer("B", None), deltaLink=NEXT),
        "Customers": page(customer("A", "whole")),
    }
    condition = Comparison(field="name", operator="eq", value="x")
    pages = read(service, condition=condition)
    by_key = {record["ID"]: record["name"] for record in records(pages)}
    assert by_key == {"A": "whole", "B": None}
    assert service.options()["$filter"] == "ID eq 'A'"
    assert pages[-1].token == NEXT


def test_nulls_that_are_stated_are_believed(service: Any) -> None:
    service.replies = {"Customers?$deltatoken=1": page(customer("B", None), deltaLink=NEXT)}
    assert records(read(service)) == [customer("B", None)]
    assert len(service.asked) == 1


@pytest.mark.parametrize(
    ("address", "is_read_again"),
    [({"address": None}, False), ({"address": {"city": None}}, False), ({"address": {}}, True)],
)
def test_parts_of_complex_values_may_be_left_out_too(
    service: Any, address: dict[str, Any], is_read_again: bool
) -> None:
    whole = page({"ID": "A", "address": {"city": "Brno"}})
    service.replies = {
        "Customers?$deltatoken=1": page({"ID": "A", **address}, deltaLink=NEXT),
        "Customers": whole,
    }
    (record,) = records(read(service, fields=("ID", "address/city")))
    assert record["address/city"] == ("Brno" if is_read_again else None)


def test_records_that_come_in_part_are_read_again_together(service: Any) -> None:
    value = [{"@id": f"Customers('{key}')", "name": "new"} for key in "ABC"]
    service.replies = {
        "Customers?$deltatoken=1": page(*value, deltaLink=NEXT),
        "Customers": page(*map(customer, "ABC")),
    }
    assert len(records(read(service))) == 3
    assert len(service.asked) == 2


def test_a_record_in_part_that_is_not_found_any_more_is_left_to_the_next_reading(
    service: Any,
) -> None:
    service.replies = {
        "Customers?$deltatoken=1": page({"ID": "A"}, deltaLink=NEXT),
        "Customers": page(),
    }
    pages = read(service)
    assert records(pages) == []
    assert gone(pages) == ()


def test_a_record_in_part_that_was_removed_before_is_there_again(service: Any) -> None:
    service.replies = {
        "Customers?$deltatoken=1": page(removed("A"), {"ID": "A"}, deltaLink=NEXT),
        "Customers": page(customer("A", "back")),
    }
    pages = read(service)
    assert records(pages) == [customer("A", "back")]
    assert gone(pages) == ()


def test_a_link_to_another_host_is_no_token(service: Any) -> None:
    link = "https://other.example.com/odata/Customers?$deltatoken=2"
    service.replies = {"Customers": page(customer("A"), deltaLink=link)}
    for since in (None, SINCE):
        with pytest.raises(ConfigurationError, match="never followed"):
            read(service, since)


def test_an_id_that_is_nested_too_deeply_names_no_record(service: Any) -> None:
    deep = b'{"value":[{"@removed":{},"id":' + b"[" * 700 + b"]" * 700 + b"}]}"
    service.replies = {"Customers": httpx.Response(200, content=deep)}
    with pytest.raises(ConfigurationError, match="does not say which record"):
        read(service)


# Tokens that are forgotten


def error(status: int, code: str = "", message: str = "") -> httpx.Response:
    return httpx.Response(status, json={"error": {"code": code, "message": message}})


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(410),
        error(410, message="The delta token is expired."),
        error(400, "0x80044352", "Version stamp associated with the client has expired."),
        error(500, "0x80044352", "Please perform a full sync."),
        error(400, "syncStateNotFound", "The sync state generation is not found."),
        error(400, message="Invalid delta token."),
        error(404, message="The deltatoken is unknown."),
        error(501, message="$deltatoken is not supported"),
        error(500, message="Entity does not support delta requests"),
    ],
)
def test_a_forgotten_token_is_an_expired_anchor(service: Any, answer: httpx.Response) -> None:
    service.replies = {"Customers": answer}
    with pytest.raises(AnchorExpired):
        read(service)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (error(400, message="Unknown field fax"), ConfigurationError),
        (error(400, message="Invalid security token."), ConfigurationError),
        (httpx.Response(400, text="Unexpected token < in JSON"), ConfigurationError),
        (error(404), ConfigurationError),
        (error(500, message="Out of tokens"), Unreachable),
    ],
)
def test_other_failures_stay_what_they_are(
    service: Any, answer: httpx.Response, kind: type[Exception]
) -> None:
    service.replies = {"Customers": answer}
    with pytest.raises(kind):
        read(service)


def test_without_a_token_nothing_expires(service: Any) -> None:
    service.replies = {"Customers": error(410, message="The delta token is expired.")}
    with pytest.raises(ConfigurationError):
        read(service, since=None)


# What the metadata says


def tracking(of_set: str, of_container: str = "") -> Capabilities:
    def annotation(supported: str) -> str:
        if not supported:
            return ""
        value = (
            ""
            if supported == "unsaid"
            else f'<PropertyValue Property="Supported" Bool="{supported}"/>'
        )
        return (
            '<Annotation Term="Org.OData.Capabilities.V1.ChangeTracking">'
            f"<Record>{value}</Record></Annotation>"
        )

    return (
        parse_metadata(
            f"""<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx">
        <edmx:DataServices><Schema xmlns="http://docs.oasis-open.org/odata/ns/edm" Namespace="N">
        <EntityType Name="Thing"><Key><PropertyRef Name="id"/></Key>
        <Property Name="id" Type="Edm.Int32" Nullable="false"/></EntityType>
        <EntityContainer Name="C">{annotation(of_container)}
        <EntitySet Name="Things" EntityType="N.Thing">{annotation(of_set)}</EntitySet>
        </EntityContainer></Schema></edmx:DataServices></edmx:Edmx>""".encode()
        )
        .entities[0]
        .capabilities
    )


@pytest.mark.parametrize(
    ("of_set", "of_container", "expected"),
    [
        ("true", "", True),
        ("unsaid", "", True),
        ("false", "", False),
        ("", "", False),
        ("", "true", True),
        ("false", "true", False),
        ("true", "false", True),
    ],
)
def test_change_tracking_is_what_the_set_or_its_container_says(
    of_set: str, of_container: str, expected: bool
) -> None:
    found = tracking(of_set, of_container)
    assert found.delta is expected
    assert found.deletes is (Deletes.NATIVE if expected else Deletes.KEY_SWEEP)


def test_change_tracking_in_json_metadata() -> None:
    term = {"@Org.OData.Capabilities.V1.ChangeTracking": {"Supported": True}}
    thing = {"$Kind": "EntityType", "$Key": ["id"], "id": {"$Type": "Edm.Int32"}}
    things = {"$Collection": True, "$Type": "N.Thing"}
    container = {"$Kind": "EntityContainer", "Things": things, **term}
    document = {"$Version": "4.01", "N": {"Thing": thing, "C": container}}
    assert parse_metadata(json.dumps(document).encode()).entities[0].capabilities.delta


# Published payloads

DATA = Path(__file__).parents[4] / "shared" / "data"
published = pytest.mark.skipif(not DATA.is_dir(), reason="the published documents are not here")


def payload(name: str) -> httpx.Response:
    text = (DATA / name).read_text(encoding="utf-8")
    for host in ("[Organization URI]", "https://api.businesscentral.dynamics.com"):
        text = text.replace(host, ROOT.rstrip("/"))
    return httpx.Response(200, text=text)


@published
@pytest.mark.parametrize("form", ["4.0", "4.01", "4.01-nested"])
def test_the_examples_of_the_specification(service: Any, form: str) -> None:
    entity = Entity(
        name="Customers",
        key=("CustomerID",),
        fields=(
            Field(name="CustomerID", kind=Kind.STRING, nullable=False),
            Field(name="ContactName", kind=Kind.STRING),
        ),
        capabilities=TRACKS,
    )
    names = {"BOTTM": "Susan Halvenstern", "ALFKI": "Blake Smithe"}
    whole = [{"CustomerID": key, "ContactName": name} for key, name in names.items()]
    service.replies = {
        "Customers?$deltatoken=1": payload(f"oasis-json-examples/delta-{form}.json"),
        "Customers": page(*whole),
    }
    pages = read(service, entity=entity, fields=("CustomerID", "ContactName"))
    assert records(pages) == whole
    assert gone(pages) == ("ANTON",)
    assert str(pages[-1].token).endswith("$deltatoken=8015")
    changed = {"ALFKI"} if form == "4.01-nested" else names.keys()
    filtered = service.options()["$filter"]
    assert {key for key in names if f"'{key}'" in filtered} == changed


ACCOUNTS = Entity(
    name="accounts",
    key=("accountid",),
    fields=(
        Field(name="accountid", kind=Kind.GUID, nullable=False),
        *(Field(name=n, kind=Kind.STRING) for n in ("name", "telephone1", "fax")),
    ),
    capabilities=TRACKS,
)


@published
def test_the_example_of_dataverse(service: Any) -> None:
    service.replies = {
        "accounts": payload("dataverse/docs/delta-initial.json"),
        "api/data/v9.0/accounts": payload("dataverse/docs/delta-changes.json"),
    }
    asked = {"entity": ACCOUNTS, "fields": ("accountid", "name", "fax")}
    *_, last = read(service, None, **asked)
    assert str(last.token).endswith("$deltatoken=919042%2108%2f22%2f2017%2008%3a10%3a44")
    pages = read(service, last.token, **asked)
    assert [record["name"] for record in records(pages)] == ["Monte Orton"]
    assert gone(pages) == ("2e451703-c686-e711-80e5-00155db19e6d",)


@published
def test_the_example_of_business_central(service: Any) -> None:
    """Of a version whose delta links have been withdrawn since."""
    entity = Entity(
        name="customers",
        key=("id",),
        fields=(
            Field(name="id", kind=Kind.GUID, nullable=False),
            Field(name="balance", kind=Kind.DECIMAL, precision=20, scale=4),
        ),
        capabilities=TRACKS,
    )
    service.replies = {"customers": payload("businesscentral/docs-delta-response-legacy-v1.json")}
    pages = read(service, ROOT + "customers?deltaToken=x", entity=entity, fields=("balance",))
    assert [r["balance"] for r in records(pages)] == [Decimal("8836.8000"), Decimal("4316.9200")]
    assert gone(pages) == ("e6b1c1f2-0694-46c0-96ec-6283627b1251",)


# Any feed


@dataclass
class History:
    """Changes by chance: how a service tells them, and what is there in the end."""

    chance: random.Random
    entries: list[dict[str, Any]] = field(default_factory=list)
    there: dict[str, dict[str, Any] | None] = field(default_factory=dict)

    def go_on(self) -> None:
        key = self.chance.choice(["a", "b", "O'N", "a/b"])
        name = str(len(self.entries))
        before = self.there.get(key) or customer(key, total="7.0000")
        entry: dict[str, Any] = self.chance.choice(
            [
                removed(key),
                {"@odata.context": "#Customers/$deletedEntity", "id": reference(key)},
                customer(key, name, total=None),
                {"ID": key, "name": name},
                {"@odata.id": reference(key), "name": None},
            ]
        )
        is_gone = "name" not in entry
        stated = {n: v for n, v in entry.items() if n in ("name", "total")}
        self.there[key] = None if is_gone else {**before, **stated}
        self.entries.append(entry)

    def find(self, request: httpx.Request) -> httpx.Response:
        wanted = unquote(request.url.raw_path.decode()).replace("''", "'")
        found = [r for key, r in self.there.items() if r and f"'{key}'" in wanted]
        return page(*found)


def reference(key: str) -> str:
    return f"Customers('{quote(key.replace(chr(39), chr(39) * 2), safe='')}')"


@pytest.mark.parametrize("seed", range(60))
def test_whatever_happened_the_end_is_what_is_there(service: Any, seed: int) -> None:
    history = History(random.Random(seed))
    for _ in range(seed % 15):
        history.go_on()
    size = 1 + seed % 4
    parts = [history.entries[at : at + size] for at in range(0, len(history.entries), size)] or [[]]
    targets = ["Customers?$deltatoken=1", *(f"Customers?p{n}" for n in range(1, len(parts)))]
    for target, part, following in zip(targets, parts, [*targets[1:], ""], strict=True):
        link = {"nextLink": following} if following else {"deltaLink": NEXT}
        service.replies[target] = page(*part, **link)
    service.replies["Customers"] = history.find

    pages = read(service, fields=("ID", "name", "total"))

    found: dict[str, Any] = {record["ID"]: record for record in records(pages)}
    found.update(dict.fromkeys(gone(pages)))
    assert found == {
        key: record and {**record, "total": record["total"] and Decimal(record["total"])}
        for key, record in history.there.items()
    }
