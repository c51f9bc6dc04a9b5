"""Which company is meant, and where its records are."""

import httpx
import pytest
from tests.connectors.business_central.small import (
    COMPANY,
    CRONUS,
    METADATA,
    PUBLISHED,
    ROOT,
    Small,
    listing,
)

from tandem.connectors.business_central.company import Company, chosen
from tandem.errors import AuthenticationError, ConfigurationError

KNOWN = (
    Company("1", "CRONUS", "Cronus Ltd.", "companies(1)"),
    Company("2", "My Company", "", "companies(2)"),
)


@pytest.mark.parametrize("wanted", ["CRONUS", "Cronus Ltd.", "1"])
def test_a_company_has_several_names(wanted: str) -> None:
    assert chosen("erp", wanted, KNOWN).id == "1"


def test_the_only_company_needs_no_name() -> None:
    assert chosen("erp", "", KNOWN[:1]).id == "1"


def test_of_several_one_has_to_be_chosen() -> None:
    with pytest.raises(ConfigurationError) as raised:
        chosen("erp", "", KNOWN)
    assert "'CRONUS' (Cronus Ltd.), 'My Company'" in str(raised.value)


def test_names_are_case_sensitive() -> None:
    with pytest.raises(ConfigurationError, match="Did you mean 'CRONUS'"):
        chosen("erp", "Cronus", KNOWN)


def test_an_unknown_company_is_told_with_those_that_there_are() -> None:
    with pytest.raises(ConfigurationError, match="It has 'CRONUS'"):
        chosen("erp", "Fabrikam", KNOWN)


def test_nobody_sees_a_company_without_permission_sets() -> None:
    with pytest.raises(ConfigurationError, match="sees no company"):
        chosen("erp", "", ())


def test_entities_of_the_company_are_below_it() -> None:
    schema = Small().schema()
    assert schema.entity("customers").path == f"companies({COMPANY})/customers"
    assert schema.entity("companies").path == ""
    assert schema.entity("subscriptions").path == ""


def test_entities_can_be_read_by_what_changed_and_written_with_etags() -> None:
    able = Small().schema().entity("customers").capabilities
    assert able.version_fields == ("lastModifiedDateTime",)
    assert not able.delta
    assert able.optimistic_concurrency
    assert not able.client_keys
    assert Small().schema().entity("customers").field("id").read_only


def test_what_is_of_the_environment_is_only_read() -> None:
    for name in ("companies", "subscriptions"):
        able = Small().schema().entity(name).capabilities
        assert not able.writes
        assert not able.removes
        assert not able.client_keys
        assert not able.optimistic_concurrency


def with_pictures() -> Small:
    """A service that has pictures and attachments as well."""
    more = "".join(
        f'<EntitySet Name="{name}" EntityType="Microsoft.NAV.contact"/>'
        for name in ("pictures", "attachments", "documentAttachments")
    )
    text = METADATA.replace("</EntityContainer>", f"{more}</EntityContainer>")
    reply = httpx.Response(200, text=text, headers={"Content-Type": "application/xml"})
    return Small({"$metadata": reply})


def test_what_cannot_be_listed_by_itself_is_left_out_and_counted() -> None:
    connector = with_pictures().connector()
    assert not {"pictures", "attachments"} & connector.schema().by_name.keys()
    assert "2 left out" in connector.check()


def test_a_custom_api_may_have_pictures_of_its_own() -> None:
    service = with_pictures()
    service.root = ROOT.replace("v2.0/", "contoso/app1/v1.0/").replace(
        "contoso/app1/v1.0/contoso.example", "v2.0/contoso.example"
    )
    connector = service.connector(route="contoso/app1/v1.0")
    assert "pictures" in connector.schema().by_name
    assert "left out" not in connector.check()


def test_a_time_of_creation_orders_no_changes() -> None:
    attachments = with_pictures().schema().entity("documentAttachments")
    assert attachments.capabilities.version_fields == ()
    assert attachments.field("lastModifiedDateTime").read_only


def test_media_are_left_out() -> None:
    assert "picture" not in Small().schema().entity("customers").by_name


def test_the_company_is_asked_for_once() -> None:
    service = Small()
    connector = service.connector()
    connector.schema()
    connector.schema()
    assert service.asked.count("companies") == 1


def test_companies_come_in_pages() -> None:
    other = {"id": "2", "name": "Other", "displayName": ""}
    first = listing(other, **{"@odata.nextLink": f"{ROOT}companies?$skiptoken=2"})
    service = Small({"companies": first, "companies?$skiptoken=2": listing(CRONUS)})
    schema = service.connector(company="CRONUS").schema()
    assert schema.entity("customers").path == f"companies({COMPANY})/customers"


def published() -> Small:
    root = ROOT.replace("api/v2.0/", "ODataV4/")
    metadata = httpx.Response(200, text=PUBLISHED, headers={"Content-Type": "application/xml"})
    companies = listing({"Name": "CRONUS", "Id": COMPANY}, {"Name": "O'Neil & Co."})
    return Small({"$metadata": metadata, "Company": companies}, root=root)


def test_published_pages_are_below_the_companys_name() -> None:
    schema = published().connector(route="ODataV4", company="O'Neil & Co.").schema()
    assert schema.entity("RescoCustomer").path == "Company('O''Neil%20%26%20Co.')/RescoCustomer"
    assert schema.entity("Company").path == ""


def test_timestamps_are_better_than_row_versions() -> None:
    schema = published().connector(route="ODataV4", company="CRONUS").schema()
    customers, orders = schema.entity("RescoCustomer"), schema.entity("RescoServiceOrder")
    assert customers.capabilities.version_fields == ("SystemModifiedAt", "RowVersionNumber")
    assert orders.capabilities.version_fields == ("RowVersionNumber",)
    assert not any(customers.field(n).nullable for n in customers.capabilities.version_fields)


def test_a_number_series_fills_the_key_of_a_published_page() -> None:
    schema = published().connector(route="ODataV4", company="CRONUS").schema()
    orders = schema.entity("RescoServiceOrder")
    assert not orders.field("No").is_required
    assert orders.field("DocumentType").is_required
    assert orders.capabilities.client_keys


def test_the_check_says_where_we_are_and_what_works() -> None:
    said = Small().connector().check()
    assert "environment Production" in said
    assert "'CRONUS' (Cronus Ltd.)" in said
    assert "4 entities; 3 read by what changed; 1 read whole" in said
    assert "of these 1 lines of documents" in said
    assert "left out" not in said
    assert "\n" not in said


def test_who_is_not_let_in_hears_where_to_be_registered() -> None:
    service = Small({"companies": httpx.Response(401)})
    with pytest.raises(AuthenticationError, match="Microsoft Entra Applications"):
        service.connector().check()
