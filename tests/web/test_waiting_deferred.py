"""Deferred lookups, by the partner that is missing."""

import pytest
from tests.web.conftest import Pages, text_of
from tests.web.records import WAITING, Both

FILTER = "    download_filter: {field: industry, operator: ne, value: Hidden}\n"
ACCOUNT = {"accountNumber": "H-1", "name": "Hidden", "isActive": True, "industry": "Hidden"}
ORDER = {"subject": "Waits", "status": "Open", "priority": 1, "isBillable": True}


@pytest.fixture
def both(pages: Pages) -> Both:
    """An account that the filter leaves out is referred to by two work orders and a contact."""
    both = Both(pages)
    key = "    primary_key: [accountNumber]\n"
    both.asked_for(key, key + FILTER)
    account = both.create("Accounts", **ACCOUNT)
    for n in range(2):
        both.create("WorkOrders", **ORDER, orderNumber=f"H-{n}", account_ID=account)
    both.create("Contacts", lastName="Waits", account_ID=account)
    pages.sync()
    return both


def test_a_missing_partner_says_why_and_what_waits_for_it(both: Both) -> None:
    found = both.listed("deferred", entity="WorkOrders")
    (one,) = found["deferred"]["partners"]
    account = next(a["ID"] for a in both.there("Accounts") if a["accountNumber"] == "H-1")
    assert (one["target"], one["value"], one["field"]) == ("Accounts", account, "account_id")
    assert (one["count"], len(one["waiting"]), found["deferred_count"]) == (2, 2, 2)
    assert one["why"] == "never seen"
    assert "filter" in one["explanation"]
    page = both.pages.browser("viewer").get(WAITING, params={"kind": "deferred"})
    assert f"/explain?entity=Accounts&amp;record={account}" in page.text
    for id_ in one["waiting"]:
        assert f"/explain?entity=WorkOrders&amp;record={id_}" in page.text


def test_two_way_records_that_wait_are_listed_too(both: Both) -> None:
    contact = next(c["ID"] for c in both.there("Contacts") if c["lastName"] == "Waits")
    found = both.listed("deferred", entity="Contacts")
    assert found["deferred_count"] == 1
    assert [one["id"] for one in found["deferred"]["unfinished"]] == [contact]
    shown = text_of(both.pages.browser("viewer").get(WAITING, params={"kind": "deferred"}))
    assert "Two-way records that were written without a lookup" in shown


def test_once_the_partner_arrives_nothing_waits(both: Both) -> None:
    account = next(a["ID"] for a in both.there("Accounts") if a["accountNumber"] == "H-1")
    both.change("Accounts", account, industry="Shown")
    both.pages.sync()
    assert both.listed("deferred")["deferred_count"] == 0
    shown = text_of(both.pages.browser("viewer").get(WAITING, params={"kind": "deferred"}))
    assert "No lookup waits." in shown
