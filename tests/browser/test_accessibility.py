"""Every page and dialog for everybody: by the rules of WCAG 2.1 AA, in narrow frames, and by
keyboard alone.
"""

from collections.abc import Iterator
from typing import Final, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page
from tests.browser.scenes import SCENES, fill, looking, settled
from tests.web.conftest import Pages, filled_service, shared_pages

__all__ = ["filled_service", "shared_pages"]

RULES: Final = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]},
    "resultTypes": ["violations"],
}

TOO_WIDE: Final = """() => {
  const name = (e) => e.tagName.toLowerCase() + (e.id ? "#" + e.id : "") + "." + e.className;
  const page = document.documentElement;
  const found = [page, ...document.querySelectorAll("dialog[open]")]
    .filter((one) => one.scrollWidth > one.clientWidth)
    .map((one) => name(one) + " scrolls: " + one.scrollWidth + " > " + one.clientWidth);
  const scrolls = (e) => {
    for (let at = e; at; at = at.parentElement) {
      const style = getComputedStyle(at);
      if (style.clipPath !== "none" || at.matches("dialog:not([open])")) return true;
      if (at !== document.body && /auto|scroll/.test(style.overflowX) && !at.matches("dialog")) {
        return true;
      }
    }
    return false;
  };
  for (const one of document.querySelectorAll("main *")) {
    const box = one.getBoundingClientRect();
    const isCut = box.right > page.clientWidth + 1 || box.left < 0;
    if (box.width && isCut && !scrolls(one)) {
      found.push(`${name(one)} is cut: ${Math.round(box.left)} to ${Math.round(box.right)}`);
    }
  }
  return found.slice(0, 8);
}"""
"""Parts of the page that do not fit, but for those within something that scrolls by itself."""


@pytest.fixture(scope="module")
def filled(shared_pages: Pages) -> Pages:
    """The pages with something in every list."""
    fill(shared_pages)
    shared_pages.program().post("/integrations/northwind/mapping/schema", json={})
    return shared_pages


@pytest.fixture(scope="module", params=SCENES)
def scene(request: pytest.FixtureRequest, browser: Browser, filled: Pages) -> Iterator[Page]:
    """Every page, and every dialog on it, in turn."""
    path, act = SCENES[request.param]
    with looking(browser, filled) as page:
        page.goto(f"{filled.url}/{path}")
        settled(page)
        act(page)
        yield page


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(scene: Page, scheme: Literal["light", "dark"]) -> None:
    scene.emulate_media(color_scheme=scheme)
    scene.wait_for_selector(f"html[data-theme={scheme}]")
    assert wrong_with(scene) == []


@pytest.mark.parametrize("width", [1040, 900, 600])
def test_a_narrow_frame_shows_all_without_scrolling_sideways(scene: Page, width: int) -> None:
    scene.set_viewport_size({"width": width, "height": 800})
    assert scene.evaluate(TOO_WIDE) == []


def wrong_with(page: Page) -> list[tuple[str, list[str], str]]:
    """What axe finds: the rule, where, and why."""
    return [
        (one["id"], node["target"], node["failureSummary"])
        for one in Axe().run(page, options=RULES).response["violations"]
        for node in one["nodes"]
    ]
