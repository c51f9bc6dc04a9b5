"""What no run may do: carry out an old plan, forget what waits, or take another's records."""

import copy
from dataclasses import replace
from datetime import UTC, datetime

import pyarrow as pa
import pytest

from tandem.errors import ConfigurationError, StopRun, Unreachable
from tandem.model.changes import Counts
from tandem.sync import steps
from tandem.sync.job import Window

BRNO = {"field": "city", "operator": "eq", "value": "Brno"}
LATER = Window(start=datetime(2027, 1, 1, tzinfo=UTC))  # after all edits
FILTERS = {"external": "download_filter", "local": "upload_filter"}


def rejected(both):
    return {r.record_id: r.error for r in both.state(lambda state: state.rejected_records())}


def conflicts(both):
    return both.state(lambda state: state.conflicts())


def rechecks(both):
    return [both.state(lambda s, f=f: s.rechecks("Accounts", f).to_pylist()) for f in FILTERS]


def anchor(both):
    known = both.state(lambda state: state.set_anchor("Accounts", "external"))
    return known and known.anchor


def extracted(run):
    steps.refresh_schema(run)
    steps.validate_metadata(run)
    return steps.extract(run, "Accounts")


def stopped_at_the_first_write(both, run, planned):
    """The local side refuses the first call of this load."""
    both.disturb("local", [(("before",), 1)], both.local.edit)
    with pytest.raises(Unreachable):
        steps.load(run, planned)


@pytest.mark.parametrize("delta", [False, True])
def test_an_old_plan_is_not_carried_out(make_both, nature, delta):
    both = make_both(nature=nature(delta=delta))
    if delta:
        both.mapping.pop("version_number")
    there, _ = both.link("Ada")
    both.link("Bob")
    record = dict(both.external.records["Accounts"][(there,)])
    both.external.remove("Accounts", there)
    with both.world.job() as old:
        planned = steps.transform(old, extracted(old))
        stopped_at_the_first_write(both, old, planned)
    both.external.save("Accounts", record)
    both.there("Later", number="3")
    both.sync()
    moved = anchor(both)
    with both.world.job() as run:
        again = replace(run, run_id=old.run_id, staging=old.staging)
        with pytest.raises(StopRun) as stopped:
            steps.load(again, planned)
    assert "extract task" in stopped.value.remedy
    assert anchor(both) == moved
    assert both.names() == (["Ada", "Bob", "Later"],) * 2


@pytest.mark.parametrize("direction", ["bidirectional", "download_only"])
def test_what_was_read_before_this_run_wrote_is_not_planned_again(make_both, direction):
    both = make_both(direction=direction)
    there, _ = both.link("Ada")
    both.external.edit("Accounts", there, city="Oslo")
    with both.world.job() as run:
        read = extracted(run)
        steps.load(run, steps.transform(run, read))
        with pytest.raises(StopRun) as stopped:
            steps.transform(run, read)
    assert "extract task" in stopped.value.remedy
    both.assert_quiet()


@pytest.mark.parametrize(("direction", "sent"), [("bidirectional", 1), ("download_only", 0)])
def test_what_a_load_has_done_before_it_was_repeated_counts_as_done(make_both, direction, sent):
    both = make_both(direction=direction)
    for n in range(3):
        both.there(f"E{n}", number=f"e{n}")
    both.here("L", accountnumber="l")
    with both.world.job() as run:
        planned = steps.transform(run, extracted(run))
        stopped_at_the_first_write(both, run, planned)
        for _ in range(2):
            loaded = steps.load(run, planned)
            assert Counts.model_validate(loaded["counts"]) == Counts(created=3)
            assert Counts.model_validate(loaded["upload_counts"]) == Counts(created=sent)
    assert anchor(both) is not None
    assert both.sync().entities[0].mode == "incremental"


@pytest.mark.parametrize("side", ["external", "local"])
def test_a_record_that_never_was_in_the_filter_does_not_leave_it(make_both, side):
    both = make_both(filter_exit="delete", **{FILTERS[side]: BRNO})
    both.link("Bob")
    make = both.here if side == "external" else both.there
    make("Ada", city="Oslo", **{"accountnumber" if side == "external" else "number": "1"})
    for mode in ("auto", "auto", "full"):
        both.sync(mode=mode)
        assert both.names() == (["Ada", "Bob"],) * 2


@pytest.mark.parametrize("edited", [False, True])
@pytest.mark.parametrize("deletes", ["propagate", "ignore"])
@pytest.mark.parametrize("side", ["external", "local"])
def test_leaving_the_filter_deletes_what_nobody_edited(make_both, side, deletes, edited):
    both = make_both(filter_exit="delete", deletes=deletes, **{FILTERS[side]: BRNO})
    there, here = both.link("Ada")
    both.link("Bob")
    edits = {
        "external": lambda **new: both.external.edit("Accounts", there, **new),
        "local": lambda **new: both.local.edit("account", here, **new),
    }
    edits.pop(side)(city="Oslo")
    for edit in edits.values() if edited else ():
        edit(name="Ada L.")
    for _ in range(2):
        both.sync()
        counts = [2, 1 + edited]
        assert [*map(len, both.names())] == (counts if side == "external" else counts[::-1])


@pytest.mark.parametrize("window", [None, LATER])
def test_an_import_forgets_no_rejected_record(make_both, window):
    both = make_both(version_number="modifiedAt", overlap="PT0S")
    twins = [both.there(name, number="1") for name in "AB"]
    both.sync()
    both.there("C", number="3")
    both.sync(kind="import", window=window)
    assert set(rejected(both)) == set(twins)
    both.external.remove("Accounts", twins[1])
    both.there("D", number="4")
    both.sync()
    assert both.names() == (["A", "C", "D"], ["A", "C", "D"])
    assert rejected(both) == {}


@pytest.mark.parametrize("decided", [False, True])
@pytest.mark.parametrize("window", [None, LATER])
def test_an_import_forgets_no_conflict_and_no_decision(make_both, window, decided):
    both = make_both(version_number="modifiedAt", overlap="PT0S", on_conflict="review")
    both.mapping["local_version_number"] = "rowversion"
    there, here = both.link("Ada")
    both.external.edit("Accounts", there, name="There")
    both.local.edit("account", here, name="Here")
    both.sync()
    both.there("Other", number="2")
    if decided:
        with both.world.job() as run:
            for side, id_ in (("external", there), ("local", here)):
                why = {"reason": "decided", "at": run.now(), "policy": "local_wins"}
                run.state.recheck("Accounts", side, pa.array([id_]), **why)
    before = rechecks(both)
    both.sync(kind="import", window=window)
    assert rechecks(both) == before
    assert len(conflicts(both)) == 1
    if not decided:
        both.local.edit("account", here, name="Ada")
    both.sync()
    names = {"Here" if decided else "There", "Other"}
    assert [set(side) for side in both.names()] == [names, names]
    assert conflicts(both) == []


@pytest.mark.parametrize("key_is_mapped", [False, True])
def test_a_twin_is_rejected_and_holds_no_linked_record_up(make_both, key_is_mapped):
    both = make_both()
    number = "00000000-0000-0000-0000-0000000000aa"
    if key_is_mapped:
        as_guid = {"external": "number", "local": "id", "transform": ["guid"]}
        both.mapping["fields"][0] = as_guid
        both.mapping["primary_key"] = []
    there = both.there("Ada", number=number)
    both.sync()
    here = both.is_here("Ada")["id"]
    twin = both.there("Twin", number=number)
    both.external.edit("Accounts", there, name="Grace")
    both.local.edit("account", here, city="Oslo")
    for _ in range(2):
        both.sync()
        assert set(rejected(both)) == {twin}
        assert both.is_there("Grace")["city"] == "Oslo"
        assert both.names()[1] == ["Grace"]
    both.local.edit("account", here, city="Bern")
    both.sync(mode="full")
    assert both.is_there("Grace")["city"] == "Bern"


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("direction", ["upload_only", "download_only"])
def test_widening_a_direction_makes_what_had_drifted_apart_agree(make_both, direction, whole):
    both = make_both()
    narrowed = both.mapping if whole else both.mapping["fields"][2]
    there, here = both.there("Ada", number="1"), both.here("Ada", accountnumber="1")
    narrowed["direction"] = direction
    both.sync()
    if direction == "upload_only":
        both.external.edit("Accounts", there, city="There")
        both.local.edit("account", here, name="Grace")
    else:
        both.local.edit("account", here, city="Here")
        both.external.edit("Accounts", there, name="Grace")
    both.sync()
    narrowed["direction"] = "bidirectional"
    both.sync(mode="full")
    there, here = both.names("city")
    assert there == here
    assert (there == [None]) == (whole and direction == "download_only")  # overwritten then
    both.assert_quiet(mode="full")


def test_what_cannot_be_synced_both_ways_is_refused(both):
    both.with_contacts().world.mappings[1]["fields"][2]["lookup"]["field"] = "parent_ID"
    both.there("Ada", entity="Contacts")
    both.here("Bob", entity="contact")
    results = {result.entity: result for result in both.sync().entities}
    assert results["Accounts"].status == "success"
    assert results["Contacts"].status == "failed"
    assert "which is a lookup itself" in results["Contacts"].message
    assert [row["fullname"] for row in both.world.rows("contact")] == ["Bob"]
    assert len(both.external.records["Contacts"]) == 1
    both.world.mappings.pop()
    for one in both.mapping["fields"]:
        one["direction"] = "download_only"
    with pytest.raises(ConfigurationError, match="Write direction: download_only"):
        both.sync()


@pytest.mark.parametrize("by", ["constant", "filter"])
def test_mappings_that_share_an_entity_take_none_of_each_others_records(make_both, standard, by):
    accounts, contacts = copy.deepcopy(standard[0]), copy.deepcopy(standard[1])
    names = [{"external": "code", "local": "accountnumber"}, {"external": "name", "local": "name"}]
    contacts.update(local="account", primary_key=["code"], fields=names)
    if by == "constant":
        accounts["fields"].append({"local": "kind", "constant": "a"})
    else:
        of_kind = {"field": "kind", "operator": "eq"}
        accounts["upload_filter"] = {**of_kind, "value": "a"}
        contacts["upload_filter"] = {**of_kind, "value": "c"}
    both = make_both(mappings=[contacts, accounts])
    both.here("Account", accountnumber="7", kind="a")
    both.there("Contact", "Contacts", code="7")
    for mode in ("auto", "full"):
        both.sync(mode=mode)
        assert both.names() == (["Account"], ["Account", "Contact"])
        assert [r["name"] for r in both.external.records["Contacts"].values()] == ["Contact"]


@pytest.mark.parametrize("policy", ["local_wins", "external_wins", "review"])
def test_what_is_outside_the_upload_filter_is_never_created(make_both, policy):
    both = make_both(on_conflict=policy, upload_filter=BRNO)
    there, here = both.link("Ada")
    both.link("Bob")
    both.here("Never", accountnumber="9", city="Oslo")
    both.local.edit("account", here, city="Praha", name="Ada L.")
    both.external.remove("Accounts", there)
    for mode in ("auto", "full"):
        both.sync(mode=mode)
        assert both.names()[0] == ["Bob"]


@pytest.mark.parametrize("policy", ["local_wins", "external_wins", "review"])
@pytest.mark.parametrize("side", ["external", "local"])
def test_where_deletions_are_ignored_an_edit_of_the_other_side_is_no_conflict(
    make_both, side, policy
):
    both = make_both(deletes="ignore", on_conflict=policy)
    there, here = both.link("Ada")
    both.link("Bob")
    left = {"external": ["Ada L.", "Bob"], "local": ["Ada L.", "Bob"], side: ["Bob"]}
    if side == "external":
        both.external.remove("Accounts", there)
        both.local.edit("account", here, name="Ada L.")
    else:
        both.local.remove("account", here)
        both.external.edit("Accounts", there, name="Ada L.")
    for mode in ("auto", "auto", "full"):
        report = both.sync(mode=mode)
        assert (report.status, *both.names()) == ("success", *left.values())
