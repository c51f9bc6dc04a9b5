"""The integration's own settings, changed on its page."""

import re
from typing import Any

import pytest
from tests.web.conftest import NORTHWIND, Pages, text_of

from tandem.sync.environment import open_state_of

PAGE = "/integrations/northwind"
ROOT = f"{PAGE}/settings"


def settings(pages: Pages) -> dict[str, Any]:
    """What a program is given to change."""
    found: dict[str, Any] = pages.program("viewer").get(PAGE).json()["settings"]
    return found


def file_text(pages: Pages) -> str:
    return (pages.folder / "northwind.yaml").read_text(encoding="utf-8")


def test_the_settings_are_what_the_file_says(pages: Pages) -> None:
    found = settings(pages)
    assert found.pop("fingerprint")
    assert found == {
        "description": "Customers and their people, both ways; the work done for them, downloaded",
        "schedule": "0 2 * * *",
        "on_conflict": "external_wins",
        "provision": True,
    }


def test_the_dialog_shows_them(pages: Pages) -> None:
    page = pages.browser().get(PAGE).text
    dialog = re.search(r'<dialog id="settings".*?</dialog>', page, re.DOTALL)
    assert dialog
    for shown in (
        'value="0 2 * * *"',
        '<option value="external_wins" selected>',
        'name="provision" checked',
        settings(pages)["fingerprint"],
        "Customers and their people",
    ):
        assert shown in dialog[0]


def test_a_changed_schedule_is_saved_shown_and_read_by_airflow(pages: Pages) -> None:
    wanted = settings(pages) | {"schedule": " 0 3 * * 1 "}
    answer = pages.browser().post(ROOT, json=wanted)
    assert answer.status_code == 200
    assert answer.headers["HX-Retarget"] == "#main"
    assert "0 3 * * 1" in text_of(answer)
    assert "Saved." in text_of(answer)
    before = NORTHWIND.read_text(encoding="utf-8")
    assert file_text(pages) == before.replace('"0 2 * * *" ', '"0 3 * * 1" ')
    assert pages.airflow.read_again == 1
    assert pages.program().get(PAGE).json()["schedule"]["schedule"] == "0 3 * * 1"


def test_all_settings_are_changed_at_once_and_comments_stay(pages: Pages) -> None:
    wanted = settings(pages) | {
        "description": "Ours: <b>",
        "schedule": "@daily",
        "on_conflict": "review",
        "provision": False,
    }
    answer = pages.program().post(ROOT, json=wanted)
    changed = answer.json()["settings"]
    assert changed.pop("fingerprint") != wanted.pop("fingerprint")
    assert changed == wanted
    assert "# create missing local tables and columns" in file_text(pages)
    assert "Ours: &lt;b&gt;" in pages.browser().get(PAGE).text


def test_without_a_schedule_it_runs_by_hand_only(pages: Pages) -> None:
    for empty in (None, "  "):
        pages.program().post(ROOT, json=settings(pages) | {"schedule": "@daily"})
        answer = pages.browser().post(ROOT, json=settings(pages) | {"schedule": empty})
        assert "By hand only" in text_of(answer)
        assert settings(pages)["schedule"] is None


def test_a_schedule_that_airflow_does_not_know_is_refused(pages: Pages) -> None:
    answer = pages.browser().post(ROOT, json=settings(pages) | {"schedule": "every tuesday"})
    assert answer.status_code == 422
    told = text_of(answer)
    assert "every tuesday" in told
    assert "Exactly 5 columns" in told
    assert "0 2 * * *" in told
    assert file_text(pages) == NORTHWIND.read_text(encoding="utf-8")
    assert pages.airflow.read_again == 0


def test_nothing_is_saved_when_somebody_saved_in_between(pages: Pages) -> None:
    wanted = settings(pages) | {"schedule": "@daily"}
    theirs = file_text(pages).replace("external_wins", "local_wins")
    (pages.folder / "northwind.yaml").write_text(theirs, encoding="utf-8")
    answer = pages.program().post(ROOT, json=wanted)
    assert answer.status_code == 422
    assert "Somebody saved northwind.yaml" in answer.json()["problem"]
    assert "Open the page again" in answer.json()["remedy"]
    assert file_text(pages) == theirs


def test_what_changes_nothing_says_so(pages: Pages) -> None:
    answer = pages.program().post(ROOT, json=settings(pages))
    assert answer.json()["problem"] == "Nothing is changed."
    assert file_text(pages) == NORTHWIND.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("written", "change"),
    [
        ("description: >\n  Long\n  text\n", {"provision": True}),
        ("schedule: null  # not yet\n", {"description": "New"}),
        ("", {"on_conflict": "review"}),
    ],
)
def test_what_is_not_changed_stays_as_it_is_written(
    pages: Pages, written: str, change: dict[str, Any]
) -> None:
    text = re.sub(r"(?m)^(description|schedule|provision|on_conflict):.*\n", "", file_text(pages))
    text = text.replace("name: northwind\n", f"name: northwind\n{written}")
    (pages.folder / "northwind.yaml").write_text(text, encoding="utf-8")
    shown = settings(pages)
    assert pages.program().post(ROOT, json=shown | change).is_success
    after = file_text(pages)
    assert written in after
    assert len(after.splitlines()) == len(text.splitlines()) + 1
    assert settings(pages) | {"fingerprint": ""} == shown | change | {"fingerprint": ""}


def test_what_was_saved_is_noted_so_that_it_can_be_undone(pages: Pages) -> None:
    pages.program().post(ROOT, json=settings(pages) | {"schedule": "@daily"})
    state = open_state_of("northwind", pages.environment)
    try:
        assert [edit.reason for edit in state.edits(limit=5)] == ["settings"]
    finally:
        state.close()


def test_where_files_are_read_only_the_new_text_is_given(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system")

    wanted = settings(pages) | {"schedule": "@daily"}
    monkeypatch.setattr("tempfile.mkstemp", refuse)
    given = pages.program().post(ROOT, json=wanted).json()
    assert "Read-only file system" in given["why"]
    assert "@daily" in given["text"]
    page = pages.browser().post(ROOT, json=wanted)
    assert "HX-Retarget" not in page.headers
    assert "Download northwind.yaml" in text_of(page)
    assert "@daily" not in file_text(pages)


@pytest.mark.parametrize("role", ["viewer", "user"])
def test_who_may_not_edit_changes_nothing(pages: Pages, role: str) -> None:
    answer = pages.program(role).post(ROOT, json=settings(pages) | {"schedule": "@daily"})
    assert answer.status_code == 403
    assert file_text(pages) == NORTHWIND.read_text(encoding="utf-8")
    page = pages.browser(role).get(PAGE).text
    assert "Needs permission to edit its DAG" in page
    assert "Save settings" not in page


@pytest.mark.parametrize(
    "wrong", [{"on_conflict": "never"}, {"provision": "perhaps"}, {"entities": []}]
)
def test_what_is_no_setting_is_refused(pages: Pages, wrong: dict[str, Any]) -> None:
    answer = pages.program().post(ROOT, json=settings(pages) | wrong)
    assert answer.status_code == 422
    assert next(iter(wrong)) in answer.json()["problem"]


def test_a_broken_file_has_no_settings(pages: Pages) -> None:
    (pages.folder / "northwind.yaml").write_text("name: northwind\n", encoding="utf-8")
    assert pages.program().get(PAGE).json()["settings"] is None
    assert "Save settings" not in pages.browser().get(PAGE).text
