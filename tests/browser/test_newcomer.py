"""A newcomer's whole way, by mouse and keyboard: from nothing to a sync that is kept in repair.

One story of several chapters, told in order: each goes on where the one before ended.
"""

import sqlite3
from collections.abc import Callable
from typing import Any, Final

import httpx
import pytest
from playwright.sync_api import Frame, expect
from tests.browser.conftest import Installation, Visitor

LONG: Final = 300_000
"""Milliseconds that a run in Airflow may take."""


@pytest.fixture(scope="module")
def ana(visitor: Callable[..., Visitor]) -> Visitor:
    """The newcomer, who may everything."""
    return visitor("admin")


def service(installation: Installation, method: str, path: str, **body: Any) -> dict[str, Any]:
    """Edit the external system without Tandem."""
    url = f"{installation.service_url}{path}"
    answer = httpx.request(method, url, json=body or None, timeout=30)
    answer.raise_for_status()
    return dict(answer.json()) if answer.content else {}


def local(installation: Installation, statement: str, *values: Any) -> list[tuple[Any, ...]]:
    """Look at or edit the local side without Tandem."""
    connection = sqlite3.connect(installation.home / "crm.db", timeout=30)
    try:
        with connection:
            return list(connection.execute(statement, values))
    finally:
        connection.close()


def an_account(installation: Installation) -> dict[str, Any]:
    """An active account of the external system."""
    found = service(installation, "GET", "Accounts?$filter=isActive eq true&$top=1&$orderby=ID")
    return dict(found["value"][0])


def start_and_wait(frame: Frame, results: str) -> None:
    """Start what is chosen on the Data page, and wait for its result line."""
    frame.get_by_role("button", name="Start").click()
    expect(frame.locator("#outcome pre.results")).to_contain_text(results, timeout=LONG)


def choose(frame: Frame, entity: str) -> None:
    """Open an entity in the mapping editor."""
    frame.locator("#entities").get_by_text(entity, exact=True).click()
    expect(frame.locator("#entity h2")).to_contain_text(entity)


def save(frame: Frame) -> None:
    """Save the draft."""
    frame.get_by_role("button", name="Save", exact=True).click()
    expect(frame.locator("#unsaved")).to_be_hidden()


def test_1_a_new_integration_is_drafted_from_two_systems(
    ana: Visitor, installation: Installation
) -> None:
    frame = ana.opens("")
    frame.get_by_role("link", name="New integration").click()
    frame.get_by_label("Name").first.fill("crm")
    external = frame.get_by_role("group", name="External")
    external.get_by_label("Connector").select_option("odata")
    external.get_by_label("Connection id").fill("crm_api")
    here = frame.get_by_role("group", name="Local")
    here.get_by_label("Connector").select_option("sql")
    here.get_by_label("Connection id").fill("crm_local")
    frame.get_by_label("External entities").fill("Accounts")
    frame.get_by_role("button", name="Draft integration").click()
    expect(frame.get_by_role("heading", name="crm")).to_be_visible()
    assert (installation.integrations / "crm.yaml").exists()
    frame.get_by_role("button", name="Test connections").click()
    expect(frame.locator("#check")).to_contain_text("Accounts", timeout=LONG)
    ana.shot("overview")


def test_2_another_entity_is_mapped_by_suggestions(
    ana: Visitor, installation: Installation
) -> None:
    frame = ana.opens("integrations/crm/mapping")
    frame.get_by_role("button", name="Update schema").last.click()
    expect(frame.locator("#tool dialog")).to_be_visible(timeout=LONG)
    frame = ana.opens("integrations/crm/mapping?entity=Contacts")
    frame.get_by_role("button", name="Suggestions").click()
    dialog = frame.locator("#tool dialog")
    expect(dialog).to_be_visible()
    dialog.get_by_label("All new columns").check()
    ana.shot("suggestions")
    dialog.get_by_role("button", name="Accept what is checked").click()
    expect(frame.locator("#unsaved")).to_contain_text("unsaved")
    expect(frame.locator("#entity")).to_contain_text("firstName")
    expect(dialog).to_be_hidden()
    ana.shot("mapping")
    save(frame)
    text = (installation.integrations / "crm.yaml").read_text()
    assert "external: Contacts" in text
    assert "$schema=" in text, "comments are kept"


def test_3_a_filter_is_counted_while_it_is_made(ana: Visitor, installation: Installation) -> None:
    frame = ana.opens("integrations/crm/mapping?entity=Accounts")
    frame.get_by_role("button", name="Download filter").click()
    dialog = frame.locator("#tool dialog")
    dialog.get_by_role("button", name="Add condition").click()
    dialog.get_by_label("Field of condition 1").fill("isActive")
    dialog.get_by_label("Field of condition 1").press("Tab")
    dialog.get_by_role("combobox", name="Value of condition 1").select_option("true")
    expect(dialog.locator("#filter-count")).to_contain_text("of 40", timeout=LONG)
    ana.shot("filter")
    dialog.get_by_role("button", name="Use this filter").click()
    expect(frame.locator("#settings")).to_contain_text("isActive")
    save(frame)
    assert "download_filter" in (installation.integrations / "crm.yaml").read_text()


def test_4_a_preview_shows_what_an_import_would_do(
    ana: Visitor, installation: Installation
) -> None:
    installation.wait_for_dag("crm__import")
    frame = ana.opens("integrations/crm/data")
    frame.get_by_label("Import", exact=True).check()
    frame.get_by_role("button", name="Preview").click()
    expect(frame.locator("#outcome")).to_contain_text("create", timeout=LONG)
    ana.shot("preview")
    assert not (installation.home / "crm.db").exists() or not local(
        installation, "SELECT name FROM sqlite_master WHERE name = 'accounts'"
    )


def test_5_the_import_runs_in_airflow(ana: Visitor, installation: Installation) -> None:
    frame = ana.opens("integrations/crm/data")
    frame.get_by_label("Import", exact=True).check()
    start_and_wait(frame, "RESULTS: ALL (")
    ana.shot("data")
    active = service(installation, "GET", "Accounts?$filter=isActive eq true&$count=true&$top=0")
    assert local(installation, "SELECT count(*) FROM accounts") == [(active["@odata.count"],)]


def test_6_it_goes_both_ways_on_a_schedule(ana: Visitor, installation: Installation) -> None:
    frame = ana.opens("integrations/crm/mapping?entity=Accounts")
    frame.get_by_label("Sync direction").select_option("bidirectional")
    expect(frame.locator("#unsaved")).to_contain_text("1 unsaved change")
    frame.get_by_text("Policies and versions").click()
    frame.get_by_label("On conflict").first.select_option("review")
    expect(frame.locator("#unsaved")).to_contain_text("2 unsaved changes")
    save(frame)
    frame = ana.opens("integrations/crm")
    frame.get_by_role("button", name="Settings", exact=True).click()
    frame.get_by_label("Schedule").fill("0 3 * * *")
    frame.get_by_role("button", name="Save settings").click()
    expect(frame.locator("dl.facts")).to_contain_text("0 3 * * *")
    assert "0 3 * * *" in (installation.integrations / "crm.yaml").read_text()
    frame = ana.opens("integrations/crm/data")
    start_and_wait(frame, "RESULTS: ALL (")


def test_7_edits_of_both_sides_meet(ana: Visitor, installation: Installation) -> None:
    account = an_account(installation)
    key = account["ID"]
    service(installation, "PATCH", f"Accounts({key})", phone="+420 1")
    here = "https://here.example.com"
    local(installation, "UPDATE accounts SET website = ? WHERE id = ?", here, key)
    start_and_wait(ana.opens("integrations/crm/data"), "UPDATED (1)")
    assert local(installation, "SELECT phone FROM accounts WHERE id = ?", key) == [("+420 1",)]
    assert service(installation, "GET", f"Accounts({key})")["website"] == here


def test_8_a_conflict_is_decided_field_by_field(ana: Visitor, installation: Installation) -> None:
    key = an_account(installation)["ID"]
    service(installation, "PATCH", f"Accounts({key})", name="Theirs", industry="Theirs")
    local(installation, "UPDATE accounts SET name = 'Ours', industry = 'Ours' WHERE id = ?", key)
    start_and_wait(ana.opens("integrations/crm/data"), "CONFLICTS (1)")
    frame = ana.opens("integrations/crm/waiting?kind=conflicts")
    frame.get_by_label("Take local for name").check()
    frame.get_by_label("Take external for industry").check()
    ana.shot("conflict")
    frame.get_by_role("button", name="Take as chosen by field").click()
    expect(frame.get_by_text("Settled")).to_be_visible(timeout=LONG)
    both = ("Ours", "Theirs")
    query = "SELECT name, industry FROM accounts WHERE id = ?"
    assert local(installation, query, key) == [both]
    there = service(installation, "GET", f"Accounts({key})")
    assert (there["name"], there["industry"]) == both


def test_9_a_rejected_record_is_mended_and_retried(
    ana: Visitor, installation: Installation
) -> None:
    key = an_account(installation)["ID"]
    local(installation, "UPDATE accounts SET name = ? WHERE id = ?", "x" * 200, key)
    start_and_wait(ana.opens("integrations/crm/data"), "FAILED (1)")
    frame = ana.opens("integrations/crm/waiting?kind=rejected")
    ana.shot("rejected")
    local(installation, "UPDATE accounts SET name = 'Short' WHERE id = ?", key)
    frame.get_by_role("button", name=f"Retry {key}").click()
    expect(frame.get_by_text("Settled")).to_be_visible(timeout=LONG)
    assert service(installation, "GET", f"Accounts({key})")["name"] == "Short"
    frame = ana.opens(f"integrations/crm/explain?entity=Accounts&record={key}")
    expect(frame.locator("main")).to_contain_text("Short")
    ana.shot("explain")
    ana.opens("integrations/crm/runs")
    ana.shot("runs")
    ana.opens("")
    ana.shot("integrations")
