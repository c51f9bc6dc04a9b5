"""What expires of the state, and what never does."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest
from sqlalchemy import Engine, func, select, update

from tandem.database import open_engine, writing
from tandem.model.changes import Counts
from tandem.model.schema import Entity, Field, Kind, Schema
from tandem.state import expiry
from tandem.state.conflicts import Conflict
from tandem.state.expiry import KINDS, Expiry
from tandem.state.run_history import RunFilter
from tandem.state.store import SqlState, open_state
from tandem.state.tables import conflict, edit, log, question, rejected, schema, transaction

NOW = datetime(2026, 11, 1, tzinfo=UTC)
BEFORE = NOW - timedelta(days=90)
LONG_AGO = NOW - timedelta(days=200)
NOTHING = dict.fromkeys(KINDS, 0)


@dataclass
class Old:
    """A state, and its database."""

    state: SqlState
    engine: Engine

    def load(self, run_id: str, entity: str = "Accounts", **more: Any) -> None:
        """A run loads an entity."""
        asked = {"status": "success", "kind": "sync", "at": LONG_AGO, "direction": "download"}
        said = {**asked, **more}
        key = {"run_id": run_id, "entity": entity, "direction": said["direction"]}
        self.state.start(key, mode="full", at=said["at"], kind=said["kind"])
        ended = {"status": said["status"], "counts": Counts(), "message": ""}
        self.state.finish(key, **ended, at=said["at"] + timedelta(minutes=1))

    def expire(self, before: datetime = BEFORE) -> dict[str, int]:
        """Delete what is older; what was counted before is what is deleted."""
        found = Expiry(self.engine, before)
        counted = {kind: found.count(kind) for kind in KINDS}
        deleted = {kind: found.delete(kind) for kind in KINDS}
        assert deleted == counted
        return deleted

    def runs(self) -> list[str]:
        """All runs of the log, oldest first."""
        return [run.run_id for run in self.state.runs(RunFilter(), limit=1000)][::-1]

    def rows(self, table: Any, column: str) -> list[Any]:
        """What a column of a table holds."""
        with self.engine.connect() as connection:
            return list(connection.scalars(select(table.c[column]).order_by(table.c[column])))


@pytest.fixture
def old(state: SqlState, database_url: str):
    engine = open_engine(database_url)
    yield Old(state, engine)
    engine.dispose()


def rows(operation: str, *ids: str) -> pa.Table:
    n = len(ids)
    columns = {"operation": [operation] * n, "local_id": list(ids), "external_id": list(ids)}
    return pa.table({**columns, "request": pa.nulls(n, pa.string())})


def test_old_runs_expire_and_new_ones_stay(old):
    for at in range(5):
        old.load(f"old-{at}", at=LONG_AGO + timedelta(days=at))
    old.load("new", at=NOW)
    assert old.expire() == {**NOTHING, "log": 5}
    assert old.runs() == ["new"]
    assert old.expire() == NOTHING


def test_of_each_entity_what_ran_and_was_loaded_last_stays(old):
    for run_id in ("first", "loaded"):
        old.load(run_id, at=LONG_AGO)
    old.load("loaded", direction="upload")
    old.load("imported", kind="import", at=LONG_AGO + timedelta(days=1))
    old.load("failed before", status="failed", at=LONG_AGO + timedelta(days=2))
    old.load("failed", status="failed", at=LONG_AGO + timedelta(days=3))
    old.load("others", entity="Orders")
    before = told(old)
    assert old.expire()["log"] == 3
    assert old.runs() == ["loaded", "failed", "others"]
    assert told(old) == before


def told(old: Old) -> Any:
    """Whatever is decided, or shown first, by the log."""
    state, ways = (
        old.state,
        [(e, d) for e in ("Accounts", "Orders") for d in ("download", "upload")],
    )
    return (
        [state.has_synced(entity) for entity, _ in ways],
        [state.runs_logged(entity) for entity, _ in ways],
        state.last_loads(ways),
        sorted(state.last_runs(["Accounts", "Orders"]), key=lambda e: (e.entity, e.direction)),
        state.logged_entities(),
    )


def test_loads_are_counted_on_once_a_run(old, monkeypatch):
    monkeypatch.setattr(expiry, "_RUNS", 2)
    for at in range(7):
        for way in ("download", "upload"):
            old.load(f"run-{at}", at=LONG_AGO + timedelta(days=at), direction=way)
    old.load("half", status="failed")
    assert old.state.runs_logged("Accounts") == 7
    for days in (3, 5, 200):
        old.expire(LONG_AGO + timedelta(days=days))
        assert old.state.runs_logged("Accounts") == 7
    assert old.runs() == ["run-6", "half"]
    old.load("new", at=NOW)
    assert old.state.runs_logged("Accounts") == 8


def test_a_run_of_which_a_part_is_new_stays_whole(old):
    old.load("long", entity="Accounts")
    old.load("long", entity="Orders", at=NOW)
    old.load("last", entity="Accounts", at=NOW)
    assert old.expire() == NOTHING


def test_the_run_that_is_at_work_stays(old):
    old.load("at work", status="running")
    old.load("later", at=NOW)
    old.state.acquire("at work", process=None, now=NOW, ttl=timedelta(minutes=10))
    assert old.expire() == NOTHING


def test_what_is_settled_expires_and_what_waits_stays(old):
    state = old.state
    state.send("Accounts", "local", "r", LONG_AGO, rows("update", "done", "wrong", "again", "lost"))
    state.withhold("Accounts", "local", "r", LONG_AGO, rows("delete", "waits"))
    with state.account("Accounts") as account:
        account.settle_transactions("local", "processed", rows("update", "done"), at=LONG_AGO)
        refused = rows("update", "wrong", "again")
        account.settle_transactions("local", "error", refused, at=LONG_AGO)
    with writing(old.engine) as connection:
        waits = {"integration": "crm", "entity": "Accounts", "side": "external", "run_id": "r"}
        said = {"error_class": "record", "error": "no", "created_at": LONG_AGO}
        connection.execute(
            rejected.insert(),
            [
                {**waits, **said, "record_id": id_, "status": status, "updated_at": LONG_AGO}
                for id_, status in (("again", "waiting"), ("given up", "archived"))
            ],
        )
    assert old.expire() == {**NOTHING, "transactions": 2, "rejected": 1}
    assert old.rows(transaction, "local_id") == ["again", "lost", "waits"]
    assert old.rows(rejected, "record_id") == ["again"]


def test_decided_conflicts_expire_and_open_ones_stay(old):
    with old.state.account("Accounts") as account:
        many = [
            Conflict("l1", "e1", "edited", {}, "external_wins"),
            Conflict("l2", "e2", "edited", {}),
            Conflict("l3", "e3", "edited", {}, "local_wins"),
        ]
        account.conflict(many, run_id="r", at=LONG_AGO)
    assert old.expire() == {**NOTHING, "conflicts": 1}, "the last number is not given again"
    assert old.rows(conflict, "local_id") == ["l2", "l3"]


def test_numbers_are_not_given_again(old):
    old.state.send("Accounts", "local", "r", LONG_AGO, rows("update", "a", "b"))
    with old.state.account("Accounts") as account:
        account.settle_transactions("local", "processed", rows("update", "a", "b"), at=LONG_AGO)
    highest = max(old.rows(transaction, "id"))
    old.expire()
    old.state.send("Accounts", "local", "r", NOW, rows("update", "c"))
    assert max(old.rows(transaction, "id")) > highest


def test_of_schemas_edits_and_questions_the_newest_stay(old, monkeypatch):
    for name in ("SCHEMAS", "EDITS", "QUESTIONS"):
        table, at, number, within, _ = expiry._NUMBERED[name.lower()]
        monkeypatch.setitem(expiry._NUMBERED, name.lower(), (table, at, number, within, 3))
    for at in range(5):
        fields = (Field(name=f"f{at}", kind=Kind.STRING),)
        found = Schema(entities=(Entity(name="Accounts", key=(f"f{at}",), fields=fields),))
        for side in ("external", "local"):
            old.state.keep_schema(side, found, run_id="r", at=LONG_AGO)
        old.state.note_edit(reason="suggest", before=f"{at}", after="x", at=LONG_AGO)
        old.state.ask(f"r{at}", f"list {at}", "{}", at=LONG_AGO)
    assert old.expire() == {**NOTHING, "schemas": 4, "edits": 2, "questions": 2}
    assert old.rows(schema, "version") == [3, 3, 4, 4, 5, 5]
    assert old.rows(edit, "before") == ["2", "3", "4"]
    assert old.rows(question, "run_id") == ["r2", "r3", "r4"]
    version = old.state.keep_schema("local", Schema(entities=()), run_id="r", at=NOW).version
    assert version == 6


def test_integrations_are_kept_apart(old, another: Callable[..., SqlState]):
    other = Old(another("erp"), old.engine)
    for at, one in enumerate((old, other, old)):
        one.load(f"run-{at}", at=LONG_AGO + timedelta(days=at))
    assert old.expire()["log"] == 1
    assert (old.runs(), other.runs()) == (["run-2"], ["run-1"])
    assert (old.state.runs_logged("Accounts"), other.state.runs_logged("Accounts")) == (2, 1)


def test_a_row_that_is_touched_meanwhile_stays(old):
    old.load("cleared")
    old.load("last", at=NOW)
    found = Expiry(old.engine, BEFORE)
    runs = found._old_runs()
    assert runs == {"crm": {"cleared": 1}}
    old.load("cleared", at=NOW)
    assert found._delete_runs("crm", runs["crm"]) == 0
    with old.engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(log)) == 2


def test_many_rows_go_in_parts(old, monkeypatch):
    monkeypatch.setattr(expiry, "_ROWS", 3)
    monkeypatch.setattr(expiry, "_LOOKED_UP", 7)
    ids = [f"r{at}" for at in range(20)]
    old.state.send("Accounts", "local", "r", LONG_AGO, rows("update", *ids))
    with writing(old.engine) as connection:
        connection.execute(update(transaction).values(status="processed"))
    assert old.expire()["transactions"] == 19


def test_a_new_state_has_nothing_to_expire(database_url):
    state = open_state(database_url, "crm")
    state.close()
    engine = open_engine(database_url)
    assert {kind: Expiry(engine, NOW).delete(kind) for kind in KINDS} == NOTHING
    engine.dispose()
