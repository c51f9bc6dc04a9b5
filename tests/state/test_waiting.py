"""What waits: rejected records, conflicts, records to be read again, lookups."""

from datetime import UTC, datetime

import pyarrow as pa

from tandem.state.account import DEFERRED, Conflict, Rejected

AT = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
LATER = datetime(2026, 1, 2, 3, 5, tzinfo=UTC)
NAMES = {"name": {"base": "Ada", "local": "Ada L.", "external": None}}


def ids(*texts):
    return pa.array(texts, pa.string())


def reject(state, *records, side="external", entity="Accounts", at=AT):
    with state.account(entity) as account:
        account.reject([Rejected(*r) for r in records], side=side, run_id="r1", at=at)


def conflict(state, local, external, decision=None, *, kind="edited", entity="Accounts", at=AT):
    with state.account(entity) as account:
        found = Conflict(local, external, kind, NAMES, decision)
        account.conflict([found], run_id="r1", at=at)


def recheck(state, side, *record_ids, policy=None, at=AT):
    with state.account("Accounts") as account:
        account.recheck(side, ids(*record_ids), reason="changed", at=at, policy=policy)


# Rejected records


def test_records_of_each_side_are_rejected_and_accepted_for_themselves(state):
    reject(state, ("x", "too long"))
    reject(state, ("x", "not known"), side="local")
    with state.account("Accounts") as account:
        account.accept(ids("x"), side="local")
    assert state.waiting("Accounts", "record") == ["x"]
    assert state.waiting("Accounts", "record", "local") == []


def test_rejected_records_are_listed_newest_first(state):
    reject(state, ("e1", "too long", '{"name": "Ada"}'))
    reject(state, ("l1", "not known", None, "dependency"), side="local", at=LATER)
    reject(state, ("c1", "blank"), entity="Contacts", at=AT)
    newest, *_ = state.rejected_records()
    assert (newest.side, newest.record_id, newest.error_class) == ("local", "l1", "dependency")
    (entry,) = state.rejected_records("Accounts", record_id="e1")
    assert (entry.error, entry.payload, entry.attempts) == ("too long", '{"name": "Ada"}', 1)
    assert len(state.rejected_records()) == 3
    assert len(state.rejected_records("Accounts", limit=1)) == 1


def test_an_archived_record_waits_no_longer_until_it_is_rejected_again(state):
    reject(state, ("e1", "too long"), ("e2", "too long"), ("e3", "too long"))
    assert state.archive_rejected("Accounts", "external", ids("e1", "e9"), at=LATER) == 1
    assert sorted(state.waiting("Accounts", "record")) == ["e2", "e3"]
    assert [e.record_id for e in state.rejected_records(status="archived")] == ["e1"]
    assert state.archive_rejected("Accounts", "external", at=LATER) == 2
    reject(state, ("e1", "still too long"))
    assert state.waiting("Accounts", "record") == ["e1"]
    assert [e.attempts for e in state.rejected_records()] == [2]


# Conflicts


def test_a_conflict_waits_until_it_is_resolved(state):
    conflict(state, "l1", "e1")
    (entry,) = state.conflicts("Accounts")
    assert (entry.local_id, entry.external_id, entry.kind) == ("l1", "e1", "edited")
    assert (entry.status, entry.decision, entry.fields) == ("open", None, NAMES)
    with state.account("Accounts") as account:
        account.resolve(external_ids=ids("e1"), at=LATER)
    assert state.conflicts() == []
    (entry,) = state.conflicts(status="resolved")
    assert (entry.created_at, entry.updated_at) == (AT, LATER)


def test_an_open_conflict_is_replaced_and_keeps_its_age(state):
    conflict(state, "l1", "e1")
    conflict(state, "l1", "e1", kind="changed", at=LATER)
    (entry,) = state.conflicts()
    assert (entry.kind, entry.created_at, entry.updated_at) == ("changed", AT, LATER)


def test_an_open_conflict_that_is_decided_is_open_no_longer(state):
    conflict(state, "l1", "e1")
    conflict(state, "l1", "e1", "external_wins", at=LATER)
    (entry,) = state.conflicts(status=None)
    assert (entry.status, entry.decision, entry.created_at) == ("decided", "external_wins", AT)


def test_every_decision_is_kept(state):
    for winner in ("local_wins", "external_wins"):
        conflict(state, "l1", "e1", winner)
    conflict(state, "l1", "e1")
    assert [e.status for e in state.conflicts(status=None)] == ["open", "decided", "decided"]


def test_conflicts_of_other_pairs_stay(state):
    conflict(state, "l1", "e1")
    conflict(state, "l2", None, kind="deleted")
    conflict(state, "l1", None, kind="deleted")
    conflict(state, "l2", None, kind="deleted", at=LATER)
    assert {(e.local_id, e.external_id) for e in state.conflicts()} == {
        ("l1", "e1"),
        ("l2", None),
        ("l1", None),
    }
    with state.account("Accounts") as account:
        account.resolve(local_ids=ids("l2"), external_ids=ids("e7"), at=LATER)
    assert {e.local_id for e in state.conflicts()} == {"l1"}


def test_conflicts_are_listed_by_entity_and_record(state):
    conflict(state, "l1", "e1")
    conflict(state, "l2", "e2", at=LATER)
    conflict(state, "l1", "c1", entity="Contacts")
    assert [e.external_id for e in state.conflicts("Accounts")] == ["e2", "e1"]
    assert [e.external_id for e in state.conflicts("Accounts", limit=1)] == ["e2"]
    assert [e.entity for e in state.conflicts(record_id="c1")] == ["Contacts"]
    assert {e.entity for e in state.conflicts(record_id="l1")} == {"Accounts", "Contacts"}


def test_many_conflicts_at_once(state):
    many = [Conflict(f"l{n}", f"e{n}", "edited", NAMES) for n in range(12_000)]
    for at in (AT, LATER):
        with state.account("Accounts") as account:
            account.conflict(many, run_id="r1", at=at)
    assert len(state.conflicts(limit=20_000)) == 12_000


# Records to be read again


def test_records_are_read_again_until_they_have_been_dealt_with(state):
    recheck(state, "external", "e2", "e1", "e1")
    recheck(state, "local", "l1")
    found = state.rechecks("Accounts", "external")
    assert found.to_pylist() == [
        {"record_id": "e1", "policy": None},
        {"record_id": "e2", "policy": None},
    ]
    with state.account("Accounts") as account:
        account.rechecked("external", ids("e1", "l1"))
    assert state.rechecks("Accounts", "external")["record_id"].to_pylist() == ["e2"]
    assert state.rechecks("Accounts", "local")["record_id"].to_pylist() == ["l1"]
    assert state.rechecks("Contacts", "local").num_rows == 0


def test_a_persons_decision_stays_until_it_was_carried_out(state):
    decided = {"reason": "a person", "policy": "local_wins"}
    state.recheck("Accounts", "external", ids("e1"), at=AT, **decided)
    recheck(state, "external", "e1", "e2")
    assert state.rechecks("Accounts", "external").to_pylist() == [
        {"record_id": "e1", "policy": "local_wins"},
        {"record_id": "e2", "policy": None},
    ]
    recheck(state, "external", "e1", policy="external_wins")
    assert state.rechecks("Accounts", "external")["policy"].to_pylist()[0] == "external_wins"


def test_a_decision_made_during_a_run_outlives_it(state):
    recheck(state, "external", "e1", "e2")
    state.recheck("Accounts", "external", ids("e2"), reason="x", at=LATER, policy="local_wins")
    with state.account("Accounts") as account:
        account.rechecked("external", ids("e1", "e2"), until=AT)
    assert state.rechecks("Accounts", "external")["record_id"].to_pylist() == ["e2"]


def test_nothing_to_read_again_is_no_write(state):
    recheck(state, "external")
    assert state.rechecks("Accounts", "external").num_rows == 0


# Lookups


def test_lookups_that_wait_are_listed(state):
    row = dict(zip(DEFERRED.names, ("e1", "l1", "parent", "Accounts", "e7"), strict=True))
    waiting = pa.Table.from_pylist([row, {**row, "external_id": "e2"}], DEFERRED)
    with state.account("Accounts") as account:
        account.defer(waiting, of=ids("e1", "e2"), at=AT)
    newest, oldest = state.deferred_lookups("Accounts")
    assert (newest.external_id, newest.field, newest.target) == ("e2", "parent", "Accounts")
    assert state.deferred_lookups(record_id="e1") == [oldest]
    assert len(state.deferred_lookups(record_id="l1")) == 2
    assert state.deferred_lookups("Contacts") == []
