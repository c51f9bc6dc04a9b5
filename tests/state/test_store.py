from datetime import UTC, datetime

import pyarrow as pa
import pytest
from sqlalchemy import inspect, text

from tandem.database import open_engine
from tandem.errors import ConfigurationError
from tandem.model.changes import Anchor, Counts
from tandem.model.schema import ChangeTracking
from tandem.state.account import DEFERRED, Rejected
from tandem.state.migrate import HEAD, ensure_current
from tandem.state.store import open_state
from tandem.state.tables import metadata

AT = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
LATER = datetime(2026, 1, 2, 3, 4, 6, tzinfo=UTC)


def links(*rows: tuple[str, str, bytes]) -> pa.Table:
    external, local, hashes = zip(*rows, strict=True)
    return pa.table(
        {
            "external_id": pa.array(external),
            "local_id": pa.array(local),
            "base_hash": pa.array(hashes),
            "external_version": pa.nulls(len(rows), pa.string()),
        }
    )


def test_links_are_found_from_both_sides(state):
    with state.account("Accounts") as account:
        account.links.put(links(("e1", "l1", b"1"), ("e2", "l2", b"2")), at=AT, replace=False)
    by_external = state.links("Accounts", "external", pa.array(["e2", "e9"]))
    by_local = state.links("Accounts", "local", pa.array(["l1"]))
    assert [list(row.values()) for row in by_external.to_pylist()] == [["e2", "l2", b"2", None]]
    assert [list(row.values()) for row in by_local.to_pylist()] == [["e1", "l1", b"1", None]]


def test_links_of_other_entities_are_not_seen(state):
    with state.account("Accounts") as account:
        account.links.put(links(("e1", "l1", b"1")), at=AT, replace=False)
    assert not state.has_links("Contacts")
    assert state.links("Contacts", "external", pa.array(["e1"])).num_rows == 0


def test_a_link_is_replaced(state):
    for base in (b"old", b"new"):
        with state.account("Accounts") as account:
            account.links.put(links(("e1", "l1", base)), at=AT, replace=True)
    found = state.links("Accounts", "external", pa.array(["e1"]))
    assert found["base_hash"].to_pylist() == [b"new"]


def test_two_external_records_never_share_a_local_one(state):
    with pytest.raises(Exception, match=r"(?i)unique"), state.account("Accounts") as account:
        account.links.put(links(("e1", "l1", b"1"), ("e2", "l1", b"2")), at=AT, replace=False)
    assert not state.has_links("Accounts")


def test_an_anchor_counts_for_its_own_side(state):
    anchor = Anchor(kind=ChangeTracking.VERSION, value="42")
    state.move_anchor("Accounts", "external", anchor, mapping_hash="a", at=AT)
    assert state.set_anchor("Accounts", "external").anchor == anchor
    assert state.set_anchor("Accounts", "local") is None


def test_an_anchor_never_moves_back(state):
    for value in ("42", "7"):
        anchor = Anchor(kind=ChangeTracking.VERSION, value=value)
        state.move_anchor("Accounts", "external", anchor, mapping_hash="a", at=AT)
    found = state.set_anchor("Accounts", "external").anchor
    assert found is not None
    assert found.value == "42"


def test_a_rejected_record_counts_up_and_goes_when_it_is_accepted(database_url):
    state = open_state(database_url, "crm")
    for reason in ("too long", "still too long"):
        with state.account("Accounts") as account:
            record = Rejected("e1", reason, error_class="dependency")
            account.reject([record], side="external", run_id="r", at=AT)
    engine = open_engine(database_url)
    with engine.connect() as connection:
        row = connection.execute(text("SELECT attempts, error FROM integration_rejected")).one()
    engine.dispose()
    assert tuple(row) == (2, "still too long")
    assert state.waiting("Accounts", "dependency") == ["e1"]
    with state.account("Accounts") as account:
        account.accept(pa.array(["e1"]), side="external")
    assert state.waiting("Accounts", "dependency") == []
    state.close()


def test_deferred_lookups_wait_until_they_are_settled(state):
    row = dict(zip(DEFERRED.names, ("e1", "l1", "parent", "Accounts", "e7"), strict=True))
    waiting = pa.Table.from_pylist([row], DEFERRED)
    later = pa.Table.from_pylist([{**row, "value": "e8"}], DEFERRED)
    written = pa.array(["e1"])
    with state.account("Accounts") as account:
        account.defer(waiting, of=written, at=AT)
        account.defer(later, of=written, at=AT)
    assert pa.concat_tables(state.deferred("Accounts", "parent")) == later
    with state.account("Accounts") as account:
        account.settle(written, "parent")
    assert not list(state.deferred("Accounts", "parent"))


def test_a_record_that_is_written_again_without_the_lookup_waits_no_longer(state):
    row = dict(zip(DEFERRED.names, ("e1", "l1", "parent", "Accounts", "e7"), strict=True))
    written = pa.array(["e1"])
    with state.account("Accounts") as account:
        account.defer(pa.Table.from_pylist([row], DEFERRED), of=written, at=AT)
        account.defer(DEFERRED.empty_table(), of=written, at=AT)
    assert not list(state.deferred("Accounts", "parent"))


def test_the_log_tells_what_became_of_an_entity(state):
    key = {"run_id": "r1", "entity": "Accounts", "direction": "download"}
    state.start(key, mode="full", at=AT)
    state.start(key, mode="incremental", at=AT)
    counts = Counts(created=3, failed=1, superseded=2)
    state.finish(key, status="partial", counts=counts, message="", at=LATER)
    (entry,) = state.log_entries(run_id="r1")
    assert (entry.mode, entry.status, entry.counts) == ("incremental", "partial", counts)
    assert (entry.started_at, entry.finished_at) == (AT, LATER)


def test_only_runs_that_loaded_an_entity_count(state):
    for run_id, status in (("r1", "success"), ("r2", "failed"), ("r3", "partial")):
        for direction in ("download", "upload"):
            key = {"run_id": run_id, "entity": "Accounts", "direction": direction}
            state.start(key, mode="full", at=AT)
            state.finish(key, status=status, counts=Counts(), message="", at=LATER)
    state.start({**key, "run_id": "r4"}, mode="full", at=AT)
    assert state.runs_logged("Accounts") == 2
    assert state.runs_logged("Contacts") == 0


def test_what_fails_leaves_nothing_of_a_batch(state):
    def failing_batch():
        with state.account("Accounts") as account:
            account.links.put(links(("e1", "l1", b"1")), at=AT, replace=False)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        failing_batch()
    assert not state.has_links("Accounts")


def test_the_folder_of_a_new_state_database_is_made(tmp_path):
    open_state(f"sqlite:///{tmp_path}/not/there/state.db", "crm").close()
    assert (tmp_path / "not/there/state.db").exists()


def test_migrations_make_the_tables_of_this_version(database_url):
    open_state(database_url, "crm").close()
    engine = open_engine(database_url)
    tables = {
        name: {column["name"] for column in inspect(engine).get_columns(name)}
        for name in metadata.tables
    }
    assert tables == {t.name: {c.name for c in t.columns} for t in metadata.tables.values()}
    ensure_current(engine)
    engine.dispose()


def test_a_state_database_of_a_newer_version_is_refused(database_url):
    open_state(database_url, "crm").close()
    engine = open_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(ConfigurationError, match=f"newer than {HEAD}"):
        ensure_current(engine)
    engine.dispose()
