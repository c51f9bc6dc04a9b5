"""How entities stand, in few statements."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from tandem.model.changes import Counts
from tandem.state.account import DEFERRED, Conflict, Rejected
from tandem.state.overview import Waits
from tandem.state.rechecks import WAITS
from tandem.state.store import SqlState

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def ran(
    state: SqlState,
    run_id: str,
    *,
    entity: str = "Accounts",
    direction: str = "download",
    status: str = "success",
    hours: int = 0,
    kind: str = "sync",
) -> None:
    key = {"run_id": run_id, "entity": entity, "direction": direction}
    at = AT + timedelta(hours=hours)
    state.start(key, mode="auto", at=at, kind=kind)
    if status != "running":
        state.finish(key, status=status, counts=Counts(), message=f"of {run_id}", at=at)


def deletes(*ids: str) -> pa.Table:
    return pa.table(
        {
            "operation": ["delete"] * len(ids),
            "local_id": [*ids],
            "external_id": [*ids],
            "request": pa.nulls(len(ids), pa.string()),
        }
    )


@pytest.fixture
def waiting(state: SqlState) -> SqlState:
    """Something of each kind waits."""
    fields = {"name": {"base": "a", "local": "b", "external": "c"}}
    with state.account("Accounts") as account:
        account.reject(
            [Rejected("1", "too long"), Rejected("2", "too long")],
            side="external",
            run_id="r1",
            at=AT,
        )
        account.conflict(
            [
                Conflict("l3", "3", "edited", fields),
                Conflict("l4", "4", "edited", fields, "external_wins"),
            ],
            run_id="r1",
            at=AT,
        )
    with state.account("Contacts") as account:
        row = {"external_id": "5", "local_id": "l5", "field": "f", "target": "Accounts"}
        lookups = pa.Table.from_pylist([{**row, "value": "9"}], schema=DEFERRED)
        account.defer(lookups, of=pa.array(["5"]), at=AT)
    state.withhold("Contacts", "local", "r1", AT, deletes("6", "7", "8"))
    state.send("Contacts", "local", "r1", AT, deletes("9"))
    return state


def test_what_waits_is_counted_by_entity_and_kind(waiting: SqlState) -> None:
    assert waiting.waits(["Accounts", "Contacts", "Orders"]) == {
        "Accounts": Waits(conflicts=1, rejected=2),
        "Contacts": Waits(deferred=1, deletions=3),
    }
    assert waiting.waits(["Contacts"]).keys() == {"Contacts"}
    assert waiting.waits([]) == {}


def test_a_two_way_record_that_waits_for_a_partner_is_a_deferred_lookup(waiting: SqlState) -> None:
    with waiting.account("Contacts") as account:
        account.recheck("external", pa.array(["6"]), reason=WAITS, at=AT)
        account.recheck("external", pa.array(["7"]), reason="another reason", at=AT)
    assert waiting.waits(["Contacts"])["Contacts"].deferred == 2


def test_what_is_archived_waits_no_longer(waiting: SqlState) -> None:
    waiting.archive_rejected("Accounts", "external", pa.array(["1"]), at=AT)
    assert waiting.waits(["Accounts"])["Accounts"].rejected == 1


def test_other_integrations_are_others(waiting: SqlState, another: Callable[..., SqlState]) -> None:
    ran(waiting, "r1")
    other = another("erp")
    assert other.waits(["Accounts", "Contacts"]) == {}
    assert other.last_runs(["Accounts"]) == []
    assert other.last_loads([("Accounts", "download")]) == {}
    assert other.link_counts() == {}


def found(state: SqlState, *entities: str) -> set[Any]:
    return {(e.entity, e.direction, e.run_id, e.status) for e in state.last_runs(entities)}


def test_the_last_run_of_each_entity_has_its_directions(state: SqlState) -> None:
    ran(state, "r1", direction="upload")
    ran(state, "r2")
    ran(state, "r2", direction="upload", status="failed")
    ran(state, "r1", entity="Contacts")
    ran(state, "r3", entity="Contacts", status="running")
    assert found(state, "Accounts", "Contacts", "Orders") == {
        ("Accounts", "download", "r2", "success"),
        ("Accounts", "upload", "r2", "failed"),
        ("Contacts", "download", "r3", "running"),
    }
    assert found(state) == set()


def test_what_was_loaded_last_is_known_by_direction(state: SqlState) -> None:
    ran(state, "r1", hours=1)
    ran(state, "r1", direction="upload", hours=1)
    ran(state, "r2", hours=2, status="partial")
    ran(state, "r2", hours=2, direction="upload", status="failed")
    assert state.last_loads([("Accounts", "download"), ("Accounts", "upload")]) == {
        ("Accounts", "download"): AT + timedelta(hours=2),
        ("Accounts", "upload"): AT + timedelta(hours=1),
    }


@pytest.mark.parametrize("kind", ["import", "export", "asked"])
def test_only_a_sync_accounts_for_what_changed(state: SqlState, kind: str) -> None:
    ran(state, "r1", hours=1)
    ran(state, "r2", hours=2, kind=kind)
    ((at,),) = [state.last_loads([("Accounts", "download")]).values()]
    assert at == AT + timedelta(hours=1)
