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
    save_integration_text,
)
from tandem.state.store import open_state
from tandem.sync.lease import holding
from tandem.sync.people.clean_up import apply_clean_up, plan_clean_up
from tandem.sync.people.edits import save_edit, undo, undoable_edit
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
    undo(file, run.state, undoable_edit(file, run.state), at=run.now())


def test_what_is_gone_goes_and_nothing_else_changes(world, file, run):
    planned = plan_clean_up(run, file)
    assert planned.before == integration_text(file)
    assert planned.after == CLEAN.format(name=world.name)
    assert [effect.removed for effect in planned.clean_up.effects] == [
        "fax → name",
        "version_number: changedAt",
    ]
    apply_clean_up(run, planned)
    assert integration_text(file) == planned.after
    (edit,) = run.state.edits()
    assert (edit.reason, edit.before, edit.after) == ("clean up", planned.before, planned.after)
    cleaned = replace(run, integration=load_integration(file))
    assert not plan_clean_up(cleaned, file).clean_up.edits


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
    assert "2 links stay" in planned.clean_up.effects[0].consequence


def test_an_undone_edit_can_be_done_again(file, run):
    before = file.read_bytes()
    apply_clean_up(run, plan_clean_up(run, file))
    after = file.read_bytes()
    undone(file, run)
    assert file.read_bytes() == before
    undone(file, run)
    assert file.read_bytes() == after
    assert [edit.reason for edit in run.state.edits()] == ["undo", "undo", "clean up"]


def test_an_edit_is_not_undone_over_what_somebody_did_since(file, run):
    apply_clean_up(run, plan_clean_up(run, file))
    file.write_text(file.read_text() + "# a remark\n")
    with pytest.raises(ConfigurationError, match=r"has been changed since .* \(clean up, 2026"):
        undoable_edit(file, run.state)


def test_without_an_edit_there_is_nothing_to_undo(file, run):
    with pytest.raises(ConfigurationError, match="nothing to undo"):
        undoable_edit(file, run.state)


def test_a_file_that_was_saved_in_between_is_left_alone(file, run):
    planned = plan_clean_up(run, file)
    changed = file.read_bytes() + b"# a remark\n"
    file.write_bytes(changed)
    with pytest.raises(ConfigurationError, match="somebody saved it in between"):
        apply_clean_up(run, planned)
    assert file.read_bytes() == changed
    assert not run.state.edits()


def test_a_file_that_says_something_else_than_the_job_is_not_looked_at(world, file):
    with world.job() as job, pytest.raises(ConfigurationError, match="while it was looked at"):
        plan_clean_up(job, file)


def test_nothing_is_edited_while_a_run_is_at_work(world, file, run):
    planned = plan_clean_up(run, file)
    with world.job() as other, holding(other), pytest.raises(Busy):
        apply_clean_up(run, planned)
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
        save_integration_text(file, before, before.replace("local: contact", "lokal: contact"))
    assert integration_text(file) == before


def test_permissions_and_symbolic_links_stay(world, file):
    before = integration_text(file)
    file.chmod(0o640)
    link = world.folder / "linked" / "crm.yaml"
    link.parent.mkdir()
    link.symlink_to(file)
    save_integration_text(link, before, before + "# more\n")
    assert link.is_symlink()
    assert integration_text(file) == before + "# more\n"
    assert file.stat().st_mode & 0o777 == 0o640
    assert [path.name for path in world.folder.glob(".crm*")] == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_the_owner_stays(file):
    before = integration_text(file)
    os.chown(file, 1234, 1234)
    save_integration_text(file, before, before + "# more\n")
    assert (file.stat().st_uid, file.stat().st_gid) == (1234, 1234)


def test_a_folder_that_is_read_only_is_told(file, monkeypatch):
    def refused(*_arguments, **_named):
        raise PermissionError(13, "Permission denied")

    before = integration_text(file)
    monkeypatch.setattr("tempfile.mkstemp", refused)  # root may write to any folder
    with pytest.raises(ConfigurationError, match="cannot be saved: Permission denied"):
        save_integration_text(file, before, before + "# more\n")
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
        assert planned.clean_up.edits
        apply_clean_up(run, planned)
        assert not any(gone in file.read_text() for gone in ("fax", "telex", "changedAt"))
        assert load_integration(file).entities[0].fields[0].external == "number"
        undone(file, run)
        assert file.read_bytes() == text.encode()


def test_each_integration_has_its_own_edits(world, file, run):
    apply_clean_up(run, plan_clean_up(run, file))
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
        apply_clean_up(run, plan_clean_up(run, file))
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
        apply_clean_up(run, planned)
    assert "1 link stays" in planned.clean_up.effects[0].consequence
    world.mappings = YamlSource(integration_text(file)).value["entities"]
    assert [mapping["external"] for mapping in world.mappings] == ["Contacts"]
    world.put_contact("9", name="Bob the second")
    world.sync(mode="full")
    assert [row["name"] for row in world.rows()] == ["Ada"]
    assert world.row("Bob the second", "contact")["accountid"] == accountid
