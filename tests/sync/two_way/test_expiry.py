"""Whatever expires between two runs, the next one decides as if it were all there."""

import os
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tandem.connectors import memory
from tandem.database import open_engine
from tandem.state import expiry
from tandem.state.expiry import KINDS, Expiry

FOREVER = datetime(9999, 1, 1, tzinfo=UTC)
"""All is older than this: what is kept is kept for what it says."""
NAMES = st.sampled_from(["Ada", "Grace", "Edsger", "a name that is much too long"])
DEEDS = st.lists(
    st.tuples(
        st.sampled_from(["external", "local"]),
        st.sampled_from(["a", "b", "c", "d"]),
        st.sampled_from(["name", "name", "remove", "city"]),
        NAMES,
    ),
    max_size=5,
)
ROUNDS = st.lists(
    st.tuples(
        DEEDS, st.sampled_from(["sync", "sync", "sync", "full", "import"]), st.integers(0, 90)
    ),
    min_size=2,
    max_size=7,
)
"""What people do, how it is run then, and after how many calls it dies (from 60 on: never)."""


@given(
    rounds=ROUNDS,
    policy=st.sampled_from(["external_wins", "local_wins", "review"]),
    sweep_every=st.integers(1, 3),
)
@settings(
    max_examples=int(os.environ.get("TANDEM_HISTORIES", "40")) // 4,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_a_history_ends_alike_whether_or_not_rows_expire_in_it(
    make_both, fuse, rounds, policy, sweep_every
):
    ends = [
        _end(make_both, fuse, rounds, expires, on_conflict=policy, sweep_every=sweep_every)
        for expires in (False, True)
    ]
    assert ends[0] == ends[1]


def _end(make_both: Any, fuse: Any, rounds: Sequence[Any], expires: bool, **mapping: Any) -> Any:
    """What each run did, what both sides hold in the end, and what waits."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(expiry, "_RUNS", 2)
        patch.setattr(expiry, "SCHEMAS_KEPT", 1)
        both = make_both(Path(folder), **mapping)
        both.there("root", number="root")
        did: list[Any] = []
        try:
            for deeds, how, calls in [*rounds, ((), "sync", 90), ((), "sync", 90)]:
                for deed in deeds:
                    _do(both, *deed)
                request = {"kind": "import"} if how == "import" else {"mode": how}
                did.append(_run(both, fuse(calls if calls < 60 else 0), request))
                if expires:
                    _expire(both.world.folder)
            return did, *(_records(store) for store in (both.external, both.local)), _waits(both)
        finally:
            for side in ("external", "local"):
                memory.forget(f"{both.world.name}-{side}")


def _do(both: Any, side: str, tag: str, deed: str, name: str) -> None:
    store, entity, tags, key = {
        "external": (both.external, "Accounts", "number", "ID"),
        "local": (both.local, "account", "accountnumber", "id"),
    }[side]
    found = [r for r in store.records[entity].values() if r[tags] == tag]
    if not found and deed != "remove":
        (both.there if side == "external" else both.here)(name, **{tags: tag})
    elif found and deed == "remove":
        store.remove(entity, found[0][key])
    elif found:
        store.edit(entity, found[0][key], **{deed: name[:10]})


def _run(both: Any, burning: Any, request: dict[str, str]) -> Any:
    if request.get("mode") == "sync":
        request = {}
    both.world.sync_with(burning, **request)
    with both.world.job() as run:
        entries = run.state.log_entries(limit=2)
    entries = [e for e in entries if e.run_id == entries[0].run_id]
    return sorted((e.direction, e.mode, e.status, e.counts.model_dump_json()) for e in entries)


def _expire(folder: Path) -> None:
    engine = open_engine(f"sqlite:///{folder}/state.db")
    for kind in KINDS:
        Expiry(engine, FOREVER).delete(kind)
    engine.dispose()


def _records(store: Any) -> Any:
    return {name: dict(records) for name, records in store.records.items()}


def _waits(both: Any) -> Any:
    with both.world.job() as run:
        state = run.state
        anchors = [state.set_anchor("Accounts", side) for side in ("external", "local")]
        return (
            state.waits(["Accounts"]),
            [anchor and anchor.anchor for anchor in anchors],
            state.runs_logged("Accounts"),
            state.has_synced("Accounts"),
            (begun := state.last_plan("Accounts")) and begun.run_id,
        )
