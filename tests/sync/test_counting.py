"""Records that a filter lets through are counted as a run reads them."""

import copy
from dataclasses import replace
from typing import Any

import pytest
from tests.sync.conftest import ACCOUNT_MAPPING, CONTACT_MAPPING

from tandem.connectors.base import TooManyToCount
from tandem.model.filters import Comparison
from tandem.model.integration import EntityMapping
from tandem.sync.people.counting import Amount, Counted, count_matching, tried
from tandem.sync.system_schema import system_schema


def counted(
    world, condition: dict[str, Any] | None, *, at: int = 0, side: str = "external", wrap=None
):
    """What is counted of that mapping, by the schemas of now."""
    meant = EntityMapping.model_validate({**ACCOUNT_MAPPING, "download_filter": condition})
    with world.job() as run:
        schemas = system_schema(run, "external"), system_schema(run, "local")
        place = tried(run.integration, at, side, schemas, run.state)
        asked = place.having(meant.download_filter)
        return count_matching(wrap(run) if wrap else run, asked)


def exactly(matching: int, total: int) -> Counted:
    return Counted(Amount(matching), Amount(total))


@pytest.fixture
def town(world):
    """Accounts and contacts, some of which refer to none."""
    world.mappings = [ACCOUNT_MAPPING, CONTACT_MAPPING]
    world.put_account("1", name="Ada", status="active")
    world.put_account("2", name="Bob", status="closed")
    world.put_contact("a", name="of Ada", account_ID="1")
    world.put_contact("b", name="of Bob", account_ID="2")
    world.put_contact("c", name="of nobody")
    return world


@pytest.mark.parametrize(
    "condition",
    [
        None,
        {"field": "name", "operator": "contains", "value": "Bo"},
        {"field": "account_ID.status", "operator": "ne", "value": "active"},
        {"or": [{"field": "account_ID", "operator": "null"},
                {"field": "account_ID.name", "operator": "eq", "value": "Ada"}]},
    ],
)  # fmt: skip
def test_as_many_match_as_a_sync_lets_through(town, condition):
    found = counted(town, condition, at=1)
    plain = [{"external": "name", "local": "fullname"}]
    mapping = {**copy.deepcopy(CONTACT_MAPPING), "fields": plain, "download_filter": condition}
    town.mappings = [ACCOUNT_MAPPING, mapping]
    town.sync()
    assert found == exactly(len(town.rows("contact")), 3)


def test_the_filter_that_the_mapping_has_is_not_looked_at(town):
    filtered = {"field": "name", "operator": "eq", "value": "Ada"}
    town.mappings = [{**ACCOUNT_MAPPING, "download_filter": filtered}]
    assert counted(town, None) == exactly(2, 2)


def test_a_disabled_mapping_is_counted_like_an_enabled_one(town):
    town.mappings = [{**ACCOUNT_MAPPING, "enabled": False}, CONTACT_MAPPING]
    assert counted(town, {"field": "name", "operator": "eq", "value": "Ada"}) == exactly(1, 2)


def test_of_a_shared_local_entity_only_the_mappings_own_records_count(town):
    def mapping(external: str, kind: str) -> dict[str, Any]:
        fields = [
            {"external": "name", "local": "name"},
            {"local": "accountnumber", "constant": kind},
        ]
        return {"external": external, "local": "account", "direction": "bidirectional",
                "first_sync": "link_and_merge", "fields": fields}  # fmt: skip

    town.mappings = [mapping("Accounts", "a"), mapping("Contacts", "c")]
    town.sync()
    wanted = {"field": "name", "operator": "contains", "value": "o"}
    assert counted(town, wanted, at=0, side="local") == exactly(1, 2)
    assert counted(town, wanted, at=1, side="local") == exactly(3, 3)


@pytest.mark.parametrize(("operator", "matching"), [("null", 2), ("not_null", 0)])
def test_a_local_field_that_is_still_to_be_made_is_empty_in_every_record(town, operator, matching):
    town.sync()
    status = {"external": "status", "local": "state"}
    mapping = copy.deepcopy(ACCOUNT_MAPPING)
    town.mappings = [{**mapping, "fields": [*mapping["fields"], status]}, CONTACT_MAPPING]
    town.settings = {"provision": True}
    found = counted(town, {"field": "state", "operator": operator}, side="local")
    assert found == exactly(matching, 2)


def test_of_a_local_entity_that_is_still_to_be_made_there_are_no_records(town):
    town.mappings = [{**ACCOUNT_MAPPING, "local": "client"}]
    town.settings = {"provision": True}
    assert counted(town, {"field": "name", "operator": "null"}, side="local") == exactly(0, 0)


def test_what_would_take_too_much_reading_is_counted_in_part(town):
    class Slow:
        def count(self, query):
            assert query.limit
            if query.condition is None:
                raise TooManyToCount("Accounts", query.limit, query.limit)
            raise TooManyToCount("Accounts", query.limit, 7)

    found = counted(
        town,
        {"field": "name", "operator": "eq", "value": "Ada"},
        wrap=lambda run: replace(run, external=Slow()),
    )
    assert found == Counted(Amount(7, 100_000), Amount(100_000, 100_000))


def test_problems_are_those_of_the_condition_alone(town):
    broken = copy.deepcopy(ACCOUNT_MAPPING)
    broken["fields"][0]["external"] = "gone"
    broken["upload_filter"] = {"field": "gone", "operator": "null"}
    town.mappings = [broken]
    with town.job() as run:
        schemas = system_schema(run, "external"), system_schema(run, "local")
        place = tried(run.integration, 0, "external", schemas, run.state)
    condition = Comparison(field="nam", operator="null", value=None)
    (problem,) = place.having(condition).problems()
    assert problem.place == ("entities", 0, "download_filter", "field")
    assert "name" in problem.choices
