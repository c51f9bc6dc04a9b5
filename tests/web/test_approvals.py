"""A run that waits for a person's approval: where the pages say so, and for how long."""

import json
from contextlib import closing
from datetime import UTC, datetime
from typing import Any, Final

import pytest
from tests.web.conftest import Pages, text_of
from tests.web.records import WAITING

from tandem.airflow.host import RunState, TaskState
from tandem.state.questions import Answer
from tandem.sync.environment import open_state_of
from tandem.sync.people.approvals import Deletions, FirstSync, Needed

OVERVIEW: Final = "/integrations/northwind"
SINCE: Final = datetime(2026, 3, 1, 2, 0, 5, tzinfo=UTC)
RUN: Final = "scheduled__2026-03-01T02:00:00+00:00"
PLACE: Final = f"/dags/northwind__sync/runs/{RUN.replace('+', '%2B')}/tasks/approve"
NEEDED: Final = Needed(
    (FirstSync("Accounts", "account", 1234),),
    (Deletions("Contacts", "external", 20, ("c1",)), Deletions("Contacts", "local", 1, ("c2",))),
    (7, 8),
)


def ask(pages: Pages, needed: Needed = NEEDED, *, run_id: str = RUN, counts: str = "") -> int:
    """A run has asked; its process is gone and its lease given back, as Airflow's is then."""
    text = counts or json.dumps(needed.counts)
    with closing(open_state_of("northwind", pages.environment)) as state:
        return state.ask(run_id, needed.fingerprint, text, at=SINCE)


def answer(pages: Pages, question: int, answer: Answer) -> None:
    with closing(open_state_of("northwind", pages.environment)) as state:
        state.answer(question, answer, by="ann", at=datetime.now(UTC))


def in_airflow(pages: Pages, state: str = "running", approve: str = "awaiting_input") -> None:
    """What Airflow says about the run, and its task `approve`."""
    tasks = (TaskState("validate_metadata", "success"), TaskState("approve", approve))
    run = RunState("northwind__sync", RUN, state, tasks)
    pages.airflow.states[run.dag_id, run.run_id] = run


def told(pages: Pages) -> list[Any]:
    """What the list, the overview and the page of what waits tell programs."""
    program = pages.program("viewer")
    (one,) = program.get("/").json()["integrations"]
    others = [program.get(path).json()["approval"] for path in (OVERVIEW, WAITING)]
    return [one["standing"]["approval"], *others]


def shown(pages: Pages) -> list[str]:
    """The same as people read it."""
    return [text_of(pages.browser("viewer").get(path)) for path in ("/", OVERVIEW, WAITING)]


def test_the_list_and_the_overview_say_that_a_run_waits_for_approval(pages: Pages) -> None:
    ask(pages)
    in_airflow(pages)
    row, overview, _ = shown(pages)
    assert "waits for approval" in row
    assert "nothing" not in row
    assert overview.count("waits for approval") == 2  # of Accounts and Contacts
    assert overview.count("nothing") == 1
    for path in ("/", OVERVIEW):
        assert f'{WAITING}#approval"' in pages.browser("viewer").get(path).text


def test_what_waits_has_on_top_who_asks_what_and_where_it_is_answered(pages: Pages) -> None:
    ask(pages)
    in_airflow(pages)
    for kind in ("rejected", "deletions"):
        page = pages.browser("viewer").get(WAITING, params={"kind": kind})
        read = text_of(page)
        assert read.index("Approval") < read.index("Rejected")
        for words in (
            RUN,
            "since 2026-03-01 02:00:05 UTC",
            "Delete 20 records of Contacts on the external side",
            "Delete 1 record of Contacts on the local side",
            "Replace the 1,234 local records of account: the first sync of Accounts",
        ):
            assert words in read
        assert f'href="{PLACE}/required_actions"' in page.text
        assert f'{OVERVIEW}/data?entity=Accounts"' in page.text
        assert "kind=deletions&amp;entity=Contacts" in page.text


def test_programs_are_told_the_same(pages: Pages) -> None:
    ask(pages)
    in_airflow(pages)
    expected = {
        "run_id": RUN,
        "dag_id": "northwind__sync",
        "since": "2026-03-01T02:00:05Z",
        "deletions": [
            {"entity": "Contacts", "side": "external", "count": 20},
            {"entity": "Contacts", "side": "local", "count": 1},
        ],
        "first_syncs": [{"entity": "Accounts", "local": "account", "records": 1234}],
        "airflow_path": f"{PLACE}/required_actions",
    }
    assert told(pages) == [expected] * 3


def test_the_description_of_the_operations_has_it(shared_pages: Pages) -> None:
    schemas = shared_pages.program().get("/openapi.json").json()["components"]["schemas"]
    for name in ("StandingShown", "Overview"):
        assert "ApprovalAsked" in json.dumps(schemas[name]["properties"]["approval"])
    assert any(
        "ApprovalAsked" in json.dumps(one["properties"].get("approval"))
        for name, one in schemas.items()
        if name.endswith("Waiting")
    )


def test_nobody_is_said_to_ask_where_nobody_does(pages: Pages) -> None:
    in_airflow(pages, approve="success")
    assert told(pages) == [None] * 3
    assert not any("pproval" in page for page in shown(pages)[:2])
    assert "Answer in Airflow" not in shown(pages)[2]


@pytest.mark.parametrize(
    ("state", "approve"),
    [
        ("failed", "awaiting_input"),  # somebody ended the run
        ("success", "success"),
        ("running", "success"),  # cleared, and nothing had to be approved any more
        ("running", "failed"),
        ("running", "skipped"),
        (None, None),  # Airflow has forgotten the run
    ],
)
def test_the_question_of_a_run_that_gave_up_is_not_shown_for_ever(
    pages: Pages, state: str | None, approve: str | None
) -> None:
    ask(pages)
    if state and approve:
        in_airflow(pages, state, approve)
    assert told(pages) == [None] * 3
    assert not any("waits for approval" in page for page in shown(pages))


def test_the_question_of_another_run_is_not_that_of_the_one_at_work(pages: Pages) -> None:
    ask(pages, run_id="manual__before")
    in_airflow(pages)
    assert told(pages) == [None] * 3


@pytest.mark.parametrize("said", ["approved", "rejected", "none"])
def test_what_has_its_answer_is_not_asked_any_more(pages: Pages, said: Answer) -> None:
    ask(pages)  # the task was cleared while it waited: this one never gets an answer
    answer(pages, ask(pages), said)
    in_airflow(pages)
    assert told(pages) == [None] * 3


def test_a_task_that_asked_anew_is_shown_with_what_it_asks_now(pages: Pages) -> None:
    ask(pages)
    ask(pages, Needed(deletions=(Deletions("Contacts", "local", 3, ()),), ids=(1, 2, 3)))
    in_airflow(pages)
    for one in told(pages):
        assert [found["count"] for found in one["deletions"]] == [3]
        assert one["first_syncs"] == []
    assert "See a preview" not in shown(pages)[2]


def test_names_are_no_markup(pages: Pages) -> None:
    ask(pages, Needed((FirstSync("<i>A&B", "<i>a", 2),), (Deletions("<i>C", "<i>s", 2, ()),), (1,)))
    in_airflow(pages)
    page = pages.browser("viewer").get(WAITING).text
    assert "<i>" not in page
    assert "data?entity=%3Ci%3EA%26B" in page
    assert "<i>" not in pages.browser("viewer").get("/").text


@pytest.mark.parametrize("counts", ["no json", "[]", '{"deletions": [{"entity": "Contacts"}]}'])
def test_counts_that_another_version_noted_hide_no_question(pages: Pages, counts: str) -> None:
    ask(pages, counts=counts)
    in_airflow(pages)
    assert [(one["run_id"], one["deletions"]) for one in told(pages)] == [(RUN, [])] * 3
    row, _, page = shown(pages)
    assert "waits for approval" in row
    assert "Answer in Airflow" in page
