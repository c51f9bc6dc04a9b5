"""Data: what a run would do, looked at before it is started."""

import re
import sqlite3
import time
from typing import Any

import httpx
import pytest
from httpx import Client, Response
from tests.web.conftest import Pages, text_of

from tandem.web.data import previews as module

HOME = "/integrations/northwind"
DATA = f"{HOME}/data"


def previewed(client: Client, **asked: Any) -> Any:
    """What programs are answered once the preview has ended."""
    answer = client.post(f"{HOME}/previews", json=asked)
    assert answer.status_code == 202, answer.text
    while answer.json()["state"] not in ("done", "failed"):
        time.sleep(0.05)
        answer = client.get(f"{HOME}/previews/{answer.json()['id']}")
    return answer.json()


def shown(client: Client, **asked: Any) -> Response:
    """What a person sees in the end: the page asks by itself until then."""
    answer = client.post(f"{HOME}/previews", json=asked)
    while asks := re.search(r'hx-get="([^"]*)" hx-trigger="every', answer.text):
        time.sleep(0.05)
        answer = client.get(asks[1].removeprefix("/tandem"))
    return answer


def on_local(pages: Pages, statement: str) -> None:
    """Somebody works on the local side."""
    connection = sqlite3.connect(pages.database)
    with connection:
        connection.execute(statement)
    connection.close()


def rename_there(pages: Pages, account: str, name: str) -> None:
    """Somebody works on the external side."""
    url = f"{pages.service_url}Accounts({account})"
    httpx.patch(url, json={"name": name}).raise_for_status()


def of_local(pages: Pages, query: str) -> list[str]:
    """What that query finds on the local side."""
    connection = sqlite3.connect(pages.database)
    found = [str(row[0]) for row in connection.execute(query)]
    connection.close()
    return found


def tables(pages: Pages) -> list[str]:
    """What there is on the local side."""
    return of_local(pages, "select name from sqlite_master")


def account(pages: Pages) -> str:
    """The id of some account, which is the same on both sides."""
    return of_local(pages, "select id from account order by id")[0]


def test_a_first_sync_is_planned_and_nothing_is_written(pages: Pages) -> None:
    found = previewed(pages.program("user"), kind="sync")
    actions = {plan["entity"]: plan["actions"] for plan in found["plans"]}
    assert actions == {
        "Accounts": {"create": 30},
        "Contacts": {"create": 40},
        "WorkOrders": {"create": 47},
    }
    assert found["plans"][0]["counts"] == {"download": {"created": 30}}
    assert (found["total"], found["kept"], found["pages"]) == (117, 117, 3)
    assert not pages.database.exists() or tables(pages) == []
    again = previewed(pages.program("user"), kind="sync")
    assert again["plans"] == found["plans"]


def test_each_field_is_shown_with_its_old_and_its_new_value(pages: Pages) -> None:
    pages.sync()
    id_ = account(pages)
    on_local(pages, f"update account set credit_limit = '9007199254740993.25' where id = '{id_}'")
    found = previewed(pages.program(), entities=["Accounts"])
    (record,) = found["records"]
    assert (record["action"], record["writes_to"]) == ("update", "external")
    (change,) = record["changes"]
    assert (change["side"], change["field"]) == ("external", "creditLimit")
    assert change["after"] == "9007199254740993.25"
    assert isinstance(change["before"], str)
    page = text_of(shown(pages.browser(), entities=["Accounts"]))
    assert "creditLimit before: " in page
    assert f"{change['before']} → after: {change['after']}" in page
    assert "upload 1 updated" in page


def test_what_both_sides_changed_is_shown_with_its_winner(pages: Pages) -> None:
    pages.sync()
    id_ = account(pages)
    on_local(pages, f"update account set name = 'Ours' where id = '{id_}'")
    rename_there(pages, id_, "<b>Theirs</b>")
    found = previewed(pages.program(), entities=["Accounts"])
    (clash,) = found["records"][0]["clashes"]
    assert (clash["field"], clash["local"], clash["external"]) == ("name", "Ours", "<b>Theirs</b>")
    assert clash["winner"] == "external"
    page = shown(pages.browser(), entities=["Accounts"])
    assert "Changed on both sides" in page.text
    assert "<b>Theirs" not in page.text
    assert "&lt;b&gt;Theirs&lt;/b&gt;" in page.text


def test_records_are_limited_to_an_entity_and_an_outcome(pages: Pages) -> None:
    pages.sync()
    id_ = account(pages)
    on_local(pages, f"update account set name = 'Ours' where id = '{id_}'")
    on_local(pages, "delete from contact where id in (select id from contact limit 2)")
    client = pages.program("viewer")
    begun = previewed(pages.program())
    assert {record["action"] for record in begun["records"]} == {"update", "delete"}
    path = f"{HOME}/previews/{begun['id']}"
    found = client.get(path, params={"action": "delete"}).json()
    assert (found["total"], {r["entity"] for r in found["records"]}) == (2, {"Contacts"})
    found = client.get(path, params={"entity": "Accounts"}).json()
    assert [record["local_id"] for record in found["records"]] == [id_]
    found = client.get(path, params={"entity": "Accounts", "action": "delete"}).json()
    assert (found["total"], found["records"]) == (0, [])
    page = pages.browser("viewer").get(path, params={"action": "delete"})
    assert "2 records." in text_of(page)


def test_it_is_said_that_only_a_share_is_shown(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_OF_ONE", 20)
    monkeypatch.setattr(module, "_PAGE", 25)
    page = text_of(shown(pages.browser("user")))
    assert "60 of 117 can be looked at, a fair share of each outcome." in page
    assert "Page 1 of 3" in page
    assert "47" in page


def test_records_come_a_page_at_a_time(pages: Pages) -> None:
    begun = previewed(pages.program())
    path = f"{HOME}/previews/{begun['id']}"
    parts = [
        pages.program().get(path, params={"page": page}).json()["records"] for page in (1, 2, 3, 4)
    ]
    assert [len(part) for part in parts] == [50, 50, 17, 17]
    ids = {(record["entity"], record["external_id"]) for part in parts for record in part}
    assert len(ids) == 117


def test_an_entity_that_cannot_be_synced_says_why(pages: Pages) -> None:
    file = pages.folder / "northwind.yaml"
    file.write_text(file.read_text().replace("external: jobTitle", "external: jobTitel"))
    found = previewed(pages.program())
    stopped = {plan["entity"]: plan["stopped"] for plan in found["plans"]}
    assert "jobTitel" in stopped["Contacts"]
    assert stopped["Accounts"] == ""
    page = text_of(shown(pages.browser()))
    assert "stopped" in page
    assert "jobTitel" in page


def test_what_stops_a_preview_is_said_with_its_remedy(pages: Pages) -> None:
    file = pages.folder / "northwind.yaml"
    file.write_text(file.read_text().replace("northwind_api", "nowhere"))
    found = previewed(pages.program())
    assert found["state"] == "failed"
    assert "There is no connection 'nowhere'." in found["problem"]
    assert "There is no connection" in text_of(shown(pages.browser()))


def test_an_import_of_a_span_of_time_is_planned(pages: Pages) -> None:
    everything = previewed(pages.program(), kind="import", entities=["WorkOrders"])
    asked = {"kind": "import", "entities": ["WorkOrders"], "since": "2025-01-01T00:00"}
    found = previewed(pages.program(), **asked)
    assert found["asked"]["since"] == "2025-01-01T00:00:00Z"
    assert 0 < found["total"] < everything["total"]
    page = text_of(shown(pages.browser(), **asked))
    assert "Preview of an import" in page
    assert "Changed since 2025-01-01 00:00:00 UTC" in page


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (
            {"kind": "sync", "since": "2025-01-01T00:00"},
            "A sync in mode auto has no window of time",
        ),
        (
            {"kind": "import", "since": "2025-01-02T00:00", "until": "2025-01-01T00:00"},
            "Nothing lies between",
        ),
        ({"kind": "export", "entities": ["WorkOrders"]}, "WorkOrders is not part of an export"),
        ({"kind": "sync", "entities": ["Orders"]}, "no enabled entity 'Orders'"),
        ({"kind": "other"}, "kind"),
        ({"kind": "sync", "limit": 5}, "limit"),
    ],
)
def test_what_is_no_run_is_refused(pages: Pages, asked: dict[str, Any], said: str) -> None:
    for path in ("previews", "starts"):
        answer = pages.program().post(f"{HOME}/{path}", json=asked)
        assert answer.status_code == 422
        assert said in answer.json()["problem"]
    assert pages.airflow.triggered == []


def test_both_sides_in_step_is_good_news(pages: Pages) -> None:
    pages.sync()
    pages.sync()
    page = text_of(shown(pages.browser()))
    assert "Unchanged" in page or "Nothing to do" in page
    assert "0 records." in page or "Nothing to do" in page


def test_previews_are_for_those_who_may_run(pages: Pages) -> None:
    assert pages.program("viewer").post(f"{HOME}/previews", json={}).status_code == 403
    assert pages.program("stranger").get(f"{HOME}/previews/abc").status_code == 403
    page = pages.browser("viewer").get(DATA)
    assert "need permission to trigger northwind__sync" in text_of(page)
    assert "hx-post" not in re.sub(r'<form class="data-form"[^>]*>', "", page.text)


def test_a_preview_nobody_knows_is_said(pages: Pages) -> None:
    answer = pages.program().get(f"{HOME}/previews/abc")
    assert answer.status_code == 422
    assert answer.json() == {
        "problem": "Nothing is known of this any more.",
        "remedy": "Ask for it again.",
    }
    assert pages.program().get(f"{HOME}/previews/..%2Fx").status_code in (404, 422)
