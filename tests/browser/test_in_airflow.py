"""The pages where people find them: in Airflow's navigation, and on each generated DAG."""

from collections.abc import Callable

import pytest
from tests.browser.conftest import Installation, Visitor


def test_the_entry_in_the_navigation_leads_to_the_list(visitor: Callable[..., Visitor]) -> None:
    ana = visitor("viewer")
    ana.page.goto(ana.url)
    ana.page.get_by_role("link", name="Integrations").click()
    ana.frame.get_by_role("link", name="northwind").first.wait_for()


def test_the_tab_on_a_dag_leads_to_its_integration(visitor: Callable[..., Visitor]) -> None:
    ana = visitor("viewer")
    ana.page.goto(f"{ana.url}/dags/northwind__sync/plugin/integration")
    ana.frame.get_by_role("heading", name="northwind").wait_for()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_pages_are_light_or_dark_as_airflow_is(
    visitor: Callable[..., Visitor], theme: str
) -> None:
    ana = visitor("viewer", color_scheme="light")
    ana.page.evaluate(
        "theme => { const c = document.documentElement.classList;"
        " c.remove('light', 'dark'); c.add(theme); }",
        theme,
    )
    frame = ana.opens("")
    ana.page.evaluate(
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
