from datetime import UTC, datetime

import pyarrow as pa
import pytest

AT = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
LATER = datetime(2026, 1, 2, 3, 5, tzinfo=UTC)

ROWS = pa.schema([(n, pa.string()) for n in ("operation", "local_id", "external_id", "request")])
RESULTS = pa.schema(
    [(n, pa.string()) for n in ("operation", "local_id", "external_id", "error_class", "error")]
)


def ids(*texts):
    return pa.array(texts, pa.string())


def writes(*rows):
    """Rows as tuples of operation, local id, external id and perhaps the request."""
    return pa.Table.from_pylist([dict(zip(ROWS.names, row, strict=False)) for row in rows], ROWS)


def results(*rows):
    return pa.Table.from_pylist(
        [dict(zip(RESULTS.names, row, strict=False)) for row in rows], RESULTS
    )


def send(state, *rows, side="external", run_id="r1", at=AT):
    state.send("Accounts", side, run_id, at, writes(*rows))


def settle(state, status, *rows, side="external", at=LATER):
    with state.account("Accounts") as account:
        account.settle_transactions(side, status, results(*rows), at=at)


def test_a_write_is_known_before_it_is_sent(state):
    send(state, ("update", "l1", "e1", '{"name": "Ada"}'))
    (entry,) = state.transactions("Accounts")
    assert (entry.side, entry.operation, entry.status) == ("external", "update", "sent")
    assert (entry.local_id, entry.external_id) == ("l1", "e1")
    assert (entry.request, entry.attempts, entry.run_id) == ('{"name": "Ada"}', 1, "r1")
    assert (entry.created_at, entry.updated_at) == (AT, AT)


def test_a_create_that_was_processed_gets_the_id_it_was_given(state):
    send(state, ("create", "l1", None), ("create", "l2", None))
    settle(state, "processed", ("create", "l1", "e1"))
    first, second = sorted(state.transactions("Accounts"), key=lambda entry: str(entry.local_id))
    assert (first.status, first.external_id, first.updated_at) == ("processed", "e1", LATER)
    assert (second.status, second.external_id) == ("sent", None)


def test_a_create_of_a_local_record_keeps_the_id_that_was_chosen(state):
    send(state, ("create", "l1", "e1"), side="local")
    settle(state, "processed", ("create", "l1", "e1"), side="local")
    (entry,) = state.transactions("Accounts", local_id="l1")
    assert (entry.side, entry.status, entry.external_id) == ("local", "processed", "e1")


def test_each_refused_write_has_its_own_reason(state):
    send(state, ("update", "l1", "e1"), ("update", "l2", "e2"), ("delete", "l3", "e3"))
    settle(
        state,
        "error",
        ("update", "l1", "e1", "record", "too \x00long"),
        ("delete", "l3", "e3", "dependency", "still used"),
    )
    found = {entry.local_id: entry for entry in state.transactions("Accounts")}
    assert (found["l1"].status, found["l1"].error) == ("error", r"too \u0000long")
    assert (found["l3"].error_class, found["l3"].error) == ("dependency", "still used")
    assert found["l2"].status == "sent"


def test_a_write_of_another_operation_or_side_is_not_settled(state):
    send(state, ("update", "l1", "e1"))
    send(state, ("update", "l1", "e1"), side="local")
    settle(state, "processed", ("delete", "l1", "e1"))
    settle(state, "processed", ("update", "l1", "e2"))
    settle(state, "processed", ("update", "l1", "e1"))
    assert {entry.side: entry.status for entry in state.transactions()} == {
        "external": "processed",
        "local": "sent",
    }


def test_what_did_not_reach_the_system_is_pending_and_counts_on_when_sent_again(state):
    send(state, ("update", "l1", "e1", "old"))
    settle(state, "pending", ("update", "l1", "e1"))
    assert [entry.status for entry in state.transactions()] == ["pending"]
    send(state, ("update", "l1", "e1", "new"), run_id="r2", at=LATER)
    (entry,) = state.transactions()
    assert (entry.status, entry.attempts, entry.run_id, entry.request) == ("sent", 2, "r2", "new")
    assert (entry.created_at, entry.updated_at) == (AT, LATER)


def test_what_is_settled_is_not_superseded_by_the_next_write(state):
    send(state, ("update", "l1", "e1"))
    settle(state, "processed", ("update", "l1", "e1"))
    send(state, ("update", "l1", "e1"), at=LATER)
    assert [(e.status, e.attempts) for e in state.transactions()] == [
        ("sent", 1),
        ("processed", 1),
    ]


def test_only_the_same_write_of_the_same_record_is_superseded(state):
    send(state, ("update", "l1", "e1"), ("delete", "l2", "e2"), ("create", "l3", None))
    send(state, ("update", "l2", "e2"), ("create", "l3", "chosen"), ("create", "l1", None))
    found = {(e.operation, e.local_id): (e.external_id, e.attempts) for e in state.transactions()}
    assert found == {
        ("update", "l1"): ("e1", 1),
        ("delete", "l2"): ("e2", 1),
        ("update", "l2"): ("e2", 1),
        ("create", "l3"): ("chosen", 2),
        ("create", "l1"): (None, 1),
    }


def test_a_write_whose_record_on_one_side_is_gone_is_settled(state):
    send(state, ("delete", None, "e1"), ("delete", None, "e2"))
    settle(state, "processed", ("delete", None, "e2"))
    assert {e.external_id: e.status for e in state.transactions()} == {
        "e1": "sent",
        "e2": "processed",
    }


def test_creates_without_an_answer_are_found_with_the_key_chosen_for_them(state):
    send(state, ("create", "l1", None), ("create", "l2", "key"), ("create", "l3", None))
    send(state, ("update", "l4", "e4"))
    settle(state, "processed", ("create", "l3", "e3"))
    found = state.sent_creates("Accounts", "external", ids("l1", "l2", "l3", "l4"))
    assert found.select(["record_id", "key"]).to_pylist() == [
        {"record_id": "l1", "key": None},
        {"record_id": "l2", "key": "key"},
    ]
    assert state.sent_creates("Accounts", "external", ids("l3")).num_rows == 0
    assert state.sent_creates("Accounts", "external", ids()).num_rows == 0
    assert state.sent_creates("Accounts", "local", ids("l1")).num_rows == 0
    assert state.sent_creates("Contacts", "external", ids("l1")).num_rows == 0


def test_creates_of_local_records_are_found_by_their_external_ids(state):
    send(state, ("create", "chosen", "e1"), side="local")
    found = state.sent_creates("Accounts", "local", ids("e1"))
    assert found.select(["record_id", "key"]).to_pylist() == [{"record_id": "e1", "key": "chosen"}]


def test_an_external_record_is_known_by_the_key_that_was_chosen_for_it(state):
    send(state, ("create", "l1", "k1"), ("create", "l2", None), ("update", "l3", "k3"))
    send(state, ("create", "l4", "k4"), side="local")
    found = state.chosen_keys("Accounts", ids("k1", "k3", "k4", "k9"))
    assert found.to_pylist() == [{"external_id": "k1", "local_id": "l1"}]
    settle(state, "processed", ("create", "l1", "k1"))
    assert state.chosen_keys("Accounts", ids("k1")).num_rows == 0


def test_what_other_runs_sent_without_an_answer_is_found(state):
    send(state, ("update", "l1", "e1"), ("update", "l2", "e2"), run_id="killed")
    settle(state, "processed", ("update", "l2", "e2"))
    send(state, ("create", "l3", None), run_id="now")
    (found,) = state.unanswered("Accounts", "now").to_pylist()
    assert found["id"] == state.transactions(local_id="l1")[0].id
    assert (found["side"], found["operation"]) == ("external", "update")
    assert (found["local_id"], found["external_id"]) == ("l1", "e1")
    assert state.unanswered("Contacts", "now").num_rows == 0


def test_deletes_wait_for_approval_and_are_sent_once_they_have_it(state):
    withheld = writes(("delete", "l1", "e1"), ("delete", "l2", "e2"))
    state.withhold("Accounts", "external", "r1", AT, withheld)
    state.withhold("Accounts", "local", "r1", AT, writes(("delete", "l3", "e3")))
    assert state.pending_deletes("Accounts").drop_columns(["id", "run_id"]).to_pylist() == [
        {"side": "external", "external_id": "e1", "local_id": "l1"},
        {"side": "external", "external_id": "e2", "local_id": "l2"},
        {"side": "local", "external_id": "e3", "local_id": "l3"},
    ]
    send(state, ("delete", "l1", "e1"), run_id="r2")
    assert state.pending_deletes("Accounts")["local_id"].to_pylist() == ["l2", "l3"]
    (entry,) = state.transactions(external_id="e1")
    assert (entry.status, entry.attempts) == ("sent", 1)


def test_deletes_that_are_withheld_again_are_listed_once(state):
    for run_id in ("r1", "r2"):
        state.withhold("Accounts", "local", run_id, AT, writes(("delete", "l1", "e1")))
    (entry,) = state.transactions()
    assert (entry.run_id, entry.attempts, entry.status) == ("r2", 0, "pending")


def test_a_delete_that_is_not_wanted_any_more_waits_no_longer(state):
    state.withhold("Accounts", "local", "r1", AT, writes(("delete", "l1", "e1")))
    settle(state, "archived", ("delete", "l1", "e1"), side="local")
    assert state.pending_deletes("Accounts").num_rows == 0
    assert [entry.status for entry in state.transactions()] == ["archived"]


def test_transactions_are_listed_newest_first_by_entity_and_by_record(state):
    send(state, ("update", "l1", "e1"), ("update", "l2", "e2"), ("update", "l3", "e3"))
    state.send("Contacts", "external", "r1", AT, writes(("update", "l1", "c1")))
    assert [e.external_id for e in state.transactions()] == ["c1", "e3", "e2", "e1"]
    assert [e.external_id for e in state.transactions(limit=2)] == ["c1", "e3"]
    assert [e.local_id for e in state.transactions("Accounts", external_id="e2")] == ["l2"]
    assert [e.entity for e in state.transactions(local_id="l1")] == ["Contacts", "Accounts"]


def test_failed_writes_are_archived(state):
    send(state, ("update", "l1", "e1"), ("update", "l2", "e2"), ("update", "l3", "e3"))
    settle(state, "error", ("update", "l1", "e1"), ("update", "l2", "e2"))
    first = state.transactions(local_id="l1")[0].id
    assert state.archive_transactions("Accounts", ids=[first], at=LATER) == 1
    assert state.archive_transactions(at=LATER) == 1
    assert {e.local_id: e.status for e in state.transactions()} == {
        "l1": "archived",
        "l2": "archived",
        "l3": "sent",
    }


def test_nothing_to_send_or_settle_is_no_write(state):
    send(state)
    settle(state, "processed")
    assert state.transactions() == []


def test_many_writes_at_once(state):
    many = [("create", f"l{n}", None, "{}") for n in range(12_000)]
    send(state, *many)
    send(state, *many, run_id="r2")
    settle(state, "processed", *((op, local, f"e{local}") for op, local, *_ in many))
    newest = state.transactions(limit=20_000)
    assert len(newest) == 12_000
    assert {(e.attempts, e.status, e.external_id == f"e{e.local_id}") for e in newest} == {
        (2, "processed", True)
    }


def test_a_batch_that_fails_leaves_its_writes_unanswered(state):
    send(state, ("create", "l1", None))

    def failing():
        with state.account("Accounts") as account:
            account.settle_transactions(
                "external", "processed", results(("create", "l1", "e1")), at=LATER
            )
            raise RuntimeError

    with pytest.raises(RuntimeError):
        failing()
    assert state.sent_creates("Accounts", "external", ids("l1")).num_rows == 1


def withheld_as(state, run_id, **records):
    """Have the deletions of these local records wait; the entry of each."""
    rows = writes(*(("delete", id_, f"e-{id_}", text) for id_, text in records.items()))
    state.withhold("Accounts", "local", run_id, AT, rows)
    return {entry.local_id: entry for entry in state.withheld_deletes("Accounts")}


def test_a_delete_that_is_withheld_again_has_another_id_once_its_record_is_another(state):
    before = withheld_as(state, "r1", l1="a", l2="b", l3="c")
    after = withheld_as(state, "r2", l3="c", l2="other", l1="other")
    assert after["l3"].id == before["l3"].id
    assert {entry.run_id for entry in after.values()} == {"r2"}
    changed = {after["l1"].id, after["l2"].id}
    assert changed.isdisjoint(entry.id for entry in before.values())
