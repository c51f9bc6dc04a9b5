"""The list of integrations, and the overview of one."""

import time
from typing import Any

import pytest
from tests.web.conftest import NORTHWIND, Pages, text_of

from tandem.airflow.host import RunState

BROKEN = "name: broken\nexternal: {connector: odata}\nentitees: []\n"


def listed(pages: Pages, name: str = "northwind") -> Any:
    found = pages.program("viewer").get("/").json()["integrations"]
    return next(one for one in found if one["name"] == name)


def add(pages: Pages, name: str, text: str) -> None:
    (pages.folder / f"{name}.yaml").write_text(text, encoding="utf-8")


def copy(pages: Pages, name: str, *changes: tuple[str, str]) -> None:
    text = NORTHWIND.read_text(encoding="utf-8").replace("name: northwind", f"name: {name}", 1)
    for before, after in changes:
        text = text.replace(before, after)
    add(pages, name, text)


def test_an_integration_that_never_ran_says_so(pages: Pages) -> None:
    one = listed(pages)
    assert one["schedule"] == {"schedule": "0 2 * * *", "is_paused": True, "next_run": None}
    assert one["standing"]["external"] == {"connector": "odata", "connection": "northwind_api"}
    assert one["standing"]["local"] == {"connector": "sql", "connection": "northwind_local"}
    assert (one["standing"]["status"], one["standing"]["last_run"]) == (None, None)
    assert one["standing"]["lag_seconds"] is None
    page = text_of(pages.browser("viewer").get("/"))
    for words in ("northwind_api", "0 2 * * *", "paused", "not run yet", "not synced"):
        assert words in page


def test_a_run_shows_as_last_run_and_lag(pages: Pages) -> None:
    report = pages.sync()
    standing = listed(pages)["standing"]
    assert standing["status"] == "success"
    assert standing["last_run"]["run_id"] == report.run_id
    assert standing["lag_seconds"] >= 0
    page = pages.browser("viewer").get("/").text
    assert f"/integrations/northwind/runs/{report.run_id}" in page


def test_a_broken_file_hides_no_other(pages: Pages) -> None:
    add(pages, "broken", BROKEN)
    one = listed(pages, "broken")
    assert one["standing"] is None
    assert any("broken.yaml:3:" in line and "entitees" in line for line in one["problems"])
    page = text_of(pages.browser("viewer").get("/"))
    assert "broken file" in page
    assert "northwind_api" in page


def test_what_is_wrong_in_a_file_is_shown_in_its_place(pages: Pages) -> None:
    add(pages, "broken", BROKEN)
    answer = pages.browser("viewer").get("/integrations/broken")
    assert answer.status_code == 200
    assert "broken.yaml:3:" in text_of(answer)
    assert "Test connections" not in answer.text
    assert pages.program("viewer").get("/integrations/broken").json()["entities"] == []
    assert pages.program("viewer").get("/integrations/broken/file").text == BROKEN


def test_whoever_may_read_nothing_is_told_what_to_do(pages: Pages) -> None:
    page = text_of(pages.browser("stranger").get("/"))
    assert "northwind" not in page
    assert "granted" in page


def test_no_integration_at_all_is_no_error(pages: Pages) -> None:
    (pages.folder / "northwind.yaml").unlink()
    assert pages.program().get("/").json() == {"integrations": []}
    assert "Make a new one" in text_of(pages.browser().get("/"))


def test_runs_at_work_are_links_into_airflow(pages: Pages) -> None:
    dag, run = "northwind__import", "manual__1"
    pages.airflow.states[dag, run] = RunState(dag, run, "running")
    assert [one["state"] for one in listed(pages)["at_work"]] == ["running"]
    for path in ("/", "/integrations/northwind"):
        assert f'href="/dags/{dag}/runs/{run}"' in pages.browser("viewer").get(path).text


def test_the_overview_has_each_entity(pages: Pages) -> None:
    report = pages.sync()
    shown = pages.program("viewer").get("/integrations/northwind").json()
    found = {e["external"]: (e["local"], e["direction"]) for e in shown["entities"]}
    assert found["Accounts"] == ("account", "bidirectional")
    assert found["WorkOrders"] == ("work_order", "download_only")
    assert {e["last_run"]["run_id"] for e in shown["entities"]} == {report.run_id}
    page = pages.browser("viewer").get("/integrations/northwind")
    assert "/integrations/northwind/mapping?entity=WorkOrders" in page.text
    assert "both ways" in text_of(page)


def test_links_are_counted_when_the_page_is_there(pages: Pages) -> None:
    pages.sync()
    shown = pages.program("viewer").get("/integrations/northwind/links").json()["links"]
    assert shown["Accounts"] == 30
    page = pages.browser("viewer").get("/integrations/northwind/links").text
    assert '<span id="links-0" hx-swap-oob="innerHTML">30</span>' in page


def test_what_waits_leads_to_where_it_waits(pages: Pages) -> None:
    pages.sync()
    copy(pages, "again")
    pages.sync("again", entities=("WorkOrders",))
    shown = pages.program("viewer").get("/integrations/again").json()
    orders = next(e for e in shown["entities"] if e["external"] == "WorkOrders")
    waiting = orders["waiting"]
    assert sum(waiting.values()) > 0
    assert sum(listed(pages, "again")["standing"]["waiting"].values()) == sum(waiting.values())
    page = pages.browser("viewer").get("/integrations/again").text
    assert "/integrations/again/waiting?entity=WorkOrders" in page


def test_a_disabled_entity_is_shown_as_such(pages: Pages) -> None:
    change = ("  - external: Contacts\n", "  - external: Contacts\n    enabled: false\n")
    copy(pages, "less", change)
    assert listed(pages, "less")["standing"]["entities"] == 2
    assert "disabled" in text_of(pages.browser("viewer").get("/integrations/less"))


def test_the_schedule_is_paused_and_resumed(pages: Pages) -> None:
    path = "/integrations/northwind/schedule"
    answer = pages.browser("editor").post(path, json={"paused": False})
    assert pages.airflow.paused["northwind__sync"] is False
    assert "Pause" in text_of(answer)
    assert pages.program("editor").post(path, json={"paused": True}).json()["is_paused"] is True
    assert "Resume" in text_of(pages.browser("editor").get("/integrations/northwind"))


def test_who_may_only_read_neither_pauses_nor_tests(pages: Pages) -> None:
    viewer = pages.browser("viewer")
    path = "/integrations/northwind"
    assert viewer.post(f"{path}/schedule", json={"paused": False}).status_code == 403
    assert viewer.post(f"{path}/checks").status_code == 403
    assert pages.airflow.paused["northwind__sync"] is True
    page = viewer.get(path).text
    assert "Resume" not in page
    assert "Needs permission to trigger" in page


def test_a_file_that_airflow_has_not_read_says_so(pages: Pages) -> None:
    copy(pages, "fresh")
    assert "has not read the file yet" in text_of(pages.browser().get("/integrations/fresh"))
    assert "not in Airflow yet" in text_of(pages.browser().get("/"))
    answer = pages.browser().post("/integrations/fresh/schedule", json={"paused": False})
    assert answer.status_code == 422


def checked(pages: Pages) -> Any:
    program = pages.program("user")
    begun = program.post("/integrations/northwind/checks")
    assert begun.status_code == 202
    path = f"/integrations/northwind/checks/{begun.json()['id']}"
    seen = begun.json()
    while seen["state"] not in ("done", "failed"):
        time.sleep(0.05)
        seen = program.get(path).json()
        assert "state" in seen, seen
    return seen, text_of(pages.browser("user").get(path))


def test_connections_are_tested(pages: Pages) -> None:
    seen, page = checked(pages)
    assert {"external", "local", "Accounts"} <= {one["about"] for one in seen["findings"]}
    assert not any(one["severity"] in ("problem", "unreachable") for one in seen["findings"])
    assert "All is well" in page


def test_a_test_says_what_is_wrong(pages: Pages) -> None:
    text = NORTHWIND.read_text(encoding="utf-8").replace("external: phone,", "external: fone,", 1)
    add(pages, "northwind", text)
    seen, page = checked(pages)
    assert any(one["severity"] == "problem" and "fone" in one["text"] for one in seen["findings"])
    assert "need attention" in page


def test_a_check_that_nobody_knows_is_told(pages: Pages) -> None:
    path = f"/integrations/northwind/checks/{'0' * 16}"
    assert pages.browser("user").get(path).status_code == 422


def test_the_file_is_downloaded_as_it_is(pages: Pages) -> None:
    answer = pages.browser("viewer").get("/integrations/northwind/file")
    assert answer.content == NORTHWIND.read_bytes()
    assert answer.headers["content-disposition"] == 'attachment; filename="northwind.yaml"'


@pytest.mark.parametrize("path", ["/integrations/nobody", "/integrations/nobody/file"])
def test_an_integration_that_is_not_there_is_not_found(pages: Pages, path: str) -> None:
    assert pages.browser().get(path).status_code == 404


@pytest.mark.parametrize("name", ["my file", "straße", "..", "x" * 120])
def test_a_file_whose_name_fits_no_address_is_to_be_renamed(pages: Pages, name: str) -> None:
    add(pages, name, BROKEN)
    assert listed(pages, name)["has_pages"] is False
    page = pages.browser("viewer").get("/")
    row = page.text.partition(f'<th scope="row">{name}</th>')[2].partition("</tr>")[0]
    assert "Rename the file" in row
    assert "<a " not in row


def test_a_file_that_has_pages_is_linked(pages: Pages) -> None:
    for name in ("Broken.Name", "_", ".hidden", "x" * 100):
        add(pages, name, BROKEN)
        assert listed(pages, name)["has_pages"] is True
        path = f"/integrations/{name}"
        assert f'{path}">{name}</a>' in pages.browser("viewer").get("/").text
        assert pages.browser("viewer").get(path).status_code == 200


@pytest.mark.parametrize("path", ["/", "/integrations/broken", "/integrations/broken/data"])
def test_where_a_broken_file_is_on_the_server_is_not_told(pages: Pages, path: str) -> None:
    add(pages, "broken", BROKEN)
    for client in (pages.browser(), pages.program()):
        answer = client.get(path)
        assert "broken.yaml:1:" in answer.text
        assert str(pages.folder) not in answer.text


def test_work_on_a_broken_file_does_not_tell_either(pages: Pages) -> None:
    text = NORTHWIND.read_text(encoding="utf-8")
    add(pages, "northwind", text.replace("fields:", "feilds:"))
    answer = pages.program().post("/integrations/northwind/checks")
    assert "northwind.yaml:" in answer.json()["problem"]
    assert str(pages.folder) not in answer.text
