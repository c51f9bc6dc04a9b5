"""Saving what was edited, or taking it away."""

import pytest
from tests.web.conftest import Pages, text_of
from tests.web.test_mapping import ROOT, Editor, file_of

from tandem.sync.environment import open_state_of


@pytest.fixture
def editor(pages: Pages) -> Editor:
    pages.sync()
    found = Editor(pages.program())
    found.change(line=8, settings={"local": "website"})
    found.change(line=9, settings={"local": "phone"})
    return found


def test_a_draft_is_saved_and_the_comments_stay(pages: Pages, editor: Editor) -> None:
    before = file_of(pages).read_text()
    assert editor.post("save").is_success
    after = file_of(pages).read_text()
    assert after == before.replace(
        "{external: phone, local: phone}", "{external: phone, local: website}", 1
    ).replace("{external: website, local: website}", "{external: website, local: phone}")
    assert "# every night at two" in after
    assert editor.said["draft"] is None
    assert editor.said["changes"] == 0
    assert pages.airflow.read_again == 1


def test_a_saved_draft_can_be_undone(pages: Pages, editor: Editor) -> None:
    editor.post("save")
    state = open_state_of("northwind", pages.environment)
    try:
        assert state.edits(limit=1)[0].reason == "mapping editor"
    finally:
        state.close()


def test_nothing_is_saved_when_somebody_saved_in_between(pages: Pages, editor: Editor) -> None:
    file = file_of(pages)
    begun = file.read_text()
    file.write_text(begun + "# by somebody else\n")
    answer = editor.post("save")
    assert answer.status_code == 422
    assert "Somebody saved the file" in answer.json()["problem"]
    assert "download your file" in answer.json()["remedy"]
    assert file.read_text().endswith("# by somebody else\n")
    mine = editor.post("file", base=begun)
    assert "{external: phone, local: website}" in mine.text
    assert "somebody else" not in mine.text
    assert editor.post("file", base="name: other\n").status_code == 422


def test_what_is_no_usable_integration_is_not_saved(pages: Pages, editor: Editor) -> None:
    before = file_of(pages).read_text()
    editor.change(settings={"direction": "sideways"})
    answer = editor.post("save")
    assert answer.status_code == 422
    assert "'sideways' is not possible here" in answer.json()["problem"]
    assert file_of(pages).read_text() == before


def test_a_file_that_cannot_be_written_is_to_be_downloaded(
    pages: Pages, editor: Editor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("tempfile.mkstemp", refuse)
    answer = editor.post("save")
    assert answer.status_code == 422
    assert "Read-only file system" in answer.json()["problem"]
    assert "Download the file" in answer.json()["remedy"]


def test_the_edited_file_is_downloaded(pages: Pages, editor: Editor) -> None:
    answer = editor.post("file")
    assert answer.headers["content-type"].startswith("application/yaml")
    assert "northwind.yaml" in answer.headers["content-disposition"]
    assert "{external: phone, local: website}" in answer.text
    assert "{external: phone, local: website}" not in file_of(pages).read_text()


def test_a_viewer_takes_the_file_as_it_is(pages: Pages) -> None:
    answer = pages.program("viewer").post(f"{ROOT}/file", json={})
    assert answer.text == file_of(pages).read_text()


def test_nothing_is_saved_where_nothing_is_changed(pages: Pages) -> None:
    pages.sync()
    answer = pages.program().post(f"{ROOT}/save", json={})
    assert answer.json()["problem"] == "Nothing is changed."


def test_a_page_says_that_it_is_saved(pages: Pages, editor: Editor) -> None:
    body = {"draft": editor.draft, "entity": "Accounts"}
    assert "Saved." in text_of(pages.browser().post(f"{ROOT}/save", json=body))
