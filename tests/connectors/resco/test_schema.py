"""One schema of what OData can read and the metadata service knows."""

import httpx
import pytest
from tests.connectors.resco.organization import Organization, xml

from tandem.errors import ConfigurationError
from tandem.model.schema import Deletes, Kind, LookupTarget


def test_a_lookup_of_one_target_says_which(organization: Organization) -> None:
    contact = organization.connector().schema().entity("contact")
    lookup = contact.field("parentcustomerid")

    assert lookup.kind is Kind.GUID
    assert not lookup.read_only
    assert lookup.lookup == (
        LookupTarget(entity="account", field="id", navigation="parentcustomerid", type="account"),
    )
    assert "__parentcustomerid_id" not in contact.by_name


def test_a_lookup_of_several_targets_has_a_part_for_each(organization: Organization) -> None:
    order = organization.connector().schema().entity("fs_workorder")

    assert order.field("customerid").read_only
    assert [t.entity for t in order.field("customerid").lookup] == ["account", "contact"]
    for name, target in (("customerid_account", "account"), ("customerid_contact", "contact")):
        part = order.field(name)
        assert (part.part_of, part.by_navigation, part.filterable) == ("customerid", True, False)
        assert [t.entity for t in part.lookup] == [target]


def test_statuses_are_listed_with_their_labels(organization: Organization) -> None:
    order = organization.connector().schema().entity("fs_workorder")

    assert order.label == "Work order"
    assert order.field("statuscode").label == "Status"
    assert order.field("statuscode").options == ("1", "10000", "10001")
    assert order.field("statuscode").option_labels == ("Draft", "In progress", "Completed")
    assert order.field("prioritycode").option_labels == ("high", "low")


def test_the_metadata_service_decides_types_and_rights(organization: Organization) -> None:
    schema = organization.connector().schema()
    account, order = schema.entity("account"), schema.entity("fs_workorder")

    assert (account.field("creditlimit").kind, account.field("creditlimit").scale) == (
        Kind.DECIMAL,
        2,
    )
    assert account.field("name").max_length == 160
    assert account.field("name").is_required
    assert account.field("secret").read_only
    assert order.field("amount").scale is None
    assert order.field("statecode").read_only
    assert not order.field("statuscode").is_required
    assert not order.field("billable").is_required


def test_odata_decides_what_can_be_read(organization: Organization) -> None:
    schema = organization.connector().schema()

    assert "unread" not in schema.by_name
    assert "hidden" not in schema.entity("account").by_name
    assert schema.entity("fs_workorder").field("computed").read_only


def test_versions_order_changes_and_keys_are_ours_to_choose(organization: Organization) -> None:
    able = organization.connector().schema().entity("account").capabilities

    assert able.version_fields == ("versionnumber",)
    assert able.deletes is Deletes.KEY_SWEEP
    assert able.client_keys
    assert able.optimistic_concurrency
    assert not able.delta


def test_a_schema_without_labels_is_a_schema(organization: Organization) -> None:
    organization.replies["GET /rest/v1/metadata/contoso/$localizations"] = httpx.Response(404)

    order = organization.connector().schema().entity("fs_workorder")

    assert order.field("statuscode").options == ("1", "10000", "10001")
    assert order.field("statuscode").option_labels == ()


def test_hostile_metadata_is_refused(organization: Organization) -> None:
    bomb = '<!DOCTYPE a [<!ENTITY b "c">]><Entities>&b;</Entities>'
    organization.replies["GET /rest/v1/metadata/contoso/$entities"] = xml(bomb)

    with pytest.raises(ConfigurationError, match="DOCTYPE"):
        organization.connector().schema()


def test_lists_of_parties_are_read_and_not_written(organization: Organization) -> None:
    schema = organization.connector().schema()

    assert schema.entity("contact").field("attendees").read_only
