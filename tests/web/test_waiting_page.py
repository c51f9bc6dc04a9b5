"""The page of what waits: its lists, and who may see and decide."""

import pytest
from tests.web.conftest import Pages, text_of
from tests.web.records import WAITING, Both

DECISIONS = ("rejected/archive", "conflicts/take", "conflicts/take-fields", "deletions/approve")
BODIES = {
    "rejected/retry": {"records": [{"entity": "Accounts", "side": "local", "id": "1"}]},
    "rejected/archive": {"records": [{"entity": "Accounts", "side": "local", "id": "1"}]},
    "conflicts/take": {"records": [{"entity": "Accounts", "local_id": "1"}], "winner": "local"},
    "conflicts/take-fields": {
        "entity": "Accounts",
        "local_id": "1",
        "noted": "2026-01-01T00:00:00Z",
        "fields": {"name": "local"},
    },
    "deletions/approve": {"ids": ["1"], "count": 1},
}


def test_where_nothing_waits_all_is_said_to_be_well(pages: Pages) -> None:
    browser = pages.browser("viewer")
    for kind, said in {
        "rejected": "No rejected record waits.",
        "conflicts": "No conflict waits.",
        "deletions": "No deletion waits for approval.",
        "deferred": "No lookup waits.",
    }.items():
        assert said in text_of(browser.get(WAITING, params={"kind": kind}))


def test_programs_are_told_how_much_waits(pages: Pages) -> None:
    found = pages.program("viewer").get(WAITING).json()
    counts = {name: found[f"{name}_count"] for name in ("rejected", "conflicts", "deletions")}
    assert counts == {"rejected": 0, "conflicts": 0, "deletions": 0}
    assert (found["kind"], found["entities"]) == ("rejected", [])


def test_the_first_list_that_has_something_is_shown(pages: Pages) -> None:
    both = Both(pages)
    both.asked_for("on_conflict: external_wins", "on_conflict: review")
    pages.sync()
    account = both.there("Accounts")[0]["ID"]
    both.change("Accounts", account, name="There")
    both.local.change("account", account, name="Here")
    pages.sync()
    found = pages.program("viewer").get(WAITING).json()
    assert (found["kind"], found["conflicts_count"]) == ("conflicts", 1)
    assert found["entities"][0]["entity"] == "Accounts"
    of_others = pages.program("viewer").get(WAITING, params={"entity": "Contacts"}).json()
    assert (of_others["conflicts_count"], of_others["kind"]) == (0, "rejected")
    shown = text_of(pages.browser("viewer").get(WAITING))
    assert "Conflicts 1" in shown
    assert "Accounts (1)" in shown


def test_an_unknown_kind_is_a_wrong_request(pages: Pages) -> None:
    assert pages.program().get(WAITING, params={"kind": "nosuch"}).status_code == 422


@pytest.mark.parametrize("path", DECISIONS)
def test_only_who_may_edit_decides(pages: Pages, path: str) -> None:
    for role, status in {None: 401, "stranger": 403, "viewer": 403, "user": 403}.items():
        answer = pages.program(role).post(f"{WAITING}/{path}", json=BODIES[path])
        assert answer.status_code == status
    answer = pages.program("editor").post(f"{WAITING}/{path}", json=BODIES[path])
    assert answer.status_code == 422  # there is nothing to decide
    assert answer.json()["remedy"].startswith("Look at the list")


def test_only_who_may_run_retries(pages: Pages) -> None:
    body = BODIES["rejected/retry"]
    for role, status in {None: 401, "stranger": 403, "viewer": 403, "user": 422}.items():
        answer = pages.program(role).post(f"{WAITING}/rejected/retry", json=body)
        assert answer.status_code == status


def test_a_decision_that_nobody_made_is_not_known(pages: Pages) -> None:
    answer = pages.program("viewer").get(f"{WAITING}/decisions/0123456789abcdef")
    assert answer.status_code == 422
    assert answer.json()["problem"] == "Nothing is known of this any more."
    assert pages.program("viewer").get(f"{WAITING}/decisions/no-such").status_code == 422
