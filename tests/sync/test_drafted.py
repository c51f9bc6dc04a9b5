"""Drafts of integration files, with what is wrong with them."""

from pathlib import Path

import pytest

from tandem.errors import ConfigurationError
from tandem.model.edits import Insertion, Removal, Replacement
from tandem.model.schema import Entity, Field, Kind, Schema
from tandem.sync.people.drafted import OpenDraft, changed_mappings, open_draft
from tandem.sync.people.starting import column_for, starting_edits

TEXT = """\
name: crm
external: {connector: odata, connection: crm}
local: {connector: sql, connection: crm_local}
entities:
  - external: Accounts
    local: account
    fields:
      - {external: ID, local: id}
  - external: Contacts
    local: contact
    fields:
      - {external: ID, local: id}
"""


@pytest.fixture
def opened(tmp_path: Path) -> OpenDraft:
    file = tmp_path / "crm.yaml"
    file.write_text(TEXT)
    return open_draft(file, None)


def test_a_draft_is_what_its_edits_make_of_the_file(opened: OpenDraft) -> None:
    after = opened.after([Replacement(("entities", 1, "local"), "person")])
    assert after.usable().entities[1].local == "person"
    assert open_draft(after.file, after.draft_text) == after
    assert after.before_last() == opened
    assert opened.draft_text is None


def test_what_is_wrong_with_one_mapping_leaves_the_others(opened: OpenDraft) -> None:
    after = opened.after(
        [
            Insertion(("entities", 0), "direction", "sideways"),
            Removal(("entities", 0, "fields", 0, "local")),
        ]
    )
    assert [one.place for one in after.wrong] == [
        ("entities", 0, "direction"),
        ("entities", 0, "fields", 0),
    ]
    assert after.integration is None
    assert after.partly is not None
    assert [m.external for m in after.partly.active_entities] == ["Contacts"]
    assert after.partly.entities[1].external == "Contacts"
    with pytest.raises(ConfigurationError, match="sideways"):
        after.usable()


def test_what_is_wrong_with_the_whole_is_told_as_well(opened: OpenDraft) -> None:
    after = opened.after([Replacement(("entities", 1, "external"), "Accounts")])
    (wrong,) = after.wrong
    assert wrong.place == ()
    assert "mapped more than once" in wrong.text
    assert after.partly is None


def test_of_several_mappings_the_enabled_one_is_meant(opened: OpenDraft) -> None:
    after = opened.after(
        [
            Replacement(("entities", 1, "external"), "Accounts"),
            Insertion(("entities", 0), "enabled", False),
        ]
    )
    assert after.position("Accounts") == 1
    assert after.position("Contacts") is None
    assert after.mapping("Contacts") is None


def test_the_mappings_that_a_change_is_about(opened: OpenDraft) -> None:
    after = opened.after([Removal(("entities", 1))])
    assert changed_mappings(opened, after) == {"Contacts"}
    assert changed_mappings(opened, opened) == frozenset()


@pytest.mark.parametrize(
    "text", ["- a\n", "entities: 1\n", "entities: [a]\n", "entities: [{a: b}]\n"]
)
def test_a_file_of_another_form_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "crm.yaml"
    file.write_text(text)
    with pytest.raises(ConfigurationError, match="does not have the form"):
        open_draft(file, None)


ORDERS = Entity(
    name="Orders",
    key=("No",),
    fields=(Field(name="Total", kind=Kind.DECIMAL), Field(name="No", kind=Kind.STRING)),
)


def test_an_entity_is_mapped_by_its_key_to_a_table_that_is_not_there(opened: OpenDraft) -> None:
    edits = starting_edits(
        opened.usable(), Schema(entities=(ORDERS,)), Schema(), "Orders", "sales_order"
    )
    mapping = opened.after(edits).usable().entities[2]
    assert (mapping.local, mapping.direction, mapping.primary_key) == (
        "sales_order",
        "download_only",
        ("No",),
    )
    assert [line.external for line in mapping.fields] == ["No"]


def test_a_field_meets_its_namesake_or_gets_a_name_that_can_be_made() -> None:
    local = Entity(name="o", fields=(Field(name="TOTAL", kind=Kind.DECIMAL),))
    assert column_for(ORDERS, "Total", local) == "TOTAL"
    assert column_for(ORDERS, "Total", None) == "total"
    assert column_for(None, "site/city", local) == "site_city"
