"""What lookups wait for, together; and why records wait."""

from datetime import UTC, datetime, timedelta

import pyarrow as pa

from tandem.state.account import DEFERRED, Rejected

AT = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)


def ids(*texts):
    return pa.array(texts, pa.string())


def defer(state, external_id, value, *, field="parent", target="Accounts", entity="Accounts", at=0):
    row = dict(
        zip(DEFERRED.names, (external_id, f"l-{external_id}", field, target, value), strict=True)
    )
    with state.account(entity) as account:
        moment = AT + timedelta(seconds=at)
        account.defer(pa.Table.from_pylist([row], DEFERRED), of=ids(external_id), at=moment)


def test_those_that_wait_for_the_same_record_are_one(state):
    for n in range(7):
        defer(state, f"e{n}", "x", at=n)
    defer(state, "e8", "y", at=3)
    newest, other = state.wanted_partners(some=3)
    assert (newest.entity, newest.field, newest.target, newest.value) == (
        "Accounts",
        "parent",
        "Accounts",
        "x",
    )
    assert (newest.count, newest.waiting) == (7, ("e6", "e5", "e4"))
    assert newest.newest == AT + timedelta(seconds=6)
    assert (other.value, other.count, other.waiting) == ("y", 1, ("e8",))


def test_entities_and_fields_wait_for_themselves(state):
    defer(state, "e1", "x")
    defer(state, "c1", "x", field="account", entity="Contacts", at=1)
    defer(state, "c2", "x", field="owner", target="Users", entity="Contacts", at=2)
    found = state.wanted_partners()
    assert [(w.entity, w.field, w.target) for w in found] == [
        ("Contacts", "owner", "Users"),
        ("Contacts", "account", "Accounts"),
        ("Accounts", "parent", "Accounts"),
    ]
    assert [w.entity for w in state.wanted_partners("Accounts")] == ["Accounts"]
    assert len(state.wanted_partners(limit=2)) == 2


def test_another_integration_waits_for_itself(another):
    defer(another("crm"), "e1", "x")
    assert another("erp").wanted_partners() == []


def test_why_records_of_one_side_wait(state):
    with state.account("Accounts") as account:
        rejected = [Rejected("e1", "too long"), Rejected("e2", "blank")]
        account.reject(rejected, side="external", run_id="r", at=AT)
        account.reject([Rejected("e3", "no")], side="local", run_id="r", at=AT)
    state.archive_rejected("Accounts", "external", ids("e2"), at=AT)
    assert state.rejection_reasons("Accounts", "external", ids("e1", "e2", "e3")) == {
        "e1": "too long"
    }
    assert state.rejection_reasons("Contacts", "external", ids("e1")) == {}
    assert state.rejection_reasons("Accounts", "external", ids()) == {}
