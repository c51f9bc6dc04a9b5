"""A state database, or a system, that was restored from a backup: nothing lost, nothing twice."""

import copy
import shutil

import pyarrow as pa
import pytest


@pytest.fixture
def later(both):
    """Two systems in step, a backup of the state, and what happened since then."""
    for name in ("Ada", "Grace", "Edsger"):
        both.link(name)
    state = both.world.folder / "state.db"
    shutil.copy(state, both.world.folder / "backup.db")
    ids = {name: (both.is_there(name)["ID"], both.is_here(name)["id"]) for name in ("Ada", "Grace")}
    both.external.edit("Accounts", ids["Ada"][0], city="Praha")
    both.local.edit("account", ids["Grace"][1], city="Zlín")
    both.there("Barbara", number="no-Barbara")
    both.here("Donald", accountnumber="no-Donald")
    both.external.remove("Accounts", both.is_there("Edsger")["ID"])
    both.sync()
    both.sync()
    return both


def restore(both) -> None:
    """The state is that of the backup again."""
    for suffix in ("-wal", "-shm"):
        (both.world.folder / f"state.db{suffix}").unlink(missing_ok=True)
    shutil.copy(both.world.folder / "backup.db", both.world.folder / "state.db")


def records(both):
    return copy.deepcopy((both.external.records["Accounts"], both.local.records["account"]))


@pytest.mark.parametrize("mode", ["auto", "full"])
def test_an_older_state_loses_and_duplicates_nothing(later, mode):
    before = later.names(), later.names("city")
    restore(later)
    report = later.sync(mode=mode)
    assert report.status == "success"
    assert (later.names(), later.names("city")) == before
    assert (later.is_there("Ada")["city"], later.is_here("Grace")["city"]) == ("Praha", "Zlín")
    assert len(later.state(lambda state: state.links("Accounts", "external", _ids(later)))) == 4
    later.assert_quiet()


def _ids(both):
    return pa.array([record["ID"] for record in both.external.records["Accounts"].values()])


def test_an_edit_between_the_restore_and_the_next_sync_is_kept_where_it_loses(later):
    """Nobody knows any more which side holds the newer value of what was written meanwhile."""
    restore(later)
    later.external.edit("Accounts", later.is_there("Barbara")["ID"], name="Barbara L.")
    later.local.edit("account", later.is_here("Donald")["id"], name="Donald K.")
    later.local.edit("account", later.is_here("Ada")["id"], city="Olomouc")
    later.sync()
    there, here = later.names()
    assert there == here == ["Ada", "Barbara L.", "Donald", "Grace"]
    decided = later.state(lambda state: state.conflicts(status="decided"))
    lost = {fields["local"] for one in decided for fields in one.fields.values()}
    assert {"Donald K.", "Olomouc"} <= lost
    later.assert_quiet()


def test_under_review_a_person_decides_about_such_an_edit(later):
    restore(later)
    later.mapping["on_conflict"] = "review"
    donald = later.is_here("Donald")["id"]
    later.local.edit("account", donald, name="Donald K.")
    later.sync()
    assert later.is_here("Donald K.")["id"] == donald
    assert [one.local_id for one in later.state(lambda state: state.conflicts())] == [donald]


def test_no_state_at_all_is_a_first_sync_that_links(make_both):
    both = make_both(first_sync="link_and_merge")
    for name in ("Ada", "Grace"):
        both.link(name)
    before = records(both)
    for suffix in ("", "-wal", "-shm"):
        (both.world.folder / f"state.db{suffix}").unlink(missing_ok=True)
    both.sync()
    assert records(both) == before
    both.assert_quiet()


def test_an_external_system_that_was_restored_is_read_in_full(later):
    """Its records are older than the anchor says."""
    ada = later.is_there("Ada")
    later.external.records["Accounts"][(ada["ID"],)] = {**ada, "city": "Brno", "version": 1}
    later.sync(mode="full")
    assert (later.is_there("Ada")["city"], later.is_here("Ada")["city"]) == ("Brno", "Brno")
    later.assert_quiet()
