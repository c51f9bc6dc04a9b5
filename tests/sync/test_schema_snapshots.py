"""A run keeps what both systems have, says what changed, and is pinned to what it saw."""

import logging
from dataclasses import replace

import pytest

from tandem.model.schema import Entity, Field, Kind
from tandem.sync import steps
from tandem.sync.job import Run
from tandem.sync.people.check import check
from tandem.sync.people.schemas import difference, overview


def fields_of(entity: Entity, *added: Field, without: str = "") -> Entity:
    kept = tuple(field for field in entity.fields if field.name != without)
    return entity.model_copy(update={"fields": (*kept, *added)})


def edit(world, *added: Field, without: str = "", entity: str = "Accounts") -> None:
    """The external system gets fields, and loses one."""
    known = world.external.entities[entity]
    world.external.define(fields_of(known, *added, without=without))


FAX = Field(name="fax", kind=Kind.STRING)


def versions(run: Run, side: str) -> list[int]:
    return [entry.version for entry in run.state.schema_snapshots(side)]


def test_a_run_keeps_a_version_only_when_something_changed(world) -> None:
    world.sync()
    world.sync()
    with world.job() as run:
        assert (versions(run, "external"), versions(run, "local")) == ([1], [1])
    edit(world, FAX)
    world.sync()
    with world.job() as run:
        assert (versions(run, "external"), versions(run, "local")) == ([2, 1], [1])


def test_a_run_names_the_versions_that_it_is_pinned_to(world) -> None:
    world.sync()
    edit(world, FAX)
    with world.job() as run:
        assert steps.refresh_schema(run)["versions"] == {"external": 2, "local": 1}
        edit(world, without="fax")
        assert "fax" in run.schemas["external"].entity("Accounts").by_name


def test_a_run_says_what_changed_and_warns_of_what_may_do_harm(world, caplog) -> None:
    world.sync()
    edit(world, FAX, without="status")
    caplog.clear()
    with world.job() as run, caplog.at_level(logging.INFO, "tandem.sync.schema"):
        refreshed = steps.refresh_schema(run)
    assert refreshed["changes"] == [
        "external: Accounts.status is gone: string",
        "external: Accounts.fax is new: string",
    ]
    assert [(record.levelname, record.message) for record in caplog.records] == [
        ("INFO", "external schema: version 2"),
        ("WARNING", "external: Accounts.status is gone: string"),
        ("INFO", "external: Accounts.fax is new: string"),
        ("INFO", "local schema: version 1"),
    ]


def test_a_step_that_is_repeated_says_the_same_again(world) -> None:
    world.sync()
    edit(world, FAX)
    with world.job() as run:
        first = steps.refresh_schema(run)
        assert first["changes"]
        assert steps.refresh_schema(run) == first


def test_the_next_run_is_not_told_again(world) -> None:
    world.sync()
    edit(world, FAX)
    world.sync()
    with world.job() as run:
        assert steps.refresh_schema(run)["changes"] == []


def test_a_first_run_has_nothing_to_compare_with(world) -> None:
    with world.job() as run:
        refreshed = steps.refresh_schema(run)
    assert refreshed == {"provisioned": [], "versions": {"external": 1, "local": 1}, "changes": []}


def test_many_changes_are_counted(world) -> None:
    world.sync()
    edit(world, *(Field(name=f"new{n:03}", kind=Kind.DATE) for n in range(70)))
    with world.job() as run:
        lines = steps.refresh_schema(run)["changes"]
    assert len(lines) == 51
    assert lines[-1] == "external: 20 more changes"


def test_a_name_with_a_line_end_is_one_line(world) -> None:
    world.sync()
    edit(world, Field(name="a\nb\x1b", kind=Kind.DATE))
    with world.job() as run:
        assert steps.refresh_schema(run)["changes"] == [
            "external: Accounts.a b\\u001b is new: date"
        ]


def test_additive_changes_stop_nothing(world) -> None:
    world.put_account("a", name="Ada")
    world.sync()
    edit(world, FAX, Field(name="mandatory", kind=Kind.STRING, nullable=False))
    world.put_account("b", name="Bo")
    assert world.sync().status == "success"
    assert {row["name"] for row in world.rows()} == {"Ada", "Bo"}


def provisioning(run: Run) -> Run:
    return replace(run, integration=run.integration.model_copy(update={"provision": True}))


@pytest.fixture
def without_number(world):
    """The local account lacks a column that is mapped."""
    account = world.local.entities["account"]
    world.local.define(fields_of(account, without="accountnumber"))
    return world


def test_what_was_provisioned_is_in_the_version_that_is_pinned(without_number) -> None:
    with without_number.job() as run:
        refreshed = steps.refresh_schema(provisioning(run))
        assert refreshed["provisioned"]
        assert refreshed["versions"] == {"external": 1, "local": 1}
        snapshot = run.state.schema_snapshot("local")
        assert "accountnumber" in snapshot.schema.entity("account").by_name


def test_provisioning_makes_a_new_local_version(without_number) -> None:
    with without_number.job() as run:
        steps.refresh_schema(run)
    with without_number.job() as run:
        refreshed = steps.refresh_schema(provisioning(run))
        assert refreshed["versions"] == {"external": 1, "local": 2}
        assert refreshed["changes"] == ["local: account.accountnumber is new: string"]


def test_previews_and_checks_keep_nothing(world) -> None:
    world.preview()
    with world.job() as run:
        check(run)
        assert not versions(run, "external")
        assert not versions(run, "local")


def test_a_person_sees_what_mappings_use_and_what_is_gone(world) -> None:
    world.sync()
    edit(world, without="name")
    with world.job() as run:
        steps.refresh_schema(run)
        (mapped,) = overview(world.integration, run.state).mapped
        found = difference(run.state, "external")
    assert mapped.external.used == ("number", "name", "parent_ID", "version")
    assert mapped.external.missing == ("name",)
    assert mapped.local.missing == ()
    assert [str(change) for change in found.changes] == ["Accounts.name is gone: string"]


def test_filters_and_transforms_use_fields_too(world) -> None:
    city, fax = Field(name="city", kind=Kind.STRING), Field(name="fax", kind=Kind.STRING)
    edit(world, city, fax)
    number, name, parent = world.mappings[0]["fields"]
    joined = {**name, "direction": "download_only", "transform": [{"concat": {"fields": ["city"]}}]}
    world.mappings = [
        {
            **world.mappings[0],
            "fields": [number, joined, parent],
            "download_filter": {
                "and": [
                    {"field": "fax", "operator": "not_null"},
                    {"field": "parent_ID.status", "operator": "eq", "value": "new"},
                ]
            },
        }
    ]
    with world.job() as run:
        steps.refresh_schema(run)
        (mapped,) = overview(world.integration, run.state).mapped
    assert set(mapped.external.used) == {"number", "name", "parent_ID", "version", "city", "fax"}
    assert mapped.external.missing == ()
