"""Versions of both sides' schemas."""

import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from tandem.core.drift.diff import diff
from tandem.errors import StopRun
from tandem.model.schema import Capabilities, Entity, Field, Kind, LookupTarget, Schema
from tandem.state.snapshots import SnapshotEntry, fingerprint_of
from tandem.state.store import SqlState

AT = datetime(2026, 1, 1, tzinfo=UTC)


def text_field(name: str, **facets: object) -> Field:
    return Field.model_validate({"name": name, "kind": Kind.STRING, **facets})


def schema(*names: str) -> Schema:
    fields = tuple(text_field(name) for name in names)
    return Schema(entities=(Entity(name="Accounts", key=("ID",), fields=fields),))


def kept(state: SqlState, seen: Schema, run_id: str = "one", side: str = "external"):
    return state.keep_schema(side, seen, run_id=run_id, at=AT)


def test_the_first_schema_is_version_1(state: SqlState) -> None:
    assert state.schema_snapshot("external") is None
    entry = kept(state, schema("ID", "name"))
    assert (entry.version, entry.run_id, entry.taken_at) == (1, "one", AT)
    snapshot = state.schema_snapshot("external")
    assert snapshot
    assert snapshot.about == entry
    assert snapshot.schema == schema("ID", "name")


def test_a_schema_that_did_not_change_makes_no_version(state: SqlState) -> None:
    first = kept(state, schema("ID", "name"))
    assert kept(state, schema("ID", "name"), run_id="two") == first
    assert state.schema_snapshots("external") == [first]


def test_a_schema_that_changed_is_the_next_version(state: SqlState) -> None:
    kept(state, schema("ID"))
    kept(state, schema("ID", "fax"), run_id="two")
    kept(state, schema("ID"), run_id="three")  # as it was before, and yet a change
    entries = state.schema_snapshots("external")
    assert [(entry.version, entry.run_id) for entry in entries] == [
        (3, "three"),
        (2, "two"),
        (1, "one"),
    ]
    second = state.schema_snapshot("external", 2)
    assert second
    assert second.schema == schema("ID", "fax")
    assert state.schema_snapshot("external", 4) is None


def test_sides_and_integrations_have_versions_of_their_own(
    another: Callable[..., SqlState],
) -> None:
    crm, erp = another("crm"), another("erp")
    kept(crm, schema("ID"))
    assert kept(crm, schema("id"), side="local").version == 1
    assert kept(erp, schema("No")).version == 1
    assert len(crm.schema_snapshots("external")) == 1


def test_order_that_says_nothing_makes_no_version(state: SqlState) -> None:
    targets = (LookupTarget(entity="A", navigation="a"), LookupTarget(entity="B"))
    one = text_field("x", options=("a", "b"), lookup=targets)
    other = text_field("x", options=("b", "a"), lookup=targets[::-1])
    accounts = Entity(name="Accounts", fields=(one, text_field("y")))
    again = Entity(name="Accounts", fields=(text_field("y"), other))
    kept(state, Schema(entities=(accounts, Entity(name="Other"))))
    assert kept(state, Schema(entities=(Entity(name="Other"), again))).version == 1


def test_the_order_of_a_key_makes_a_version(state: SqlState) -> None:
    kept(state, Schema(entities=(Entity(name="A", key=("x", "y")),)))
    assert kept(state, Schema(entities=(Entity(name="A", key=("y", "x")),))).version == 2


def test_all_that_was_said_comes_back(state: SqlState) -> None:
    field = text_field(
        "status",
        nullable=False,
        max_length=20,
        immutable=True,
        filterable=False,
        label="Status ✓",
        type_name="Edm.String",
        options=("Active", "Not active"),
        lookup=(LookupTarget(entity="A", field="ID", navigation="toA"),),
        by_navigation=True,
    )
    able = Capabilities(creates=True, delta=True, version_fields=("v",), batch_size=100)
    seen = Schema(entities=(Entity(name="A", label="An A", fields=(field,), capabilities=able),))
    kept(state, seen)
    snapshot = state.schema_snapshot("external")
    assert snapshot
    assert snapshot.schema == seen


def test_processes_that_see_the_same_at_once_keep_one_version(
    another: Callable[..., SqlState],
) -> None:
    states = [another() for _ in range(6)]
    kept(states[0], schema("ID"))
    entries = _at_once(states, [schema("ID", "fax")] * 6)
    assert {entry.version for entry in entries} == {2}
    assert len(states[0].schema_snapshots("external")) == 2


def test_processes_that_see_different_schemas_at_once_keep_them_all(
    another: Callable[..., SqlState],
) -> None:
    states = [another() for _ in range(6)]
    entries = _at_once(states, [schema(f"field{n}") for n in range(6)])
    assert sorted(entry.version for entry in entries) == [1, 2, 3, 4, 5, 6]


def _at_once(states: list[SqlState], seen: list[Schema]) -> list[SnapshotEntry]:
    ready = Barrier(len(states))

    def keep(number: int) -> SnapshotEntry:
        ready.wait(timeout=30)
        return kept(states[number], seen[number], run_id=f"run-{number}")

    with ThreadPoolExecutor(len(states)) as threads:
        return list(threads.map(keep, range(len(states))))


def test_a_run_that_was_overtaken_keeps_none(another: Callable[..., SqlState]) -> None:
    old, new = another(), another()
    old.acquire("old", process=None, now=AT, ttl=timedelta(minutes=1))
    new.acquire("new", process=None, now=AT + timedelta(minutes=2), ttl=timedelta(minutes=1))
    with pytest.raises(StopRun, match="took over"):
        kept(old, schema("ID"))


def test_a_snapshot_of_a_newer_release_is_read(state: SqlState) -> None:
    """What this release does not know is left out."""
    kept(state, schema("ID"))
    newer = (
        b'{"entities":[{"name":"A","later":1,"fields":[{"name":"x","kind":"guid","new":true}]}]}'
    )
    with state._engine.begin() as connection:
        query = text("UPDATE integration_schema SET document = :document")
        connection.execute(query, {"document": zlib.compress(newer)})
    snapshot = state.schema_snapshot("external")
    assert snapshot
    assert list(snapshot.schema.entity("A").by_name) == ["x"]


names = st.text("abc", min_size=1, max_size=3)
fields = st.builds(
    Field,
    name=names,
    kind=st.sampled_from(Kind),
    nullable=st.booleans(),
    precision=st.none() | st.integers(1, 2),
    scale=st.none() | st.integers(1, 2),
    label=st.sampled_from(["", "A"]),
    options=st.lists(st.sampled_from("xyz"), unique=True).map(tuple),
)
entities = st.builds(
    Entity,
    name=names,
    key=st.lists(names, max_size=2).map(tuple),
    fields=st.lists(fields, max_size=3, unique_by=lambda f: f.name).map(tuple),
    capabilities=st.builds(
        Capabilities,
        creates=st.booleans(),
        version_fields=st.permutations(["v", "w"]).map(tuple),
    ),
)
schemas = st.builds(
    Schema,
    entities=st.lists(entities, max_size=3, unique_by=lambda e: e.name).map(tuple),
)


@given(schemas, schemas)
def test_there_is_a_new_version_exactly_where_something_changed(one: Schema, other: Schema) -> None:
    assert (fingerprint_of(one) == fingerprint_of(other)) is (not diff(one, other))
