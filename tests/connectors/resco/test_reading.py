"""Records come by OData; what their lookups refer to, by whatever says it."""

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

import httpx
import pyarrow as pa
import pytest
from tests.connectors.resco.organization import A1, A2, C1, W1, W2, Organization, page, xml

from tandem.connectors.base import ETAG, Query
from tandem.connectors.resco.connector import RescoConnector
from tandem.model.filters import Comparison, Condition

NOW = datetime(2026, 3, 18, tzinfo=UTC)
ORDERS = "GET /odata/v4/fs_workorder"
FETCH = "POST /rest/v1/data"
PARTS = ("id", "customerid", "customerid_account", "customerid_contact")


def query(
    connector: RescoConnector, entity: str, *fields: str, condition: Condition | None = None
) -> Query:
    return Query(connector.schema().entity(entity), fields, NOW, condition)


def read(connector: RescoConnector, entity: str, *fields: str) -> list[dict[str, Any]]:
    pages = list(connector.read(query(connector, entity, *fields)))
    assert not [page.unreadable for page in pages if page.unreadable]
    return [record for page in pages for record in page.records.to_pylist()]


def options(request: httpx.Request) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(request.url.query.decode()).items()}


def as_account(**value: Any) -> dict[str, Any]:
    return {"id": W1, "versionnumber": 5, **value}


TO_ACCOUNT = [
    as_account(__customerid_id=f"account:{A1}:Contoso: the first"),
    as_account(__customerid_id=f"account:{A1.upper()}"),
    as_account(__customerid_id={"id": A1, "logicalname": "account"}),
    as_account(__customerid_id={"@odata.type": "#RescoCrm.account", "id": A1}),
    as_account(__customerid_id=A1, **{"__customerid_id@x.lookuplogicalname": "account"}),
]


@pytest.mark.parametrize("record", TO_ACCOUNT, ids=range(len(TO_ACCOUNT)))
def test_a_lookup_may_say_in_many_ways_what_it_refers_to(
    organization: Organization, record: dict[str, Any]
) -> None:
    organization.replies[ORDERS] = page(record)

    assert read(organization.connector(), "fs_workorder", *PARTS) == [
        {"id": W1, "customerid": A1, "customerid_account": A1, "customerid_contact": None}
    ]


def test_the_data_service_is_asked_for_what_odata_does_not_tell(organization: Organization) -> None:
    organization.replies[ORDERS] = page(
        {"id": W1, "__customerid_id": A1}, {"id": W2, "__customerid_id": C1}
    )
    organization.replies[FETCH] = xml(
        "<FetchResult><Entities>"
        f"<Entity EntityName='fs_workorder'><id>{W1}</id>"
        f"<customerid>account:{A1}:Contoso</customerid></Entity>"
        f"<Entity EntityName='fs_workorder'><id>{W2}</id>"
        f"<customerid>contact:{C1}</customerid></Entity>"
        "</Entities></FetchResult>"
    )

    records = read(organization.connector(), "fs_workorder", *PARTS)

    assert [r["customerid_account"] for r in records] == [A1, None]
    assert [r["customerid_contact"] for r in records] == [None, C1]
    (asked,) = organization.asked("POST", "/rest/v1/data")
    assert f"<value>{W1}</value>" in asked.content.decode()


def test_a_lookup_of_which_nobody_tells_the_entity_does_not_pass_for_null(
    organization: Organization,
) -> None:
    organization.replies[ORDERS] = page({"id": W1, "__customerid_id": A1})
    organization.replies[FETCH] = xml("<FetchResult><Entities/></FetchResult>")
    connector = organization.connector()

    (only,) = connector.read(query(connector, "fs_workorder", *PARTS))

    assert only.records.num_rows == 0
    assert [record.id for record in only.unreadable] == [W1]


def test_a_lookup_of_one_target_needs_to_say_nothing(organization: Organization) -> None:
    organization.replies["GET /odata/v4/contact"] = page(
        {"id": C1, "__parentcustomerid_id": A1}, {"id": A2, "__parentcustomerid_id": None}
    )

    records = read(organization.connector(), "contact", "parentcustomerid")

    assert [r["parentcustomerid"] for r in records] == [A1, None]
    assert not organization.asked("POST", "/rest/v1/data")


def test_a_value_that_is_no_lookup_makes_its_record_unreadable(organization: Organization) -> None:
    organization.replies["GET /odata/v4/contact"] = page(
        {"id": C1, "__parentcustomerid_id": "Contoso"}, {"id": A2, "__parentcustomerid_id": A1}
    )
    connector = organization.connector()

    (only,) = connector.read(query(connector, "contact", "id", "parentcustomerid"))

    assert only.records.to_pylist() == [{"id": A2, "parentcustomerid": A1}]
    assert [(u.id, "parentcustomerid" in u.reason) for u in only.unreadable] == [(C1, True)]


def test_pages_follow_links_and_carry_etags(organization: Organization) -> None:
    link = "https://contoso.rescocrm.com/odata/v4/account?$skiptoken=2"
    first = {"@odata.etag": 'W/"0A"', "id": A1, "name": "One"}
    second = {"@odata.etag": 'W/"0B"', "id": A2, "name": "Two"}
    organization.replies["GET /odata/v4/account"] = [
        page(first, **{"@odata.nextLink": link}),
        page(second),
    ]

    records = read(organization.connector(), "account", "name")

    assert [(r["name"], r[ETAG]) for r in records] == [("One", 'W/"0A"'), ("Two", 'W/"0B"')]


def test_what_is_asked_for_has_odatas_names(organization: Organization) -> None:
    organization.replies["GET /odata/v4/contact"] = page()
    connector = organization.connector()
    same = Comparison(field="parentcustomerid", operator="eq", value=A1)

    list(connector.read(query(connector, "contact", "parentcustomerid", condition=same)))

    (asked,) = organization.asked("GET", "/odata/v4/contact")
    assert options(asked)["$select"] == "__parentcustomerid_id,id"
    assert options(asked)["$filter"] == f"__parentcustomerid_id eq {A1}"
    assert "odata.include-annotations=*,resco.strictlookup=true" in asked.headers["Prefer"]


def test_a_condition_on_a_part_is_looked_at_here(organization: Organization) -> None:
    organization.replies[ORDERS] = page(
        {"id": W1, "__customerid_id": f"account:{A1}"},
        {"id": W2, "__customerid_id": f"contact:{C1}"},
    )
    connector = organization.connector()
    there = Comparison(field="customerid_contact", operator="not_null")

    pages = list(connector.read(query(connector, "fs_workorder", "id", condition=there)))

    assert [r["id"] for page in pages for r in page.records.to_pylist()] == [W2]
    assert "$filter" not in options(organization.asked("GET", "fs_workorder")[0])


def test_records_are_found_by_a_lookup(organization: Organization) -> None:
    organization.replies["GET /odata/v4/contact"] = page({"id": C1, "__parentcustomerid_id": A1})
    connector = organization.connector()
    keys = pa.RecordBatch.from_pydict({"parentcustomerid": [A1]})

    (only,) = connector.find(query(connector, "contact", "parentcustomerid"), keys)

    assert only.records.to_pylist() == [{"parentcustomerid": A1}]
    (asked,) = organization.asked("GET", "/odata/v4/contact")
    assert options(asked)["$filter"] == f"__parentcustomerid_id eq {A1}"


def test_what_is_settled_ends_before_the_first_open_transaction(organization: Organization) -> None:
    organization.replies[FETCH] = xml(
        "<FetchResult><Entities/><MinActiveRowVersion>42</MinActiveRowVersion></FetchResult>"
    )
    connector = organization.connector()

    assert connector.settled_version(connector.schema().entity("account")) == 41


def test_nothing_is_settled_where_nobody_says_so(organization: Organization) -> None:
    organization.replies[FETCH] = xml("<FetchResult><Entities/></FetchResult>")
    connector = organization.connector()

    assert connector.settled_version(connector.schema().entity("account")) is None


@pytest.mark.parametrize("text", ["41", "<Result>41</Result>", '"41"', "0x0000000000000029"])
def test_the_greatest_version_is_a_number_however_it_comes(
    organization: Organization, text: str
) -> None:
    organization.replies["POST /rest/v1/data/GetMaxRowVersion"] = httpx.Response(200, text=text)

    connector = organization.connector()
    account = connector.schema().entity("account")
    assert connector.newest_version(account) == 41


def test_a_check_tells_whom_it_met_and_what_does_not_work(organization: Organization) -> None:
    organization.replies["POST /rest/v1/data/GetMaxRowVersion"] = httpx.Response(404)

    told = organization.connector().check()

    assert "organization contoso, user u1" in told
    assert "3 entity sets" in told
    assert "GetMaxRowVersion cannot be read" in told
    assert json.dumps("s3cret") not in told
