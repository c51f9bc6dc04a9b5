"""The mapping of a two-way sync changes: what is read, what is believed, what a preview says."""

import copy

import pytest

from tandem.sync import steps
from tandem.sync.people.preview import preview_all

BRNO = {"field": "city", "operator": "eq", "value": "Brno"}


def read(both):
    """How many records of each side the next run reads."""
    with both.world.job() as run:
        steps.refresh_schema(run)
        steps.validate_metadata(run)
        found = steps.extract(run, "Accounts")
        steps.load(run, steps.transform(run, found))
        return tuple(found[side]["records"] for side in ("external", "local"))


@pytest.fixture
def town(make_both):
    """Accounts that have been synced, in several cities; both sides number their changes."""
    both = make_both(local_version_number="rowversion")
    for number, city in enumerate(["Brno", "Brno", "Prague", None]):
        both.there(f"n{number}", number=f"{number}", city=city)
    both.sync()
    return both


def without(both, name):
    """The mapping does without a field; its lines as they were."""
    lines = both.mapping["fields"]
    both.mapping["fields"] = [field for field in lines if field["local"] != name]
    return lines


def test_a_field_that_is_removed_reads_neither_side_again(town):
    assert read(town) == (1, 4)  # what the first run wrote here is read once more
    without(town, "city")
    assert read(town) == (1, 1)


def test_the_upload_filter_concerns_the_local_side_only(town):
    town.mapping["upload_filter"] = BRNO
    town.sync()
    town.here("n4", accountnumber="4", city="Zlín")
    town.sync()
    town.mapping["upload_filter"] = {**BRNO, "value": "Zlín"}
    assert read(town) == (1, 1)
    assert town.is_there("n4")["city"] == "Zlín"


def test_the_download_filter_concerns_the_external_side_only(make_both):
    both = make_both(local_version_number="rowversion", download_filter=BRNO)
    for number, city in enumerate(["Brno", "Brno", "Prague", None]):
        both.there(f"n{number}", number=f"{number}", city=city)
    both.sync()
    both.sync()
    both.mapping["download_filter"] = {**BRNO, "value": "Prague"}
    assert read(both) == (1, 1)
    assert both.names()[1] == ["n0", "n1", "n2"]


@pytest.mark.parametrize("side", ["external", "local"])
def test_a_deletion_is_one_though_a_field_was_removed_meanwhile(town, side):
    without(town, "city")
    if side == "external":
        town.external.remove("Accounts", town.is_there("n0")["ID"])
    else:
        town.local.remove("account", town.is_here("n0")["id"])
    town.sync()
    assert town.names() == (["n1", "n2", "n3"], ["n1", "n2", "n3"])
    town.assert_quiet()


def test_an_edit_beside_a_removed_field_travels_without_a_conflict(town):
    without(town, "city")
    town.external.edit("Accounts", town.is_there("n0")["ID"], name="new")
    town.local.edit("account", town.is_here("n1")["id"], name="newer", city="Zlín")
    town.sync()
    assert sorted(town.names()[0]) == sorted(town.names()[1]) == ["n2", "n3", "new", "newer"]
    assert town.is_there("newer")["city"] == "Brno"
    assert town.state(lambda state: state.conflicts(status=None)) == []


def test_a_field_that_comes_back_brings_no_old_belief_along(town):
    lines = without(town, "city")
    town.sync()
    town.local.edit("account", town.is_here("n0")["id"], city=None)
    town.mapping["fields"] = lines
    town.sync()
    assert town.is_there("n0")["city"] == town.is_here("n0")["city"] == "Brno"
    town.assert_quiet()


@pytest.mark.parametrize("change", ["remove", "bring back", "reorder", "narrow"])
def test_a_preview_tells_what_the_run_does(town, change):
    lines = copy.deepcopy(town.mapping["fields"])
    if change == "remove":
        without(town, "city")
    elif change == "reorder":
        town.mapping["fields"].reverse()
    elif change == "narrow":
        town.mapping["fields"][1]["direction"] = "download_only"
    else:
        without(town, "city")
        town.sync()
        town.mapping["fields"] = lines
    town.local.edit("account", town.is_here("n0")["id"], city=None, name="mine")
    town.external.remove("Accounts", town.is_there("n1")["ID"])
    with town.world.job() as run:
        (shown,) = preview_all(run, limit=100)
    report = town.sync()
    for direction, told in shown.counts.items():
        done = report.counts_of(direction).model_dump(exclude={"unchanged"})
        assert told.model_dump(exclude={"unchanged"}) == done


@pytest.mark.parametrize("operation", ["move_anchor", "account"])
def test_a_mapping_that_is_changed_back_after_a_run_that_died_leaves_nothing_half_done(
    town, dying, operation
):
    town.sync()
    name = town.mapping["fields"][1]
    name.update(direction="download_only", transform=["upper"])
    town.world.sync_with(dying(operation))
    assert "N0" in town.names()[1]
    name.pop("direction")
    name.pop("transform")
    town.sync()
    assert town.names() == (["n0", "n1", "n2", "n3"], ["n0", "n1", "n2", "n3"])
    town.assert_quiet()


def test_a_filter_that_is_changed_back_after_a_run_that_died_shuts_out_again(make_both, dying):
    both = make_both(local_version_number="rowversion", download_filter=BRNO, filter_exit="delete")
    both.there("n0", number="0", city="Brno")
    both.there("n1", number="1", city="Prague")
    both.sync()
    both.mapping["download_filter"] = None
    both.world.sync_with(dying("move_anchor"))
    both.mapping["download_filter"] = BRNO
    both.sync()
    assert both.names()[1] == ["n0"]


@pytest.mark.parametrize("direction", ["upload_only", "bidirectional"])
def test_a_field_that_is_only_sent_is_sent_anew_when_its_values_mean_something_else(
    make_both, direction
):
    both = make_both(direction=direction)
    line = {"external": "status", "local": "statuscode", "direction": "upload_only"}
    both.mapping["fields"].append({**line, "values": {"active": 0, "off": 1}})
    both.here("a", accountnumber="1", statuscode=0)
    both.here("b", accountnumber="2", statuscode=1)
    both.sync()
    both.mapping["fields"][-1]["values"] = {"running": 0, "off": 1}
    both.sync()
    statuses = [record["status"] for record in both.external.records["Accounts"].values()]
    assert sorted(statuses) == ["off", "running"]
    both.assert_quiet()
