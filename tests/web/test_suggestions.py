"""Suggestions: shown with score and reason, and accepted into the draft."""

from typing import Any

import pytest
from tests.web.conftest import Pages, text_of
from tests.web.tools import MAPPING, edit_file, integration_file


def suggestions(pages: Pages, entity: str, **asked: Any) -> Any:
    body = {"entity": entity, **asked}
    return pages.program("viewer").post(f"{MAPPING}/suggestions", json=body).json()


def accept(pages: Pages, entity: str, **accepted: Any) -> Any:
    body = {"entity": entity, **accepted}
    answer = pages.program().post(f"{MAPPING}/suggestions/accept", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.fixture
def seen(pages: Pages) -> Pages:
    """Both systems have been looked at; one field of accounts has no line any more."""
    pages.sync()
    edit_file(pages, "      - {external: website, local: website}\n", "")
    return pages


def test_nothing_is_suggested_before_anybody_looked_at_the_systems(pages: Pages) -> None:
    answer = pages.program().post(f"{MAPPING}/suggestions", json={"entity": "Accounts"})
    assert answer.status_code == 422
    assert answer.json()["remedy"] == "Read it: Update Schema."


def test_what_is_not_mapped_is_suggested_with_score_and_reason(seen: Pages) -> None:
    found = suggestions(seen, "Accounts")
    assert (found["is_mapped"], found["local"]) == (True, "account")
    website = next(one for one in found["fields"] if one["external"] == "website")
    assert (website["local"], website["is_likely"], website["reason"]) == (
        "website",
        True,
        "same name",
    )
    assert website["line"] == {"external": "website", "local": "website"}

    page = seen.browser().post(f"{MAPPING}/suggestions", json={"entity": "Accounts"})
    text = text_of(page)
    assert "Suggestions for Accounts" in text
    assert f"website {website['external_type']} website {website['local_type']} 1.00" in text
    assert 'value="website" data-checked-by="fields"' in page.text


def test_accepting_changes_the_draft_and_not_the_file(seen: Pages) -> None:
    before = integration_file(seen).read_text()
    draft = accept(seen, "Accounts", fields=["website"])["draft"]
    assert integration_file(seen).read_text() == before
    again = suggestions(seen, "Accounts", draft=draft)
    assert "website" not in [one["external"] for one in again["fields"]]


def test_a_suggestion_that_is_accepted_alone_leaves_the_others(seen: Pages) -> None:
    edit_file(seen, "      - {external: industry, local: industry}\n", "")
    draft = accept(seen, "Accounts", fields=["industry"])["draft"]
    left = [one["external"] for one in suggestions(seen, "Accounts", draft=draft)["fields"]]
    assert "website" in left
    assert "industry" not in left


def test_an_entity_that_is_not_mapped_gets_new_columns(seen: Pages) -> None:
    text = integration_file(seen).read_text()
    integration_file(seen).write_text(text[: text.index("  - external: WorkOrders")])
    found = suggestions(seen, "WorkOrders")
    assert not found["is_mapped"]
    assert found["partners"][0]["local"] == "work_order"
    draft = accept(seen, "WorkOrders", fields=[f["external"] for f in found["fields"]])["draft"]
    assert suggestions(seen, "WorkOrders", draft=draft)["is_mapped"]


def test_another_local_entity_can_be_chosen(seen: Pages) -> None:
    text = integration_file(seen).read_text()
    integration_file(seen).write_text(text[: text.index("  - external: WorkOrders")])
    assert suggestions(seen, "WorkOrders", local="contact")["local"] == "contact"
    answer = seen.program().post(
        f"{MAPPING}/suggestions", json={"entity": "WorkOrders", "local": "work_ordr"}
    )
    assert "Did you mean work_order?" in answer.json()["remedy"]


def test_fields_without_a_partner_get_new_columns(seen: Pages) -> None:
    found = suggestions(seen, "Accounts")
    column = found["new_columns"][0]
    draft = accept(seen, "Accounts", columns=[column["external"]])["draft"]
    later = suggestions(seen, "Accounts", draft=draft)
    assert column["external"] not in [one["external"] for one in later["new_columns"]]
    assert later["mapped"] == found["mapped"] + 1


def test_what_is_not_suggested_is_not_accepted(seen: Pages) -> None:
    client = seen.program()
    wrong = {"entity": "Accounts", "fields": ["name"]}
    answer = client.post(f"{MAPPING}/suggestions/accept", json=wrong)
    assert answer.status_code == 422
    assert "no suggestion for name any more" in answer.json()["problem"]
    nothing = client.post(f"{MAPPING}/suggestions/accept", json={"entity": "Accounts"})
    assert nothing.json()["remedy"] == "Choose at least one."


def test_an_entity_has_to_be_open(seen: Pages) -> None:
    answer = seen.program().post(f"{MAPPING}/suggestions", json={})
    assert answer.json()["problem"] == "No entity is open."
    answer = seen.program().post(f"{MAPPING}/suggestions", json={"entity": "Nothing"})
    assert "no entity 'Nothing'" in answer.json()["problem"]


def test_only_who_may_edit_accepts(seen: Pages) -> None:
    body = {"entity": "Accounts", "fields": ["website"]}
    answer = seen.program("user").post(f"{MAPPING}/suggestions/accept", json=body)
    assert answer.status_code == 403
    page = seen.browser("viewer").post(f"{MAPPING}/suggestions", json={"entity": "Accounts"})
    assert "disabled title=" in page.text
