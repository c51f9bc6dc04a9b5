"""The mapping editor: what is seen, and what a draft becomes by what somebody does."""

import time
from pathlib import Path
from typing import Any

import pytest
from httpx import Client, Response
from tests.web.conftest import Pages, text_of

ROOT = "/integrations/northwind/mapping"


@pytest.fixture
def synced(pages: Pages) -> Pages:
    """The pages after a run, which has looked at both systems. From now on it creates nothing."""
    pages.sync()
    file = pages.folder / "northwind.yaml"
    file.write_text(file.read_text().replace("provision: true", "provision: false"))
    return pages


class Editor:
    """A program that edits, and keeps the draft as the browser does."""

    def __init__(self, client: Client, entity: str = "Accounts") -> None:
        self.client = client
        self.entity = entity
        self.draft: str | None = None
        self.said: dict[str, Any] = {}

    def post(self, path: str, **body: Any) -> Response:
        found = self.client.post(
            f"{ROOT}/{path}", json={"draft": self.draft, "entity": self.entity, **body}
        )
        if found.is_success and "json" in found.headers["content-type"]:
            self.said = found.json()
            self.draft = self.said["draft"]
        return found

    def change(self, **body: Any) -> dict[str, Any]:
        found = self.post("changes", **body)
        assert found.is_success, found.text
        return self.said

    def line(self, external: str) -> dict[str, Any]:
        lines = self.said["opened"]["lines"]
        found: dict[str, Any] = next(one for one in lines if one["external"] == external)
        return found

    def faults(self) -> list[str]:
        opened = self.said["opened"]
        found = [one["text"] for line in opened["lines"] for one in line["faults"]]
        return [*found, *(one["text"] for one in opened["settings"]["faults"])]


@pytest.fixture
def editor(synced: Pages) -> Editor:
    return Editor(synced.program())


def file_of(pages: Pages) -> Path:
    return pages.folder / "northwind.yaml"


def test_all_external_entities_are_listed_with_their_state(synced: Pages) -> None:
    page = synced.program("viewer").get(ROOT).json()
    assert [(e["name"], e["local"], e["state"]) for e in page["entities"]] == [
        ("Accounts", "account", "mapped"),
        ("Contacts", "contact", "mapped"),
        ("WorkOrders", "work_order", "mapped"),
    ]
    assert page["opened"]["name"] == "Accounts"
    assert page["opened"]["lines"][1]["external_type"] == "string(20), required"
    assert page["draft"] is None


def test_an_entity_is_opened_by_its_name(synced: Pages) -> None:
    shown = text_of(synced.browser("viewer").get(ROOT, params={"entity": "WorkOrders"}))
    assert "WorkOrders → work_order" in shown
    assert "status is not “Cancelled”" in shown


def test_without_snapshots_it_is_said_how_to_get_them(pages: Pages) -> None:
    assert "Update schema" in text_of(pages.browser("user").get(ROOT))
    assert "has to update the schema" in text_of(pages.browser("viewer").get(ROOT))
    page = pages.program().get(ROOT).json()
    assert not page["has_schemas"]
    assert page["opened"]["lines"][0]["local"] == "id"


def test_a_mapped_entity_that_is_gone_stays_in_the_list(synced: Pages) -> None:
    file = file_of(synced)
    file.write_text(file.read_text().replace("external: Contacts", "external: People"))
    page = synced.program().get(ROOT, params={"entity": "People"}).json()
    listed = {e["name"]: e for e in page["entities"]}
    assert listed["People"]["is_gone"]
    assert listed["People"]["errors"] > 0
    assert listed["Contacts"]["state"] == "not mapped"


def test_a_change_is_in_the_draft_and_not_in_the_file(synced: Pages, editor: Editor) -> None:
    before = file_of(synced).read_text()
    editor.change(line=8, settings={"local": "telephone", "enabled": True})
    assert editor.line("phone")["local"] == "telephone"
    assert editor.said["changes"] == 1
    assert editor.said["last_change"] == "Accounts, phone: local becomes telephone"
    assert file_of(synced).read_text() == before
    editor.post("entities")
    assert editor.line("phone")["local"] == "telephone"


def test_what_a_change_breaks_is_told_at_its_line(editor: Editor) -> None:
    editor.change(line=8, settings={"local": "citi"})
    (fault,) = editor.line("phone")["faults"]
    assert "has no field 'citi'" in fault["text"]
    assert "city" in fault["choices"]
    assert editor.said["entities"][0]["errors"] == 1


def test_a_choice_that_a_problem_offers_mends_it(editor: Editor) -> None:
    editor.change(settings={"version_number": "modifiedat"})
    faults = editor.said["opened"]["settings"]["faults"]
    fault = next(one for one in faults if one["key"] == "version_number")
    assert "modifiedAt" in fault["choices"]
    editor.change(choose={"place": fault["place"], "value": "modifiedAt"})
    assert editor.said["opened"]["settings"]["version_number"] == "modifiedAt"
    assert editor.said["entities"][0]["errors"] == 0


def test_what_makes_the_file_unusable_is_told_at_its_place(editor: Editor) -> None:
    editor.change(settings={"direction": "sideways", "sweep_every": "0"})
    told = {one["key"]: one["text"] for one in editor.said["opened"]["settings"]["faults"]}
    assert "'sideways' is not possible here" in told["direction"]
    assert "is too small" in told["sweep_every"]
    assert len(editor.said["problems"]) == 2


def test_a_broken_mapping_does_not_hide_problems_of_the_others(editor: Editor) -> None:
    editor.change(settings={"direction": "sideways"})
    editor.entity = "Contacts"
    editor.change(line=2, settings={"local": "none_such"})
    assert "has no field 'none_such'" in editor.line("firstName")["faults"][0]["text"]


def test_a_field_is_mapped_taken_out_and_mapped_by_its_name(editor: Editor) -> None:
    editor.change(line=8, settings={"local": ""})
    assert editor.line("phone")["at"] is None
    assert editor.line("website")["at"] == 8
    editor.change(external="phone", settings={"enabled": True, "local": ""})
    assert editor.line("phone")["local"] == "phone"


def test_the_parts_of_a_line_are_changed(editor: Editor) -> None:
    editor.entity = "WorkOrders"
    editor.change(
        line=6,
        settings={
            "values": {"external": ["Open", "Done", ""], "local": ["0", '"1"', "7"]},
            "unmapped": "keep",
        },
    )
    editor.change(line=2, steps={"0": {"kind": "trim"}, "1": {"kind": "truncate", "length": "40"}})
    editor.change(line=5, settings={"lookup": {"entity": "", "field": "", "composite": ""}})
    assert editor.line("status")["values"] == 2
    assert editor.line("subject")["transform"] == "trim, truncate 40"
    assert editor.line("contact_ID")["lookup"] == ""
    text = editor.post("file").text
    assert 'values: {Open: 0, Done: "1"}' in text
    assert "transform: [trim, {truncate: 40}]" in text
    assert "- {external: contact_ID, local: contact_id}" in text


def test_a_constant_is_added(editor: Editor) -> None:
    editor.change(constant=True, settings={"constant": "crm", "local": "website"})
    assert editor.line("")["constant"] == "crm"
    assert editor.line("")["local"] == "website"


def test_an_unmapped_entity_is_mapped_by_its_key(editor: Editor) -> None:
    editor.entity = "Contacts"
    editor.change(remove="mapping")
    assert editor.said["opened"]["settings"] is None
    assert editor.said["opened"]["suggested_local"] == "contact"
    editor.change(map_to="contact")
    assert editor.said["opened"]["settings"]["primary_key"] == ["ID"]
    assert editor.line("ID")["local"] == "id"
    assert editor.line("email")["at"] is None


def test_an_entity_that_is_gone_becomes_another_one(synced: Pages, editor: Editor) -> None:
    file = file_of(synced)
    file.write_text(file.read_text().replace("external: Contacts", "external: Contact"))
    editor.entity = "Contact"
    editor.post("entities")
    fault = next(one for one in editor.said["opened"]["settings"]["faults"] if one["choices"])
    editor.change(choose={"place": fault["place"], "value": "Contacts"})
    assert editor.said["opened"]["name"] == "Contacts"
    assert "Contact" not in [one["name"] for one in editor.said["entities"]]
    assert editor.line("email")["external_type"]


def test_the_last_change_is_undone_wherever_it_was(editor: Editor) -> None:
    editor.change(line=8, settings={"local": "telephone"})
    editor.entity = "Contacts"
    editor.change(settings={"enabled": False})
    editor.entity = "WorkOrders"
    assert editor.post("undo").is_success
    assert editor.said["opened"]["name"] == "Contacts"
    assert editor.said["opened"]["settings"]["enabled"]
    editor.post("undo")
    assert editor.said["draft"] is None


def test_only_what_changed_is_put_into_the_page(synced: Pages) -> None:
    body = {"entity": "Accounts", "line": "8", "settings": {"local": "citi", "enabled": True}}
    html = synced.browser().post(f"{ROOT}/changes", json=body).text
    assert 'id="field-8"' in html
    assert 'id="field-9"' not in html
    assert 'id="draft"' in html
    assert "1 unsaved change" in html
    assert "Use city" in html


def test_a_line_that_another_change_is_about_is_put_in_as_well(synced: Pages) -> None:
    body = {"entity": "Accounts", "line": 8, "settings": {"local": "website"}}
    html = synced.browser().post(f"{ROOT}/changes", json=body).text
    assert "mapped more than once" in html
    assert 'id="settings"' in html


def test_a_dialog_shows_what_a_line_has(synced: Pages) -> None:
    ask = {"entity": "WorkOrders", "line": 4, "part": "lookup"}
    shown = synced.program("viewer").post(f"{ROOT}/line", json=ask).json()
    assert (shown["lookup_entity"], shown["lookup_field"]) == ("Accounts", "ID")
    assert "accountNumber" in [one["name"] for one in shown["fields"]]
    for part in ("lookup", "values", "transform", "details"):
        html = synced.browser().post(f"{ROOT}/line", json={**ask, "part": part}).text
        assert "<dialog" in html


def test_values_are_escaped(synced: Pages) -> None:
    body = {"entity": "Accounts", "line": 8, "settings": {"local": "<script>alert(1)</script>"}}
    html = synced.browser().post(f"{ROOT}/changes", json=body).text
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert" in html


@pytest.mark.parametrize("role", ["viewer", "user"])
def test_who_may_not_edit_only_looks(synced: Pages, role: str) -> None:
    page = synced.browser(role).get(ROOT).text
    assert "Remove accountNumber" not in page
    assert "Add a constant" not in page
    for path in ("changes", "undo", "save"):
        answer = synced.program(role).post(f"{ROOT}/{path}", json={"entity": "Accounts"})
        assert answer.status_code == 403


def test_a_file_of_another_form_is_told(pages: Pages) -> None:
    file_of(pages).write_text("name: northwind\nentities: {a: b}\n")
    answer = pages.program().get(ROOT)
    assert answer.status_code == 422
    assert "does not have the form" in answer.json()["problem"]


def test_a_file_with_problems_is_opened_and_mended(synced: Pages, editor: Editor) -> None:
    file = file_of(synced)
    file.write_text(file.read_text().replace("direction: bidirectional", "direction: both", 1))
    editor.post("entities")
    assert editor.said["opened"]["settings"]["faults"]
    editor.change(settings={"direction": "bidirectional"})
    assert editor.said["problems"] == []
    assert editor.post("save").is_success
    assert "direction: both" not in file.read_text()


def test_what_the_next_run_creates_is_not_told_as_missing(pages: Pages) -> None:
    """`northwind` provisions, and has not been synced: none of its tables is there."""
    browser = pages.browser()
    browser.post("/integrations/northwind/mapping/schema", json={})
    for _ in range(300):
        page = pages.browser().get("/integrations/northwind/mapping?entity=Accounts")
        if "Nobody has looked" not in page.text:
            break
        time.sleep(0.1)
    assert "accountNumber" in page.text
    assert "The local system has no" not in page.text
