"""A preview of a filter that looks at what the run would create first."""

import pytest

from tandem.model.schema import Capabilities
from tandem.sync.people.preview import preview_all


@pytest.fixture
def before(both):
    """Contacts here; the table of accounts and some columns are still to be made."""
    both.with_contacts()
    both.world.settings["provision"] = True
    both.here("of nobody", "contact")
    del both.local.entities["account"]
    return both


def without(both, *names):
    """The local contacts lack these columns."""
    known = both.local.entities["contact"]
    fields = tuple(field for field in known.fields if field.name not in names)
    lacking = known.model_copy(update={"fields": fields, "capabilities": Capabilities()})
    both.local.define(lacking)


def uploads(both):
    """How many contacts a preview says would be uploaded, and how many a run uploads."""
    with both.world.job() as run:
        plans = {plan.entity: plan for plan in preview_all(run, limit=10)}
    report = both.sync()
    counted = {(e.entity, e.direction): e.counts for e in report.entities}
    return plans["Contacts"].counts["upload"].created, counted["Contacts", "upload"].created


@pytest.mark.parametrize(
    ("operator", "value", "created"),
    [("eq", "Brno", 0), ("ne", "Brno", 1), ("null", None, 1), ("not_null", None, 0)],
)
@pytest.mark.parametrize("missing", [(), ("accountid",)])
def test_a_target_whose_table_is_not_there_has_no_records(
    before, missing, operator, value, created
):
    condition = {"field": "accountid.city", "operator": operator, "value": value}
    before.world.mappings[1]["upload_filter"] = condition
    without(before, *missing)
    assert uploads(before) == (created, created)


def test_a_preview_needs_no_column_to_be_there(before):
    without(before, "code", "accountid")
    assert uploads(before) == (1, 1)


@pytest.mark.parametrize(("operator", "created"), [("eq", 0), ("ne", 1)])
def test_a_column_that_is_not_there_is_null(before, operator, created):
    before.world.mappings[1]["upload_filter"] = {
        "field": "code",
        "operator": operator,
        "value": "7",
    }
    without(before, "code")
    assert uploads(before) == (created, created)
