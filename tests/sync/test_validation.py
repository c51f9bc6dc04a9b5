"""A broken mapping stops its entity and those that need it; all others run to the end."""

import copy
import logging
from dataclasses import replace

import pytest

from tandem.errors import ConfigurationError, Unreachable
from tandem.model.problems import Remedy, Severity
from tandem.model.schema import Entity, Field, Kind
from tandem.sync import steps
from tandem.sync.people.explain import explain
from tandem.sync.people.problems import all_problems, look_at
from tandem.sync.people.verify import verify_all

TASKS = Entity(
    name="Tasks",
    key=("ID",),
    fields=(
        Field(name="ID", kind=Kind.STRING, nullable=False),
        Field(name="subject", kind=Kind.STRING),
    ),
)
TASK = Entity(
    name="task",
    key=("id",),
    fields=(
        Field(name="id", kind=Kind.GUID, nullable=False),
        Field(name="subject", kind=Kind.STRING),
    ),
)
TASK_MAPPING = {
    "external": "Tasks",
    "local": "task",
    "fields": [{"external": "subject", "local": "subject"}],
}


@pytest.fixture
def broken(world, contact_mapping):
    """Accounts are broken, contacts look them up, tasks have nothing to do with them."""
    world.external.define(TASKS)
    world.local.define(TASK)
    accounts = copy.deepcopy(world.mappings[0])
    accounts["fields"].append({"external": "fax", "local": "name2"})
    world.mappings = [accounts, contact_mapping, TASK_MAPPING]
    world.put_account("1", name="Ada")
    world.put_contact("c1", name="Grace", account_ID="1")
    world.external.put("Tasks", [{"ID": "t1", "subject": "call"}])
    return world


def statuses(report):
    return {entity.entity: entity.status for entity in report.entities}


def mended(world):
    del world.mappings[0]["fields"][-1]


def test_a_removed_field_stops_only_its_entity_and_those_that_need_it(broken):
    report = broken.sync()
    assert statuses(report) == {"Accounts": "failed", "Contacts": "failed", "Tasks": "success"}
    assert report.status == "failed"
    assert not report.may_pass
    messages = {entity.entity: entity.message for entity in report.entities}
    assert "no field 'fax'" in messages["Accounts"]
    assert "no field 'name2'" in messages["Accounts"]
    assert "waits for Accounts" in messages["Contacts"]
    assert [row["subject"] for row in broken.rows("task")] == ["call"]
    assert broken.rows() == broken.rows("contact") == []


def test_once_it_is_mended_everything_follows(broken):
    broken.sync()
    mended(broken)
    report = broken.sync()
    assert statuses(report) == {"Accounts": "success", "Contacts": "success", "Tasks": "success"}
    assert broken.row("Grace", "contact")["accountid"] == broken.row("Ada")["id"]


def test_a_field_that_vanishes_between_two_runs_wipes_nothing(world):
    world.put_account("1", name="Ada")
    world.sync()
    accounts = world.external.entities["Accounts"]
    kept = tuple(field for field in accounts.fields if field.name != "name")
    world.external.entities["Accounts"] = accounts.model_copy(update={"fields": kept})
    with pytest.raises(ConfigurationError, match="has no field 'name'"):
        world.sync()
    assert [row["name"] for row in world.rows()] == ["Ada"]
    world.external.entities["Accounts"] = accounts
    assert world.sync().status == "success"
    assert [row["name"] for row in world.rows()] == ["Ada"]


def test_a_run_with_nothing_left_to_do_stops_at_once_and_is_in_the_log(broken):
    with pytest.raises(ConfigurationError, match=r"(?s)no field 'fax'.*waits for Accounts"):
        broken.sync(entities=("Accounts", "Contacts"))
    with broken.job() as run:
        logged = {e.entity: e for e in run.state.log_entries(run_id=None, limit=10)}
    assert {entry.status for entry in logged.values()} == {"failed"}
    assert "no field 'fax'" in logged["Accounts"].message
    assert all(entry.finished_at for entry in logged.values())


def test_a_healthy_entity_can_be_asked_for_alone(broken):
    assert broken.sync(entities=("Tasks",)).status == "success"


def test_what_is_wrong_is_logged_entity_by_entity(broken, caplog):
    caplog.set_level(logging.INFO)
    with broken.job() as run:
        steps.refresh_schema(run)
        handed_over = steps.validate_metadata(run)
    assert handed_over["entities"] == ["Tasks"]
    assert set(handed_over["stopped"]) == {"Accounts", "Contacts"}
    errors = [line for line in caplog.messages if line.startswith("Accounts: error: ")]
    assert len(errors) == 2


def test_a_lookup_to_an_entity_that_is_not_mapped_stops_only_its_entity(world, contact_mapping):
    world.put_account("1", name="Ada")
    contacts = copy.deepcopy(contact_mapping)
    contacts["fields"][1]["lookup"]["entity"] = "Companies"
    world.mappings = [*world.mappings, contacts]
    report = world.sync()
    assert statuses(report) == {"Accounts": "success", "Contacts": "failed"}
    assert "looks up 'Companies', which is not mapped" in report.entities[1].message


def test_an_entity_that_is_gone_with_provisioning_stops_only_itself(broken):
    """Creating what is missing goes on for the others."""
    broken.external.entities.pop("Contacts")
    mended(broken)
    broken.local.entities.pop("task")
    with broken.job() as run:
        run = replace_integration(run, provision=True)
        steps.refresh_schema(run)
        stopped = steps.validate_metadata(run)["stopped"]
    assert set(stopped) == {"Contacts"}
    assert "task" in broken.local.entities


def test_an_entity_that_is_still_to_be_created_is_no_problem(world):
    world.local.entities.pop("account")
    with world.job() as run:
        found = look_at(replace_integration(run, provision=True))
    assert found.stopped == {}
    assert found.missing == ["define account"]
    with world.job() as run:
        (problem,) = look_at(run).problems
    assert (problem.code, problem.remedy) == ("local_entity_missing", Remedy.PROVISION)


def replace_integration(run, **changes):
    return replace(run, integration=run.integration.model_copy(update=changes))


def test_a_preview_shows_the_healthy_ones_and_why_the_others_are_not(broken):
    plans = {plan.entity: plan for plan in broken.preview()}
    assert plans["Tasks"].actions == {"create": 1}
    assert "no field 'fax'" in plans["Accounts"].stopped
    assert "waits for Accounts" in plans["Contacts"].stopped
    assert broken.rows("task") == []


def test_healthy_entities_can_be_verified_and_explained(broken):
    broken.sync()
    with broken.job() as run:
        verified = {v.entity: v for v in verify_all(run, sample=None, seed="")}
    assert (verified["Tasks"].links, verified["Tasks"].stopped) == (1, "")
    assert "no field 'fax'" in verified["Accounts"].stopped
    with broken.job(entities=("Tasks",)) as run:
        assert explain(run, "Tasks", "t1").link is not None
    with broken.job() as run, pytest.raises(ConfigurationError, match="no field 'fax'"):
        explain(run, "Accounts", "1")


def test_what_waited_is_completed_while_another_entity_is_broken(broken):
    mended(broken)
    tasks = copy.deepcopy(TASK_MAPPING)
    tasks["fields"] = [{"external": "gone", "local": "subject"}]
    broken.mappings = [*broken.mappings[:2], tasks]
    broken.put_contact("c2", name="Edsger", account_ID="9")
    broken.sync()
    assert broken.row("Edsger", "contact")["accountid"] is None
    broken.put_account("9", name="Alan")
    report = broken.sync()
    assert report.completed_lookups == 1
    assert broken.row("Edsger", "contact")["accountid"] == broken.row("Alan")["id"]


def test_a_run_tells_what_looks_renamed(world):
    world.sync()
    accounts = world.external.entities["Accounts"]
    renamed = accounts.field("name").model_copy(update={"name": "accountName"})
    fields = tuple(renamed if field.name == "name" else field for field in accounts.fields)
    world.external.entities["Accounts"] = accounts.model_copy(update={"fields": fields})
    with pytest.raises(ConfigurationError, match=r"Is it called 'accountName' now\? Then"):
        world.sync()


def test_match_keys_are_counted_as_they_are_mapped(world):
    mapping = copy.deepcopy(world.mappings[0])
    mapping["fields"][0]["transform"] = ["upper"]
    world.mappings = [mapping]
    for number in ("a", "A", "b"):
        world.put_account(number, number=number)
    with world.job() as run:
        found = [p for p in all_problems(run).problems if p.code == "match_key_ambiguous"]
    assert ["2 of 3 records" in problem.text for problem in found] == [True]
    assert found[0].place == ("entities", 0, "primary_key")


def test_match_keys_are_counted_within_the_filter_and_only_on_request(world):
    mapping = copy.deepcopy(world.mappings[0])
    mapping["download_filter"] = {"field": "status", "operator": "eq", "value": "open"}
    world.mappings = [mapping]
    world.put_account("1", number="a", status="open")
    world.put_account("2", number="a", status="closed")
    with world.job() as run:
        assert not [p for p in all_problems(run).problems if p.code == "match_key_ambiguous"]
    world.put_account("3", number="a", status="open")
    with world.job() as run:
        assert not [p for p in look_at(run).problems if p.code == "match_key_ambiguous"]


@pytest.fixture
def failing(broken):
    """The mapping of accounts calls a function that fails; nothing else is wrong with it."""
    mended(broken)
    broken.mappings[0]["fields"][0]["transform"] = [{"custom": "fails"}]
    code = "from tandem.transforms import register\n\n@register\ndef fails(v): raise ValueError\n"
    beside = broken.folder.parent / "transforms.py"
    beside.write_text(code)
    yield broken
    beside.unlink()


def test_match_keys_that_cannot_be_counted_hide_no_other_problem(failing):
    tasks = copy.deepcopy(TASK_MAPPING)
    tasks["fields"].append({"external": "gone", "local": "subject", "direction": "upload_only"})
    tasks["direction"] = "bidirectional"
    failing.mappings[2] = tasks
    with failing.job() as run:
        found = all_problems(run)
    by_code = {problem.code: problem for problem in found.problems}
    assert by_code.keys() >= {"records_not_readable", "external_field_missing"}
    assert by_code["records_not_readable"].entity == "Accounts"
    assert "fails" in by_code["records_not_readable"].text
    assert set(found.stopped) == {"Accounts", "Contacts", "Tasks"}


def test_match_keys_that_cannot_be_counted_now_stop_nothing(world):
    def down(operation):
        if operation == "read":
            raise Unreachable("It is down.")

    world.external.before = down
    with world.job() as run:
        found = all_problems(run)
    codes = {problem.code: problem.severity for problem in found.problems}
    assert codes["match_keys_not_counted"] is Severity.WARNING
    assert not found.stopped


def test_one_entity_that_fails_leaves_the_others_in_a_preview(failing):
    plans = {plan.entity: plan for plan in failing.preview()}
    assert plans["Tasks"].actions == {"create": 1}
    assert "fails" in plans["Accounts"].stopped
    assert plans["Contacts"].stopped == "Contacts waits for Accounts."
    with pytest.raises(ConfigurationError, match="fails"):
        failing.preview(entities=("Accounts",))


def test_what_waits_for_an_entity_that_failed_names_it(failing):
    report = failing.sync()
    assert statuses(report) == {"Accounts": "failed", "Contacts": "skipped", "Tasks": "success"}
    lines = {entity.entity: entity.line for entity in report.entities}
    assert lines["Contacts"] == "skipped: waits for Accounts, not loaded in this run."


def test_a_line_that_never_travels_disturbs_no_run(world):
    accounts = copy.deepcopy(world.mappings[0])
    accounts["fields"].append({"external": "gone", "local": "gone", "direction": "upload_only"})
    world.mappings = [accounts]
    world.put_account("1", name="Ada")
    assert world.sync().status == "success"
    with world.job() as run:
        codes = [problem.code for problem in all_problems(run).problems]
    assert "line_never_travels" in codes
