"""Pages and dialogs with something in every list of theirs, over an Airflow that is played."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from playwright.sync_api import Browser, Page, expect
from tests.web.conftest import Pages
from tests.web.records import Both

LONG: Final = 20_000
HIDDEN: Final = "    download_filter: {field: industry, operator: ne, value: Hidden}\n"
KEY: Final = "    primary_key: [accountNumber]\n"
MAPPING: Final = "integrations/northwind/mapping"
WAITING: Final = "integrations/northwind/waiting"

expect.set_options(timeout=LONG)

Scene = tuple[str, Callable[[Page], None]]
"""The path of a page, and what is done on it."""


def fill(pages: Pages) -> None:
    """Two syncs, and what waits of every kind: conflicts, rejected records, withheld deletions,
    and a lookup whose partner the filter leaves out.
    """
    both = Both(pages)
    both.asked_for("on_conflict: external_wins", "on_conflict: review")
    both.asked_for(KEY, KEY + HIDDEN)
    pages.sync()
    accounts = [one["ID"] for one in both.there("Accounts")]
    contacts = [one["ID"] for one in both.there("Contacts")]
    for n, id_ in enumerate(accounts[:3]):
        both.change("Accounts", id_, name=f"There {n}", address={"city": "Praha"})
        both.local.change("account", id_, name=f"Here {n}", city="Brno")
    both.local.delete("account", accounts[4])
    both.change("Accounts", accounts[4], name="Edited")
    for id_ in accounts[8:11]:
        both.local.change("account", id_, name="x" * 200)
    for id_ in contacts[:2]:
        both.local.change("contact", id_, email=" nobody " * 30)
    hidden = both.create(
        "Accounts", accountNumber="H-1", name="Hidden", isActive=True, industry="Hidden"
    )
    order = {"subject": "Waits", "status": "Open", "priority": 1, "isBillable": True}
    both.create("WorkOrders", orderNumber="W-H1", account_ID=hidden, **order)
    for id_ in contacts[15:35]:
        both.local.delete("contact", id_)
    pages.sync()


@contextmanager
def looking(browser: Browser, pages: Pages, role: str = "editor", **options: Any) -> Iterator[Page]:
    """Somebody at a page; errors of its scripts, and what the browser refuses, fail the test."""
    with browser.new_context(**options) as context:
        context.add_cookies([{"name": "role", "value": role, "url": pages.url}])
        page = context.new_page()
        page.set_default_timeout(LONG)
        wrong: list[str] = []
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda told: wrong.append(told.text) if _is_wrong(told) else None)
        yield page
        assert wrong == [], wrong


def _is_wrong(told: Any) -> bool:
    """Answers such as 422 are told as errors too; they are what the pages show."""
    return told.type == "error" and not told.text.startswith("Failed to load resource")


def settled(page: Page) -> None:
    """Wait until no request of the page is under way."""
    page.wait_for_load_state("networkidle")
    expect(page.locator(".htmx-request, .htmx-settling, .htmx-swapping")).to_have_count(0)


def nothing(page: Page) -> None:
    """The page as it opens."""


def press(*names: str) -> Callable[[Page], None]:
    """Press these buttons one after the other; what the last one opens is waited for."""

    def act(page: Page) -> None:
        for name in names:
            page.get_by_role("button", name=name, exact=True).first.click()
            settled(page)

    return act


def tool(name: str) -> Callable[[Page], None]:
    """Open a tool of the mapping editor, and wait until it has ended."""

    def act(page: Page) -> None:
        page.locator(".ribbon").get_by_role("button", name=name, exact=True).click()
        expect(page.locator("#tool dialog")).to_be_visible()
        expect(page.locator(".tool-spinner")).to_have_count(0)
        settled(page)

    return act


def suggested_anew(page: Page) -> None:
    """Ask what an entity that is not mapped (any more) could be mapped to."""
    press("Remove this mapping")(page)
    tool("Suggestions")(page)


def part(which: str) -> Callable[[Page], None]:
    """Open the dialog of that part of the line of parent_ID."""

    def act(page: Page) -> None:
        page.locator("tbody.line", has_text="parent_ID").locator(f"[data-part={which}]").click()
        expect(page.locator("dialog.line-dialog")).to_be_visible()
        settled(page)

    return act


def a_filter(page: Page) -> None:
    """Build a filter of two conditions and a group."""
    page.get_by_role("button", name="Download filter: edit").click()
    dialog = page.locator("dialog.filter")
    expect(dialog).to_be_visible()
    for add in ("Add condition to all conditions", "Add group to all conditions"):
        dialog.get_by_role("button", name=add).click()
        settled(page)
    dialog.get_by_label("Field of condition 2", exact=True).fill("isActive")
    dialog.get_by_label("Field of condition 2", exact=True).press("Tab")
    settled(page)


def a_change(page: Page) -> None:
    """Change something that is wrong then, without saving it."""
    page.get_by_label("Version number", exact=True).fill("nothing_like_it")
    page.get_by_label("Version number", exact=True).press("Tab")
    expect(page.locator("#unsaved")).to_be_visible()
    page.get_by_text("Policies and versions").click()
    settled(page)


def bring(page: Page) -> None:
    """Look at what an import of mappings changes."""
    page.get_by_role("button", name="Import", exact=True).click()
    page.get_by_label("or its text").fill(
        "entities: [{external: Accounts, local: account, fields: [{external: ID, local: id}]}]"
    )
    page.get_by_role("button", name="Look what it changes").click()
    expect(page.locator("#brought")).not_to_be_empty()
    settled(page)


def preview(page: Page) -> None:
    """Look at what a sync would do, down to its records."""
    page.get_by_label("Everything again").check()
    page.get_by_role("button", name="Preview").click()
    expect(page.locator("#outcome table.plan")).to_be_visible()
    page.locator("#outcome td.number a").first.click()
    expect(page.locator("#records")).to_be_visible()
    settled(page)


def approve(page: Page) -> None:
    """The question that goes before deletions."""
    page.get_by_role("button", name="Preview").click()
    page.get_by_role("button", name="Approve and start").click()
    expect(page.locator("#approve")).to_be_visible()


def check(page: Page) -> None:
    """Test the connections."""
    page.get_by_role("button", name="Test connections").click()
    expect(page.locator("#check table")).to_be_visible()


def chosen(*buttons: str) -> Callable[[Page], None]:
    """Choose all on the page, then press these buttons."""

    def act(page: Page) -> None:
        page.get_by_label("All on this page").check()
        press(*buttons)(page)

    return act


def the_last_run(page: Page) -> None:
    """Follow the first run of the list."""
    page.locator("table.runs tbody th a").first.click()
    settled(page)


def explained(page: Page) -> None:
    """Why the first rejected record waits."""
    page.locator("main table a.mono").first.click()
    settled(page)


SCENES: Final[Mapping[str, Scene]] = {
    "list": ("", nothing),
    "new integration": ("new", nothing),
    "overview": ("integrations/northwind", nothing),
    "overview: duplicate": (
        "integrations/northwind",
        lambda page: page.get_by_text("Duplicate").click(),
    ),
    "overview: test": ("integrations/northwind", check),
    "an unknown page": ("integrations/nothing", nothing),
    "mapping": (f"{MAPPING}?entity=Accounts", nothing),
    "mapping: not mapped": (f"{MAPPING}?entity=WorkOrders", press("Remove this mapping")),
    "mapping: a wrong change": (f"{MAPPING}?entity=Accounts", a_change),
    "mapping: filter": (f"{MAPPING}?entity=Accounts", a_filter),
    "mapping: lookup": (f"{MAPPING}?entity=Accounts", part("lookup")),
    "mapping: values": (f"{MAPPING}?entity=Accounts", part("values")),
    "mapping: transform": (f"{MAPPING}?entity=Accounts", part("transform")),
    "mapping: details": (f"{MAPPING}?entity=Accounts", part("details")),
    "mapping: suggestions": (f"{MAPPING}?entity=Accounts", tool("Suggestions")),
    "mapping: suggestions of a new one": (f"{MAPPING}?entity=WorkOrders", suggested_anew),
    "mapping: check": (f"{MAPPING}?entity=Accounts", tool("Check")),
    "mapping: clean up": (f"{MAPPING}?entity=Accounts", tool("Clean up")),
    "mapping: export": (f"{MAPPING}?entity=Accounts", press("Export")),
    "mapping: import": (f"{MAPPING}?entity=Accounts", bring),
    "mapping: schema": (f"{MAPPING}?entity=Accounts", tool("Update schema")),
    "mapping: missing": (f"{MAPPING}?entity=Accounts", tool("Create what is missing")),
    "data": ("integrations/northwind/data", nothing),
    "data: import": (
        "integrations/northwind/data",
        lambda page: page.get_by_label("Import", exact=True).check(),
    ),
    "data: preview": ("integrations/northwind/data", preview),
    "data: approve": ("integrations/northwind/data", approve),
    "data: started": ("integrations/northwind/data", press("Start")),
    "runs": ("integrations/northwind/runs", nothing),
    "run": ("integrations/northwind/runs", the_last_run),
    "rejected": (
        f"{WAITING}?kind=rejected",
        lambda page: page.locator("details.payload summary").first.click(),
    ),
    "conflicts": (f"{WAITING}?kind=conflicts", nothing),
    "conflicts: all": (
        f"{WAITING}?kind=conflicts",
        chosen("Take local for the chosen…"),
    ),
    "deletions": (f"{WAITING}?kind=deletions", nothing),
    "deletions: approve": (f"{WAITING}?kind=deletions", chosen("Approve the chosen…")),
    "deferred": (f"{WAITING}?kind=deferred", nothing),
    "explain": (f"{WAITING}?kind=rejected", explained),
    "explain: nothing asked": ("integrations/northwind/explain", nothing),
}
"""Every page and dialog, by what it is."""
