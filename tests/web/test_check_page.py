"""Checking the mappings against the systems."""

from tests.web.conftest import Pages, text_of
from tests.web.tools import MAPPING, dialog, edit_file, ended, integration_file

from tandem.editing.draft import Draft
from tandem.integration_files import integration_text
from tandem.model.edits import Replacement


def test_all_is_well(pages: Pages) -> None:
    pages.sync()
    checked = ended(pages.program("user"), "check")["result"]
    assert (checked["entities"], checked["stopped"], checked["missing"]) == (3, [], [])
    assert {one["severity"] for one in checked["problems"]} == {"note"}
    assert "2 notes 3 mappings checked." in text_of(dialog(pages.browser("user"), "check"))


def test_problems_are_listed_with_their_remedy_and_a_link(pages: Pages) -> None:
    pages.sync()
    edit_file(pages, "{external: industry,", "{external: industri,")
    answer = dialog(pages.browser("user"), "check")
    text = text_of(answer)
    assert "1 error" in text
    assert "Contacts waits for Accounts, which is stopped" in text
    assert "no field &#39;industri&#39;" in answer.text
    assert f'href="/tandem{MAPPING}?entity=Accounts"' in answer.text
    problem, *_ = ended(pages.program("user"), "check")["result"]["problems"]
    assert (problem["severity"], problem["entity"]) == ("error", "Accounts")
    assert problem["choices"][0] == "industry"


def test_match_keys_are_counted(pages: Pages) -> None:
    edit_file(pages, "primary_key: [accountNumber]", "primary_key: [industry]")
    found = ended(pages.program("user"), "check")["result"]["problems"]
    assert any("industry" in one["text"] for one in found)


def test_unsaved_changes_are_checked_too(pages: Pages) -> None:
    draft = Draft.of(integration_text(integration_file(pages)))
    place = ("entities", 0, "fields", 2, "external")
    changed = draft.with_edits(Replacement(place, "title")).as_text
    checked = ended(pages.program("user"), "check", draft=changed)["result"]
    assert checked["of_draft"]
    assert checked["problems"]


def test_a_draft_leads_nobody_to_another_system(pages: Pages) -> None:
    pages.sync()
    draft = Draft.of(integration_text(integration_file(pages)))
    changed = draft.with_edits(Replacement(("external", "connection"), "elsewhere")).as_text
    checked = ended(pages.program("user"), "check", draft=changed)
    assert (checked["state"], checked["result"]["stopped"]) == ("done", [])


def test_what_would_be_created_is_told(pages: Pages) -> None:
    assert ended(pages.program("user"), "check")["result"]["missing"]
    assert "Missing on the local side" in text_of(dialog(pages.browser("user"), "check"))


def test_who_only_reads_may_not_let_systems_be_read(pages: Pages) -> None:
    assert pages.program("viewer").post(f"{MAPPING}/check", json={}).status_code == 403
