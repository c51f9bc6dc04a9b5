"""The simulated Business Central as those who read it see it."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest

from tandem.demo.business_central.api import API
from tandem.demo.business_central.control import Control
from tandem.demo.business_central.pages import NO_GUID
from tandem.demo.business_central.sample import COMPANIES, fill
from tandem.demo.business_central.service import (
    CUSTOM_ROOT,
    ROOT,
    WEB_SERVICE_ROOT,
    create_app,
)
from tandem.demo.data import Sizes
from tandem.demo.server import serving

DATA = Path(__file__).parents[3] / "shared" / "data" / "businesscentral"
PUBLISHED = DATA / "bc-api-v2.0-metadata.xml"
EDM = "{http://docs.oasis-open.org/odata/ns/edm}"
CRONUS, MINE = COMPANIES
HOME = f"companies({CRONUS.id})/"
CONTROL = Control(expanded_size=2)
Record = dict[str, Any]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    database = tmp_path_factory.mktemp("bc") / "bc.db"
    fill(database, Sizes(accounts=30, contacts=40, work_orders=50))
    app = create_app(database, control=CONTROL)
    with serving(app, root=ROOT) as url, httpx.Client(base_url=url) as client:
        yield client


def at(client: httpx.Client, root: str, path: str) -> httpx.Response:
    return client.get(client.base_url.copy_with(path="/").join(f"{root}{path}"))


def values(client: httpx.Client, path: str, **headers: str) -> list[Record]:
    response = client.get(path, headers=headers)
    assert response.status_code == 200, response.text
    found: list[Record] = response.json()["value"]
    return found


def error(response: httpx.Response) -> tuple[int, str, str]:
    told = response.json()["error"]
    message, told_as, _ = told["message"].partition("  CorrelationId:  ")
    assert told_as
    return response.status_code, told["code"], message


def metadata(client: httpx.Client, root: str = ROOT) -> ElementTree.Element:
    return ElementTree.fromstring(at(client, root, "$metadata").content)  # noqa: S314 ours


def test_there_are_two_companies_with_records_of_their_own(client: httpx.Client):
    companies = values(client, "companies")
    assert {item["name"] for item in companies} == {CRONUS.name, MINE.name}
    ids = [{r["id"] for r in values(client, f"companies({c['id']})/customers")} for c in companies]
    assert not ids[0] & ids[1]


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        (f"companies({MINE.id})/customers", {}),
        ("customers?company=My%20Company", {}),
        (f"customers?company={MINE.id}", {}),
        ("customers", {"Company": "My Company"}),
    ],
)
def test_company_is_chosen_by_path_option_or_header(client: httpx.Client, path, headers):
    found = client.get(path, headers=headers).json()
    assert found["@odata.context"].endswith(f"#companies({MINE.id})/customers")
    assert found["value"]


@pytest.mark.parametrize("name", ["my company", "None such"])
def test_company_of_another_name_is_a_404(client: httpx.Client, name):
    response = client.get("customers", headers={"Company": name})
    assert error(response)[:2] == (404, "Internal_CompanyNotFound")


def test_no_company_is_a_404(client: httpx.Client):
    assert error(client.get("customers"))[:2] == (404, "Internal_CompanyNotFound")


def test_web_services_are_below_a_company_by_name(client: httpx.Client):
    company = "Company('CRONUS%20International%20Ltd.')"
    for name in ("RescoCustomer", "RescoContact", "RescoServiceOrder"):
        found = at(client, WEB_SERVICE_ROOT, f"{company}/{name}?$top=1").json()
        assert found["@odata.context"].endswith(f"$metadata#{company}/{name}")
        assert {"No", "SystemModifiedAt", "RowVersionNumber"} <= found["value"][0].keys()
    key = "DocumentType='Order',No='WO-0000001'"
    for way in (company, f"Company(Id={CRONUS.id})"):
        order = at(client, WEB_SERVICE_ROOT, f"{way}/RescoServiceOrder({key})").json()
        assert (order["DocumentType"], order["No"]) == ("Order", "WO-0000001")
    lower = at(client, WEB_SERVICE_ROOT, "Company('cronus%20international%20ltd.')/RescoCustomer")
    assert error(lower)[:2] == (404, "Internal_CompanyNotFound")


def test_custom_api_has_a_route_of_its_own(client: httpx.Client):
    asset = at(client, CUSTOM_ROOT, f"{HOME}assets?$top=1").json()["value"][0]
    assert {"no", "state", "systemModifiedAt", "systemRowVersion"} <= asset.keys()


def test_another_environment_is_not_there(client: httpx.Client):
    response = at(client, "/v2.0/contoso.example/Sandbox/api/v2.0/", "companies")
    assert error(response)[:2] == (404, "NoEnvironment")


@pytest.mark.parametrize("root", [ROOT, CUSTOM_ROOT, WEB_SERVICE_ROOT])
def test_metadata_is_in_the_form_of_its_own(client: httpx.Client, root):
    document = metadata(client, root)
    schema = document.find(f".//{EDM}Schema")
    assert schema is not None
    assert schema.get("Namespace") == ("NAV" if root == WEB_SERVICE_ROOT else "Microsoft.NAV")
    navigations = document.findall(f".//{EDM}NavigationProperty")
    assert {item.get("ContainsTarget") for item in navigations} == {"true"}
    tracked = document.findall(f".//{EDM}PropertyValue[@Property='Supported']")
    assert {item.get("Bool") for item in tracked} == {"false"}
    assert len(tracked) == len(document.findall(f".//{EDM}EntitySet"))


def test_lines_hang_on_their_header_by_a_constraint_turned_round(client: httpx.Client):
    lines = metadata(client).find(
        f".//{EDM}EntityType[@Name='salesOrder']/{EDM}NavigationProperty[@Name='salesOrderLines']"
    )
    assert lines is not None
    assert lines.get("Type") == "Collection(Microsoft.NAV.salesOrderLine)"
    assert lines[0].attrib == {"Property": "id", "ReferencedProperty": "documentId"}


@pytest.mark.skipif(not PUBLISHED.exists(), reason="the published document is not here")
def test_pages_have_the_published_properties(client: httpx.Client):
    def properties(document: ElementTree.Element, name: str) -> dict[str, dict[str, str]]:
        found = document.findall(f".//{EDM}EntityType[@Name='{name}']/{EDM}Property")
        return {item.attrib["Name"]: dict(item.attrib) for item in found}

    published = ElementTree.parse(PUBLISHED).getroot()  # noqa: S314
    own = metadata(client)
    for page in API.by_name.values():
        name = page.entity_set.type_name
        theirs, ours = properties(published, name), properties(own, name)
        for path, attributes in ours.items():
            relaxed = theirs[path] | {"Nullable": attributes.get("Nullable", "")}
            assert attributes | {"Nullable": relaxed["Nullable"]} == relaxed, (name, path)


def test_blanks_are_not_null(client: httpx.Client):
    for name in ("customers", "contacts", "salesOrders", "items"):
        assert not [r for r in values(client, f"{HOME}{name}") if None in r.values()]
    order = values(client, f"{HOME}salesOrders?$top=1")[0]
    assert order["postingDate"] == "0001-01-01"
    assert order["currencyId"] == NO_GUID
    assert order["email"] == ""
    assert order["discountAmount"] == 0


def test_members_of_enumerations_are_coded(client: httpx.Client):
    customers = values(client, f"{HOME}customers")
    assert {item["blocked"] for item in customers} == {"_x0020_", "Ship", "Invoice", "All"}
    for literal in ("'_x0020_'", "Microsoft.NAV.customerBlocked'_x0020_'"):
        found = values(client, f"{HOME}customers?$filter=blocked eq {literal}")
        assert found == [item for item in customers if item["blocked"] == "_x0020_"]
    assert client.get(f"{HOME}customers?$filter=blocked eq ' '").status_code == 400
    assert values(client, f"{HOME}items?$filter=type eq 'Non_x002D_Inventory'")


def test_times_have_milliseconds_at_most(client: httpx.Client):
    for record in values(client, f"{HOME}customers"):
        assert re.fullmatch(r"\S{19}(\.\d{1,3})?Z", record["lastModifiedDateTime"])


def test_changes_are_found_by_the_time_of_the_last_one(client: httpx.Client):
    everyone = values(client, f"{HOME}customers?$orderby=lastModifiedDateTime")
    since = everyone[20]["lastModifiedDateTime"]
    found = values(
        client,
        f"{HOME}customers?$filter=lastModifiedDateTime ge {since}&$orderby=lastModifiedDateTime",
    )
    assert found == everyone[20:]


@pytest.mark.parametrize(
    ("filter_", "words"),
    [
        ("city eq 'Brno' or country eq 'CZ'", "not supported on distinct fields"),
        ("(city eq 'Brno' and country eq 'CZ') or city eq 'Praha'", "distinct fields"),
        ("city in ('Brno')", "$schemaversion=2.1"),
        ("town eq 'Brno'", "Could not find a property named 'town'"),
    ],
)
def test_filter_that_is_not_supported_is_refused(client: httpx.Client, filter_, words):
    status, code, message = error(client.get(f"{HOME}customers?$filter={filter_}"))
    assert (status, code) == (400, "BadRequest")
    assert words in message


def test_alternatives_of_one_field_are_taken(client: httpx.Client):
    filter_ = "(city eq 'Brno' or city eq 'Praha') and country eq 'CZ'"
    found = values(client, f"{HOME}customers?$filter={filter_}")
    assert {item["city"] for item in found} == {"Brno", "Praha"}
    listed = values(client, f"{HOME}customers?$schemaversion=2.1&$filter=city in ('Brno','Praha')")
    assert listed == found


def test_lambda_is_ignored(client: httpx.Client):
    filter_ = "salesOrderLines/any(line:line/quantity gt 100000)"
    assert len(values(client, f"{HOME}salesOrders?$filter={filter_}")) == 50


def test_changes_are_not_tracked(client: httpx.Client):
    response = client.get(f"{HOME}customers", headers={"Prefer": "odata.track-changes"})
    assert "preference-applied" not in response.headers
    assert "@odata.deltaLink" not in response.json()
    assert error(client.get(f"{HOME}customers?$deltatoken=x"))[0] == 400


def test_pages_follow_opaque_links(client: httpx.Client):
    prefer = {"Prefer": "odata.maxpagesize=7"}
    page = client.get(f"{HOME}customers?$select=number", headers=prefer).json()
    found = page["value"]
    while link := page.get("@odata.nextLink"):
        assert "aid=" in link
        assert "$skiptoken=" in link
        page = client.get(link, headers=prefer).json()
        found += page["value"]
    assert found == values(client, f"{HOME}customers?$select=number")
    assert len(found) == 30


def test_lines_need_a_document_or_an_id(client: httpx.Client):
    told = error(client.get(f"{HOME}salesOrderLines"))
    words = "You must specify an Id or a Document Id to get the lines."
    assert told == (400, "Application_DialogException", words)
    order = values(client, f"{HOME}salesOrders?$orderby=number")[1]["id"]
    below = values(client, f"{HOME}salesOrders({order})/salesOrderLines")
    assert below == values(client, f"{HOME}salesOrderLines?$filter=documentId eq {order}")
    line = below[0]["id"]
    assert values(client, f"{HOME}salesOrderLines?$filter=id eq {line}") == below[:1]
    assert client.get(f"{HOME}salesOrders({order})/salesOrderLines({line})").json()["id"] == line


def test_expanded_lines_have_a_link_of_their_own(client: httpx.Client):
    query = "$expand=salesOrderLines,customer($select=number)"
    orders = values(client, f"{HOME}salesOrders?{query}")
    for order in orders:
        lines = order["salesOrderLines"]
        if link := order.get("salesOrderLines@odata.nextLink"):
            lines += client.get(link).json()["value"]
        assert [line["sequence"] for line in lines] == [(n + 1) * 10_000 for n in range(len(lines))]
        assert order["customer"]["number"] == order["customerNumber"]
        net = sum(line["netAmount"] for line in lines)
        assert order["totalAmountExcludingTax"] == pytest.approx(net)
    assert any("salesOrderLines@odata.nextLink" in order for order in orders)


def test_streams_are_links(client: httpx.Client):
    picture = values(client, f"{HOME}pictures?$top=1")[0]
    assert client.get(picture["pictureContent@odata.mediaReadLink"]).status_code == 204


def test_counts(client: httpx.Client):
    assert client.get(f"{HOME}customers/$count").text == "30"
    assert client.get(f"{HOME}customers?$count=true&$top=1").json()["@odata.count"] == 30


@pytest.mark.parametrize(
    ("path", "code"),
    [
        (f"{HOME}nothing", "BadRequest_ResourceNotFound"),
        (f"{HOME}customers({NO_GUID})", "Internal_RecordNotFound"),
    ],
)
def test_what_is_not_there_is_a_404(client: httpx.Client, path, code):
    assert error(client.get(path))[:2] == (404, code)
