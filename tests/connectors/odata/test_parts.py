"""Lookups of several targets: a part for each type that their value may be of."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pytest

from tandem.connectors.base import ETAG, Page, Query, Written
from tandem.connectors.odata.body import bodies
from tandem.connectors.odata.dialects.families import DATAVERSE
from tandem.connectors.odata.metadata import parse_metadata
from tandem.connectors.odata.page import PageReader
from tandem.connectors.odata.ready import made_ready
from tandem.model.filters import Comparison
from tandem.model.schema import Entity

DATA = Path(__file__).parents[4] / "shared" / "data"
ONE, TWO = "00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002"
TYPE = "Microsoft.Dynamics.CRM.lookuplogicalname"
WISHED = f'odata.include-annotations="{TYPE}"'
METADATA = """<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx">
<edmx:DataServices><Schema Namespace="Microsoft.Dynamics.CRM" Alias="mscrm"
 xmlns="http://docs.oasis-open.org/odata/ns/edm">
<EntityType Name="account"><Key><PropertyRef Name="accountid"/></Key>
<Property Name="accountid" Type="Edm.Guid"/></EntityType>
<EntityType Name="contact"><Key><PropertyRef Name="contactid"/></Key>
<Property Name="contactid" Type="Edm.Guid"/></EntityType>
<EntityType Name="principal" Abstract="true"><Key><PropertyRef Name="ownerid"/></Key>
<Property Name="ownerid" Type="Edm.Guid"/></EntityType>
<EntityType Name="systemuser" BaseType="mscrm.principal">
<Property Name="systemuserid" Type="Edm.Guid"/></EntityType>
<EntityType Name="team" BaseType="mscrm.principal"/>
<EntityType Name="incident"><Key><PropertyRef Name="incidentid"/></Key>
<Property Name="incidentid" Type="Edm.Guid"/><Property Name="title" Type="Edm.String"/>
<Property Name="_customerid_value" Type="Edm.Guid"/>
<Property Name="_ownerid_value" Type="Edm.Guid"/>
<Property Name="_owninguser_value" Type="Edm.Guid"/>
<NavigationProperty Name="customerid_account" Type="mscrm.account">
<ReferentialConstraint Property="_customerid_value" ReferencedProperty="accountid"/>
</NavigationProperty>
<NavigationProperty Name="customerid_contact" Type="mscrm.contact">
<ReferentialConstraint Property="_customerid_value" ReferencedProperty="contactid"/>
</NavigationProperty>
<NavigationProperty Name="ownerid" Type="mscrm.principal">
<ReferentialConstraint Property="_ownerid_value" ReferencedProperty="ownerid"/>
</NavigationProperty>
<NavigationProperty Name="owninguser" Type="mscrm.systemuser">
<ReferentialConstraint Property="_owninguser_value" ReferencedProperty="systemuserid"/>
</NavigationProperty></EntityType>
<EntityContainer Name="System">
<EntitySet Name="accounts" EntityType="Microsoft.Dynamics.CRM.account"/>
<EntitySet Name="contacts" EntityType="Microsoft.Dynamics.CRM.contact"/>
<EntitySet Name="principals" EntityType="Microsoft.Dynamics.CRM.principal"/>
<EntitySet Name="systemusers" EntityType="Microsoft.Dynamics.CRM.systemuser"/>
<EntitySet Name="teams" EntityType="Microsoft.Dynamics.CRM.team"/>
<EntitySet Name="incidents" EntityType="Microsoft.Dynamics.CRM.incident"/></EntityContainer>
</Schema></edmx:DataServices></edmx:Edmx>"""
PARTS = ("customerid_account", "customerid_contact")


def incidents() -> Entity:
    return parse_metadata(METADATA.encode()).entity("incidents")


def asked(*names: str, condition: Comparison | None = None) -> Query:
    now = datetime(2026, 3, 4, tzinfo=UTC)
    return Query(entity=incidents(), fields=names, now=now, condition=condition)


def incident(number: int, customer: str | None, type_name: str | None, **more: Any) -> Any:
    said = {} if type_name is None else {f"_customerid_value@{TYPE}": type_name}
    key = f"00000000-0000-0000-0000-0000000000{number:02d}"
    return {"incidentid": key, **said, "_customerid_value": customer, **more}


def listing(*records: Any, **more: Any) -> httpx.Response:
    return httpx.Response(200, json={"value": list(records), **more})


def rows(pages: list[Page]) -> list[dict[str, Any]]:
    return [row for page in pages for row in page.records.to_pylist()]


def test_each_target_has_a_part_named_by_what_leads_to_it() -> None:
    entity = incidents()
    parts = {f.name: f for f in entity.fields if f.part_of}
    assert [*parts] == [*PARTS, "ownerid_systemuser", "ownerid_team"]
    account = parts["customerid_account"]
    assert account.part_of == "_customerid_value"
    assert account.lookup[0].model_dump() == {
        "entity": "accounts", "field": "accountid", "navigation": "customerid_account",
        "type": "account",
    }  # fmt: skip
    assert account.by_navigation
    assert not account.filterable
    assert entity.field("_customerid_value").read_only
    user = entity.field("_owninguser_value")
    assert (user.by_navigation, user.lookup[0].field, user.part_of) == (True, "ownerid", "")


def test_other_services_have_no_parts() -> None:
    other = METADATA.replace('Namespace="Microsoft.Dynamics.CRM"', 'Namespace="Other"').replace(
        '"Microsoft.Dynamics.CRM.', '"Other.'
    )
    entity = parse_metadata(other.encode()).entity("incidents")
    assert not any(field.part_of for field in entity.fields)
    assert entity.field("_ownerid_value").by_navigation


def test_a_part_has_the_value_where_the_annotation_says_its_type(service: Any) -> None:
    service.replies["incidents"] = listing(
        incident(1, ONE, "account"), incident(2, TWO, "contact"), incident(3, None, None)
    )
    found = rows(list(service.connector().read(asked(*PARTS))))
    assert [tuple(row[name] for name in PARTS) for row in found] == [
        (ONE, None), (None, TWO), (None, None),
    ]  # fmt: skip
    assert service.options(0)["$select"] == "_customerid_value,incidentid"
    assert WISHED in service.requests[0].headers.get_list("prefer")[0]
    assert len(service.requests[0].headers.get_list("prefer")) == 1


def test_no_annotation_is_asked_for_where_no_part_is_read(service: Any) -> None:
    service.replies["incidents"] = listing(incident(1, ONE, None))
    list(service.connector().read(asked("_customerid_value")))
    assert "annotations" not in service.requests[0].headers["prefer"]


def test_a_reference_that_does_not_say_its_type_is_unreadable(service: Any) -> None:
    service.replies["incidents"] = listing(incident(1, ONE, None), incident(2, TWO, "contact"))
    (page,) = service.connector().read(asked("customerid_contact"))
    assert page.records.to_pylist() == [{"customerid_contact": TWO}]
    assert "does not say of which type" in page.unreadable[0].reason


def test_conditions_on_parts_are_evaluated_here(service: Any) -> None:
    service.replies["incidents"] = listing(
        incident(1, ONE, "account"), incident(2, ONE, "contact"), incident(3, None, None)
    )
    for operator, wanted in (("eq", 1), ("null", 2)):
        value = ONE if operator == "eq" else None
        condition = Comparison(field="customerid_account", operator=operator, value=value)
        query = asked("incidentid", condition=condition)
        assert len(rows(list(service.connector().read(query)))) == wanted
        assert "$filter" not in service.options()


def test_changes_without_the_annotation_are_read_again(service: Any) -> None:
    since = "https://erp.example.com/odata/incidents?$deltatoken=1"
    link = {"@odata.deltaLink": "incidents?$deltatoken=2"}
    title = {"title": "x"}

    def reply(request: httpx.Request) -> httpx.Response:
        if "deltatoken" in str(request.url):
            records = (incident(1, ONE, None, **title), incident(2, TWO, "contact", **title))
            return listing(*records, **link)
        return listing(incident(1, ONE, "account", **title))

    service.replies["incidents"] = reply
    found = rows(list(service.connector().changes(asked("title", *PARTS), since)))
    assert sorted((row["customerid_account"] or "", row["title"]) for row in found) == [
        ("", "x"), (ONE, "x"),
    ]  # fmt: skip
    assert WISHED in service.requests[0].headers["prefer"]
    assert "*" not in service.requests[0].headers["prefer"]
    assert "FormattedValue" not in service.requests[0].headers["prefer"]


def test_records_are_found_by_a_part(service: Any) -> None:
    service.replies["incidents"] = listing(incident(1, ONE, "account"))
    keys = pa.RecordBatch.from_pydict({"customerid_account": [ONE]})
    assert len(rows(list(service.connector().find(asked("customerid_account"), keys)))) == 1
    assert service.options()["$filter"] == f"_customerid_value eq {ONE}"


def written(given: dict[str, list[bool]] | None = None, **columns: Any) -> list[Any]:
    records = pa.RecordBatch.from_pydict({n: pa.array(v, pa.string()) for n, v in columns.items()})
    masks = pa.RecordBatch.from_pydict(given) if given else None
    ready = made_ready(incidents(), records, masks)
    texts = bodies(ready.for_update(), records.num_rows, DATAVERSE)
    return [ready.problems.get(row) or (t and json.loads(t)) for row, t in enumerate(texts)]


def test_the_part_that_has_a_value_is_written() -> None:
    accounts, contacts = [ONE, None, None, ONE], [None, TWO, None, TWO]
    one, two, none, both = written(customerid_account=accounts, customerid_contact=contacts)
    assert one == {"customerid_account@odata.bind": f"accounts({ONE})"}
    assert two == {"customerid_contact@odata.bind": f"contacts({TWO})"}
    assert none == {"customerid_account@odata.bind": None}
    assert "cannot both have a value" in both


def test_parts_that_are_not_given_are_not_written() -> None:
    given = {"customerid_account": [False, False], "customerid_contact": [True, False]}
    assert written(given, customerid_account=[ONE, ONE], customerid_contact=[None, TWO]) == [
        {"customerid_contact@odata.bind": None}, None,
    ]  # fmt: skip


def test_parts_of_one_navigation_property_are_one_member() -> None:
    users, teams = [ONE, None, None], [None, TWO, None]
    assert written(ownerid_systemuser=users, ownerid_team=teams) == [
        {"ownerid@odata.bind": f"systemusers({ONE})"},
        {"ownerid@odata.bind": f"teams({TWO})"},
        {"ownerid@odata.bind": None},
    ]


def test_what_was_written_is_told_by_parts_too(service: Any) -> None:
    made = incident(1, ONE, "account")
    service.replies["incidents"] = httpx.Response(201, json=made)
    records = pa.RecordBatch.from_pydict({"customerid_account": [ONE]})
    result = service.connector().create(incidents(), records, returning=["customerid_contact"])
    row = result.records.to_pylist()[0]
    assert (row["customerid_account"], row["customerid_contact"]) == (ONE, None)
    assert service.requests[0].headers["prefer"] == f"return=representation,{WISHED}"
    assert json.loads(service.requests[0].content) == {
        "customerid_account@odata.bind": f"accounts({ONE})"
    }


@pytest.mark.skipif(not DATA.is_dir(), reason="the published payloads are not here")
def test_the_published_annotations_of_owners_are_understood() -> None:
    metadata = (DATA / "dataverse/dynamics-crm4-v9.1-metadata.xml").read_bytes()
    accounts = parse_metadata(metadata).entity("accounts")
    body = (DATA / "dataverse/docs/lookup-annotations.json").read_bytes()
    names = ["ownerid_systemuser", "ownerid_team"]
    records = PageReader(accounts, names, {}).read(body).page.records.select(names)
    assert records.to_pylist() == [
        {"ownerid_systemuser": None, "ownerid_team": "39e0dbe4-131b-e111-ba7e-78e7d1620f5e"},
        {"ownerid_systemuser": "4026be43-6b69-e111-8f65-78e7d1620f5e", "ownerid_team": None},
    ]


KEY = "00000000-0000-0000-0000-000000000001"
RECORD = f"incidents({KEY})"


def update(service: Any, given: dict[str, list[bool]] | None = None, **values: Any) -> Written:
    columns = {n: pa.array([v], pa.string()) for n, v in {"incidentid": KEY, **values}.items()}
    masks = pa.RecordBatch.from_pydict(given) if given else None
    records = pa.RecordBatch.from_pydict(columns)
    return service.connector().update(incidents(), records, given=masks)


def patches(service: Any) -> list[Any]:
    return [json.loads(r.content) for r in service.requests if r.method == "PATCH"]


@pytest.mark.parametrize(
    ("customer", "type_name", "cleared"),
    [(ONE, "account", True), (TWO, "contact", False), (ONE, "lead", False), (None, None, False)],
)
@pytest.mark.parametrize("contact", [{}, {"customerid_contact": TWO}], ids=["unmapped", "withheld"])
def test_a_null_of_one_part_clears_no_reference_to_another_target(
    service: Any, customer: str | None, type_name: str | None, cleared: bool, contact: Any
) -> None:
    service.replies["incidents"] = listing(incident(1, customer, type_name, title="x"))
    service.replies[RECORD] = httpx.Response(204)
    given = {name: [False] for name in contact}
    done = update(service, given, title="x", customerid_account=None, **contact)
    assert (done.rejected, done.missing, done.changed) == ({}, (), ())
    null = {"customerid_account@odata.bind": None}
    assert patches(service) == [{"title": "x", **(null if cleared else {})}]


def test_where_nothing_is_left_to_write_nothing_is_sent(service: Any) -> None:
    service.replies["incidents"] = listing(incident(1, TWO, "contact"))
    done = update(service, customerid_account=None)
    assert (done.rejected, done.missing) == ({}, ())
    assert not patches(service)


def test_what_gives_all_parts_or_a_value_is_written_without_a_look(service: Any) -> None:
    service.replies[RECORD] = httpx.Response(200, json=incident(1, None, None))
    update(service, customerid_account=None, customerid_contact=None)
    service.replies[RECORD] = httpx.Response(200, json=incident(1, ONE, "account"))
    update(service, customerid_account=ONE)
    assert [request.method for request in service.requests] == ["PATCH", "PATCH"]


def test_a_null_of_one_part_is_not_sent_where_its_record_cannot_be_read(service: Any) -> None:
    service.replies["incidents"] = listing(incident(1, ONE, None))
    done = update(service, customerid_account=None)
    assert "cannot be read" in done.rejected[0]
    service.replies["incidents"] = httpx.Response(503)
    done = update(service, customerid_account=None)
    assert done.unsent == (0,)
    assert not patches(service)


def test_a_record_that_is_gone_is_missing_also_for_a_null_of_one_part(service: Any) -> None:
    service.replies["incidents"] = listing()
    service.replies[RECORD] = httpx.Response(404)
    assert update(service, customerid_account=None).missing == (0,)


@pytest.mark.parametrize(("customer", "type_name"), [(TWO, "contact"), (None, None)])
def test_a_repeated_clearing_of_a_lookup_takes_no_others_value_for_its_own(
    service: Any, customer: str | None, type_name: str | None
) -> None:
    lost = [httpx.ReadError("gone"), httpx.Response(412)]

    def patched(_request: httpx.Request) -> httpx.Response:
        answer = lost.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    service.replies[RECORD] = patched
    service.replies["incidents"] = listing(incident(1, customer, type_name))
    parts = {name: pa.array([None], pa.string()) for name in PARTS}
    records = pa.RecordBatch.from_pydict({"incidentid": [KEY], **parts})
    seen = pa.RecordBatch.from_pydict({ETAG: ['W/"1"']})
    done = service.connector().update(incidents(), records, seen=seen)
    assert len(patches(service)) == 2
    assert done.changed == ((0,) if customer else ())
