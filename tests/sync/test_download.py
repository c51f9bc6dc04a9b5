"""What a data engineer sees when an integration downloads."""

import copy
from datetime import timedelta

import pytest

from tandem.errors import ConfigurationError, StopRun, Unreachable
from tandem.model.changes import Counts
from tandem.model.schema import Entity, Field, Kind
from tandem.sync import schema, steps
from tandem.sync.run import run_all


def changed(mapping, **values):
    return {**copy.deepcopy(mapping), **values}


def test_the_first_sync_reads_everything_and_the_second_only_what_changed(world):
    for n in range(5):
        world.put_account(str(n), name=f"Account {n}")
    first = world.sync()
    world.put_account("3", name="Renamed")
    world.put_account("9", name="New")
    second = world.sync()
    assert first.counts == Counts(created=5)
    assert (second.counts.created, second.counts.updated) == (1, 1)
    assert second.entities[0].mode == "incremental"
    assert {row["name"] for row in world.rows()} == {
        "Account 0", "Account 1", "Account 2", "Renamed", "Account 4", "New",
    }  # fmt: skip


def test_a_sync_without_changes_writes_nothing(world):
    world.put_account("1", name="Ada")
    world.sync()
    counts = world.sync().counts
    assert (counts.created, counts.updated, counts.unchanged) == (0, 0, 1)


def test_the_result_line_is_that_of_the_product(world):
    for n in range(15):
        world.put_account(str(n), name=f"Account {n}")
    assert world.sync().results == "RESULTS: ALL (15) : IMPORTED (15); UPDATED (0); FAILED (0)"


def test_mode_full_reads_everything_again(world):
    world.put_account("1", name="Ada")
    world.sync()
    counts = world.sync(mode="full").counts
    assert counts == Counts(unchanged=1)


def test_an_import_links_and_leaves_the_anchor_alone(world):
    world.put_account("1", name="Ada")
    imported = world.sync(kind="import")
    synced = world.sync()
    assert imported.counts.created == 1
    assert (synced.entities[0].mode, synced.counts.unchanged) == ("full", 1)


def test_records_with_the_same_version_are_not_lost(world):
    world.put_account("1", name="Ada", version=7)
    world.sync()
    world.put_account("2", name="Grace", version=7)
    assert world.sync().counts.created == 1


def test_a_timestamp_is_read_again_from_before_the_anchor(world):
    at = world.clock
    world.mappings = [changed(world.mappings[0], version_number="modifiedAt", overlap="PT10M")]
    world.put_account("1", name="Ada", modifiedAt=at)
    world.sync()
    late = at.replace(year=at.year - 1, month=12, day=31, hour=23, minute=55)
    world.put_account("2", name="committed late", modifiedAt=late)
    counts = world.sync().counts
    assert (counts.created, counts.unchanged) == (1, 1)


def test_records_without_version_are_read_in_every_run(world):
    world.put_account("1", name="Ada")
    world.sync()
    world.put_account("2", name="Grace", version=None)
    assert world.sync().counts.created == 1
    world.put_account("2", name="Grace H.", version=None)
    assert world.sync().counts.updated == 1


def test_an_entity_without_version_is_compared_as_a_whole(world):
    entity = world.external.entities["Accounts"]
    without = entity.capabilities.model_copy(update={"version_fields": ()})
    world.external.entities["Accounts"] = entity.model_copy(update={"capabilities": without})
    world.mappings = [changed(world.mappings[0], version_number=None)]
    world.put_account("1", name="Ada")
    world.sync()
    world.put_account("1", name="Ada L.")
    report = world.sync()
    assert (report.entities[0].mode, report.counts.updated) == ("full", 1)


def test_a_changed_mapping_reads_everything_again(world):
    world.put_account("1", name="Ada", status="open")
    world.sync()
    fields = [*world.mappings[0]["fields"]]
    fields[1] = {"external": "name", "local": "name", "transform": ["upper"]}
    world.mappings = [changed(world.mappings[0], fields=fields)]
    report = world.sync()
    assert (report.entities[0].mode, report.counts.updated) == ("full", 1)
    assert world.rows()[0]["name"] == "ADA"


def test_a_local_field_that_is_renamed_in_the_mapping_is_written(world):
    account = world.local.entities["account"]
    nickname = account.field("name").model_copy(update={"name": "nickname"})
    more = account.model_copy(update={"fields": (*account.fields, nickname)})
    world.local.entities["account"] = more
    world.put_account("1", name="Ada")
    world.sync()
    fields = [*world.mappings[0]["fields"]]
    fields[1] = {"external": "name", "local": "nickname"}
    world.mappings = [changed(world.mappings[0], fields=fields)]
    world.sync()
    assert [row["nickname"] for row in world.rows()] == ["Ada"]


def test_another_local_entity_in_the_mapping_is_filled(world):
    world.put_account("1", name="Ada")
    world.sync()
    world.local.define(world.local.entities["account"].model_copy(update={"name": "customer"}))
    world.mappings = [changed(world.mappings[0], local="customer")]
    world.sync()
    assert [row["name"] for row in world.rows("customer")] == ["Ada"]


def test_a_record_that_enters_a_relative_filter_without_changing_is_read(world):
    condition = {"field": "modifiedAt", "operator": "next_x_days", "value": 2}
    world.mappings = [changed(world.mappings[0], download_filter=condition)]
    world.put_account("1", name="Ada", modifiedAt=world.clock + timedelta(days=5))
    assert world.sync().counts.created == 0
    world.clock += timedelta(days=4)
    assert world.sync().counts.created == 1


def test_a_filter_chooses_the_records(world):
    condition = {"field": "status", "operator": "eq", "value": "open"}
    world.mappings = [changed(world.mappings[0], download_filter=condition)]
    world.put_account("1", name="Ada", status="open")
    world.put_account("2", name="Grace", status="closed")
    assert world.sync().counts.created == 1


def test_only_the_entities_that_are_asked_for_are_synced(world):
    world.put_account("1", name="Ada")
    with pytest.raises(ConfigurationError, match="no enabled entity 'Contacts'"):
        world.sync(entities=("Contacts",))
    assert world.sync(entities=("Accounts",)).counts.created == 1


# Matching


def test_a_local_record_with_the_same_primary_key_is_linked_and_updated(world):
    guid = "0f8fad5b-d9cb-469f-a165-70867728950e"
    world.local.put("account", [{"id": guid, "accountnumber": "no-1", "name": "old"}])
    world.put_account("1", name="Ada")
    assert world.sync().counts == Counts(updated=1)
    assert [(row["id"], row["name"]) for row in world.rows()] == [(guid, "Ada")]


def test_nobody_is_linked_where_two_local_records_have_the_primary_key(world):
    ids = ("0f8fad5b-d9cb-469f-a165-70867728950e", "7c9e6679-7425-40de-944b-e07fc1f90ae7")
    world.local.put("account", [{"id": i, "accountnumber": "no-1", "name": "old"} for i in ids])
    world.put_account("1", name="Ada")
    report = world.sync()
    assert (report.status, report.counts) == ("partial", Counts(failed=1))
    assert {row["name"] for row in world.rows()} == {"old"}


def test_two_external_records_with_one_primary_key_are_both_rejected(world):
    world.put_account("1", name="Ada", number="same")
    world.put_account("2", name="Grace", number="same")
    world.put_account("3", name="Edsger")
    assert world.sync().counts == Counts(created=1, failed=2)


def test_a_blank_primary_key_matches_nobody(world):
    guid = "0f8fad5b-d9cb-469f-a165-70867728950e"
    world.local.put("account", [{"id": guid, "accountnumber": "", "name": "old"}])
    world.put_account("1", name="Ada", number="")
    world.put_account("2", name="Grace", number=None)
    assert world.sync().counts == Counts(created=2)


def test_a_local_record_that_is_linked_is_not_given_to_another(world):
    world.put_account("1", name="Ada", number="same")
    world.sync()
    world.put_account("2", name="Grace", number="same")
    report = world.sync()
    assert report.counts.failed == 1
    assert [row["name"] for row in world.rows()] == ["Ada"]


def test_a_local_record_that_others_deleted_comes_back_with_its_next_change(world):
    world.put_account("1", name="Ada")
    world.sync()
    world.local.records["account"].clear()
    world.put_account("1", name="Ada L.")
    world.sync()
    assert [row["name"] for row in world.rows()] == ["Ada L."]


def test_records_with_one_primary_key_are_applied_once_they_differ(world):
    world.put_account("1", name="Ada", number="same")
    world.put_account("2", name="Grace", number="same")
    world.sync()
    world.put_account("1", name="Ada L.", number="same")
    assert world.sync().counts == Counts(failed=2)
    world.put_account("2", number="other")
    assert world.sync().counts == Counts(created=2)


def test_a_primary_key_that_is_handed_over_goes_to_its_new_owner(world):
    world.put_account("1", name="Ada", number="N1")
    world.sync()
    world.put_account("2", name="Grace", number="N1")
    world.put_account("1", name="Ada", number="N2")
    world.sync()
    world.sync()
    assert {row["name"]: row["accountnumber"] for row in world.rows()} == {
        "Ada": "N2",
        "Grace": "N1",
    }


def test_a_local_record_with_the_mapped_local_key_is_linked(world, keyed_by_number):
    world.local.put("customer", [{"number": "no-1", "name": "mine"}])
    world.put_account("1", name="Ada")
    assert world.sync().counts == Counts(updated=1)


def test_a_partner_by_primary_key_with_another_local_key_is_not_linked(world, keyed_by_number):
    world.mappings = [changed(world.mappings[0], primary_key=["name"])]
    world.local.put("customer", [{"number": "another", "name": "Ada"}])
    world.put_account("1", name="Ada")
    assert world.sync().counts == Counts(failed=1)
    assert len(world.rows("customer")) == 1


def test_two_external_records_with_one_local_key_are_both_rejected(world, keyed_by_number):
    world.mappings = [changed(world.mappings[0], primary_key=["name"])]
    world.put_account("1", name="Ada", number="same")
    world.put_account("2", name="Grace", number="same")
    assert world.sync().counts == Counts(failed=2)


@pytest.fixture
def keyed_by_number(world):
    """A local table whose key the mapping fills."""
    fields = (
        Field(name="number", kind=Kind.STRING, nullable=False),
        Field(name="name", kind=Kind.STRING),
    )
    world.local.define(Entity(name="customer", key=("number",), fields=fields))
    mapped = [{"external": "number", "local": "number"}, {"external": "name", "local": "name"}]
    world.mappings = [changed(world.mappings[0], local="customer", primary_key=[], fields=mapped)]


def test_a_record_has_one_owner_among_mappings_to_the_same_local_entity(world, contact_mapping):
    fields = [{"external": "name", "local": "name"}, {"external": "ID", "local": "accountnumber"}]
    people = changed(contact_mapping, local="account", primary_key=["ID"], fields=fields)
    world.mappings = [*world.mappings, people]
    world.put_account("1", name="Ada", number="same")
    world.put_contact("same", name="Grace")
    report = world.sync()
    assert report.counts == Counts(created=1, failed=1)
    assert [row["name"] for row in world.rows()] == ["Ada"]


# Tasks that are repeated, cleared or stale


def test_a_load_that_is_repeated_changes_nothing(world):
    world.put_account("1", name="Ada")
    with world.job() as run:
        steps.refresh_schema(run)
        planned = steps.transform(run, steps.extract(run, "Accounts"))
        first, again = steps.load(run, planned), steps.load(run, planned)
    assert first["counts"] == again["counts"]
    assert len(world.rows()) == 1


def test_a_stale_load_neither_overwrites_nor_moves_the_anchor_back(world):
    world.put_account("1", name="old")
    with world.job() as stale:
        steps.refresh_schema(stale)
        planned = steps.transform(stale, steps.extract(stale, "Accounts"))
        world.put_account("1", name="new")
        world.sync()
        with pytest.raises(StopRun, match="has synced Accounts, or begun to, since"):
            steps.load(stale, planned)
    assert [row["name"] for row in world.rows()] == ["new"]
    assert world.sync().counts == Counts(unchanged=1)


def test_what_was_read_before_another_run_is_not_planned(world):
    world.put_account("1", name="old")
    with world.job() as stale:
        steps.refresh_schema(stale)
        extracted = steps.extract(stale, "Accounts")
        world.put_account("1", name="new")
        world.sync()
        with pytest.raises(StopRun, match="has synced Accounts, or begun to, since this was read"):
            steps.transform(stale, extracted)
    assert [row["name"] for row in world.rows()] == ["new"]


def test_a_plan_of_another_mapping_is_not_carried_out(world):
    world.put_account("1", name="Ada")
    with world.job() as run:
        steps.refresh_schema(run)
        planned = steps.transform(run, steps.extract(run, "Accounts"))
        planned["mapping_hash"] = "another"
        with pytest.raises(StopRun, match="has changed since this plan was made"):
            steps.load(run, planned)
    assert world.rows() == []


def test_staged_batches_that_are_gone_are_named_with_a_remedy(world):
    world.put_account("1", name="Ada")
    with world.job() as run:
        steps.refresh_schema(run)
        extracted = steps.extract(run, "Accounts")
        run.staging.remove()
        steps.refresh_schema(run)
        with pytest.raises(StopRun, match="Clear the entity's extract task too"):
            steps.transform(run, extracted)


# Rejected records


def test_a_value_that_does_not_fit_rejects_its_record_and_no_other(world):
    world.put_account("1", name="Ada")
    world.put_account("2", name="a name that is much too long")
    report = world.sync()
    assert (report.status, report.counts) == ("partial", Counts(created=1, failed=1))
    assert [row["name"] for row in world.rows()] == ["Ada"]


def test_a_rejected_record_is_applied_when_it_has_changed(world):
    world.put_account("1", name="a name that is much too long")
    world.sync()
    world.put_account("1", name="short")
    report = world.sync()
    assert (report.status, report.counts) == ("success", Counts(created=1))


def test_a_rejected_edit_that_is_taken_back_waits_no_longer(world):
    world.put_account("1", name="Ada")
    world.sync()
    world.put_account("1", name="a name that is much too long")
    assert world.sync().counts == Counts(failed=1)
    world.put_account("1", name="Ada")
    assert world.sync().counts == Counts(unchanged=1)
    with world.job() as job:
        assert job.state.waiting("Accounts", "record") == []


def test_a_record_that_cannot_be_read_is_rejected_and_no_other(world):
    world.put_account("1", name="Ada")
    world.put_account("2", name=b"\xff")
    assert world.sync().counts == Counts(created=1, failed=1)


def test_an_option_without_partner_rejects_its_record(world):
    fields = [
        *world.mappings[0]["fields"][:1],
        {"external": "status", "local": "name", "values": {"open": "Open", "closed": "Closed"}},
    ]
    world.mappings = [changed(world.mappings[0], fields=fields)]
    world.put_account("1", status="open")
    world.put_account("2", status="lost")
    world.put_account("3", status=None)
    assert world.sync().counts == Counts(created=2, failed=1)
    assert sorted(str(row["name"]) for row in world.rows()) == ["None", "Open"]


# Lookups


def test_a_self_reference_is_completed_once_its_partner_is_there(world):
    world.put_account("1", name="child", parent_ID="2")
    world.put_account("2", name="parent")
    report = world.sync()
    assert (report.counts.deferred, report.completed_lookups) == (1, 1)
    assert world.row("child")["parentid"] == world.row("parent")["id"]


def test_a_partner_that_comes_later_completes_the_lookup(world):
    world.put_account("1", name="child", parent_ID="2")
    world.sync()
    assert world.row("child")["parentid"] is None
    world.put_account("2", name="parent")
    world.sync()
    assert world.row("child")["parentid"] == world.row("parent")["id"]


def test_a_lookup_without_partner_leaves_the_field_as_it_was(world):
    world.put_account("1", name="child", parent_ID="2")
    world.put_account("2", name="parent")
    world.sync()
    parent = world.row("parent")["id"]
    world.put_account("1", name="child 2", parent_ID="missing")
    world.sync()
    assert world.row("child 2")["parentid"] == parent


def test_a_lookup_that_is_cleared_becomes_null(world):
    world.put_account("1", name="child", parent_ID="2")
    world.put_account("2", name="parent")
    world.sync()
    world.put_account("1", parent_ID=None)
    world.sync()
    assert world.row("child")["parentid"] is None


def test_a_lookup_that_waited_and_was_cleared_stays_null(world):
    world.put_account("1", name="child", parent_ID="2")
    world.sync()
    world.put_account("1", parent_ID=None)
    world.put_account("2", name="parent")
    world.sync()
    assert world.row("child")["parentid"] is None


def test_entities_that_others_look_up_come_first(world, accounts_and_contacts):
    world.put_contact("c1", name="Ada", account_ID="1")
    world.put_account("1", name="Works")
    report = world.sync()
    assert report.counts.deferred == 0
    assert world.row("Ada", "contact")["accountid"] == world.row("Works")["id"]


def test_a_required_lookup_waits_for_its_partner(world, accounts_and_contacts):
    contact = world.local.entities["contact"]
    fields = tuple(f.model_copy(update={"nullable": f.name != "accountid"}) for f in contact.fields)
    world.local.entities["contact"] = contact.model_copy(update={"fields": fields})
    world.put_contact("c1", name="Ada", account_ID="1")
    assert world.sync().counts.failed == 1
    world.put_account("1", name="Works")
    assert world.sync().status == "success"
    assert world.row("Ada", "contact")["accountid"] == world.row("Works")["id"]


def test_a_record_that_waited_and_was_deleted_waits_no_longer(world, accounts_and_contacts):
    contact = world.local.entities["contact"]
    fields = tuple(f.model_copy(update={"nullable": f.name != "accountid"}) for f in contact.fields)
    world.local.entities["contact"] = contact.model_copy(update={"fields": fields})
    world.put_contact("c1", name="Ada", account_ID="1")
    world.sync()
    world.external.records["Contacts"].clear()
    world.sync()
    with world.job() as run:
        assert run.state.waiting("Contacts", "dependency") == []


def test_a_lookup_by_another_field_finds_what_the_mapping_made_of_it(world, contact_mapping):
    fields = [*world.mappings[0]["fields"]]
    fields[0] = {"external": "number", "local": "accountnumber", "transform": ["upper"]}
    accounts = changed(world.mappings[0], fields=fields)
    contacts = changed(contact_mapping)
    contacts["fields"][1]["lookup"] = {"entity": "Accounts", "field": "number"}
    world.mappings = [accounts, contacts]
    world.put_account("1", name="Works", number="abc")
    world.put_contact("c1", name="Ada", account_ID="abc")
    world.sync()
    assert world.row("Ada", "contact")["accountid"] == world.row("Works")["id"]


def test_many_lookups_that_wait_are_completed(world, monkeypatch):
    monkeypatch.setattr("tandem.state.reader.PART_ROWS", 2)
    for n in range(5):
        world.put_account(f"c{n}", name=f"child {n}", parent_ID="p")
    world.put_account("p", name="parent")
    assert world.sync().completed_lookups == 5


def test_an_entity_that_fails_stops_those_that_look_it_up(world, accounts_and_contacts):
    world.put_account("1", name="Works")
    world.put_contact("c1", name="Ada", account_ID="1")
    world.sync()
    world.external.records["Accounts"][("1",)].pop("name")
    report = world.sync(mode="full")
    statuses = {entity.entity: entity.status for entity in report.entities}
    assert statuses == {"Accounts": "failed", "Contacts": "skipped"}
    assert report.status == "failed"


@pytest.fixture
def accounts_and_contacts(world, contact_mapping):
    world.mappings = [contact_mapping, *world.mappings]


# Looking before


def test_a_preview_is_the_plan_and_writes_nothing(world):
    world.put_account("1", name="Ada")
    world.put_account("2", name="a name that is much too long")
    (plan,) = world.preview()
    assert plan.actions == {"create": 1, "reject": 1}
    assert world.rows() == []
    assert world.sync().counts == Counts(created=1, failed=1)


def test_a_preview_counts_on_the_partners_that_its_own_plan_makes(world, accounts_and_contacts):
    contact = world.local.entities["contact"]
    fields = tuple(f.model_copy(update={"nullable": f.name != "accountid"}) for f in contact.fields)
    world.local.entities["contact"] = contact.model_copy(update={"fields": fields})
    world.put_account("1", name="Works")
    world.put_contact("c1", name="Ada", account_ID="1")
    assert [plan.actions for plan in world.preview()] == [{"create": 1}, {"create": 1}]
    assert world.sync().counts == Counts(created=2)


def test_a_first_sync_that_would_remove_local_records_waits_for_approval(world):
    world.mappings = [changed(world.mappings[0], first_sync="replace_local")]
    guid = "0f8fad5b-d9cb-469f-a165-70867728950e"
    world.local.put("account", [{"id": guid, "accountnumber": "x", "name": "mine"}])
    world.put_account("1", name="Ada")
    report = world.sync()
    assert "replace_local would remove 1 of 1" in report.entities[0].message
    assert [row["name"] for row in world.rows()] == ["mine"]


def test_fields_that_do_not_exist_are_all_named(world):
    fields = [{"external": "nmae", "local": "name"}, {"external": "number", "local": "nubmer"}]
    world.mappings = [changed(world.mappings[0], fields=fields, primary_key=[])]
    with pytest.raises(ConfigurationError, match=r"(?s)'nmae'.*'nubmer'"):
        world.sync()


def test_a_lookup_that_cannot_be_resolved_is_refused_beforehand(world, contact_mapping):
    contacts = changed(contact_mapping)
    contacts["fields"][1]["lookup"] = {"entity": "Accounts", "field": "status"}
    world.mappings = [*world.mappings, contacts]
    report = world.sync()
    assert [entity.status for entity in report.entities] == ["success", "failed"]
    assert "goes by field 'status' of 'Accounts'" in report.entities[1].message


def test_a_lookup_field_must_hold_the_key_of_its_target(world):
    account = world.local.entities["account"]
    parent = account.field("parentid").model_copy(update={"kind": Kind.INT64})
    fields = tuple(parent if f.name == "parentid" else f for f in account.fields)
    world.local.entities["account"] = account.model_copy(update={"fields": fields})
    with pytest.raises(ConfigurationError, match="cannot hold the key 'id'"):
        world.sync()


# Runs that fail before their first entity begins


def entries(world):
    with world.job() as run:
        return [(e.run_id, e.status, e.counts.created, e.message) for e in run.state.log_entries()]


def test_a_run_whose_schemas_cannot_be_read_is_in_the_log(world, monkeypatch):
    world.put_account("1", name="Ada")
    with monkeypatch.context() as away:
        away.setattr(schema, "pin_schemas", raising(Unreachable("No answer.")))
        with pytest.raises(Unreachable):
            world.sync()
    assert [entry[1:] for entry in entries(world)] == [("failed", 0, "No answer.")]
    assert world.sync().counts == Counts(created=1)


def test_a_first_step_that_is_cleared_and_fails_leaves_what_the_run_had_done(world, monkeypatch):
    world.put_account("1", name="Ada")
    with world.job() as run:
        run_all(run)
        before = entries(world)
        monkeypatch.setattr(schema, "pin_schemas", raising(Unreachable("No answer.")))
        with pytest.raises(Unreachable):
            steps.refresh_schema(run)
    assert entries(world) == before
    assert [entry[1:3] for entry in before] == [("success", 1)]


def raising(error):
    def fail(_run):
        raise error

    return fail
