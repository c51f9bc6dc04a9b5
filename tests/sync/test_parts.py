"""A full reading in parts is the reading that it would be in one."""

from typing import Any

import pytest

from tandem.errors import StopRun, Throttled, Unreachable
from tandem.model.changes import Counts
from tandem.sync import parts, steps


@pytest.fixture
def parted(world: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The world with Accounts that are read in up to three parts, however few there are."""
    monkeypatch.setattr(parts, "LEAST", 2)
    accounts, *others = world.mappings
    world.mappings = [{**accounts, "parallel_reads": 3}, *others]
    for number in range(10):
        world.put_account(f"k{number}", name=f"n{number}")
    return world


def names(world: Any) -> list[str]:
    return sorted(row["name"] for row in world.rows())


def test_all_parts_are_read_as_one(parted: Any) -> None:
    with parted.job() as run:
        steps.refresh_schema(run)
        shared = steps.split(run, "Accounts")
        assert len(shared) == 3
        read = [steps.extract_part(run, part) for part in shared]
        whole = steps.joined(run, read)
    assert whole["external"]["records"] == 10
    assert [part["external"]["records"] for part in read] == [3, 3, 4]
    assert whole["part"] is None


def test_a_run_reads_in_parts_first_and_then_what_changed(parted: Any) -> None:
    assert parted.sync().counts == Counts(created=10)
    parted.put_account("k3", name="new")
    later = parted.sync().counts
    assert (later.created, later.updated, later.all) == (0, 1, later.unchanged + 1)
    assert later.unchanged <= 1
    assert "new" in names(parted)


def test_what_is_created_while_parts_are_read_is_synced_once(parted: Any) -> None:
    with parted.job() as run:
        steps.refresh_schema(run)
        first, *rest = steps.split(run, "Accounts")
        read = [steps.extract_part(run, first)]
        for key in ("a", "k2b", "k5b", "z"):
            parted.put_account(key, name=key)
        read += [steps.extract_part(run, part) for part in rest]
        steps.load(run, steps.transform(run, steps.joined(run, read)))
    parted.sync()
    assert len(names(parted)) == len({*names(parted)}) == 14


def test_a_full_reading_in_parts_sees_what_was_deleted(parted: Any) -> None:
    parted.sync()
    parted.external.remove("Accounts", "k4")
    assert parted.sync(mode="full").counts.deleted == 1
    assert "n4" not in names(parted)


def test_a_part_that_is_read_again_counts_once(parted: Any) -> None:
    with parted.job() as run:
        steps.refresh_schema(run)
        shared = steps.split(run, "Accounts")
        steps.extract_part(run, shared[1])
        read = [steps.extract_part(run, part) for part in shared]
        loaded = steps.load(run, steps.transform(run, steps.joined(run, read)))
    assert loaded["counts"]["created"] == 10


def test_parts_of_different_readings_are_refused(parted: Any) -> None:
    with parted.job() as run:
        steps.refresh_schema(run)
        before, after = steps.split(run, "Accounts"), steps.split(run, "Accounts")
        read = [steps.extract_part(run, part) for part in (before[0], *after[1:])]
        with pytest.raises(StopRun, match="Clear the entity's split task too"):
            steps.joined(run, read)
        with pytest.raises(StopRun, match="does not belong together"):
            steps.joined(run, read[1:])


def test_a_part_that_cannot_be_read_fails_the_entity_and_loses_nothing(parted: Any) -> None:
    calls = iter(range(100))

    def before(operation: str) -> None:
        if operation == "read" and next(calls) == 2:
            raise Unreachable("cut")

    parted.external.before = before
    assert parted.sync().status == "failed"
    parted.external.before = lambda _operation: None
    assert parted.sync().counts == Counts(created=10)


def test_a_part_that_is_throttled_leaves_what_is_logged_of_one_that_failed(parted: Any) -> None:
    with parted.job() as run:
        steps.refresh_schema(run)
        first, second, _ = steps.split(run, "Accounts")
        for part, error in ((first, StopRun("not readable")), (second, Throttled("wait"))):
            parted.external.before = _raising(error)
            with pytest.raises(type(error)):
                steps.extract_part(run, part)
        (entry,) = run.state.run_entries(run.run_id)
    assert (entry.status, entry.message) == ("failed", "not readable")


def _raising(error: Exception) -> Any:
    def before(_operation: str) -> None:
        raise error

    return before


def test_records_of_one_match_key_in_different_parts_are_both_rejected(parted: Any) -> None:
    parted.put_account("a", name="first", number="same")
    parted.put_account("z", name="last", number="same")
    assert parted.sync().counts == Counts(created=10, failed=2)


def test_a_small_reading_is_one_part(parted: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "LEAST", 1_000)
    with parted.job() as run:
        steps.refresh_schema(run)
        assert [part["of"] for part in steps.split(run, "Accounts")] == [1]
