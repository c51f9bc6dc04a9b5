"""Rejected records: by reason, tried again, put away."""

import re
from functools import partial
from html import unescape
from typing import Any

import pytest
from tests.web.conftest import Pages, text_of
from tests.web.records import WAITING, Both

from tandem.sync.people import rejected

LONG = "x" * 161


@pytest.fixture
def both(pages: Pages) -> Both:
    """Three accounts whose name is too long, and a contact without a name."""
    both = Both(pages)
    pages.sync()
    for account in both.there("Accounts")[:3]:
        both.local.change("account", account["ID"], name=LONG)
    both.local.change("contact", both.there("Contacts")[0]["ID"], last_name=None)
    pages.sync()
    return both


def kind_of(both: Both, entity: str = "Accounts") -> dict[str, Any]:
    """Why records of that entity are rejected."""
    (kind,) = both.listed("rejected", entity=entity)["rejected"]["kinds"]
    return dict(kind)


def whole(kind: dict[str, Any]) -> dict[str, Any]:
    """How a decision about all of a kind names it."""
    return {"kind": {"id": kind["id"], "newest": kind["newest"]}}


def one_of(both: Both) -> dict[str, Any]:
    """A rejected account, as a decision names it."""
    found = both.listed("rejected", entity="Accounts")["rejected"]["records"][0]
    return {name: found[name] for name in ("entity", "side", "id")}


def test_reasons_are_counted_the_most_frequent_first(both: Both) -> None:
    found = both.listed("rejected")
    assert found["rejected_count"] == 4
    assert [(k["entity"], k["side"], k["count"]) for k in found["rejected"]["kinds"]] == [
        ("Accounts", "local", 3),
        ("Contacts", "local", 1),
    ]
    shown = text_of(both.pages.browser().get(WAITING, params={"kind": "rejected"}))
    assert "field 'name': longer than" in unescape(shown)
    assert "Retry all 3" in shown


def test_a_record_shows_its_reason_and_how_it_was_read(both: Both) -> None:
    one = both.listed("rejected", entity="Accounts")["rejected"]["records"][0]
    assert (one["reason"], one["side"]) == ("field 'name': longer than 160", "local")
    assert one["payload"]["name"] == LONG
    assert isinstance(one["payload"]["registration_number"], str | None)
    page = both.pages.browser("viewer").get(WAITING, params={"kind": "rejected"})
    assert f"/explain?entity=Accounts&amp;record={one['id']}" in page.text
    assert "Retry" not in text_of(page)
    assert "Archive" not in text_of(page)


def test_records_of_one_reason_are_listed(both: Both) -> None:
    reason = kind_of(both, "Contacts")["id"]
    found = both.listed("rejected", reason=reason)["rejected"]
    assert [one["entity"] for one in found["records"]] == ["Contacts"]
    assert found["chosen"]["id"] == reason


def test_a_retry_tells_what_became_of_each(both: Both) -> None:
    mended = one_of(both)
    both.local.change("account", mended["id"], name="short")
    decision = both.decided("rejected/retry", whole(kind_of(both)), role="user")
    decided = decision["decided"]
    assert (decided["settled"], decided["waiting"]) == (1, 2)
    texts = {one["local_id"]: one["text"] for one in decided["records"]}
    assert "external record updated" in texts.pop(mended["id"])
    assert set(texts.values()) == {"still rejected: field 'name': longer than 160"}
    assert kind_of(both)["count"] == 2


def test_one_is_retried(both: Both) -> None:
    mended = one_of(both)
    both.local.change("account", mended["id"], name="short")
    decision = both.decided("rejected/retry", {"records": [mended]})
    assert [one["local_id"] for one in decision["decided"]["records"]] == [mended["id"]]
    there = {one["ID"]: one["name"] for one in both.there("Accounts")}
    assert there[mended["id"]] == "short"


def test_what_waits_no_longer_is_not_retried(both: Both) -> None:
    mended = one_of(both)
    both.local.change("account", mended["id"], name="short")
    both.decided("rejected/retry", {"records": [mended]})
    answer = both.pages.program().post(f"{WAITING}/rejected/retry", json={"records": [mended]})
    assert answer.status_code == 422
    assert answer.json()["remedy"] == "Look at the list again."


def test_some_are_archived(both: Both) -> None:
    decision = both.decided("rejected/archive", {"records": [one_of(both)]})
    assert decision["decided"]["archived"] == 1
    assert both.listed("rejected")["rejected_count"] == 3


def test_a_whole_kind_is_archived_but_not_what_was_rejected_later(both: Both) -> None:
    kind = kind_of(both)
    later = both.there("Accounts")[10]["ID"]
    both.local.change("account", later, name=LONG)
    both.pages.sync(entities=("Accounts",))
    decision = both.decided("rejected/archive", whole(kind))
    left = both.listed("rejected", entity="Accounts")["rejected"]["records"]
    assert later in {one["id"] for one in left}
    assert decision["decided"]["archived"] + len(left) == 4


def test_a_whole_kind_is_retried_by_one_run_however_many_there_are(
    both: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rejected, "of_kind", partial(rejected.of_kind, limit=1))
    decided = both.decided("rejected/retry", whole(kind_of(both)))["decided"]
    assert (decided["settled"], decided["waiting"], len(decided["records"])) == (0, 3, 3)
    runs = both.pages.program("viewer").get("/integrations/northwind/runs").json()["runs"]
    (run,) = [one for one in runs if one["run_id"] == decided["run_id"]]
    assert sum(one["failed"] for one in run["counts"].values()) == 3


def test_while_another_run_is_at_work_the_remedy_is_told(both: Both) -> None:
    with both.another_run():
        decision = both.decided("rejected/retry", whole(kind_of(both)))
        answer = both.pages.program().post(
            f"{WAITING}/rejected/archive", json={"records": [one_of(both)]}
        )
    assert (decision["state"], answer.status_code) == ("failed", 409)
    assert decision["problem"] == answer.json()["problem"]
    assert decision["remedy"]
    assert both.listed("rejected")["rejected_count"] == 4


@pytest.mark.parametrize("body", [{}, {"records": []}, {"records": "x"}, {"kind": {"id": "x"}}])
def test_a_wrong_request_is_refused(both: Both, body: dict[str, Any]) -> None:
    assert both.pages.program().post(f"{WAITING}/rejected/retry", json=body).status_code == 422


def test_a_browser_sees_how_far_it_is_and_then_the_outcome(both: Both) -> None:
    browser = both.pages.browser()
    browser.headers["HX-Target"] = "decision"
    answer = browser.post(f"{WAITING}/rejected/retry", json=whole(kind_of(both)))
    assert answer.status_code == 202
    while found := re.search(r'hx-get="[^"]*(/integrations/[^"]*)"', answer.text):
        assert "At work" in answer.text
        answer = browser.get(found[1])
    assert "3 still wait" in text_of(answer)
    assert answer.headers["HX-Trigger"] == "decided"
