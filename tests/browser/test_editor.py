"""What the scripts of the mapping editor do: drafts, and the tools that want a saved file."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Route, expect
from tests.browser.scenes import MAPPING, looking, settled
from tests.web.conftest import Pages, filled_service, pages

__all__ = ["filled_service", "pages"]


@pytest.fixture
def editor(browser: Browser, pages: Pages) -> Iterator[Page]:
    """An editor at the mapping of Accounts, of which both schemas are known."""
    pages.sync()
    with looking(browser, pages) as page:
        page.goto(f"{pages.url}/{MAPPING}?entity=Accounts")
        settled(page)
        yield page


def change(page: Page, direction: str = "Download only") -> None:
    """Change something without saving it."""
    page.get_by_label("Sync direction").select_option(direction)
    expect(page.locator("#unsaved")).to_be_visible()


def kept(page: Page) -> list[str]:
    """The drafts that the browser keeps."""
    return list(page.evaluate("Object.keys(sessionStorage).filter(k => k.startsWith('tandem'))"))


def test_a_draft_outlives_a_reload(editor: Page) -> None:
    change(editor)
    editor.reload()
    expect(editor.locator("#unsaved")).to_contain_text("1 unsaved change")
    expect(editor.get_by_label("Sync direction")).to_have_value("download_only")


def test_a_dropped_draft_is_gone_whatever_is_still_under_way(editor: Page) -> None:
    change(editor)
    expect(editor.locator("#fields input[name='settings.local']").first).to_be_visible()
    late: list[Route] = []
    editor.route(re.compile("sign-ins|/changes"), lambda route: late.append(route))
    editor.get_by_label("First sync").select_option("replace_local")
    editor.evaluate("htmx.trigger('#sign-ins', 'load')")
    expect(editor.locator(".htmx-request").first).to_be_attached()
    with editor.expect_navigation():
        editor.get_by_role("button", name="Drop changes").click()
    editor.unroute_all(behavior="ignoreErrors")
    settled(editor)
    expect(editor.get_by_label("Sync direction")).to_have_value("bidirectional")
    expect(editor.locator("#unsaved")).to_be_hidden()
    assert kept(editor) == []


def test_what_edits_the_saved_file_waits_for_it_to_be_saved(editor: Page, pages: Pages) -> None:
    clean_up = editor.get_by_role("button", name="Clean up", exact=True)
    undo = editor.get_by_role("button", name="Undo last save")
    expect(clean_up).to_be_enabled()
    change(editor)
    for tool in (clean_up, undo):
        expect(tool).to_be_disabled()
        expect(tool).to_have_attribute("title", re.compile("save your changes first"))
    editor.reload()
    expect(clean_up).to_be_disabled()
    editor.get_by_role("button", name="Save", exact=True).click()
    expect(editor.locator("#messages")).to_contain_text("Saved.")
    expect(editor.locator("#messages .message")).to_be_focused()
    for tool in (clean_up, undo):
        expect(tool).to_be_enabled()
        expect(tool).to_have_attribute("title", "")
    assert "direction: download_only" in (pages.folder / "northwind.yaml").read_text()


def test_the_page_tells_once_that_an_edit_was_undone(editor: Page) -> None:
    change(editor)
    editor.get_by_role("button", name="Save", exact=True).click()
    editor.get_by_role("button", name="Undo last save").click()
    editor.get_by_role("button", name="Undo and save").click()
    told = editor.get_by_text("Saved: the last edit of the file is undone.")
    expect(told).to_be_focused()
    expect(editor.get_by_label("Sync direction")).to_have_value("bidirectional")
    editor.reload()
    expect(editor.get_by_label("Sync direction")).to_be_visible()
    expect(told).to_have_count(0)


def test_data_transfer_begins_with_the_entity_that_is_open(editor: Page) -> None:
    editor.locator("#entities").get_by_text("Contacts", exact=True).click()
    expect(editor.locator("#entity h2")).to_contain_text("Contacts")
    editor.get_by_role("link", name="Upload", exact=True).click()
    expect(editor.get_by_label("Export", exact=True)).to_be_checked()
    expect(editor.get_by_label("Contacts", exact=True)).to_be_checked()
    expect(editor.locator("[data-count]")).to_have_text("1 of 2")
