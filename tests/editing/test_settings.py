"""What is done in the editor, as changes of the file."""

from typing import Any

import pytest

from tandem.editing.changes import Add, Change, Remove, Set
from tandem.editing.draft import Draft
from tandem.editing.settings import (
    choice_change,
    integration_changes,
    line_changes,
    mapping_changes,
    new_line,
)
from tandem.editing.words import last_change
from tandem.errors import ConfigurationError
from tandem.model.edits import Insertion, Removal, Replacement

VALUE: dict[str, Any] = {
    "entities": [
        {
            "external": "Accounts",
            "local": "account",
            "direction": "bidirectional",
            "primary_key": ["ID", "name"],
            "fields": [
                {"external": "ID", "local": "id"},
                {"local": "source", "constant": "crm"},
            ],
        }
    ]
}
AT = ("entities", 0)


def test_a_default_is_not_written_down_where_nothing_stands() -> None:
    typed = {"direction": "download_only", "first_sync": "link_and_merge", "overlap": ""}
    assert mapping_changes(VALUE, 0, typed) == [
        Set(place=AT, key="direction", value="download_only"),
        Set(place=AT, key="overlap", value=None),
    ]


def test_a_line_whose_local_field_is_emptied_goes() -> None:
    place = (*AT, "fields", 0)
    assert line_changes(VALUE, place, {"local": "", "enabled": True}) == [Remove(place=place)]


def test_a_line_keeps_what_was_not_typed() -> None:
    place = (*AT, "fields", 1)
    changes: list[Change] = line_changes(VALUE, place, {"local": "origin", "enabled": True})
    assert changes == [Set(place=place, key="local", value="origin")]


def test_a_field_is_mapped_at_the_end_of_the_lines() -> None:
    (added,) = new_line(0, "city", {"local": " town ", "enabled": True})
    assert added == Add(place=(*AT, "fields"), items=[{"external": "city", "local": "town"}])


def test_a_field_without_a_partner_is_not_mapped() -> None:
    assert new_line(0, "city", {"local": ""}) == []


@pytest.mark.parametrize(
    ("place", "change"),
    [
        (("entities", "0", "fields", "0", "local"),
         Set(place=(*AT, "fields", 0), key="local", value="x")),
        (("entities", 0, "version_number"), Set(place=AT, key="version_number", value="x")),
        (("entities", "0", "primary_key", "1"),
         Set(place=AT, key="primary_key", value=["ID", "x"])),
    ],
)  # fmt: skip
def test_a_choice_takes_the_place_of_a_name(place: Any, change: Change) -> None:
    assert choice_change(VALUE, place, "x") == change


@pytest.mark.parametrize("place", [(), ("entities",), ("entities", 0), ("entities", 0, "fields")])
def test_nothing_but_a_name_is_chosen(place: Any) -> None:
    with pytest.raises(ConfigurationError):
        choice_change(VALUE, place, "x")


@pytest.mark.parametrize("key", ["external", "fields", "download_filter", "colour"])
def test_only_settings_are_set(key: str) -> None:
    with pytest.raises(ConfigurationError, match=key):
        mapping_changes(VALUE, 0, {key: "x"})


@pytest.mark.parametrize(
    ("edits", "words"),
    [
        ([Replacement((*AT, "local"), "a")], "Accounts: local becomes a"),
        ([Insertion((*AT, "fields"), 2, {"external": "x", "local": "y"})],
         "Accounts: fields gets x"),
        ([Insertion(AT, "enabled", False)], "Accounts: enabled gets false"),
        ([Removal((*AT, "fields", 0))], "Accounts, ID goes"),
        ([Removal((*AT, "fields", 1, "constant")), Removal((*AT, "fields", 0))],
         "Accounts, source: constant goes, and 1 more"),
        ([], ""),
    ],
)  # fmt: skip
def test_the_last_change_in_words(edits: Any, words: str) -> None:
    assert last_change(Draft.of("x").with_edits(*edits), VALUE) == words


def test_of_an_integrations_settings_only_those_change_that_say_something_else() -> None:
    value = {"description": "Long\ntext\n", "schedule": None, "provision": False}
    same = {"description": "Long\ntext", "schedule": "", "provision": False}
    assert integration_changes(value, same | {"on_conflict": "external_wins"}) == []
    assert integration_changes(value, {"schedule": " @daily ", "on_conflict": "review"}) == [
        Set(place=(), key="schedule", value="@daily"),
        Set(place=(), key="on_conflict", value="review"),
    ]
    assert integration_changes(value, {"description": ""}) == [
        Set(place=(), key="description", value=None)
    ]


def test_what_is_no_setting_of_an_integration_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="no setting 'external'"):
        integration_changes({}, {"external": {"connector": "odata", "connection": "other"}})
