"""Runs on pages: the list with its chart, and one run."""

from datetime import UTC, datetime, timedelta

from tests.web.conftest import Pages, text_of

from tandem.airflow.host import RunState, TaskState
from tandem.model.changes import Counts
from tandem.state.store import open_state

RUNS = "/integrations/northwind/runs"
AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SCHEDULED = "scheduled__2026-01-02T03:00:00+00:00"


def log(
    pages: Pages,
    run_id: str,
    entity: str = "Accounts",
    *,
    status: str | None = "success",
    kind: str = "sync",
    message: str = "",
    **counts: int,
) -> None:
    """An entry of the log; `status` None: it has begun and not ended."""
    state = open_state(pages.environment.state_url, "northwind")
    key = {"run_id": run_id, "entity": entity, "direction": "download"}
    state.start(key, mode="incremental", at=AT, kind=kind)
    if status:
        end, found = AT + timedelta(seconds=90), Counts(**counts)
        state.finish(key, status=status, counts=found, message=message, at=end)
    state.close()


def test_before_the_first_run_the_page_says_where_to_start(pages: Pages) -> None:
    page = text_of(pages.browser("viewer").get(RUNS))
    assert "has not run yet" in page
    assert "you need the permission to trigger its DAG" in page
    assert "you need the permission" not in text_of(pages.browser("user").get(RUNS))


def test_a_run_is_listed_with_its_counts_and_drawn(pages: Pages) -> None:
    log(pages, SCHEDULED, created=1234, updated=5)
    answer = pages.browser("viewer").get(RUNS)
    page = text_of(answer)
    assert "2026-01-02 03:04:05 UTC" in page
    assert "1,234" in page
    assert "1 min 30 s" in page
    assert "2026-01-02 03:04, sync, success: 1,234 created, 5 updated" in page
    assert 'href="/dags/northwind__sync/runs/scheduled__2026-01-02T03:00:00%2B00:00"' in answer.text


def test_programs_get_the_same_runs(pages: Pages) -> None:
    log(pages, SCHEDULED, created=1)
    log(pages, SCHEDULED, "Contacts", status="partial", failed=2)
    (run,) = pages.program("viewer").get(RUNS).json()["runs"]
    assert (run["status"], run["entities"], run["seconds"]) == ("partial", 2, 90)
    assert run["counts"]["download"]["all"] == 3
    assert run["airflow_path"].startswith("/dags/northwind__sync/runs/scheduled__")


def test_a_run_of_the_command_line_is_none_of_airflows(pages: Pages) -> None:
    log(pages, "cli__2026-01-02", created=1)
    log(pages, "pages__retry__2026-01-02", kind="asked")
    answer = pages.program("viewer").get(RUNS)
    assert [run["airflow_path"] for run in answer.json()["runs"]] == [None, None]
    assert "not by Airflow" in text_of(pages.browser("viewer").get(RUNS))


def test_runs_are_filtered(pages: Pages) -> None:
    log(pages, "manual__1", "Accounts", status="failed")
    log(pages, "manual__2", "Contacts", kind="import")
    client = pages.program("viewer")

    def found(query: str) -> list[str]:
        return [run["run_id"] for run in client.get(f"{RUNS}?{query}").json()["runs"]]

    assert found("entity=Contacts&status=&kind=") == ["manual__2"]
    assert found("status=failed") == ["manual__1"]
    assert found("kind=import") == ["manual__2"]
    assert found("kind=export") == []
    assert "No run is like that" in text_of(pages.browser().get(f"{RUNS}?kind=export"))
    assert client.get(f"{RUNS}?status=bad").status_code == 422


def test_older_runs_are_on_the_next_page(pages: Pages) -> None:
    for number in range(25):
        log(pages, f"manual__{number}")
    client = pages.program("viewer")
    first = client.get(RUNS).json()
    second = client.get(f"{RUNS}?before={first['older']}").json()
    assert [run["run_id"] for run in first["runs"] + second["runs"]] == [
        f"manual__{number}" for number in reversed(range(25))
    ]
    assert second["older"] is None
    assert f"before={first['older']}" in pages.browser("viewer").get(RUNS).text


def test_what_airflow_is_at_is_on_top_before_it_is_logged(pages: Pages) -> None:
    pages.airflow.states["northwind__import", "manual__7"] = RunState(
        "northwind__import", "manual__7", "queued"
    )
    answer = pages.browser("viewer").get(RUNS)
    assert "Airflow is at manual__7 of northwind__import" in text_of(answer)
    assert 'hx-trigger="every 5s"' in answer.text


def test_a_run_whose_process_is_gone_was_cut_short(pages: Pages) -> None:
    log(pages, "cli__1", status=None)
    assert pages.program("viewer").get(RUNS).json()["runs"][0]["status"] == "cut short"
    page = text_of(pages.browser("viewer").get(f"{RUNS}/cli__1"))
    assert "cut short" in page
    assert "left to the next run" in page


def test_a_run_tells_what_became_of_each_entity(pages: Pages) -> None:
    log(pages, SCHEDULED, "Accounts", status="partial", created=3, failed=1)
    log(pages, SCHEDULED, "Contacts", status="failed", message="No answer from <there>.")
    pages.airflow.states["northwind__sync", SCHEDULED] = RunState(
        "northwind__sync",
        SCHEDULED,
        "failed",
        (TaskState("Contacts.load", "failed"), TaskState("Contacts.extract", "success")),
    )
    answer = pages.browser("viewer").get(f"{RUNS}/{SCHEDULED.replace('+', '%2B')}")
    page = text_of(answer)
    assert "RESULTS: ALL (4) : IMPORTED (3); UPDATED (0); FAILED (1)" in page
    assert "No answer from &lt;there&gt;." in page
    assert "/integrations/northwind/waiting?entity=Accounts" in answer.text
    assert "/waiting?entity=Contacts" not in answer.text
    assert "/runs/scheduled__2026-01-02T03:00:00%2B00:00/tasks/Contacts.load" in answer.text
    assert "every 2s" not in answer.text
    found = pages.program("viewer").get(f"{RUNS}/{SCHEDULED.replace('+', '%2B')}").json()
    assert found["status"] == "failed"
    assert [task["step"] for task in found["entities"][1]["tasks"]] == ["extract", "load"]


def test_a_run_at_work_is_followed(pages: Pages) -> None:
    log(pages, "manual__1", "Accounts", status=None)
    pages.airflow.states["northwind__sync", "manual__1"] = RunState(
        "northwind__sync",
        "manual__1",
        "running",
        (TaskState("Accounts.extract", "running"), TaskState("Contacts.extract", None)),
    )
    answer = pages.browser("viewer").get(f"{RUNS}/manual__1")
    assert 'hx-trigger="every 2s"' in answer.text
    assert "Contacts has not begun" in text_of(answer)
    found = pages.program("viewer").get(f"{RUNS}/manual__1").json()
    assert (found["is_at_work"], found["status"]) == (True, "running")
    assert found["entities"][1] == {
        "entity": "Contacts",
        "ways": [],
        "tasks": [
            {
                "step": "extract",
                "state": "waiting",
                "airflow_path": "/dags/northwind__sync/runs/manual__1/tasks/Contacts.extract",
            }
        ],
    }


def test_a_run_that_has_only_been_triggered_has_a_page(pages: Pages) -> None:
    pages.airflow.states["northwind__export", "manual__1"] = RunState(
        "northwind__export", "manual__1", "queued"
    )
    page = text_of(pages.browser("viewer").get(f"{RUNS}/manual__1"))
    assert "No entity has begun yet" in page
    assert "Run of northwind__export" in page


def test_a_run_that_nobody_knows_is_not_found(pages: Pages) -> None:
    answer = pages.program("viewer").get(f"{RUNS}/manual__99")
    assert answer.status_code == 404
    assert "manual__99" in answer.json()["problem"]
    assert pages.program("viewer").get(f"{RUNS}/a%20b").status_code == 422


def test_runs_of_a_broken_file_are_still_there(pages: Pages) -> None:
    log(pages, "manual__1")
    (pages.folder / "northwind.yaml").write_text("name: [")
    assert pages.program("viewer").get(RUNS).json()["runs"][0]["run_id"] == "manual__1"
    assert pages.browser("viewer").get(f"{RUNS}/manual__1").status_code == 200


def test_who_may_not_read_the_dag_sees_no_runs(pages: Pages) -> None:
    log(pages, "manual__1")
    for path in (RUNS, f"{RUNS}/manual__1"):
        assert pages.program("stranger").get(path).status_code == 403
        assert pages.program(None).get(path).status_code == 401


def test_a_real_sync_is_seen(pages: Pages) -> None:
    report = pages.sync()
    found = pages.program("viewer").get(f"{RUNS}/{report.run_id}").json()
    assert found["status"] == report.status
    assert {entity["entity"] for entity in found["entities"]} == {
        entity.entity for entity in report.entities
    }
