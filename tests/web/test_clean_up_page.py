"""Clean Up, and undoing it."""

from tests.web.conftest import Pages, text_of
from tests.web.tools import MAPPING, dialog, edit_file, ended, integration_file

from tandem.editing.draft import Draft
from tandem.integration_files import integration_text
from tandem.model.edits import Replacement

FAX = "- {external: fax, local: fax}"


def with_fax(pages: Pages) -> str:
    """A line about a field that the external system does not have; the file without it."""
    before = integration_file(pages).read_text()
    line = "      - {external: phone, local: phone}\n"
    edit_file(pages, line, f"{line}      {FAX}  # to the back office\n")
    return before


def test_nothing_to_clean_up(pages: Pages) -> None:
    answer = dialog(pages.browser(), "clean-up")
    assert "There is nothing to clean up" in text_of(answer)
    assert "Remove and save" not in answer.text


def test_what_goes_is_shown_with_its_reason_and_the_file(pages: Pages) -> None:
    with_fax(pages)
    answer = dialog(pages.browser(), "clean-up")
    text = text_of(answer)
    assert "Accounts: fax → fax" in text
    assert "no field &#39;fax&#39;" in answer.text
    assert "The local field fax is not synced any more, and keeps its values." in text
    assert '<span class="removed">-      - {external: fax, local: fax}' in answer.text
    assert "Remove and save" in text
    assert FAX in integration_file(pages).read_text()


def test_cleaning_up_saves_at_once_and_can_be_undone(pages: Pages) -> None:
    before = with_fax(pages)
    dirty = integration_file(pages).read_text()
    client = pages.program()
    work = ended(client, "clean-up")["id"]
    saved = client.post(f"{MAPPING}/clean-up/{work}/apply", json={})
    assert (saved.status_code, saved.json()) == (201, {"location": f"/tandem{MAPPING}"})
    assert integration_file(pages).read_text() == before
    assert pages.airflow.read_again == 1

    edit = client.get(f"{MAPPING}/last-edit").json()
    assert edit["reason"] == "clean up"
    assert [line["kind"] for line in edit["diff"] if line["kind"] != "same"] == ["place", "added"]
    undone = client.post(f"{MAPPING}/last-edit/undo", json={"made_at": edit["made_at"]})
    assert undone.status_code == 201
    assert integration_file(pages).read_text() == dirty
    assert "nothing to undo" in client.get(f"{MAPPING}/last-edit").json()["problem"]


def test_browsers_load_the_editor_anew_after_it_was_saved(pages: Pages) -> None:
    with_fax(pages)
    work = ended(pages.program(), "clean-up")["id"]
    saved = pages.browser().post(f"{MAPPING}/clean-up/{work}/apply", json={})
    assert saved.headers["hx-redirect"] == f"/tandem{MAPPING}?saved=clean-up"
    undo = pages.browser().get(f"{MAPPING}/last-edit")
    assert "The last edit of the file was clean up" in text_of(undo)
    assert '<span class="added">+      - {external: fax, local: fax}' in undo.text


def test_only_what_was_shown_is_undone(pages: Pages) -> None:
    with_fax(pages)
    client = pages.program()
    work = ended(client, "clean-up")["id"]
    client.post(f"{MAPPING}/clean-up/{work}/apply", json={})
    answer = client.post(f"{MAPPING}/last-edit/undo", json={"made_at": "2020-01-01T00:00:00Z"})
    assert answer.status_code == 422
    assert "edited again" in answer.json()["problem"]


def test_a_file_that_was_saved_in_between_is_left_alone(pages: Pages) -> None:
    with_fax(pages)
    client = pages.program()
    work = ended(client, "clean-up")["id"]
    now = edit_file(pages, "Customers and", "Clients and")
    answer = client.post(f"{MAPPING}/clean-up/{work}/apply", json={})
    assert answer.status_code == 422
    assert "somebody saved it in between" in answer.json()["problem"]
    assert integration_file(pages).read_text() == now


def test_doubts_are_told_and_refused(pages: Pages) -> None:
    for name in ("Contacts", "WorkOrders"):
        edit_file(pages, f"- external: {name}", f"- external: {name}Old")
    edit_file(pages, "{entity: Contacts,", "{entity: ContactsOld,")
    before = integration_file(pages).read_text()
    answer = dialog(pages.browser(), "clean-up")
    text = text_of(answer)
    assert "The external system shows 1 of 3 entities" in text
    assert "Remove and save" not in text
    client = pages.program()
    work = ended(client, "clean-up")["id"]
    refused = client.post(f"{MAPPING}/clean-up/{work}/apply", json={})
    assert refused.status_code == 422
    assert "1 of 3 entities" in refused.json()["problem"]
    assert integration_file(pages).read_text() == before


def test_unsaved_changes_come_first(pages: Pages) -> None:
    draft = Draft.of(integration_text(integration_file(pages)))
    unchanged = pages.program().post(f"{MAPPING}/clean-up", json={"draft": draft.as_text})
    assert unchanged.status_code == 202
    changed = draft.with_edits(Replacement(("description",), "other")).as_text
    for path, body in (("clean-up", {}), ("last-edit/undo", {"made_at": "2020-01-01T00:00:00Z"})):
        answer = pages.program().post(f"{MAPPING}/{path}", json={"draft": changed, **body})
        assert answer.status_code == 422
        assert "not saved" in answer.json()["problem"]


def test_only_who_may_edit_cleans_up(pages: Pages) -> None:
    client = pages.program("user")
    for path in ("clean-up", f"clean-up/{'0' * 16}/apply", "last-edit/undo"):
        body = {"made_at": "2020-01-01T00:00:00Z"}
        assert client.post(f"{MAPPING}/{path}", json=body).status_code == 403
    assert client.get(f"{MAPPING}/last-edit").status_code == 403
