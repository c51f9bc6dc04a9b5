"""What is there again without its values: an empty field must not pass for one that was cleared."""

import pytest

from tandem.model.schema import Kind
from tandem.sync import steps
from tandem.sync.changed_mapping.restating import restate
from tandem.sync.people.schemas import missing_locally, provision_locally

SIDES = ("external", "local")


def cities(both, side):
    return {number: record.get("city") for number, record in both.accounts(side).items()}


FULL = {"a": "Brno", "b": "Prague", "c": "Olomouc"}


def other(side):
    return "local" if side == "external" else "external"


# A field is dropped and made again by others


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("unmapped", [False, True], ids=["stopped", "cleaned up"])
def test_a_field_that_was_gone_for_a_run_is_filled_from_the_other_side(drifting, side, unmapped):
    both = drifting("bidirectional")
    lines = both.mapping["fields"]
    both.drop(side, "city")
    if unmapped:
        both.unmap("city")
    both.sync()
    both.mapping["fields"] = lines
    both.add(side, "city")
    assert both.sync() == {}
    assert cities(both, "external") == cities(both, "local") == FULL
    both.quiet()


def test_a_field_that_somebody_saw_gone_during_a_run_is_filled_from_the_other_side(drifting):
    both = drifting("bidirectional")
    with both.world.job() as run:
        steps.refresh_schema(run)
        both.drop("local", "city")
        with both.world.job() as other_run:
            steps.refresh_schema(other_run)
        both.add("local", "city")
        restate(run, run.bound("Accounts"))
    assert both.sync() == {}
    assert cities(both, "external") == cities(both, "local") == FULL
    both.quiet()


def test_a_column_that_stands_at_the_end_was_made_anew(drifting):
    both = drifting("bidirectional")
    both.drop("local", "city")
    both.add("local", "city", at=99)
    assert both.sync() == {}
    assert cities(both, "external") == cities(both, "local") == FULL
    both.quiet()


@pytest.mark.parametrize("direction", ["download_only", "upload_only"])
@pytest.mark.parametrize("unmapped", [False, True], ids=["stopped", "cleaned up"])
def test_the_target_of_a_mapping_is_filled_again(drifting, direction, unmapped):
    both = drifting(direction)
    target, lines = other(both.source), both.mapping["fields"]
    both.drop(target, "city")
    if unmapped:
        both.unmap("city")
    both.sync()
    both.mapping["fields"] = lines
    both.add(target, "city")
    assert both.sync() == {}
    assert cities(both, target) == FULL
    both.quiet()


@pytest.mark.parametrize("direction", ["download_only", "upload_only", "bidirectional"])
def test_a_preview_tells_what_the_run_does_to_a_field_that_was_gone(drifting, direction):
    both = drifting(direction)
    target = other(both.source)
    both.drop(target, "city")
    both.sync()
    both.add(target, "city")
    way = "download" if target == "local" else "upload"
    assert both.preview()[way].updated == len(FULL)
    both.sync()
    assert cities(both, target) == FULL


@pytest.mark.parametrize("direction", ["download_only", "upload_only"])
def test_an_emptied_source_stops_until_somebody_says_that_it_is_meant(drifting, direction):
    both = drifting(direction)
    target = other(both.source)
    both.drop(both.source, "city")
    both.sync()
    both.add(both.source, "city")
    for _ in range(2):
        stopped = both.sync()
        assert stopped.keys() == {"Accounts"}
        assert "'city' was gone and is back without any value" in stopped["Accounts"]
        assert "Fill it again, or take it out of the mapping" in stopped["Accounts"]
        assert cities(both, target) == FULL
    both.edit(both.source, "a", city="Zlín")
    assert both.sync() == {}


def test_that_it_is_meant_empties_the_other_side(drifting):
    both = drifting("download_only")
    both.drop("external", "city")
    both.sync()
    both.add("external", "city")
    assert both.sync(approved=True) == {}
    assert set(cities(both, "local").values()) == {None}


def test_a_value_that_somebody_clears_is_cleared_on_the_other_side(drifting):
    both = drifting("bidirectional")
    both.edit("local", "a", city=None)
    assert both.sync() == {}
    assert cities(both, "external") == {**FULL, "a": None}


@pytest.mark.parametrize("direction", ["download_only", "upload_only"])
def test_a_source_field_that_was_made_anew_between_two_runs_clears_nothing(drifting, direction):
    both = drifting(direction)
    source = both.source
    for number in range(9):
        both.new(source, "account", number=f"n{number}", name="x", city="Brno")
    assert both.sync() == {}
    both.drop(source, "city")
    both.add(source, "city")
    stopped = both.sync(mode="full")
    assert f"{source} field 'city' has lost all its values" in stopped["Accounts"]
    assert "would clear 12 values" in stopped["Accounts"]
    assert None not in cities(both, other(source)).values()
    assert both.sync(mode="full", approved=True) == {}
    assert set(cities(both, other(source)).values()) == {None}


@pytest.mark.parametrize("side", SIDES)
def test_a_field_that_lost_all_its_values_at_once_clears_nothing_by_itself(drifting, side):
    both = drifting("bidirectional")
    for number in range(9):
        both.new("external", "account", number=f"n{number}", name="x", city="Brno")
    assert both.sync() == {}
    for number in both.accounts(side):
        both.edit(side, number, city=None)
    for _ in range(2):
        stopped = both.sync()
        assert f"{side} field 'city' has lost all its values" in stopped["Accounts"]
        assert "would clear 12 values" in stopped["Accounts"]
        assert None not in cities(both, other(side)).values()
    assert both.sync(approved=True) == {}
    assert set(cities(both, other(side)).values()) == {None}


# Provisioning


@pytest.mark.parametrize("direction", ["download_only", "upload_only", "bidirectional"])
def test_a_column_that_vanished_is_not_provisioned_by_itself(drifting, direction):
    both = drifting(direction)
    both.provisioning()
    both.drop("local", "city")
    for _ in range(2):
        stopped = both.sync()
        assert stopped.keys() == {"Accounts", "Contacts"}
        assert "Restore the column with its values" in stopped["Accounts"]
        assert "tandem schema crm --provision --yes" in stopped["Accounts"]
        assert "city" not in both.store("local").entities["account"].by_name
        assert cities(both, "external") == FULL
    both.put_back("local", "city")
    assert both.sync() == {}
    assert cities(both, "external") == cities(both, "local") == FULL


@pytest.mark.parametrize("direction", ["download_only", "bidirectional"])
def test_a_column_that_is_created_anew_on_purpose_gets_the_external_values(drifting, direction):
    both = drifting(direction)
    both.drop("local", "city")
    both.sync()
    with both.world.job() as run:
        assert any("again, empty" in line for line in missing_locally(run))
        assert provision_locally(run)
    assert cities(both, "local") == dict.fromkeys(FULL)
    assert both.sync() == {}
    assert cities(both, "external") == cities(both, "local") == FULL
    both.quiet()


@pytest.mark.parametrize("direction", ["download_only", "upload_only", "bidirectional"])
def test_a_table_that_vanished_is_not_provisioned_by_itself(drifting, direction):
    both = drifting(direction)
    both.provisioning()
    both.remove("local")
    for _ in range(2):
        stopped = both.sync()
        assert stopped.keys() == {"Accounts", "Contacts"}
        assert "Restore the table" in stopped["Accounts"]
        assert "account" not in both.store("local").entities
    assert cities(both, "external") == FULL
    both.restore("local")
    assert both.sync() == {}
    assert cities(both, "external") == cities(both, "local") == FULL


@pytest.mark.parametrize("direction", ["download_only", "bidirectional"])
def test_a_table_that_is_created_anew_on_purpose_is_filled_and_deletes_nothing(drifting, direction):
    both = drifting(direction)
    both.remove("local")
    both.sync()
    with both.world.job() as run:
        assert provision_locally(run)
    assert both.sync() == {}
    assert cities(both, "external") == cities(both, "local") == FULL
    both.quiet()


@pytest.mark.parametrize("policy", ["external_wins", "local_wins", "review"])
def test_a_newly_mapped_column_is_filled_from_the_external_side(drifting, policy):
    both = drifting("bidirectional", on_conflict=policy)
    both.provisioning()
    both.add("external", "fax")
    for number in FULL:
        both.edit("external", number, fax=f"fax {number}")
    assert both.sync() == {}
    both.map("fax", "fax")
    assert both.sync() == {}
    for side in SIDES:
        found = {number: record["fax"] for number, record in both.accounts(side).items()}
        assert found == {number: f"fax {number}" for number in FULL}
    both.quiet()


@pytest.mark.parametrize("policy", ["external_wins", "local_wins", "review"])
@pytest.mark.parametrize("side", SIDES)
def test_an_empty_field_that_is_newly_mapped_never_wins(drifting, policy, side):
    both = drifting("bidirectional", on_conflict=policy)
    for one in SIDES:
        both.add(one, "fax")
    both.edit(side, "a", fax="1")
    both.map("fax", "fax")
    assert both.sync() == {}
    assert both.accounts("external")["a"]["fax"] == both.accounts("local")["a"]["fax"] == "1"


# Whole entities


@pytest.mark.parametrize("direction", ["download_only", "upload_only", "bidirectional"])
def test_an_emptied_target_deletes_nothing(drifting, direction):
    both = drifting(direction)
    both.empty(other(both.source))
    both.sync()
    assert cities(both, both.source) == FULL


@pytest.mark.parametrize("side", SIDES)
def test_an_emptied_side_of_two_deletes_nothing_of_the_other(drifting, side):
    both = drifting("bidirectional")
    both.empty(side)
    both.sync()
    assert cities(both, other(side)) == FULL


@pytest.mark.parametrize("side", SIDES)
def test_an_entity_that_was_gone_and_is_back_empty_deletes_nothing_of_the_other(drifting, side):
    both = drifting("bidirectional")
    both.remove(side)
    both.sync()
    both.restore(side, empty=True)
    both.sync()
    assert cities(both, other(side)) == FULL


@pytest.mark.parametrize("direction", ["download_only", "bidirectional"])
def test_a_local_table_that_was_gone_and_is_back_empty_is_filled_again(drifting, direction):
    both = drifting(direction)
    both.remove("local")
    both.sync()
    both.restore("local", empty=True)
    assert both.sync() == {}
    assert cities(both, "external") == cities(both, "local") == FULL
    both.quiet()


def test_a_copy_that_was_emptied_is_filled_again(drifting):
    both = drifting("download_only")
    both.empty("local")
    assert both.sync() == {}
    assert cities(both, "local") == FULL
    both.quiet()


def test_another_local_entity_is_filled_and_deletes_nothing(drifting):
    both = drifting("bidirectional")
    known = both.store("local").entities["account"]
    both.store("local").define(
        known.model_copy(update={"name": "firm"}), both.store("local").habits["account"]
    )
    both.mapping["local"] = "firm"
    assert both.sync() == {}
    assert cities(both, "external") == cities(both, "local") == FULL
    both.quiet()


# Capabilities


def test_writes_that_are_lost_stop_the_entity_and_lose_no_edit(drifting):
    both = drifting("bidirectional")
    both.able("external", creates=False, updates=False)
    both.edit("local", "a", city="Zlín")
    stopped = both.sync()
    assert stopped.keys() == {"Accounts", "Contacts"}
    both.able("external", creates=True, updates=True)
    assert both.sync() == {}
    assert cities(both, "external") == {**FULL, "a": "Zlín"}


@pytest.mark.parametrize("direction", ["download_only", "bidirectional"])
def test_a_delta_link_that_is_lost_and_comes_back_misses_nothing(drifting, direction):
    both = drifting(direction)
    for one in both.world.mappings:
        one.pop("version_number")
    both.able("external", delta=True)
    assert both.sync() == {}
    both.able("external", delta=False)
    both.edit("external", "a", city="Zlín")
    assert both.sync() == {}
    assert cities(both, "local") == {**FULL, "a": "Zlín"}
    both.able("external", delta=True)
    both.edit("external", "b", city="Plzeň")
    assert both.sync() == {}
    assert cities(both, "local") == {**FULL, "a": "Zlín", "b": "Plzeň"}


# What else a mapping names


def test_a_filter_field_that_is_gone_stops_and_deletes_nothing(drifting):
    both = drifting("bidirectional", filter_exit="delete")
    both.mapping["download_filter"] = {"field": "city", "operator": "not_null"}
    assert both.sync() == {}
    both.unmap("city")
    both.drop("external", "city")
    stopped = both.sync()
    assert "city" in stopped["Accounts"]
    assert both.accounts("local").keys() == FULL.keys()
    both.put_back("external", "city")
    assert both.sync() == {}
    assert both.accounts("local").keys() == FULL.keys()


@pytest.mark.parametrize("side", SIDES)
def test_a_lookup_that_is_gone_stops_its_entity_and_comes_back_whole(drifting, side):
    both = drifting("bidirectional")
    name = {"external": "account_ID", "local": "account"}[side]
    (contact,) = both.store("external").records["Contacts"].values()
    ada = both.accounts("external")["a"]["ID"]
    both.store("external").edit("Contacts", contact["ID"], account_ID=ada)
    assert both.sync() == {}
    both.drop(side, name, "contact")
    stopped = both.sync()
    assert stopped.keys() == {"Contacts"}
    assert f"no field {name!r}" in stopped["Contacts"]
    both.add(side, name, "contact", kind=Kind.GUID)
    assert both.sync() == {}
    (there,) = both.store("external").records["Contacts"].values()
    (here,) = both.store("local").records["contact"].values()
    assert there["account_ID"] == ada
    assert here["account"] == both.accounts("local")["a"]["id"]


def test_another_key_without_a_primary_key_stops_and_creates_nothing_twice(drifting):
    both = drifting("bidirectional")
    both.mapping.pop("primary_key")
    assert both.sync() == {}
    both.rekey("external", "number")
    stopped = both.sync()
    assert "the key of its external entity is another one now" in stopped["Accounts"]
    assert "primary_key: [...]" in stopped["Accounts"]
    both.mapping["primary_key"] = ["number"]
    assert both.sync().keys() == {"Contacts"}  # they look accounts up by the key that was
    assert cities(both, "external") == cities(both, "local") == FULL
