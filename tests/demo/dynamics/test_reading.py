"""Documents, queries and pages."""

from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree

import httpx
import pytest

EDM = "{http://docs.oasis-open.org/odata/ns/edm}"


def _type(document: str, name: str) -> ElementTree.Element:
    root = ElementTree.fromstring(document)  # noqa: S314 our own document
    found = root.find(f".//{EDM}EntityType[@Name='{name}']")
    assert found is not None
    return found


def test_metadata_says_nothing_of_keys_and_too_much_of_lookups(organization: Any) -> None:
    document = organization.client.get("$metadata").text
    account = _type(document, "account")
    key = account.find(f"{EDM}Property[@Name='accountid']")
    assert key.attrib == {"Name": "accountid", "Type": "Edm.Guid"}
    assert all(nav.get("Nullable") == "false" for nav in account.iter(f"{EDM}NavigationProperty"))
    assert "Org.OData.Core.V1.Computed" not in document
    assert 'Namespace="Microsoft.Dynamics.CRM" Alias="mscrm"' in document


def test_users_inherit_their_key_and_others_refer_to_another_column(organization: Any) -> None:
    document = organization.client.get("$metadata").text
    user = _type(document, "systemuser")
    assert user.find(f"{EDM}Key/{EDM}PropertyRef").get("Name") == "ownerid"
    assert user.find(f"{EDM}Property[@Name='ownerid']") is None
    navigation = _type(document, "account").find(f"{EDM}NavigationProperty[@Name='modifiedby']")
    assert navigation[0].attrib == {
        "Property": "_modifiedby_value",
        "ReferencedProperty": "systemuserid",
    }


@pytest.mark.parametrize(
    ("query", "headers"),
    [("?annotations=true", {}), ("", {"Prefer": 'odata.include-annotations="*"'})],
)
def test_metadata_is_annotated_for_who_asks(organization: Any, query: Any, headers: Any) -> None:
    document = organization.client.get(f"$metadata{query}", headers=headers).text
    assert "Org.OData.Core.V1.Computed" in document
    assert "Org.OData.Capabilities.V1.ChangeTracking" in document


def test_the_primary_key_comes_unasked_and_money_brings_its_currency(organization: Any) -> None:
    (row,) = organization.get("accounts?$select=name,revenue&$top=1")["value"]
    assert row.keys() == {
        "@odata.etag",
        "name",
        "revenue",
        "_transactioncurrencyid_value",
        "accountid",
    }


def test_the_etag_is_the_version_number(organization: Any) -> None:
    (row,) = organization.get("contacts?$select=versionnumber&$top=1")["value"]
    assert row["@odata.etag"] == f'W/"{row["versionnumber"]}"'


def test_annotations_tell_labels_and_the_table_of_a_lookup(organization: Any) -> None:
    path = "incidents?$select=_customerid_value,prioritycode"
    rows = organization.get(path, Prefer='odata.include-annotations="*"')["value"]
    types = {row["_customerid_value@Microsoft.Dynamics.CRM.lookuplogicalname"] for row in rows}
    assert types == {"account", "contact"}
    labels = {row["prioritycode@OData.Community.Display.V1.FormattedValue"] for row in rows}
    assert labels == {"High", "Normal", "Low"}


def test_only_the_annotations_that_are_wanted_come(organization: Any) -> None:
    name = "Microsoft.Dynamics.CRM.lookuplogicalname"
    path = "accounts?$select=_ownerid_value&$top=1"
    (row,) = organization.get(path, Prefer=f'odata.include-annotations="{name}"')["value"]
    annotations = [each for each in row if "@" in each and each != "@odata.etag"]
    assert annotations == [f"_ownerid_value@{name}"]


def test_texts_are_compared_without_regard_to_case(organization: Any) -> None:
    organization.create("accounts", name="Ångström", accountnumber="Q-1")
    found = organization.get("accounts?$filter=name eq 'ÅNGSTRÖM'")["value"]
    assert [row["accountnumber"] for row in found] == ["Q-1"]


def test_functions_take_wildcards(organization: Any) -> None:
    for name in ("100% wool", "100 kg", "b[1]"):
        organization.create("accounts", name=name)
    names = [
        [row["name"] for row in organization.get(f"accounts?$filter={text}&$orderby=name")["value"]]
        for text in (
            "startswith(name,'1%25l')",
            "contains(name,'0[%25]')",
            "startswith(name,'b[1]')",
        )
    ]
    assert names == [["100% wool"], ["100% wool"], []]


def test_a_lookup_s_columns_can_be_filtered_by(organization: Any) -> None:
    path = "sdkmessagefilters?$select=name&$filter=sdkmessageid/name eq 'CreateMultiple'"
    found = organization.get(f"{path} and primaryobjecttypecode eq 'account'")["value"]
    assert [row["name"] for row in found] == ["CreateMultiple"]


@pytest.mark.parametrize("option", ["$skip=1", "$search=x", "$format=json"])
def test_options_that_dataverse_does_not_have_are_refused(organization: Any, option: Any) -> None:
    code, message = organization.error(organization.client.get(f"accounts?{option}"), 400)
    assert code == "0x80060888"
    assert "is not allowed" in message


def test_pages_are_walked_by_a_cookie_that_is_encoded_twice(organization: Any) -> None:
    headers = {"Prefer": "odata.maxpagesize=5"}
    first = organization.client.get("accounts?$select=name", headers=headers)
    assert first.headers["preference-applied"] == "odata.maxpagesize=5"
    cookie = first.json()["@odata.nextLink"].partition("$skiptoken=")[2]
    assert cookie.startswith("%3Ccookie%20pagenumber=%222%22%20pagingcookie=%22%253ccookie%2520")
    assert cookie.endswith("%22%20istracking=%22False%22%20/%3E")
    pages = organization.walk("accounts?$select=name", **headers)
    assert [len(page) for page in pages] == [5, 5, 2]
    assert len({row["accountid"] for page in pages for row in page}) == 12


def test_pages_follow_any_ordering(organization: Any) -> None:
    path = "accounts?$select=revenue&$orderby=revenue desc"
    pages = organization.walk(path, Prefer="odata.maxpagesize=5")
    revenues = [row["revenue"] for page in pages for row in page]
    known = [value for value in revenues if value is not None]
    assert revenues == [*sorted(known, reverse=True), *[None] * (12 - len(known))]


def test_a_cookie_that_was_decoded_is_refused(organization: Any) -> None:
    headers = {"Prefer": "odata.maxpagesize=5"}
    link = organization.get("accounts?$select=name", **headers)["@odata.nextLink"]
    head, _, cookie = link.partition("$skiptoken=")
    spoilt = httpx.URL(head + "$skiptoken=" + unquote(unquote(cookie)).replace("&", "%26"))
    organization.error(organization.client.get(spoilt), 400)


def test_top_is_ignored_beside_a_page_size(organization: Any) -> None:
    assert len(organization.get("accounts?$top=3")["value"]) == 3
    page = organization.get("accounts?$top=3", Prefer="odata.maxpagesize=5")
    assert len(page["value"]) == 5
    assert "@odata.nextLink" in page


def test_counts_come_with_a_page_and_alone(organization: Any) -> None:
    page = organization.get(
        "accounts?$select=name&$count=true", Prefer='odata.include-annotations="*"'
    )
    assert page["@odata.count"] == 12
    assert page["@Microsoft.Dynamics.CRM.totalrecordcountlimitexceeded"] is False
    assert organization.client.get("accounts/$count").text.lstrip("\ufeff") == "12"


def test_an_unknown_row_is_a_404_with_a_code(organization: Any) -> None:
    response = organization.client.get("accounts(00000000-0000-0000-0000-000000000001)")
    code, message = organization.error(response, 404)
    assert code == "0x80040217"
    assert message == ("account With Id = 00000000-0000-0000-0000-000000000001 Does Not Exist")


def test_rows_are_found_by_alternate_key(organization: Any) -> None:
    row = organization.get("accounts(accountnumber='A-000003')?$select=accountnumber")
    assert row["accountnumber"] == "A-000003"
    response = organization.client.get(
        "systemusers(systemuserid=00000000-0000-0000-0000-000000000001)"
    )
    organization.error(response, 400)


def test_definitions_are_listed_without_pages(organization: Any) -> None:
    path = "EntityDefinitions?$select=LogicalName,EntitySetName,ChangeTrackingEnabled"
    found = organization.get(f"{path}&$expand=Keys($select=KeyAttributes,EntityKeyIndexStatus)")
    by_name = {each["LogicalName"]: each for each in found["value"]}
    assert by_name["account"]["EntitySetName"] == "accounts"
    assert by_name["account"]["Keys"][0]["KeyAttributes"] == ["accountnumber"]
    assert by_name["systemuser"]["ChangeTrackingEnabled"] is False
    assert by_name["contact"].keys() == {
        "MetadataId",
        "LogicalName",
        "EntitySetName",
        "ChangeTrackingEnabled",
        "Keys",
    }


def test_attributes_of_a_kind_come_with_their_options(organization: Any) -> None:
    path = "EntityDefinitions(LogicalName='incident')/Attributes"
    cast = "Microsoft.Dynamics.CRM.PicklistAttributeMetadata"
    found = organization.get(f"{path}/{cast}?$select=LogicalName&$expand=OptionSet")["value"]
    options = {each["LogicalName"]: each["OptionSet"]["Options"] for each in found}
    assert [option["Value"] for option in options["prioritycode"]] == [1, 2, 3]
    assert options["prioritycode"][0]["Label"]["UserLocalizedLabel"]["Label"] == "High"


def test_who_am_i_names_a_user_of_the_organization(organization: Any) -> None:
    user = organization.get("WhoAmI")["UserId"]
    assert organization.get(f"systemusers({user})?$select=fullname")["systemuserid"] == user


def test_long_urls_are_refused(organization: Any) -> None:
    response = organization.client.get(f"accounts?$filter=name eq '{'x' * 33_000}'")
    assert response.status_code == 414
