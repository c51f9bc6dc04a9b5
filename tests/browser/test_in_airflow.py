"""The pages where people find them: in Airflow's navigation, and on each generated DAG."""

from collections.abc import Callable

import pytest
from tests.browser.conftest import Installation, Visitor


def test_the_entry_in_the_navigation_leads_to_the_list(visit: Callable[..., Visitor]) -> None:
    visitor = visit("viewer")
    visitor.page.goto(visitor.url)
    visitor.page.get_by_role("link", name="Integrations").click()
    visitor.frame.get_by_role("link", name="northwind").first.wait_for()


def test_the_tab_on_a_dag_leads_to_its_integration(visit: Callable[..., Visitor]) -> None:
    visitor = visit("viewer")
    visitor.page.goto(f"{visitor.url}/dags/northwind__sync/plugin/integration")
    visitor.frame.get_by_role("heading", name="northwind").wait_for()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_pages_are_light_or_dark_as_airflow_is(
    visit: Callable[..., Visitor], theme: str
) -> None:
    visitor = visit("viewer", color_scheme="light")
    visitor.page.evaluate(
        "theme => { const c = document.documentElement.classList;"
        " c.remove('light', 'dark'); c.add(theme); }",
        theme,
    )
    frame = visitor.opens("")
    visitor.page.evaluate(
        "theme => { const c = document.documentElement.classList;"
        " c.remove('light', 'dark'); c.add(theme); }",
        theme,
    )
    frame.wait_for_selector(f"html[data-theme={theme}]")


def test_somebody_who_is_not_logged_in_is_sent_to_the_login_page(
    installation: Installation, browser: object
) -> None:
    context = browser.new_context()  # type: ignore[attr-defined]
    page = context.new_page()
    page.goto(f"{installation.url}/tandem/")
    page.wait_for_selector("input[name=password]")
    context.close()
