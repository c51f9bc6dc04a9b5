"""Drafts of integration files."""

from datetime import date
from decimal import Decimal

import pytest

from tandem.editing.changes import Add, Remove, Set, edits_of
from tandem.editing.draft import Draft, LostUpdate
from tandem.errors import ConfigurationError
from tandem.model.edits import Insertion, Removal, Replacement

ENTITY = ("entities", 0)
TEXT = """\
name: crm
entities:
  - external: Accounts
    local: account   # ours
    fields:
      - {external: name, local: name}
"""


def test_a_draft_is_the_same_after_a_journey_as_text() -> None:
    draft = Draft.of(TEXT).with_edits(
        Replacement(("entities", 0, "local"), "No"),
        Insertion(("entities", 0, "fields"), 1, {"local": "n", "constant": Decimal("1.50")}),
        Insertion(("entities", 0), "download_filter", {"value": [date(2026, 1, 2), 9**18, True]}),
        Removal(("entities", 0, "fields", 0)),
    )
    again = Draft.parse(draft.as_text)
    assert again == draft
    assert [repr(edit) for edit in again.edits] == [repr(edit) for edit in draft.edits]


def test_a_draft_of_a_file_that_was_saved_since_is_refused() -> None:
    with pytest.raises(LostUpdate):
        Draft.of(TEXT).value(TEXT + "# saved\n")


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"of": "x", "steps": [[{}]]}', '{"of": 1, "steps": 2}']
)
def test_what_is_no_draft_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError):
        Draft.parse(text)


def test_changes_become_edits_of_what_the_draft_says_by_then() -> None:
    draft = Draft.of(TEXT)
    for change in (
        Add(place=(*ENTITY, "fields"), items=[{"external": "city", "local": "city"}]),
        Set(place=ENTITY, key="direction", value="bidirectional"),
        Set(place=(*ENTITY, "fields", 1), key="local", value="town"),
        Remove(place=(*ENTITY, "fields", 0)),
        Set(place=ENTITY, key="deletes", value=None),
    ):
        draft = draft.with_edits(*edits_of(draft.value(TEXT), change))
    assert draft.value(TEXT)["entities"] == [
        {
            "external": "Accounts",
            "local": "account",
            "direction": "bidirectional",
            "fields": [{"external": "city", "local": "town"}],
        }
    ]


def test_a_change_of_what_is_not_there_is_refused() -> None:
    with pytest.raises(ConfigurationError):
        edits_of(Draft.of(TEXT).value(TEXT), Set(place=("entities", 7), key="local", value="x"))


def test_the_last_change_is_taken_back_with_all_its_edits() -> None:
    one, two, three = (Removal(("entities", at)) for at in range(3))
    draft = Draft.of(TEXT).with_edits(one).with_edits(two, three)
    assert draft.edits == (one, two, three)
    assert draft.without_last().edits == (one,)
    assert draft.without_last().without_last() == Draft.of(TEXT)


def test_a_change_that_means_no_edits_is_none() -> None:
    assert Draft.of(TEXT).with_edits() == Draft.of(TEXT)
