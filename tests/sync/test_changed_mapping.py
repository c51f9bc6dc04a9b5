"""What a changed mapping costs: only what the change concerns is read again."""

import copy

import pytest

from tandem.model.changes import Counts
from tandem.sync import steps

BRNO = {"field": "status", "operator": "eq", "value": "Brno"}
PRAGUE = {"field": "status", "operator": "eq", "value": "Prague"}
BOTH = {"field": "status", "operator": "in", "value": ["Brno", "Prague"]}
CITIES = ["Brno", "Brno", "Prague", None, "Olomouc"]


@pytest.fixture
def town(world):
    """Accounts in cities, that have been synced; every change is of the mapping of that."""
    world.mappings = [copy.deepcopy(world.mappings[0])]
    for number, city in enumerate(CITIES):
        world.put_account(str(number), name=f"n{number}", status=city)
    return world


def read(world, entity="Accounts", side="external"):
    """How many records the next run reads; the run is carried out."""
    with world.job() as run:
        steps.refresh_schema(run)
        steps.validate_metadata(run)
        found = steps.extract(run, entity)
        steps.load(run, steps.transform(run, found))
        return found[side]["records"], found[side]["mode"]


def names(world):
    return sorted(row["name"] for row in world.rows())


def line(external, local, **more):
    return {"external": external, "local": local, **more}


def test_what_does_not_matter_reads_nothing_again(town):
    town.sync()
    town.mappings[0]["fields"].reverse()
    town.mappings[0].update(on_conflict="review", deletes="ignore", sweep_every=3)
    assert read(town) == (1, "incremental")  # the last version is always read again


def test_a_field_that_is_removed_reads_nothing_again(town):
    town.sync()
    town.mappings[0]["fields"].pop()
    assert read(town) == (1, "incremental")


def test_a_field_that_is_added_reads_its_entity_and_no_other(town, contact_mapping):
    town.mappings.append(copy.deepcopy(contact_mapping))
    town.put_contact("1", name="Eve")
    town.put_contact("2", name="Flo")
    town.mappings[0]["fields"].pop()
    town.sync()
    town.mappings[0]["fields"].append(line("status", "parentid", enabled=False))
    town.mappings[0]["fields"][1]["transform"] = ["upper"]
    assert read(town, "Contacts") == (1, "incremental")
    assert read(town) == (5, "full")
    assert names(town) == ["N0", "N1", "N2", "N3", "N4"]
    assert read(town) == (1, "incremental")


def test_a_full_read_for_a_changed_mapping_is_no_first_sync(town):
    town.mappings[0]["first_sync"] = "replace_local"
    town.sync()
    own = {"id": "6f9619ff-8b86-d011-b42d-00cf4fc964ff", "accountnumber": "x", "name": "ours"}
    town.local.put("account", [own])
    town.mappings[0]["fields"][1]["transform"] = ["upper"]
    assert town.sync().counts == Counts(updated=5)
    assert "ours" in names(town)


def test_a_wider_filter_reads_what_was_outside_it(town):
    town.mappings[0]["download_filter"] = BRNO
    town.sync()
    town.mappings[0]["download_filter"] = BOTH
    assert read(town) == (1, "incremental")
    assert names(town) == ["n0", "n1", "n2"]
    assert read(town) == (0, "incremental")


def test_a_filter_that_is_lifted_reads_what_was_outside_it(town):
    town.mappings[0]["download_filter"] = BRNO
    town.sync()
    town.mappings[0]["download_filter"] = None
    assert read(town) == (3, "incremental")
    assert names(town) == ["n0", "n1", "n2", "n3", "n4"]


@pytest.mark.parametrize("exits", ["keep", "delete"])
def test_what_a_narrower_filter_shuts_out_follows_filter_exit(town, exits):
    town.mappings[0].update(download_filter=BOTH, filter_exit=exits, sweep_every=100)
    town.sync()
    town.mappings[0]["download_filter"] = PRAGUE
    assert read(town) == (0, "incremental")
    assert names(town) == (["n2"] if exits == "delete" else ["n0", "n1", "n2"])


def test_what_comes_later_is_read_too_when_the_filter_changes(town):
    town.mappings[0]["download_filter"] = BRNO
    town.sync()
    town.put_account("5", name="n5", status="Prague")
    town.put_account("0", name="again")
    town.mappings[0]["download_filter"] = BOTH
    assert read(town) == (3, "incremental")
    assert names(town) == ["again", "n1", "n2", "n5"]


def test_a_filter_by_the_day_is_read_whole(town):
    town.mappings[0]["download_filter"] = {"field": "modifiedAt", "operator": "null"}
    town.sync()
    town.mappings[0]["download_filter"] = {"field": "modifiedAt", "operator": "this_year"}
    assert read(town) == (0, "full")


@pytest.mark.parametrize("calls", range(1, 60, 7))
def test_a_crash_repeats_the_targeted_read(town, fuse, calls):
    town.mappings[0]["download_filter"] = BRNO
    town.sync()
    town.mappings[0]["download_filter"] = BOTH
    town.sync_with(fuse(calls))
    town.sync()
    assert names(town) == ["n0", "n1", "n2"]


def test_a_delta_link_stays_and_what_was_outside_is_read_once(town):
    town.mappings[0].pop("version_number")
    town.mappings[0]["download_filter"] = BRNO
    known = town.external.entities["Accounts"]
    able = known.capabilities.model_copy(update={"delta": True})
    town.external.define(known.model_copy(update={"capabilities": able}))
    town.sync()
    town.mappings[0]["download_filter"] = BOTH
    assert read(town) == (1, "incremental")
    assert names(town) == ["n0", "n1", "n2"]
    assert read(town) == (0, "incremental")


def test_a_delta_link_sweeps_once_what_a_narrower_filter_shuts_out(town):
    town.mappings[0].pop("version_number")
    town.mappings[0].update(download_filter=BOTH, filter_exit="delete")
    known = town.external.entities["Accounts"]
    able = known.capabilities.model_copy(update={"delta": True})
    town.external.define(known.model_copy(update={"capabilities": able}))
    town.sync()
    town.mappings[0]["download_filter"] = PRAGUE
    assert read(town) == (0, "incremental")
    assert names(town) == ["n2"]


def test_a_record_that_was_rejected_is_tried_again_under_another_mapping(town):
    town.put_account("9", name="fits", parent_ID=None, number="a number that is far too long" * 9)
    town.put_account("8", name="a name that is much too long")
    town.put_account("7", name="last")
    assert town.sync().counts.failed == 1
    town.mappings[0]["fields"] = [f for f in town.mappings[0]["fields"] if f["local"] != "name"]
    assert town.sync().counts.failed == 0
    assert len(town.rows()) == 8


def test_a_record_that_was_rejected_is_tried_again_when_there_is_room(town):
    town.put_account("8", name="a name that is much too long")
    town.put_account("7", name="last")
    assert town.sync().counts.failed == 1
    known = town.local.entities["account"]
    fields = tuple(f.model_copy(update={"max_length": None}) for f in known.fields)
    town.local.define(known.model_copy(update={"fields": fields}))
    assert town.sync().counts.failed == 0
    assert "a name that is much too long" in names(town)


def test_an_anchor_whose_mapping_is_not_known_reads_everything(town):
    town.sync()
    with town.job() as run:
        anchor = run.state.set_anchor("Accounts", "external").anchor
        run.state.move_anchor("Accounts", "external", anchor, mapping_hash="old", at=run.now())
    assert read(town) == (5, "full")


def test_a_mapping_that_is_changed_back_after_a_run_that_died_leaves_nothing_half_done(town, dying):
    town.sync()
    name = town.mappings[0]["fields"][1]
    name["transform"] = ["upper"]
    town.sync_with(dying("move_anchor"))
    assert names(town) == ["N0", "N1", "N2", "N3", "N4"]
    del name["transform"]
    assert town.preview()[0].counts["download"].updated == 5
    assert read(town) == (5, "full")
    assert names(town) == ["n0", "n1", "n2", "n3", "n4"]
    assert read(town) == (1, "incremental")
