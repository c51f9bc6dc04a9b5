"""Data: what can be started, starting it, and seeing it go."""

import re
from typing import Any

import pytest
from tests.web.conftest import Pages, text_of
from tests.web.test_data_previews import DATA, HOME, on_local, previewed, shown

from tandem.airflow.host import RunState, TaskState

ALL = ("Accounts", "Contacts", "WorkOrders")


def goes(pages: Pages, run_id: str, state: str, **entities: tuple[str | None, ...]) -> None:
    """Airflow says that of a run of the sync."""
    tasks = [TaskState(f"{e}.{s}", of[n]) for e, of in entities.items() for n, s in enumerate(_OF)]
    whole = (TaskState("refresh_schema", "success"), TaskState("validate_metadata", "success"))
    run = RunState("northwind__sync", run_id, state, (*whole, *tasks))
    pages.airflow.states["northwind__sync", run_id] = run


_OF = ("extract", "transform", "load")
_DONE = ("success", "success", "success")
_SKIPPED = ("skipped", "skipped", "skipped")


def start_of(pages: Pages, run_id: str) -> Any:
    answer = pages.program("viewer").get(f"{HOME}/starts/sync/{run_id}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_newcomer_sees_what_can_be_done(pages: Pages) -> None:
    page = text_of(pages.browser("user").get(DATA))
    assert "Nothing has run yet." in page
    assert "paused Its schedule 0 2 * * * rests. Start also lets the schedule go on." in page
    found = pages.program("viewer").get(DATA).json()
    assert [dag["dag_id"] for dag in found["dags"]] == [
        "northwind__sync",
        "northwind__import",
        "northwind__export",
    ]
    assert [dag["entities"] for dag in found["dags"]] == [3, 3, 2]
    assert [entity["external"] for entity in found["entities"]] == [*ALL]


def test_a_link_chooses_what_the_form_begins_with(pages: Pages) -> None:
    found = pages.program("viewer").get(DATA, params={"kind": "export", "entity": "Contacts"})
    assert [found.json()[key] for key in ("kind", "entity", "left_out")] == [
        "export",
        "Contacts",
        None,
    ]
    page = pages.browser().get(DATA, params={"kind": "export", "entity": "Contacts"}).text
    assert 'value="export" checked' in page
    assert 'value="Contacts" checked' in page


def test_an_entity_that_does_not_go_that_way_is_not_chosen_and_that_is_said(pages: Pages) -> None:
    asked = {"kind": "export", "entity": "WorkOrders"}
    found = pages.program("viewer").get(DATA, params=asked).json()
    assert (found["entity"], found["left_out"]) == (None, "WorkOrders")
    assert "WorkOrders is not chosen" in text_of(pages.browser().get(DATA, params=asked))


def test_a_file_that_airflow_has_not_read_yet_is_said(pages: Pages) -> None:
    pages.airflow.paused.clear()
    page = text_of(pages.browser().get(DATA))
    assert "not in Airflow yet" in page
    answer = pages.program().post(f"{HOME}/starts", json={})
    assert (answer.status_code, "no DAG" in answer.json()["problem"]) == (422, True)


def test_the_last_run_is_shown_with_its_results(pages: Pages) -> None:
    report = pages.sync()
    found = pages.program().get(DATA).json()
    assert found["last"]["run_id"] == report.run_id
    assert found["last"]["results"] == report.results.splitlines()
    page = text_of(pages.browser().get(DATA))
    assert "RESULTS: ALL (117) : IMPORTED (117); UPDATED (0); FAILED (0)" in page


def test_what_is_at_work_is_shown(pages: Pages) -> None:
    pages.airflow.wake()
    pages.program("user").post(f"{HOME}/starts", json={"kind": "export"})
    (run,) = pages.program().get(DATA).json()["at_work"]
    assert (run["kind"], run["run_id"], run["state"]) == ("export", "manual__0", "queued")
    assert "Export manual__0 waits for its turn." in text_of(pages.browser().get(DATA))


@pytest.mark.parametrize(
    ("asked", "conf"),
    [
        (
            {},
            {"mode": "auto", "entities": [], "since": None, "until": None, "confirm": False},
        ),
        (
            {"mode": "full", "entities": ["Accounts"]},
            {
                "mode": "full",
                "entities": ["Accounts"],
                "since": None,
                "until": None,
                "confirm": False,
            },
        ),
        (
            {"kind": "import", "since": "2025-01-01T00:00", "until": None},
            {
                "preview": False,
                "entities": [],
                "since": "2025-01-01T00:00:00+00:00",
                "until": None,
            },
        ),
        (
            {"kind": "export", "until": "2025-01-01T01:00:00+01:00"},
            {
                "preview": False,
                "entities": [],
                "since": None,
                "until": "2025-01-01T00:00:00+00:00",
            },
        ),
    ],
)
def test_what_is_asked_for_becomes_params_of_the_dag(
    pages: Pages, asked: dict[str, Any], conf: dict[str, Any]
) -> None:
    pages.airflow.wake()
    answer = pages.program("user").post(f"{HOME}/starts", json=asked)
    assert answer.status_code == 202
    kind = asked.get("kind", "sync")
    assert pages.airflow.triggered == [(f"northwind__{kind}", "manual__0", conf)]
    assert answer.json()["state"] == "queued"


def test_who_may_only_read_starts_nothing(pages: Pages) -> None:
    assert pages.program("viewer").post(f"{HOME}/starts", json={}).status_code == 403
    assert pages.airflow.triggered == []


def test_its_progress_is_shown_by_entity_until_it_has_ended(pages: Pages) -> None:
    pages.airflow.wake()
    page = pages.browser("user").post(f"{HOME}/starts", json={"entities": ["Accounts"]})
    assert "every 2s" in page.text
    assert "Queued" in page.text
    goes(
        pages,
        "manual__0",
        "running",
        Accounts=("success", "running", None),
        Contacts=("success", None, None),
        WorkOrders=_SKIPPED,
    )
    page = pages.browser("viewer").get(f"{HOME}/starts/sync/manual__0")
    assert "every 2s" in page.text
    assert "Accounts account success running" in text_of(page)
    assert "1 other entity is not part of this run." in text_of(page)
    found = start_of(pages, "manual__0")
    assert [entity["entity"] for entity in found["entities"]] == ["Accounts", "Contacts"]
    assert (found["results"], found["waiting"], found["others"]) == ([], None, 1)


def test_a_run_that_has_ended_shows_its_results_and_what_waits(pages: Pages) -> None:
    report = pages.sync()
    goes(pages, report.run_id, "success", **dict.fromkeys(ALL, _DONE))
    found = start_of(pages, report.run_id)
    assert found["results"] == report.results.splitlines()
    assert found["records"] == 117
    assert set(found["waiting"].values()) == {0}
    page = pages.browser().get(f"{HOME}/starts/sync/{report.run_id}")
    assert "every 2s" not in page.text
    assert "RESULTS: ALL (117) : IMPORTED (117); UPDATED (0); FAILED (0)" in text_of(page)
    assert "Nothing waits." in page.text
    assert f'data-airflow href="/dags/northwind__sync/runs/{report.run_id}"' in page.text
    assert f"/runs/{report.run_id}" in page.text


def test_a_run_that_failed_says_why(pages: Pages) -> None:
    file = pages.folder / "northwind.yaml"
    file.write_text(file.read_text().replace("external: jobTitle", "external: jobTitel"))
    report = pages.sync()
    goes(
        pages,
        report.run_id,
        "failed",
        Accounts=_DONE,
        Contacts=("failed", "upstream_failed", "upstream_failed"),
        WorkOrders=("success", "upstream_failed", "upstream_failed"),
    )
    found = start_of(pages, report.run_id)
    messages = {e["entity"]: e["became"][0]["message"] for e in found["entities"] if e["became"]}
    assert "jobTitel" in messages["Contacts"]
    page = text_of(pages.browser().get(f"{HOME}/starts/sync/{report.run_id}"))
    assert "failed not started not started" in page
    assert "jobTitel" in page


def test_what_waits_of_a_run_leads_to_it(pages: Pages) -> None:
    pages.sync()
    on_local(pages, "delete from contact where id in (select id from contact limit 20)")
    report = pages.sync()
    goes(pages, report.run_id, "success", **dict.fromkeys(ALL, _DONE))
    assert start_of(pages, report.run_id)["waiting"]["deletions"] == 20
    page = text_of(pages.browser().get(f"{HOME}/starts/sync/{report.run_id}"))
    assert "20 deletions to approve" in page
    assert "20 deletions of earlier runs wait for approval" in text_of(pages.browser().get(DATA))


def test_a_run_that_airflow_does_not_know_is_said(pages: Pages) -> None:
    answer = pages.program().get(f"{HOME}/starts/sync/none")
    assert (answer.status_code, "knows no run" in answer.json()["problem"]) == (404, True)
    assert pages.program().get(f"{HOME}/starts/other/none").status_code == 422


class TestApproval:
    """Deletions that are held back until somebody who saw how many approves them."""

    @pytest.fixture
    def preview(self, pages: Pages) -> Any:
        pages.sync()
        on_local(pages, "delete from contact where id in (select id from contact limit 20)")
        found = previewed(pages.program("user"), mode="auto", entities=["Contacts"])
        assert found["withheld"] == 20
        return found

    def test_they_are_shown_with_their_count_before_they_are_approved(
        self, pages: Pages, preview: Any
    ) -> None:
        page = pages.browser("editor").get(f"{HOME}/previews/{preview['id']}")
        assert "20 deletions need approval." in text_of(page)
        assert "Contacts 20" in text_of(page)
        assert "Delete 20 and start" in text_of(page)
        assert pages.airflow.triggered == []

    def test_approved_ones_are_carried_out(self, pages: Pages, preview: Any) -> None:
        path = f"{HOME}/previews/{preview['id']}/approvals"
        answer = pages.program("editor").post(path, json={"deletions": 20})
        assert answer.status_code == 202
        conf = {
            "mode": "auto",
            "entities": ["Contacts"],
            "since": None,
            "until": None,
            "confirm": True,
        }
        assert pages.airflow.triggered == [("northwind__sync", "manual__0", conf)]

    @pytest.mark.parametrize("deletions", [0, 19, 21])
    def test_another_number_than_was_shown_starts_nothing(
        self, pages: Pages, preview: Any, deletions: int
    ) -> None:
        path = f"{HOME}/previews/{preview['id']}/approvals"
        answer = pages.program("editor").post(path, json={"deletions": deletions})
        assert answer.status_code == 422
        assert "The preview shows 20 deletions" in answer.json()["problem"]
        assert pages.airflow.triggered == []

    def test_who_may_not_edit_approves_nothing(self, pages: Pages, preview: Any) -> None:
        path = f"{HOME}/previews/{preview['id']}/approvals"
        assert pages.program("user").post(path, json={"deletions": 20}).status_code == 403
        page = text_of(pages.browser("user").get(f"{HOME}/previews/{preview['id']}"))
        assert "permission to edit northwind__sync is needed" in page
        assert "Approve and start" not in page
        assert pages.airflow.triggered == []


def test_a_first_sync_that_replaces_local_records_shows_what_it_would_remove(pages: Pages) -> None:
    pages.sync(entities=("Accounts",), mode="full")
    file = pages.folder / "northwind.yaml"
    text = re.sub(
        r"(external: Contacts.*?first_sync: )link_and_merge",
        r"\1replace_local",
        file.read_text(),
        flags=re.DOTALL,
    )
    file.write_text(text)
    on_local(pages, "create table if not exists contact (id text primary key)")
    on_local(pages, "insert into contact (id) values ('11111111-1111-1111-1111-111111111111')")
    found = previewed(pages.program(), entities=["Contacts"])
    assert found["withheld"] == 1
    assert "Delete 1 record?" in text_of(shown(pages.browser(), entities=["Contacts"]))


def test_a_preview_without_deletions_approves_nothing(pages: Pages) -> None:
    found = previewed(pages.program(), entities=["Accounts"])
    path = f"{HOME}/previews/{found['id']}/approvals"
    answer = pages.program("editor").post(path, json={"deletions": 0})
    assert answer.status_code == 422
    assert "no deletions that wait for approval" in answer.json()["problem"]
    assert pages.airflow.triggered == []
