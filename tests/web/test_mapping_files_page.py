"""Mappings exported as files, and brought into the draft."""

from typing import Any

from tests.web.conftest import Pages, text_of
from tests.web.tools import MAPPING, edit_file, integration_file

from tandem.integration_files import load_integration
from tandem.mapping_files.reading import carried


def exported(pages: Pages, query: str = "") -> str:
    answer = pages.browser("viewer").get(f"{MAPPING}/export{query}")
    assert answer.status_code == 200
    return answer.text


def bringing(pages: Pages, text: str, **more: Any) -> Any:
    body = {"text": text, **more}
    return pages.program().post(f"{MAPPING}/import/preview", json=body).json()


def bring(pages: Pages, text: str, **more: Any) -> Any:
    return pages.program().post(f"{MAPPING}/import", json={"text": text, **more})


def test_all_mappings_are_exported_in_both_formats(pages: Pages) -> None:
    mine = load_integration(integration_file(pages)).entities
    for query in ("", "?format=yaml", "?format=resco-xml"):
        assert carried(exported(pages, query).encode()).entities == mine


def test_one_entity_is_exported_under_its_name(pages: Pages) -> None:
    answer = pages.browser("viewer").get(f"{MAPPING}/export?entity=Contacts&format=resco-xml")
    assert answer.headers["content-disposition"] == (
        'attachment; filename="northwind-Contacts.xml"'
    )
    assert answer.headers["content-type"] == "application/xml; charset=utf-8"
    assert [one.external for one in carried(answer.content).entities] == ["Contacts"]


def test_an_entity_that_is_not_mapped_is_not_exported(pages: Pages) -> None:
    answer = pages.program("viewer").get(f"{MAPPING}/export?entity=Nothing")
    assert answer.status_code == 422
    assert "no mapping of entity 'Nothing'" in answer.json()["problem"]


def test_connections_are_not_exported(pages: Pages) -> None:
    assert "northwind_api" not in exported(pages)


def test_what_a_file_changes_is_shown_first(pages: Pages) -> None:
    text = exported(pages)
    edit_file(pages, "      - {external: website, local: website}\n", "")
    found = bringing(pages, text)
    assert found["mappings"] == [
        {
            "effect": "replaced",
            "external": "Accounts",
            "local": "account",
            "lines": 18,
            "lines_before": 17,
        }
    ]
    assert found["same"] == 2
    page = pages.browser().post(f"{MAPPING}/import/preview", json={"text": text})
    assert "Accounts → account replaced 17 → 18" in text_of(page)


def test_a_file_is_brought_into_the_draft_and_not_saved(pages: Pages) -> None:
    text = exported(pages)
    now = edit_file(pages, "      - {external: website, local: website}\n", "")
    answer = bring(pages, text)
    assert answer.status_code == 200
    assert integration_file(pages).read_text() == now
    later = bringing(pages, text, draft=answer.json()["draft"])
    assert (later["mappings"], later["same"]) == ([], 3)


def test_only_one_entity_of_a_file_is_brought(pages: Pages) -> None:
    text = exported(pages)
    edit_file(pages, "      - {external: website, local: website}\n", "")
    edit_file(pages, "      - {external: jobTitle, local: job_title}\n", "")
    found = bringing(pages, text, only="Contacts")
    assert [one["external"] for one in found["mappings"]] == ["Contacts"]


def test_xml_that_was_utf_16_before_it_was_pasted_is_read(pages: Pages) -> None:
    xml = exported(pages, "?format=resco-xml").replace('encoding="utf-8"', 'encoding="utf-16"')
    assert bringing(pages, xml)["same"] == 3


def test_a_policy_that_is_another_here_is_noted(pages: Pages) -> None:
    text = exported(pages)
    edit_file(pages, "on_conflict: external_wins", "on_conflict: review")
    edit_file(pages, "      - {external: website, local: website}\n", "")
    (note,) = bringing(pages, text)["notes"]
    assert "on_conflict was external_wins; here it is review" in note


def test_what_is_no_mapping_file_is_refused(pages: Pages) -> None:
    assert "problem" in bringing(pages, "entities: 3")
    assert "problem" in bringing(pages, "<html>")
    assert bring(pages, exported(pages)).status_code == 422  # nothing to change


def test_only_who_may_edit_imports(pages: Pages) -> None:
    text = exported(pages)
    for path in ("import", "import/preview"):
        answer = pages.program("user").post(f"{MAPPING}/{path}", json={"text": text})
        assert answer.status_code == 403
