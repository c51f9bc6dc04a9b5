"""Cleaning up an integration file and undoing it, against systems in memory."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tandem.errors import Busy, ConfigurationError
from tandem.integration_files import (
    BrokenFile,
    integration_text,
    load_integration,
    replacing_integration_text,
)
from tandem.state.store import open_state
from tandem.sync.lease import holding
from tandem.sync.people.clean_up import apply_clean_up, plan_clean_up
from tandem.sync.people.edits import save_edit, undo, undoable_edits
from tandem.yaml_edit import UnsafeEdit
from tandem.yaml_source import YamlSource

FILE = """\
# The file of a test.
name: crm
external: {{connector: memory, connection: "{name}-external"}}
local: {{connector: memory, connection: "{name}-local"}}
entities:

  # Who we sell to.
  - external: Accounts
    local: account
    primary_key: [number]
    version_number: changedAt   # gone
    fields:
      - {{external: number, local: accountnumber}}
      # The system has no fax any more.
      - {{external: fax, local: name}}

  - external: Contacts
    local: contact
    fields:
      - {{external: name, local: fullname}}
      - {{external: account_ID, local: accountid, lookup: {{entity: Accounts, field: ID}}}}
"""
CLEAN = """\
# The file of a test.
name: crm
external: {{connector: memory, connection: "{name}-external"}}
local: {{connector: memory, connection: "{name}-local"}}
entities:

  # Who we sell to.
  - external: Accounts
    local: account
    primary_key: [number]
    fields:
      - {{external: number, local: accountnumber}}

  - external: Contacts
    local: contact
    fields:
      - {{external: name, local: fullname}}
      - {{external: account_ID, local: accountid, lookup: {{entity: Accounts, field: ID}}}}
"""


@pytest.fixture
def file(world) -> Path:
    """A file that names a field and a version number that are gone."""
    path = world.folder / "crm.yaml"
    path.write_bytes(FILE.format(name=world.name).encode())
    return path


@pytest.fixture
def run(world, file):
    """A job of that file."""
    with world.job() as job:
        yield replace(job, integration=load_integration(file))


def undone(file: Path, run) -> None:
    undo(file, run.state, undoable_edits(file, run.state)[0], at=run.now())


def applied(run, planned) -> None:
    apply_clean_up(run.state, planned, at=run.now())


def saved(path: Path, before: str, after: str) -> None:
    with replacing_integration_text(path, before, after):
        pass


def test_what_is_gone_goes_and_nothing_else_changes(world, file, run):
    planned = plan_clean_up(run, file)
    assert planned.before == integration_text(file)
    assert planned.after == CLEAN.format(name=world.name)
    assert [(step.effect.removed, step.line) for step in planned.steps] == [
        ("version_number: changedAt", 11),
        ("fax → name", 15),
    ]
    applied(run, planned)
    assert integration_text(file) == planned.after
    (edit,) = run.state.edits()
    assert (edit.reason, edit.before, edit.after) == ("clean up", planned.before, planned.after)
    cleaned = replace(run, integration=load_integration(file))
    assert not plan_clean_up(cleaned, file).steps


def test_looking_changes_nothing(file, run):
    before = file.read_bytes()
    plan_clean_up(run, file)
    assert file.read_bytes() == before
    assert not run.state.edits()


def test_links_that_stay_are_counted(world, file):
    world.put_account("1")
    world.put_account("2")
    world.sync()
    with world.job() as job:
        planned = plan_clean_up(replace(job, integration=load_integration(file)), file)
    assert "2 links stay" in planned.steps[1].effect.consequence


def test_undoing_goes_back_step_by_step(file, run):
    texts = [integration_text(file)]
    for name in ("first", "second", "third"):
        texts.append(texts[-1] + f"# {name}\n")
        save_edit(file, run.state, reason=name, before=texts[-2], after=texts[-1], at=run.now())
    undone(file, run)
    undone(file, run)
    assert integration_text(file) == texts[1]
    save_edit(
        file, run.state, reason="other", before=texts[1], after=texts[1] + "#\n", at=run.now()
    )
    assert [edit.reason for edit in undoable_edits(file, run.state)] == ["other", "first"]
    undone(file, run)
    undone(file, run)
    assert integration_text(file) == texts[0]
    with pytest.raises(ConfigurationError, match="all of that is undone"):
        undoable_edits(file, run.state)


def test_an_edit_is_not_undone_over_what_somebody_did_since(file, run):
    applied(run, plan_clean_up(run, file))
    file.write_text(file.read_text() + "# a remark\n")
    with pytest.raises(ConfigurationError, match=r"has been changed since .* \(clean up, 2026"):
        undoable_edits(file, run.state)


def test_without_an_edit_there_is_nothing_to_undo(file, run):
    with pytest.raises(ConfigurationError, match="nothing to undo"):
        undoable_edits(file, run.state)


def test_a_file_that_was_saved_in_between_is_left_alone(file, run):
    planned = plan_clean_up(run, file)
    changed = file.read_bytes() + b"# a remark\n"
    file.write_bytes(changed)
    with pytest.raises(ConfigurationError, match="somebody saved it in between"):
        applied(run, planned)
    assert file.read_bytes() == changed
    assert not run.state.edits()


def test_a_file_that_says_something_else_than_the_job_is_not_looked_at(world, file):
    with world.job() as job, pytest.raises(ConfigurationError, match="while it was looked at"):
        plan_clean_up(job, file)


def test_nothing_is_edited_while_a_run_is_at_work(world, file, run):
    planned = plan_clean_up(run, file)
    with world.job() as other, holding(other), pytest.raises(Busy):
        applied(run, planned)
    assert integration_text(file) == planned.before


def test_an_edit_that_cannot_be_noted_is_not_made(file, run, monkeypatch):
    before = integration_text(file)

    def failing(**_edit):
        raise RuntimeError

    monkeypatch.setattr(run.state, "note_edit", failing)
    with pytest.raises(RuntimeError):
        save_edit(file, run.state, reason="x", before=before, after=before + "#\n", at=run.now())
    assert integration_text(file) == before
    assert [path.name for path in file.parent.glob(".crm*")] == []


def test_what_nobody_could_load_is_not_saved(file):
    before = integration_text(file)
    with pytest.raises(BrokenFile):
        saved(file, before, before.replace("local: contact", "lokal: contact"))
    assert integration_text(file) == before


def test_permissions_and_symbolic_links_stay(world, file):
    before = integration_text(file)
    file.chmod(0o640)
    link = world.folder / "linked" / "crm.yaml"
    link.parent.mkdir()
    link.symlink_to(file)
    saved(link, before, before + "# more\n")
    assert link.is_symlink()
    assert integration_text(file) == before + "# more\n"
    assert file.stat().st_mode & 0o777 == 0o640
    assert [path.name for path in world.folder.glob(".crm*")] == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_the_owner_stays(file):
    before = integration_text(file)
    os.chown(file, 1234, 1234)
    saved(file, before, before + "# more\n")
    assert (file.stat().st_uid, file.stat().st_gid) == (1234, 1234)


def test_a_folder_that_is_read_only_is_told(file, monkeypatch):
    def refused(*_arguments, **_named):
        raise PermissionError(13, "Permission denied")

    before = integration_text(file)
    monkeypatch.setattr("tempfile.mkstemp", refused)  # root may write to any folder
    with pytest.raises(ConfigurationError, match="cannot be saved: Permission denied"):
        saved(file, before, before + "# more\n")
    assert os.listdir(file.parent).count("crm.yaml") == 1  # noqa: PTH208 - names are enough


LINES = (
    "      - {external: number, local: accountnumber}",
    "      - {external: fax, local: fax}   # gone",
    '      - {external: "fax no", local: fax2}',
    "      # a comment",
    "        # a deeper one",
    "",
    "      - external: telex\n        local: telex   # gone too",
)
ODD = "\ufeff"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    lines=st.lists(st.sampled_from(LINES[1:]), max_size=6, unique=True),
    ends=st.sampled_from(["\n", "\r\n"]),
    mark=st.sampled_from(["", ODD]),
    final=st.booleans(),
)
def test_cleaning_up_and_undoing_it_gives_the_same_file(world, new_state, lines, ends, mark, final):
    file = world.folder / "crm.yaml"
    text = "\n".join([*FILE.format(name=world.name).splitlines()[:13], *lines])
    text = mark + (text + "\n" * final).replace("\n", ends)
    file.write_bytes(text.encode())
    with world.job() as job:
        run = replace(job, integration=load_integration(file))
        planned = plan_clean_up(run, file)
        assert planned.changes
        applied(run, planned)
        assert not any(gone in file.read_text() for gone in ("fax", "telex", "changedAt"))
        assert load_integration(file).entities[0].fields[0].external == "number"
        undone(file, run)
        assert file.read_bytes() == text.encode()


def test_each_integration_has_its_own_edits(world, file, run):
    applied(run, plan_clean_up(run, file))
    other = open_state(f"sqlite:///{world.folder}/state.db", "other")
    assert not other.edits()
    other.close()


def test_what_is_not_mapped_any_more_keeps_its_values_and_its_links(world):
    """The field vanishes, is cleaned up, comes back, and the clean-up is undone."""
    text = FILE.format(name=world.name).replace("external: fax", "external: name")
    text = text.replace("changedAt", "version")
    file = world.folder / "crm.yaml"
    file.write_text(text)
    world.mappings = YamlSource(text).value["entities"]
    world.put_account("1", name="Ada")
    world.put_contact("9", name="Bob", account_ID="1")
    world.sync()
    had = world.external.entities["Accounts"]
    lacks = had.model_copy(update={"fields": tuple(f for f in had.fields if f.name != "name")})
    world.external.define(lacks)
    with world.job() as job:
        run = replace(job, integration=load_integration(file))
        applied(run, plan_clean_up(run, file))
    world.mappings = YamlSource(integration_text(file)).value["entities"]
    world.sync()
    world.sync(mode="full")
    assert world.row("Ada")["accountnumber"] == "no-1"
    assert len(world.rows("contact")) == 1

    world.external.define(had)
    world.put_account("1", name="Ada Lovelace")
    with world.job() as job:
        undone(file, job)
    assert integration_text(file) == text
    world.mappings = YamlSource(text).value["entities"]
    world.sync()
    assert [row["name"] for row in world.rows()] == ["Ada Lovelace"]


def test_the_records_of_an_entity_that_vanished_stay(world):
    """The external entity is gone: so is its mapping, and what looked it up; its records stay."""
    text = FILE.format(name=world.name).replace("external: fax", "external: name")
    text = text.replace("changedAt", "version")
    file = world.folder / "crm.yaml"
    file.write_text(text)
    world.mappings = YamlSource(text).value["entities"]
    world.put_account("1", name="Ada")
    world.put_contact("9", name="Bob", account_ID="1")
    world.sync()
    accountid = world.row("Bob", "contact")["accountid"]
    assert accountid == world.row("Ada")["id"]
    del world.external.entities["Accounts"]
    with world.job() as job:
        run = replace(job, integration=load_integration(file))
        planned = plan_clean_up(run, file)
        applied(run, planned)
    assert "1 link stays" in planned.steps[0].effect.consequence
    world.mappings = YamlSource(integration_text(file)).value["entities"]
    assert [mapping["external"] for mapping in world.mappings] == ["Contacts"]
    world.put_contact("9", name="Bob the second")
    world.sync(mode="full")
    assert [row["name"] for row in world.rows()] == ["Ada"]
    assert world.row("Bob the second", "contact")["accountid"] == accountid


def mapped(world, file: Path, *entities: str) -> Path:
    """A file of these mappings, each in one line of braces."""
    head = FILE.format(name=world.name).split("entities:", maxsplit=1)[0]
    file.write_text(head + "entities:\n" + "".join(f"  - {entity}\n" for entity in entities))
    return file


ACCOUNTS = "{external: Accounts, local: account, fields: [{external: number, local: name}]}"


def planned_of(world, file: Path, *, entities: tuple[str, ...] = ()):
    with world.job() as job:
        integration = load_integration(file)
        return plan_clean_up(replace(job, integration=integration, entities=entities), file)


def test_only_the_entities_that_are_asked_for_are_cleaned_up(world):
    lines = "fields: [{external: name, local: name}, {external: fax, local: fax}]"
    contact = lines.replace("local: name", "local: fullname")
    file = mapped(
        world,
        world.folder / "crm.yaml",
        f"{{external: Accounts, local: account, {lines}}}",
        f"{{external: Contacts, local: contact, {contact}}}",
    )
    planned = planned_of(world, file, entities=("Contacts",))
    assert [step.effect.entity for step in planned.steps] == ["Contacts"]
    assert planned.after.count("fax, local: fax") == 1


def test_what_looks_up_what_went_is_told(world):
    file = mapped(
        world,
        world.folder / "crm.yaml",
        "{external: Accounts, local: account, fields: [{external: number, local: name}, "
        "{external: code, local: accountnumber}]}",
        "{external: Contacts, local: contact, fields: [{external: account_ID, local: accountid, "
        "lookup: {entity: Accounts, field: code}}]}",
    )
    planned = planned_of(world, file)
    assert [step.effect.removed for step in planned.steps] == ["code → accountnumber"]
    told = {problem.text for problem in planned.problems if problem.entity == "Contacts"}
    assert "'account_ID' looks up 'Accounts' by 'code', which that entity does not have." in told


def test_what_is_used_elsewhere_by_its_anchor_is_left_to_people(world):
    fields = "[{external: number, local: name}, &f {external: fax, local: fax}]"
    file = mapped(
        world,
        world.folder / "crm.yaml",
        f"{{external: Accounts, local: account, version_number: gone, fields: {fields}}}",
        "{external: Old, enabled: false, local: account, fields: [*f]}",
    )
    planned = planned_of(world, file)
    assert "gone" not in planned.after
    assert "fax" in planned.after
    by_hand = {step.effect.removed: step.by_hand for step in planned.steps}
    assert by_hand == {
        "version_number: gone": "",
        "fax → fax": "&f, which is defined in it, is used by *f",
    }


def test_where_the_safe_part_alone_makes_no_sense_the_file_and_line_are_named(world):
    fields = "[{external: name, local: fullname}, &a {external: account_ID, local: accountid, "
    lookup = "lookup: {entity: Gone, field: ID, composite: c}}]"
    file = mapped(
        world,
        world.folder / "crm.yaml",
        "{external: Gone, local: account, fields: [{external: x, local: name}]}",
        f"{{external: Contacts, local: contact, composite_lookups: [c], fields: {fields}{lookup}}}",
        "{external: Old, enabled: false, local: x, composite_lookups: [c], fields: [*a]}",
        ACCOUNTS,
    )
    with pytest.raises(UnsafeEdit, match=r"crm\.yaml:7: this cannot be edited"):
        planned_of(world, file)


def test_most_entities_gone_is_more_likely_another_company(world):
    gone = [
        f"{{external: E{n}, local: account, fields: [{{external: a, local: name}}]}}" for n in "12"
    ]
    file = mapped(world, world.folder / "crm.yaml", ACCOUNTS, *gone)
    planned = planned_of(world, file)
    assert "shows 1 of 3 entities" in planned.doubt
    with (
        world.job() as job,
        pytest.raises(ConfigurationError, match="missing permissions") as caught,
    ):
        applied(job, planned)
    assert "--entity" in caught.value.remedy
    assert "E1" in integration_text(file)
    named = planned_of(world, file, entities=("E1", "E2"))
    assert not named.doubt
    with world.job() as job:
        applied(job, named)
    assert "external: E" not in integration_text(file)
