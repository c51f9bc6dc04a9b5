"""Tables as the connector tells them: from the metadata, the definitions and their attributes."""

import json
import logging
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from tests.connectors.dynamics.small_dataverse import TABLES, Dataverse, listing, refusal

from tandem.connectors.base import Query
from tandem.connectors.dynamics.definitions import parse_definitions
from tandem.errors import AuthenticationError, RetryLater, Throttled
from tandem.model.schema import Deletes, Entity, Kind

DENIED = refusal(403, "0x80040220", "Principal user is missing prvReadEntity privilege")
LATER = refusal(429, "0x80072322", "Number of requests exceeded the limit of 6000.")


def accounts(dataverse: Dataverse) -> Entity:
    return dataverse.connector().schema().entity("accounts")


def described(dataverse: Dataverse) -> Entity:
    connector = dataverse.connector()
    return connector.described([connector.schema().entity("accounts")])[0]


def test_metadata_is_asked_for_with_its_annotations_and_definitions_once(
    dataverse: Dataverse,
) -> None:
    dataverse.connector().schema()
    first, second = dataverse.requests
    assert first.headers["Prefer"] == 'odata.include-annotations="*"'
    assert second.url.path.endswith("/EntityDefinitions")


def test_changes_are_tracked_where_the_definition_says_so(dataverse: Dataverse) -> None:
    schema = dataverse.connector().schema()
    able = {entity.name: entity.capabilities for entity in schema.entities}
    assert (able["accounts"].delta, able["accounts"].deletes) == (True, Deletes.NATIVE)
    assert (able["contacts"].delta, able["contacts"].deletes) == (False, Deletes.KEY_SWEEP)
    assert schema.entity("accounts").label == "Account"


def test_an_alternate_key_counts_that_is_one_column_and_in_force(dataverse: Dataverse) -> None:
    unique = [field.name for field in accounts(dataverse).fields if field.unique]
    assert unique == ["accountnumber", "_primarycontactid_value"]


def test_nothing_is_required_because_of_the_metadata(dataverse: Dataverse) -> None:
    contacts = dataverse.connector().schema().entity("contacts")
    assert contacts.field("lastname").nullable
    assert not contacts.field("contactid").nullable


def test_rows_that_join_two_tables_are_not_written(dataverse: Dataverse) -> None:
    joins = dataverse.connector().schema().entity("accountleadscollection")
    assert not joins.capabilities.writes
    assert not joins.capabilities.removes


def test_who_may_not_read_definitions_goes_on_and_is_told(
    dataverse: Dataverse, caplog: pytest.LogCaptureFixture
) -> None:
    dataverse.instead["^EntityDefinitions"] = DENIED
    with caplog.at_level(logging.WARNING):
        entity = described(dataverse)
    assert not entity.capabilities.delta
    assert entity.field("industrycode").options == ()
    assert "prvReadEntity" in caplog.text


def test_check_says_whom_we_met_and_what_the_tables_can_do(dataverse: Dataverse) -> None:
    said = dataverse.connector().check()
    assert "organisation o-1, user u-1; 3 tables, 1 track changes" in said


def test_whoever_the_environment_does_not_know_is_told_how_to_be_known(
    dataverse: Dataverse,
) -> None:
    """Microsoft Entra ID signs in whom this environment has no user for."""
    words = "The user is not a member of the organization."
    dataverse.instead["^WhoAmI"] = refusal(403, "0x80072560", words)
    with pytest.raises(AuthenticationError, match="does not know") as refused:
        dataverse.connector().check()
    assert "application user" in str(refused.value)
    assert "security role" in str(refused.value)


def test_check_says_what_tracking_changes_is_good_for(dataverse: Dataverse) -> None:
    said = dataverse.connector().check()
    assert "1 track changes" in said
    assert "more surely" in said


def test_check_says_what_the_user_may_not_read(dataverse: Dataverse) -> None:
    dataverse.instead["^EntityDefinitions"] = DENIED
    assert "the table definitions cannot be read" in dataverse.connector().check()


def test_options_come_with_their_labels(dataverse: Dataverse) -> None:
    entity = described(dataverse)
    told = {field.name: (field.options, field.option_labels) for field in entity.fields}
    assert told["industrycode"] == (("1", "2"), ("Accounting", "Farming"))
    assert told["statecode"] == (("0", "1"), ("Active", "Inactive"))
    assert told["donotemail"] == (("false", "true"), ("Allow", "Do Not Allow"))


def test_several_choices_in_one_column_are_no_list_of_its_values(dataverse: Dataverse) -> None:
    field = described(dataverse).field("new_colours")
    assert (field.kind, field.options) == (Kind.STRING, ())


def test_attributes_say_what_may_be_written(dataverse: Dataverse) -> None:
    entity = described(dataverse)
    assert {field.name for field in entity.fields if field.read_only} >= {
        "createdon",
        "overriddencreatedon",
    }
    assert not entity.field("statecode").read_only
    assert entity.field("statecode").defaulted
    assert not entity.field("accountid").read_only
    assert not entity.field("_primarycontactid_value").read_only


def test_only_the_system_itself_requires_a_value(dataverse: Dataverse) -> None:
    entity = described(dataverse)
    required = [field.name for field in entity.fields if field.is_required]
    assert required == ["accountid", "accountnumber"]
    assert entity.field("name").max_length == 160


def test_the_definitions_of_several_tables_are_one_request(dataverse: Dataverse) -> None:
    connector = dataverse.connector()
    entities = connector.schema().entities
    dataverse.requests.clear()
    assert [entity.name for entity in connector.described(entities)] == [
        entity.name for entity in entities
    ]
    assert dataverse.asked == ["POST $batch"]


def test_definitions_come_one_by_one_where_no_batch_is_taken(dataverse: Dataverse) -> None:
    dataverse.instead[r"^\$batch"] = refusal(501, "0x0", "no batches")
    assert described(dataverse).field("industrycode").options == ("1", "2")


def test_definitions_that_cannot_be_read_leave_the_others(
    dataverse: Dataverse, caplog: pytest.LogCaptureFixture
) -> None:
    dataverse.instead[r"^\$batch"] = refusal(501, "0x0", "no batches")
    dataverse.instead["StateAttribute"] = DENIED
    entity = described(dataverse)
    assert entity.field("statecode").options == ()
    assert entity.field("industrycode").options == ("1", "2")
    assert "not all of it" in caplog.text


def test_a_service_that_is_busy_is_asked_again_and_then_believed(dataverse: Dataverse) -> None:
    connector = dataverse.connector()
    entity = connector.schema().entity("accounts")
    dataverse.instead[r"^\$batch"] = LATER
    with pytest.raises(Throttled):
        connector.described([entity])
    assert dataverse.count("$batch") > 1


def test_a_definition_that_cannot_be_understood_is_as_good_as_none(dataverse: Dataverse) -> None:
    broken: list[dict[str, Any]] = [{"EntitySetName": "accounts"}]
    dataverse.instead["^EntityDefinitions"] = lambda _: listing(broken)
    assert not accounts(dataverse).capabilities.delta


def test_the_first_tracked_reading_asks_for_nothing_that_tracking_forbids(
    dataverse: Dataverse,
) -> None:
    """Microsoft Learn, "Use change tracking": no $filter, $orderby, $expand or $top with it."""
    connector = dataverse.connector()
    entity = connector.schema().entity("accounts")
    link = "https://contoso.crm4.dynamics.com/api/data/v9.2/accounts?$deltatoken=919042%2108%2f22"
    page = {"value": [], "@odata.deltaLink": link}
    dataverse.instead[r"^accounts\?"] = lambda _: httpx.Response(200, json=page)
    query = Query(entity, ("name",), datetime(2025, 1, 1, tzinfo=UTC))
    pages = list(connector.changes(query, None))
    assert pages[-1].token == link
    tracked = [r for r in dataverse.requests if "track-changes" in r.headers.get("Prefer", "")]
    assert [set(request.url.params) for request in tracked] == [{"$select"}]


def test_a_table_without_an_entity_set_is_none_of_ours() -> None:
    nameless = {**TABLES[0], "EntitySetName": None}
    assert parse_definitions(json.dumps({"value": [nameless]}).encode()) == {}


@pytest.mark.parametrize("status", [500, 503, 504])
def test_half_of_a_definition_is_none(dataverse: Dataverse, status: int) -> None:
    """A schema that lacks for once what it had before would look like a change of the system."""
    connector = dataverse.connector()
    entity = connector.schema().entity("accounts")
    dataverse.instead["PicklistAttributeMetadata"] = lambda _: httpx.Response(status)
    with pytest.raises(RetryLater):
        connector.described([entity])
