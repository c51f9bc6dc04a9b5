"""Cleaning up and undoing on the command line."""

import json
from typing import Any

import pytest
from click.testing import Result

GONE = """\
      # The fax, which nobody has any more.
      - {external: fax, local: note}   # gone

  # What they ordered.
  - external: Orders
    local: account
    fields:
      - {external: ID, local: note}
"""


@pytest.fixture
def before(systems) -> str:
    """A file that names what the external system does not have any more."""
    file = systems.folder / "crm.yaml"
    file.write_text(file.read_text() + GONE)
    return file.read_text()


CLEAN = ("validate", "crm", "--clean-up")
UNDO = ("validate", "crm", "--undo")


def exits(code: int, result: Result) -> str:
    assert result.exit_code == code, result.output
    return " ".join(result.output.split())


def file_of(systems) -> str:
    return (systems.folder / "crm.yaml").read_text()


def test_what_would_change_is_shown_and_nothing_is_changed(systems, before):
    result = systems.run(*CLEAN)
    shown = exits(1, result)
    for line in GONE.splitlines():
        assert f"\n-{line}\n" in result.output
    assert "Accounts: fax → note External entity 'Accounts' has no field 'fax'." in shown
    assert "The local field note is not synced any more, and keeps its values." in shown
    assert "The records of account stay, and no deletion is passed on." in shown
    assert "Nothing was changed yet. Save it: tandem validate crm --clean-up --yes" in shown
    assert file_of(systems) == before


def test_yes_saves_it_and_says_how_to_undo_it(systems, before):
    shown = exits(0, systems.run(*CLEAN, "--yes"))
    assert "Undo it: tandem validate crm --undo" in shown
    assert file_of(systems) == before.removesuffix(GONE)
    assert "There is nothing to clean up." in exits(0, systems.run(*CLEAN))
    assert "There is nothing to clean up." in exits(0, systems.run(*CLEAN, "--yes"))


def test_what_may_only_have_been_renamed_is_said(systems, before):
    file = systems.folder / "crm.yaml"
    file.write_text(before.replace("external: name,", "external: names,"))
    shown = exits(1, systems.run(*CLEAN))
    assert "Was it only renamed? Then write name instead." in shown


def test_undo_shows_the_way_back_and_goes_it_on_yes(systems, before):
    exits(0, systems.run(*CLEAN, "--yes"))
    result = systems.run(*UNDO)
    shown = exits(1, result)
    assert "Undoing: clean up, 20" in shown
    assert "\n+      - {external: fax, local: note}   # gone\n" in result.output
    assert file_of(systems) != before
    assert "Undone: clean up, 20" in exits(0, systems.run(*UNDO, "--yes"))
    assert file_of(systems) == before
    assert "nothing to undo" in exits(2, systems.run(*UNDO, "--yes"))


def test_undo_says_what_it_would_undo_next(systems, before):
    exits(0, systems.run(*CLEAN, "-e", "Orders", "--yes"))
    exits(0, systems.run(*CLEAN, "--yes"))
    shown = exits(0, systems.run(*UNDO, "--yes"))
    assert "The edit before that (clean up, 20" in shown
    assert "fax" in file_of(systems)
    exits(0, systems.run(*UNDO, "--yes"))
    assert file_of(systems) == before


def test_only_the_named_entities_are_cleaned_up(systems, before):
    assert "no enabled entity 'Typo'" in exits(2, systems.run(*CLEAN, "-e", "Typo", "--yes"))
    assert file_of(systems) == before
    shown = exits(1, systems.run(*CLEAN, "-e", "Orders"))
    assert "Save it: tandem validate crm -e Orders --clean-up --yes" in shown
    exits(0, systems.run(*CLEAN, "-e", "Orders", "--yes"))
    assert "fax" in file_of(systems)
    assert "Orders" not in file_of(systems)


def test_undo_is_about_the_whole_file(systems, before):
    exits(0, systems.run(*CLEAN, "--yes"))
    assert "leave out --entity" in exits(2, systems.run(*UNDO, "-e", "Accounts", "--yes"))
    assert file_of(systems) != before


def test_what_cannot_be_saved_has_been_shown(systems, before, monkeypatch):
    def refused(*_arguments, **_named):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.mkstemp", refused)
    shown = exits(2, systems.run(*CLEAN, "--yes"))
    assert "Accounts: fax → note" in shown
    assert "make the change that was shown by hand" in shown


def test_most_entities_gone_is_said_first_and_has_to_be_named(systems, before):
    file = systems.folder / "crm.yaml"
    more = "".join(
        f"  - {{external: E{n}, local: account, fields: [{{external: ID, local: note}}]}}\n"
        for n in range(3)
    )
    file.write_text(before + more)
    assert exits(1, systems.run(*CLEAN)).startswith("The external system shows 1 of 5 entities")
    shown = exits(2, systems.run(*CLEAN, "--yes"))
    assert "Check the connection's company" in shown
    assert file_of(systems) == before + more
    assert json.loads(systems.run(*CLEAN, "--json").stdout)["doubt"]


def test_what_has_to_be_removed_by_hand_is_told_with_its_line(systems, before):
    file = systems.folder / "crm.yaml"
    paused = "  - {external: Old, enabled: false, local: account, fields: [*fax]}\n"
    file.write_text(before.replace("- {external: fax", "- &fax {external: fax") + paused)
    line = file.read_text().splitlines().index("      - &fax {external: fax, local: note}   # gone")
    shown = exits(1, systems.run(*CLEAN, "--yes"))
    assert f"To be removed by hand, crm.yaml, line {line + 1}: &fax, which is" in shown
    assert "Orders" not in file_of(systems)
    (effect,) = json.loads(systems.run(*CLEAN, "--json").stdout)["effects"]
    assert effect["line"] == line + 1
    assert "used by *fax" in effect["by_hand"]


def test_undo_refuses_where_it_would_lose_a_change(systems, before):
    assert "nothing to undo" in exits(2, systems.run(*UNDO, "--yes"))
    exits(0, systems.run(*CLEAN, "--yes"))
    file = systems.folder / "crm.yaml"
    file.write_text(file.read_text() + "# mine\n")
    assert "has been changed since" in exits(2, systems.run(*UNDO, "--yes"))
    assert file_of(systems).endswith("# mine\n")


def test_programs_get_the_effects_and_both_texts(systems, before):
    found: dict[str, Any] = json.loads(systems.run(*CLEAN, "--json").stdout)
    assert [effect["removed"] for effect in found["effects"]] == ["fax → note", "Orders → account"]
    assert (found["before"], found["saved"]) == (before, False)
    assert found["after"] == before.removesuffix(GONE)
    exits(0, systems.run(*CLEAN, "--yes", "--json"))
    undone = json.loads(systems.run(*UNDO, "--yes", "--json").stdout)
    assert (undone["after"], undone["saved"]) == (before, True)


def test_a_filter_on_what_is_gone_is_left_to_people(systems, before):
    file = systems.folder / "crm.yaml"
    condition = "    download_filter: {field: fax, operator: not_null}\n    fields:\n"
    file.write_text(before.replace("    fields:\n", condition, 1))
    shown = exits(0, systems.run(*CLEAN, "--yes"))
    assert "for you to decide: error Accounts Filter:" in shown
    assert "'fax'" in shown
    assert condition in file_of(systems)


def test_a_system_that_does_not_answer_changes_nothing(systems, before, monkeypatch):
    extra = {"conn_type": "sql", "extra": {"url": "sqlite:////nonexistent/folder/x.db"}}
    monkeypatch.setenv("AIRFLOW_CONN_CRM", json.dumps(extra))
    file = systems.folder / "crm.yaml"
    file.write_text(
        before.replace("{connector: memory, connection: crm}", "{connector: sql, connection: crm}")
    )
    result = systems.run(*CLEAN, "--yes")
    assert result.exit_code in (2, 3), result.output
    assert GONE in file_of(systems)
