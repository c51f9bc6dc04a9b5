"""Conflicts side by side, and decided on the page."""

import re
from html import unescape

import pytest
from tests.web.conftest import Pages, text_of
from tests.web.records import WAITING, Both


@pytest.fixture
def both(pages: Pages) -> Both:
    """Two accounts whose name and city both sides have changed."""
    both = Both(pages)
    both.asked_for("on_conflict: external_wins", "on_conflict: review")
    pages.sync()
    for account in both.there("Accounts")[:2]:
        id_ = account["ID"]
        both.change("Accounts", id_, name="<b>There</b>", address={"city": "Praha"})
        both.local.change("account", id_, name="Here", city="Brno-město")
    pages.sync()
    return both


def chosen(both: Both) -> tuple[str, dict[str, object]]:
    """The id of a record in conflict, and how a decision names it."""
    one = both.listed("conflicts")["conflicts"]["records"][0]
    return one["external_id"], {name: one[name] for name in ("entity", "external_id", "local_id")}


def values(both: Both, id_: str) -> list[tuple[str, str]]:
    """Name and city on both sides."""
    there = next(one for one in both.there("Accounts") if one["ID"] == id_)
    here = both.here("account", id_)
    return [(there["name"], there["address"]["city"]), (here["name"], here["city"])]


def test_a_conflict_shows_base_local_and_external_value(both: Both) -> None:
    one = both.listed("conflicts")["conflicts"]["records"][0]
    city, name = one["fields"]
    assert (city["name"], city["external"]) == ("city", "address/city")
    assert (city["local_value"], city["external_value"]) == ("Brno-město", "Praha")
    assert name["base"] not in (None, name["local_value"], name["external_value"])
    page = both.pages.browser("viewer").get(WAITING, params={"kind": "conflicts"})
    assert "Both sides changed the same fields" in text_of(page)
    assert "<b>There</b>" not in page.text
    assert "<b>There</b>" in unescape(page.text)
    assert "Take local" not in page.text


@pytest.mark.parametrize(
    ("winner", "left"),
    [("local", ("Here", "Brno-město")), ("external", ("<b>There</b>", "Praha"))],
)
def test_a_side_is_taken(both: Both, winner: str, left: tuple[str, str]) -> None:
    id_, pair = chosen(both)
    decision = both.decided("conflicts/take", {"records": [pair], "winner": winner})
    assert (decision["decided"]["settled"], decision["decided"]["waiting"]) == (1, 0)
    assert "record updated" in decision["decided"]["records"][0]["text"]
    assert values(both, id_) == [left, left]
    assert both.listed("conflicts")["conflicts_count"] == 1


def test_several_are_decided_together(both: Both) -> None:
    records = [
        {name: one[name] for name in ("entity", "external_id", "local_id")}
        for one in both.listed("conflicts")["conflicts"]["records"]
    ]
    decision = both.decided("conflicts/take", {"records": records, "winner": "external"})
    assert decision["decided"]["settled"] == 2
    assert both.listed("conflicts")["conflicts"]["records"] == []


def test_it_is_decided_field_by_field(both: Both) -> None:
    id_, pair = chosen(both)
    noted = both.listed("conflicts")["conflicts"]["records"][0]["noted"]
    fields = {"name": "local", "city": "external"}
    decision = both.decided("conflicts/take-fields", {**pair, "noted": noted, "fields": fields})
    assert decision["decided"]["settled"] == 1
    assert values(both, id_) == [("Here", "Praha"), ("Here", "Praha")]


def test_each_field_has_to_be_decided(both: Both) -> None:
    id_, pair = chosen(both)
    noted = both.listed("conflicts")["conflicts"]["records"][0]["noted"]
    body = {**pair, "noted": noted, "fields": {"name": "local"}}
    decision = both.decided("conflicts/take-fields", body)
    assert decision["state"] == "failed"
    assert "city" in decision["problem"]
    assert values(both, id_)[0] == ("<b>There</b>", "Praha")


def test_what_was_noted_again_since_is_not_decided_unseen(both: Both) -> None:
    id_, pair = chosen(both)
    noted = both.listed("conflicts")["conflicts"]["records"][0]["noted"]
    both.change("Accounts", id_, name="There again")
    both.pages.sync()
    fields = {"name": "local", "city": "external"}
    body = {**pair, "noted": noted, "fields": fields}
    answer = both.pages.program().post(f"{WAITING}/conflicts/take-fields", json=body)
    assert answer.status_code == 422
    assert "other values" in answer.json()["problem"]
    assert values(both, id_)[0] == ("There again", "Praha")


def test_a_run_that_finds_the_same_conflict_again_does_not_void_a_decision(both: Both) -> None:
    _, pair = chosen(both)
    noted = both.listed("conflicts")["conflicts"]["records"][0]["noted"]
    both.pages.sync(mode="full")
    fields = {"name": "local", "city": "external"}
    decision = both.decided("conflicts/take-fields", {**pair, "noted": noted, "fields": fields})
    assert decision["decided"]["settled"] == 1


def test_a_deletion_against_an_edit_has_a_side_to_take(both: Both) -> None:
    account = both.there("Accounts")[5]["ID"]
    both.local.delete("account", account)
    both.change("Accounts", account, name="Edited")
    both.pages.sync()
    shown = both.listed("conflicts")["conflicts"]["records"]
    (one,) = (one for one in shown if one["kind"] == "deleted")
    assert one["fields"] == []
    assert "no field to choose" in one["explanation"]
    body = {"records": [{"entity": "Accounts", "external_id": account, "local_id": account}]}
    decision = both.decided("conflicts/take", {**body, "winner": "external"})
    assert decision["decided"]["records"][0]["text"] == "local record created"
    assert both.here("account", account)["name"] == "Edited"


def test_a_browser_sees_what_became_of_it_where_the_conflict_was(both: Both) -> None:
    _, pair = chosen(both)
    browser = both.pages.browser()
    browser.headers["HX-Target"] = "decision-1"
    body = {"records": [pair], "winner": "local"}
    answer = browser.post(f"{WAITING}/conflicts/take", json=body)
    assert answer.status_code == 202
    while found := re.search(r'hx-get="[^"]*(/integrations/[^"]*)"', answer.text):
        assert "At work" in answer.text
        answer = browser.get(found[1])
    assert "Settled" in text_of(answer)
    assert answer.headers["HX-Trigger"] == "decided-one"
