"""What is done by keyboard alone: all of it can be reached, and the focus is never lost."""

from collections.abc import Iterator
from typing import Final

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.browser.scenes import MAPPING, WAITING, fill, looking, settled, tool
from tests.web.conftest import Pages, filled_service, pages

__all__ = ["filled_service", "pages"]

REACHABLE: Final = """() => {
  const all = 'a[href], button, input:not([type=hidden]), select, textarea, summary';
  const within = document.querySelector('dialog[open]') || document;
  const seen = new Set();
  return [...within.querySelectorAll(all)].filter((one) => {
    if (one.disabled || !one.checkVisibility({ visibilityProperty: true })) return false;
    if (one.type !== 'radio') return true;
    const group = (one.form ? one.form.id : '') + one.name;
    return !seen.has(group) && seen.add(group);
  }).map((one) => { one.dataset.expected = 'yes'; return one.outerHTML.slice(0, 120); });
}"""
"""What somebody can do something with; one of each group of radio buttons."""
REACHED: Final = """() => {
  const now = document.activeElement;
  if (!now || now.dataset.reached) return false;
  if (now !== document.body) now.dataset.reached = 'yes';
  return true;
}"""
LEFT: Final = """() => [...document.querySelectorAll('[data-expected]:not([data-reached])')]
  .map((one) => one.outerHTML.slice(0, 160))"""


@pytest.fixture
def ana(browser: Browser, pages: Pages) -> Iterator[Page]:
    """Somebody without a mouse, once something waits."""
    fill(pages)
    with looking(browser, pages) as page:
        yield page


def all_is_reached(page: Page) -> None:
    """Tab goes through all of the page, or of the dialog that is open."""
    assert page.evaluate(REACHABLE)
    rounds = 0
    while rounds < 3:
        page.keyboard.press("Tab")
        if not page.evaluate(REACHED):
            rounds += 1
    assert page.evaluate(LEFT) == []


def does(page: Page, selector: str, *keys: str) -> None:
    """Go to that part of the page, as Tab does, and press these keys."""
    page.locator(selector).focus()
    for key in keys:
        page.keyboard.press(key)
    settled(page)


def test_all_of_the_mapping_editor_is_reached(ana: Page, pages: Pages) -> None:
    ana.goto(f"{pages.url}/{MAPPING}?entity=Accounts")
    settled(ana)
    all_is_reached(ana)


def test_the_focus_stays_while_a_mapping_is_changed(ana: Page, pages: Pages) -> None:
    ana.goto(f"{pages.url}/{MAPPING}?entity=Accounts")
    settled(ana)
    does(ana, "#set-direction", "ArrowUp")
    expect(ana.locator("#unsaved")).to_contain_text("1 unsaved change")
    expect(ana.locator("#set-direction")).to_be_focused()
    line = ana.locator("tbody.line.not-mapped").first.get_attribute("id")
    does(ana, f"#{line}-on", "Space")
    expect(ana.locator("#unsaved")).to_contain_text("2 unsaved changes")
    expect(ana.locator(f"#{line}-on")).to_be_focused()
    does(ana, f"#{line}-details", "Enter")
    expect(ana.locator("dialog.line-dialog")).to_be_visible()
    does(ana, "dialog.line-dialog [data-closes]", "Escape")
    expect(ana.locator(f"#{line}-details")).to_be_focused()
    does(ana, "#settings button.bare", "Enter")
    expect(ana.locator("#set-primary_key")).to_be_focused()
    does(ana, "#undo", "Enter")
    expect(ana.locator("#unsaved")).to_contain_text("2 unsaved changes")
    expect(ana.locator("#undo")).to_be_focused()
    does(ana, "#undo", "Enter")
    does(ana, "#undo", "Enter")
    expect(ana.locator("#unsaved")).to_be_hidden()
    expect(ana.locator("#entity h2")).to_be_focused()


def test_a_mapping_is_removed_and_its_entity_mapped_anew(ana: Page, pages: Pages) -> None:
    ana.goto(f"{pages.url}/{MAPPING}?entity=WorkOrders")
    settled(ana)
    does(ana, "#remove-mapping", "Enter")
    expect(ana.locator("#map-to")).to_be_visible()
    expect(ana.locator("#entity h2")).to_be_focused()
    does(ana, "#map-to", "Enter")
    expect(ana.locator("#settings")).to_be_visible()
    expect(ana.locator("#entity h2")).to_be_focused()


def test_a_filter_is_built(ana: Page, pages: Pages) -> None:
    ana.goto(f"{pages.url}/{MAPPING}?entity=Contacts")
    settled(ana)
    does(ana, "#filter-external", "Enter")
    dialog = ana.locator("dialog.filter")
    expect(dialog).to_be_visible()
    does(ana, "#add-root", "Enter")
    expect(ana.locator("#condition-0-field")).to_be_focused()
    ana.keyboard.type("newsletter")
    ana.keyboard.press("Tab")
    settled(ana)
    expect(ana.locator("#condition-0-operator")).to_be_focused()
    ana.keyboard.press("Tab")
    expect(ana.locator("#condition-0-value-0")).to_be_focused()
    ana.keyboard.press("ArrowDown")
    settled(ana)
    all_is_reached(ana)
    does(ana, "dialog.filter button.primary", "Enter")
    expect(dialog).to_have_count(0)
    expect(ana.locator("#settings")).to_contain_text("newsletter")
    expect(ana.locator("#filter-external")).to_be_focused()


def test_suggestions_are_accepted(ana: Page, pages: Pages) -> None:
    ana.goto(f"{pages.url}/{MAPPING}?entity=Contacts")
    settled(ana)
    does(ana, "#tool-suggestions", "Enter")
    dialog = ana.locator("#tool dialog")
    expect(dialog).to_be_visible()
    all_is_reached(ana)
    does(ana, "#tool dialog [data-checks=columns]", "Space")
    does(ana, "#accept button", "Enter")
    expect(dialog).to_be_hidden()
    expect(ana.locator("#unsaved")).to_be_visible()
    expect(ana.locator("#tool-suggestions")).to_be_focused()


def test_a_tool_that_leads_to_another_gives_the_focus_back(ana: Page, pages: Pages) -> None:
    ana.goto(f"{pages.url}/{MAPPING}?entity=Accounts")
    settled(ana)
    ana.get_by_role("button", name="Update schema").focus()
    tool("Update schema")(ana)
    ana.get_by_role("button", name="What is missing locally?").focus()
    ana.keyboard.press("Enter")
    expect(ana.get_by_role("heading", name="Create what is missing")).to_be_visible()
    settled(ana)
    ana.keyboard.press("Escape")
    expect(ana.get_by_role("button", name="Update schema")).to_be_focused()


def test_a_conflict_is_decided(ana: Page, pages: Pages) -> None:
    ana.goto(f"{pages.url}/{WAITING}?kind=conflicts")
    settled(ana)
    all_is_reached(ana)
    waiting = ana.locator("article.conflict").count()
    article = ana.locator("article.conflict", has=ana.locator("input[type=radio]")).first
    names = article.locator("input[type=radio][value=local]")
    for number in range(names.count()):
        names.nth(number).focus()
        ana.keyboard.press("Space")
    article.get_by_role("button", name="Take as chosen by field").focus()
    ana.keyboard.press("Enter")
    expect(article.get_by_text("Settled")).to_be_visible()
    expect(article.locator(".ended")).to_be_focused()
    expect(ana.locator("#kinds a", has_text="Conflicts")).to_have_text(f"Conflicts {waiting - 1}")
