"""The log for people: runs, a page at a time."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from tandem.database import open_engine
from tandem.model.changes import Counts
from tandem.state.run_history import RunFilter
from tandem.state.store import SqlState

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ALL = RunFilter()


def log(
    state: SqlState,
    run_id: str,
    entity: str = "Accounts",
    direction: str = "download",
    *,
    status: str | None = "success",
    kind: str = "sync",
    mode: str = "incremental",
    minutes: int = 0,
    **counts: int,
) -> None:
    """One entry; `status` None: it has begun and not ended."""
    key = {"run_id": run_id, "entity": entity, "direction": direction}
    at = AT + timedelta(minutes=minutes)
    state.start(key, mode=mode, at=at, kind=kind)
    if status:
        end = at + timedelta(minutes=1)
        state.finish(key, status=status, counts=Counts(**counts), message="", at=end)


def ids(state: SqlState, asked: RunFilter = ALL, **page: int) -> list[str]:
    return [run.run_id for run in state.runs(asked, **page)]


def test_a_run_is_the_sum_of_its_entities(state):
    log(state, "r1", created=1, updated=2)
    log(state, "r1", "Contacts", created=3, failed=1, status="partial", minutes=2)
    log(state, "r1", "Contacts", "upload", updated=5, mode="full", minutes=2)
    (run,) = state.runs(ALL)
    assert (run.run_id, run.kind, run.mode, run.status) == ("r1", "sync", "mixed", "partial")
    assert (run.started_at, run.finished_at) == (AT, AT + timedelta(minutes=3))
    assert run.entities == 2
    assert run.counts == {
        "download": Counts(created=4, updated=2, failed=1),
        "upload": Counts(updated=5),
    }


@pytest.mark.parametrize(
    ("statuses", "worst"),
    [
        (["success", "success"], "success"),
        (["success", "partial"], "partial"),
        (["failed", "partial"], "failed"),
        (["failed", None], "running"),
    ],
)
def test_a_run_has_the_worst_status_of_its_entities(state, statuses, worst):
    for number, status in enumerate(statuses):
        log(state, "r1", f"Entity{number}", status=status)
    (run,) = state.runs(ALL)
    assert run.status == worst
    assert (run.finished_at is None) == (worst == "running")
    assert [len(ids(state, RunFilter(status=one))) for one in ("failed", "running", worst)] == [
        int(worst == "failed"),
        int(worst == "running"),
        1,
    ]


def test_pages_follow_each_other_from_the_newest_run_on(state):
    for number in range(25):
        log(state, f"r{number}", "Accounts")
        log(state, f"r{number}", "Contacts")
    seen, before = [], None
    while page := state.runs(ALL, before=before, limit=10):
        seen += [run.run_id for run in page]
        before = page[-1].place
    assert seen == [f"r{number}" for number in reversed(range(25))]


def test_a_run_that_went_on_later_is_given_once(state):
    """A task that was cleared in Airflow adds to a run that others have followed since."""
    for number in range(6):
        log(state, f"r{number}", "Accounts")
    log(state, "r1", "Contacts")
    log(state, "r3", "Contacts")
    first = state.runs(ALL, limit=3)
    second = state.runs(ALL, before=first[-1].place, limit=3)
    assert [run.run_id for run in first] == ["r3", "r1", "r5"]
    assert [run.run_id for run in second] == ["r4", "r2", "r0"]
    assert [run.entities for run in first] == [2, 2, 1]


def test_long_runs_fill_a_page_too(state):
    for run in range(3):
        for number in range(30):
            log(state, f"r{run}", f"Entity{number}")
    assert ids(state, limit=2) == ["r2", "r1"]
    assert ids(state, limit=3) == ["r2", "r1", "r0"]


def test_runs_of_one_entity_tell_only_of_it(state):
    log(state, "r1", created=1)
    log(state, "r1", "Contacts", status="failed")
    log(state, "r2", "Contacts")
    (run,) = state.runs(RunFilter(entity="Accounts"))
    assert (run.run_id, run.status, run.entities) == ("r1", "success", 1)
    assert ids(state, RunFilter(entity="Contacts", status="failed")) == ["r1"]
    assert ids(state, RunFilter(entity="Accounts", status="failed")) == []


def test_runs_are_found_by_their_kind(state):
    log(state, "r1", kind="import")
    log(state, "r2")
    assert ids(state, RunFilter(kind="import")) == ["r1"]
    assert ids(state, RunFilter(kind="export")) == []


def test_runs_of_other_integrations_are_not_seen(another):
    log(another("crm"), "r1")
    log(another("erp"), "r2", "Orders")
    assert ids(another("crm")) == ["r1"]
    assert another("crm").logged_entities() == ["Accounts"]
    assert another("crm").run_entries("r2") == []


def test_the_entities_of_a_run_are_in_the_order_in_which_they_began(state):
    for entity in ("Contacts", "Accounts"):
        log(state, "r1", entity)
    log(state, "r2", "Orders")
    assert [entry.entity for entry in state.run_entries("r1")] == ["Contacts", "Accounts"]
    assert state.logged_entities() == ["Accounts", "Contacts", "Orders"]


def test_an_empty_log_has_nothing(state):
    assert state.runs(ALL) == []
    assert state.logged_entities() == []
    assert state.at_work(AT) is None


def test_the_run_that_holds_the_lease_is_at_work(state):
    state.acquire("r1", process=None, now=AT, ttl=timedelta(minutes=5))
    assert state.at_work(AT) == "r1"
    assert state.at_work(AT + timedelta(minutes=6)) is None
    state.release()
    assert state.at_work(AT) is None


def test_the_log_is_searched_by_index_and_never_read_whole(database_url, state):
    """What a page asks stays quick however long the log is."""
    log(state, "r1")
    engine = open_engine(database_url)
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            explain = "EXPLAIN QUERY PLAN "
        else:
            connection.execute(text("SET enable_seqscan = off"))
            explain = "EXPLAIN "
        for conditions, order in (
            ("", "newest"),
            (" AND entity = 'Accounts'", "entity"),
            (" AND status = 'failed'", "status"),
        ):
            query = (
                f"SELECT run_id, id FROM integration_log WHERE integration = 'crm'{conditions}"
                " ORDER BY id DESC LIMIT 80"
            )
            plan = " ".join(map(str, connection.execute(text(explain + query)).all()))
            if engine.dialect.name == "sqlite":
                assert f"ix_integration_log_{order}" in plan
            assert "Seq Scan" not in plan
            assert "SCAN integration_log" not in plan
    engine.dispose()
