"""Withheld deletions: what they would delete, and approved up to what was shown."""

from typing import Any

import pytest
from tests.web.conftest import Pages, text_of
from tests.web.records import WAITING, Both


@pytest.fixture
def both(pages: Pages) -> Both:
    """Twenty contacts that nothing refers to, deleted on the local side."""
    both = Both(pages)
    account = both.there("Accounts")[0]["ID"]
    for n in range(20):
        values = {"lastName": f"Gone {n}", "email": f"gone{n}@example.com", "account_ID": account}
        both.create("Contacts", **values)
    pages.sync()
    for id_, row in both.local.rows("contact").items():
        if row["last_name"].startswith("Gone"):
            both.local.delete("contact", id_)
    pages.sync()
    return both


def left(both: Both) -> int:
    """How many of these contacts are there still."""
    return sum(one["lastName"].startswith("Gone") for one in both.there("Contacts"))


def group_of(both: Both) -> dict[str, Any]:
    """The only group."""
    (group,) = both.listed("deletions")["deletions"]["groups"]
    return dict(group)


def test_the_list_says_what_would_be_deleted_where_and_why(both: Both) -> None:
    found = both.listed("deletions")
    assert found["deletions_count"] == 20
    group = group_of(both)
    assert (group["entity"], group["side"], group["count"]) == ("Contacts", "external", 20)
    one = found["deletions"]["records"][0]
    assert one["record"]["lastName"].startswith("Gone")
    assert one["summary"].startswith(f"{one['record']['lastName']}, {one['record']['email']}")
    shown = text_of(both.pages.browser().get(WAITING, params={"kind": "deletions"}))
    assert "20 records of Contacts would be deleted on the external side" in shown
    assert "Approve these 20 deletions" in shown
    for_others = text_of(both.pages.browser("user").get(WAITING, params={"kind": "deletions"}))
    assert "Approve" not in for_others


def test_some_are_approved_and_no_others(both: Both) -> None:
    records = both.listed("deletions")["deletions"]["records"]
    ids = [one["id"] for one in records[:3]]
    decision = both.decided("deletions/approve", {"ids": ids, "count": 3})
    assert decision["decided"]["settled"] == 3
    assert {one["text"] for one in decision["decided"]["records"]} == {"external record deleted"}
    assert {one["ID"] for one in both.there("Contacts")} & {
        one["external_id"] for one in records[:3]
    } == set()
    assert left(both) == 17
    assert both.listed("deletions")["deletions_count"] == 17


def test_all_that_were_shown_are_approved_at_once(both: Both) -> None:
    group = group_of(both)
    body = {"group": {n: group[n] for n in ("entity", "side", "up_to")}, "count": group["count"]}
    decision = both.decided("deletions/approve", body)
    assert (decision["decided"]["settled"], left(both)) == (20, 0)
    assert both.listed("deletions")["deletions_count"] == 0


@pytest.mark.parametrize("count", [19, 21])
def test_never_more_or_fewer_than_were_shown(both: Both, count: int) -> None:
    group = group_of(both)
    body = {"group": {n: group[n] for n in ("entity", "side", "up_to")}, "count": count}
    answer = both.pages.program().post(f"{WAITING}/deletions/approve", json=body)
    assert answer.status_code == 422
    assert "nothing was deleted" in answer.json()["problem"]
    assert left(both) == 20


def test_what_was_withheld_later_is_not_approved_with_it(both: Both) -> None:
    group = group_of(both)
    contact = next(
        id_ for id_, row in both.local.rows("contact").items() if row["phone"] is not None
    )
    both.local.delete("contact", contact)
    both.pages.sync()
    body = {"group": {n: group[n] for n in ("entity", "side", "up_to")}, "count": group["count"]}
    both.pages.program().post(f"{WAITING}/deletions/approve", json=body)
    assert contact in {one["ID"] for one in both.there("Contacts")}


def test_a_deletion_that_the_system_refuses_still_waits(pages: Pages) -> None:
    """Its id is the same on both sides: what the local one waits for is told too."""
    both = Both(pages)
    pages.sync()
    referred = {one["contact_ID"] for one in both.there("WorkOrders")} - {None}
    some = sorted(referred)[:15]
    for id_ in some:
        both.local.delete("contact", id_)
    pages.sync()
    group = group_of(both)
    body = {"group": {n: group[n] for n in ("entity", "side", "up_to")}, "count": group["count"]}
    decision = both.decided("deletions/approve", body)
    assert decision["decided"]["waiting"] == group["count"]
    assert "still rejected" in decision["decided"]["records"][0]["text"]


def test_while_another_run_is_at_work_nothing_is_deleted(both: Both) -> None:
    group = group_of(both)
    body = {"group": {n: group[n] for n in ("entity", "side", "up_to")}, "count": group["count"]}
    with both.another_run():
        decision = both.decided("deletions/approve", body)
    assert decision["state"] == "failed"
    assert "at work" in decision["problem"]
    assert decision["remedy"]
    assert left(both) == 20
