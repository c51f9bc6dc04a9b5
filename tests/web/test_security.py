"""What somebody tries who may less, or who sends what no page of ours sends."""

import json
import time
from collections.abc import Sequence
from html.parser import HTMLParser
from typing import Any, Final

import pytest
from httpx import Response
from tests.web.conftest import NORTHWIND, Pages
from tests.web.records import Both
from tests.web.test_mapping import ROOT, Editor, file_of
from tests.web.tools import ended

from tandem.airflow.host import May, User
from tandem.editing.draft import fingerprint
from tandem.integration_files import integration_text

NAME: Final = "/integrations/northwind"
HOSTILE: Final = """<img src=x onerror=alert(1)>'" onload='x {{7*7}}"""
"""What is harmless only where it is escaped."""
BOMB: Final = "[&a [{}], &b [{}], &c [{}], &d [{}], [{}]]".format(
    *(",".join([one] * 20) for one in ("x", "*a", "*b", "*c", "*d"))
)
"""A few lines that mean three million values."""


def draft_of(pages: Pages, *edits: dict[str, Any]) -> str:
    """A draft that nobody's editor has made."""
    of = fingerprint(integration_text(file_of(pages)))
    return json.dumps({"of": of, "steps": [list(edits)]})


def save(pages: Pages, *edits: dict[str, Any]) -> Response:
    return pages.program().post(f"{ROOT}/save", json={"draft": draft_of(pages, *edits)})


POINTED: Final = {"place": ["local", "connection"], "yaml": "northwind_api"}
SPOKEN: Final = {"place": ["local", "connector"], "yaml": "odata"}


@pytest.mark.parametrize("edit", [POINTED, SPOKEN], ids=["connection", "connector"])
def test_nobody_saves_what_uses_a_connection_otherwise_that_is_not_his(
    pages: Pages, edit: dict[str, Any]
) -> None:
    """Another connector sends the secrets of a connection another way."""
    pages.airflow.connections.clear()
    answer = save(pages, edit)
    assert (answer.status_code, "may not use the connection" in answer.text) == (403, True)
    assert file_of(pages).read_text() == NORTHWIND.read_text()
    assert not pages.airflow.read_again


def test_nobody_goes_back_to_a_connection_that_is_not_his(pages: Pages) -> None:
    assert save(pages, POINTED).is_success
    after = file_of(pages).read_text()
    pages.airflow.connections.discard("northwind_local")
    program = pages.program()
    made_at = program.get(f"{ROOT}/last-edit").json()["made_at"]
    answer = program.post(f"{ROOT}/last-edit/undo", json={"made_at": made_at})
    assert (answer.status_code, "'northwind_local'" in answer.text) == (403, True)
    assert file_of(pages).read_text() == after


def test_a_draft_leads_nobody_to_another_system(pages: Pages) -> None:
    """What is asked of the systems goes to those of the file, whatever the draft says."""
    pages.sync()
    draft = draft_of(pages, {"place": ["external", "connection"], "yaml": "nobodys"})
    user = pages.program("user")
    assert ended(user, "check", draft=draft)["state"] == "done"
    body = {"draft": draft, "entity": "Accounts", "condition": None}
    assert user.post(f"{ROOT}/filter/count", json=body).json()["total"] == 30


@pytest.mark.parametrize("path", ["", "/import"])
def test_who_may_not_edit_is_not_told_which_files_there_are(pages: Pages, path: str) -> None:
    side = {"connector": "sql", "connection": "northwind_local"}
    told = []
    for name in ("northwind", "nothing_like_it"):
        body = {"text": f"name: {name}"} if path else {"name": name, "external": side}
        answer = pages.program("viewer").post(
            f"/integrations{path}", json=body if path else {**body, "local": side}
        )
        assert answer.status_code == 403
        told.append(answer.text.replace(name, "…"))
    assert told[0] == told[1]


def test_no_message_says_where_files_are_on_the_server(pages: Pages) -> None:
    program = pages.program()
    answers = [
        program.post(f"{NAME}/copies", json={"name": "northwind"}),
        program.get(f"{ROOT}/last-edit"),
    ]
    for answer in answers:
        assert answer.status_code == 422
        assert "northwind.yaml" in answer.text
        assert str(pages.folder) not in answer.text


def test_the_work_of_one_page_is_not_another_ones(pages: Pages) -> None:
    program = pages.program()
    work = ended(program, "schema")["id"]
    for method, path in (
        ("GET", f"previews/{work}"),
        ("GET", f"checks/{work}"),
        ("GET", f"mapping/check/{work}"),
        ("GET", f"mapping/clean-up/{work}"),
        ("GET", f"mapping/missing/{work}"),
        ("GET", f"waiting/decisions/{work}"),
        ("POST", f"previews/{work}/approvals"),
        ("POST", f"mapping/clean-up/{work}/apply"),
    ):
        body = {"deletions": 0} if method == "POST" else None
        assert program.request(method, f"{NAME}/{path}", json=body).status_code == 422, path
    assert not pages.airflow.triggered


def test_the_work_of_one_integration_is_not_another_ones(pages: Pages) -> None:
    program = pages.program()
    assert program.post(f"{NAME}/copies", json={"name": "other"}).is_success
    work = ended(program, "schema")["id"]
    answer = program.get(f"/integrations/other/mapping/schema/{work}")
    assert (answer.status_code, "Nothing is known" in answer.text) == (422, True)


DRAFTS: Final = {
    "deep": "[" * 100_000,
    "deep within": '{"of": "x", "steps": ' + "[" * 100_000 + "]" * 100_000 + "}",
    "no draft": "1",
    "no text": "\ud800",
}


@pytest.mark.parametrize("draft", DRAFTS.values(), ids=DRAFTS)
def test_what_is_no_draft_is_refused(shared_pages: Pages, draft: str) -> None:
    for path in ("entities", "file", "line", "filter", "suggestions"):
        body = json.dumps({"draft": draft, "entity": "Accounts"})
        answer = shared_pages.program("viewer").post(
            f"{ROOT}/{path}", content=body, headers={"Content-Type": "application/json"}
        )
        assert answer.status_code == 422, answer.text


def test_a_draft_does_not_grow_beyond_what_it_says(shared_pages: Pages) -> None:
    """Aliases of aliases: nothing of ours writes them, and who only reads may send them."""
    draft = draft_of(shared_pages, {"place": ["description"], "yaml": BOMB})
    answer = shared_pages.program("viewer").post(f"{ROOT}/entities", json={"draft": draft})
    assert (answer.status_code, "no draft" in answer.text) == (422, True)


CHANGES: Final[dict[str, dict[str, Any]]] = {
    "no number": {"settings": {"overlap": float("nan")}},
    "no text": {"settings": {"local": "\ud800"}},
    "lists in a list": {"settings": {"primary_key": [[1], {"a": 2}]}},
    "groups as options": {
        "line": 1,
        "settings": {"values": {"external": [{"a": 1}], "local": [1]}},
    },
    "a line far off": {"line": 10**30, "settings": {"local": "x"}},
    "a long number": {"line": 1, "steps": {"0": {"kind": "truncate", "length": "9" * 5_000}}},
    "a place far off": {"choose": {"place": ["entities", "9" * 5_000], "value": "x"}},
    "no place": {"choose": {"place": [0], "value": "x"}},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_nobody_can_type_is_no_bug(shared_pages: Pages, change: dict[str, Any]) -> None:
    body = json.dumps({"entity": "Accounts", **change})
    answer = shared_pages.program().post(
        f"{ROOT}/changes", content=body, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code in (200, 422), answer.text


def test_a_number_is_a_constant_as_it_is_written(synced: Editor) -> None:
    synced.change(constant=True, settings={"local": "x", "constant": 1.5})
    assert synced.said["opened"]["lines"][-1]["constant"] == "1.5"


@pytest.fixture
def synced(pages: Pages) -> Editor:
    pages.sync()
    return Editor(pages.program())


def test_a_filter_of_what_nobody_can_type_is_no_bug(synced: Editor) -> None:
    blank = {"field": "name", "operator": "eq", "value": "x"}
    early = {"field": "modifiedAt", "operator": "gt", "value": "0001-01-01T00:00:00+14:00"}
    for condition in ({"and": {"9" * 5_000: blank}}, early, {**blank, "value": "\ud800"}):
        body = json.dumps({"entity": "Accounts", "condition": condition})
        for path in ("filter", "filter/count", "filter/use"):
            answer = synced.client.post(
                f"{ROOT}/{path}", content=body, headers={"Content-Type": "application/json"}
            )
            assert answer.status_code in (200, 422), answer.text


@pytest.mark.parametrize("when", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:00-14:00"])
def test_a_time_that_utc_does_not_know_is_refused(shared_pages: Pages, when: str) -> None:
    for path in ("previews", "starts"):
        body = {"kind": "import", "since": when}
        answer = shared_pages.program().post(f"{NAME}/{path}", json=body)
        assert answer.status_code == 422, answer.text


def test_a_page_far_off_is_no_bug(shared_pages: Pages) -> None:
    answer = shared_pages.program().get(f"{NAME}/runs", params={"before": 10**20})
    assert answer.status_code in (200, 422), answer.text


class Elements(HTMLParser):
    """The attributes of a page that no page of ours has."""

    def __init__(self) -> None:
        super().__init__()
        self.foreign: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs if name.startswith("on") or name in ("style", "srcdoc")]
        links = [value or "" for name, value in attrs if name in ("href", "src", "action")]
        scripts = [one for one in links if one.strip().lower().startswith("javascript:")]
        self.foreign += [*names, *scripts, *([tag] if tag in ("img", "iframe", "object") else [])]


def foreign_in(answer: Response) -> list[str]:
    found = Elements()
    found.feed(answer.text)
    return found.foreign


def test_what_records_and_files_say_stays_text(pages: Pages) -> None:
    """Values, names of entities, reasons, payloads, addresses: on each page that shows them."""
    pages.sync()
    both = Both(pages)
    (refused, clashing, changed), local = both.there("Accounts")[:3], both.local
    local.change("account", refused["ID"], name=HOSTILE + "x" * 161)
    both.change("Accounts", clashing["ID"], name=f"{HOSTILE} there")
    local.change("account", clashing["ID"], name=f"{HOSTILE} here")
    pages.sync()
    local.change("account", changed["ID"], name=HOSTILE)
    quoted = "'{}'".format(HOSTILE.replace("'", "''"))
    text = file_of(pages).read_text().replace("external: WorkOrders", f"external: {quoted}")
    browser = pages.browser()
    program = pages.program()
    preview = program.post(f"{NAME}/previews", json={"entities": ["Accounts"]}).json()["id"]
    while program.get(f"{NAME}/previews/{preview}").json()["state"] != "done":
        time.sleep(0.05)
    paths = [
        f"previews/{preview}",
        f"explain?entity=Accounts&record={refused['ID']}",
        "explain?entity=Accounts",
        *(f"waiting?kind={kind}" for kind in ("rejected", "conflicts", "deletions", "deferred")),
    ]
    file_of(pages).write_text(text)
    paths += ["mapping", "data", "runs", "waiting"]
    asked = {"entity": HOSTILE, "record": HOSTILE, "reason": HOSTILE, "run": HOSTILE}
    paths = [f"/{path}" for path in paths] + [""]
    seen = ""
    for path in paths:
        answer = browser.get(f"{NAME}{path}")
        assert answer.status_code == 200, answer.text
        assert not foreign_in(answer), path
        seen += answer.text
        assert not foreign_in(browser.get(f"{NAME}{path.partition('?')[0]}", params=asked)), path
    assert seen.count("&lt;img src=x onerror") > 5
    file = browser.get(f"{NAME}/file")
    assert file.headers["content-disposition"] == 'attachment; filename="northwind.yaml"'
    assert file.headers["content-type"].startswith("application/yaml")
    for path in ("runs", "previews", "starts/sync", "mapping"):
        assert not foreign_in(browser.get(f"{NAME}/{path}/{HOSTILE}".replace("?", "")))
    assert not foreign_in(browser.post(f"{ROOT}/entities", json={"entity": HOSTILE, "all": True}))


def test_each_kind_of_run_is_started_by_who_may_trigger_its_dag(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_role = pages.airflow.may

    def no_exports(user: User, dag_ids: Sequence[str]) -> dict[str, frozenset[May]]:
        allowed = of_role(user, dag_ids)
        return {
            id_: allowed[id_] - ({May.RUN} if id_.endswith("__export") else set())
            for id_ in dag_ids
        }

    pages.airflow.wake()
    monkeypatch.setattr(pages.airflow, "may", no_exports)
    user = pages.program("user")
    assert user.post(f"{NAME}/starts", json={"kind": "export"}).status_code == 403
    assert not pages.airflow.triggered
    assert user.post(f"{NAME}/starts", json={"kind": "import"}).is_success


def test_who_may_only_trigger_leaves_the_schedule_alone(pages: Pages) -> None:
    """Airflow asks for the permission to edit a DAG before it is paused."""
    answer = pages.program("user").post(f"{NAME}/schedule", json={"paused": False})
    assert answer.status_code == 403
    assert pages.airflow.paused["northwind__sync"]
    assert 'id="pause"' not in pages.browser("user").get(NAME).text


def test_a_bug_is_told_under_the_same_rules(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("postgresql://airflow:secret@db/airflow")

    monkeypatch.setattr(pages.airflow, "may", broken)
    answer = pages.browser().get(NAME)
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"


def test_a_paused_dag_is_woken_by_those_only_who_may_edit_it(pages: Pages) -> None:
    answer = pages.program("user").post("/integrations/northwind/starts", json={"kind": "sync"})
    assert answer.status_code == 403
    assert "paused" in answer.json()["problem"]
    assert not pages.airflow.triggered
    answer = pages.program("editor").post("/integrations/northwind/starts", json={"kind": "sync"})
    assert answer.status_code == 202
    assert not pages.airflow.paused["northwind__sync"]


def test_a_body_that_is_too_large_is_not_read(pages: Pages) -> None:
    body = b'{"text": "' + b"x" * 8_000_000 + b'"}'
    answer = pages.program("stranger").post("/integrations/import", content=body)
    assert answer.status_code == 413
    answer = pages.program("stranger").post("/integrations/import", content=iter([b"{}"]))
    assert answer.status_code == 413


def test_a_null_character_in_an_address_is_refused(pages: Pages) -> None:
    for path in ("/integrations/northwind/runs?entity=%00", "/integrations/north%00wind"):
        assert pages.program("viewer").get(path).status_code == 400
