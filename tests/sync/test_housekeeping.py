"""What nobody needs any more goes, and no run decides otherwise because of it."""

import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tandem.errors import ConfigurationError
from tandem.model.connection import Connection
from tandem.settings import Settings
from tandem.staging import Staging
from tandem.state.store import open_state
from tandem.sync.environment import Environment
from tandem.sync.people.housekeeping import REMOVED_KEPT, STAGED_KEPT, keep_house, kept_for

DAY = timedelta(days=1)


class Place:
    """Where integrations of a world run, with a clock that tests turn on."""

    def __init__(self, world, staging: str = "") -> None:
        self.world = world
        settings = Settings(
            config=world.folder,
            state=f"sqlite:///{world.folder}/state.db",
            staging=staging or f"file://{world.folder}/staging",
        )
        self.environment = Environment(
            settings, lambda conn_id: Connection(id=conn_id, conn_type="memory"), world.now
        )

    def staged(
        self, run_id: str, *, age: timedelta, name: str = "a.arrow", of: str = "crm"
    ) -> Path:
        """A file that a run staged so long ago."""
        staging = Staging(self.environment.settings.staging, of, run_id)
        path = f"{staging.folder('Accounts')}/{name}"
        staging.write_json(path, {})
        file = Path(path.removeprefix("file://"))
        at = (self.world.clock - age).timestamp()
        os.utime(file, (at, at))
        return file

    def keep_house(self, **asked):
        """Do it."""
        return keep_house(self.environment, **asked)


@pytest.fixture
def place(world):
    world.put_account("a", name="Ada")
    world.sync()
    return Place(world)


def test_what_runs_left_goes_when_nobody_clears_them_any_more(place):
    old = place.staged("manual__1", age=STAGED_KEPT + DAY)
    new = place.staged("manual__2", age=STAGED_KEPT - DAY)
    done = place.keep_house()
    assert [run.run_id for run in done.runs] == ["manual__1"]
    assert (old.exists(), new.exists()) == (False, True)
    assert done.troubles == ()
    assert place.keep_house().runs == ()


def test_a_dry_run_deletes_nothing(place):
    old = place.staged("manual__1", age=STAGED_KEPT + DAY)
    place.world.clock += 100 * DAY
    place.world.sync()
    counted = place.keep_house(dry_run=True)
    assert old.exists()
    assert counted.rows["log"] == 1
    done = place.keep_house()
    assert (done.rows, len(done.runs)) == (counted.rows, len(counted.runs))


def test_the_run_at_work_keeps_its_files(place):
    old = place.staged("manual__1", age=STAGED_KEPT + DAY)
    url = place.environment.settings.state
    state = open_state(url, "crm")
    state.acquire("manual__1", process=None, now=place.world.clock, ttl=timedelta(minutes=10))
    assert place.keep_house().runs == ()
    assert old.exists()
    state.release()
    state.close()
    assert len(place.keep_house().runs) == 1


def test_a_run_of_which_one_file_is_new_stays_whole(place):
    files = [place.staged("r", age=age * DAY, name=f"{age}.arrow") for age in (1, 50)]
    assert place.keep_house().runs == ()
    assert all(file.exists() for file in files)


def test_previews_whose_process_was_killed_go(place):
    place.staged("pages__preview__1", age=STAGED_KEPT + DAY, name="work.json.0123abcd")
    place.staged("pages-00000000012345678", age=STAGED_KEPT + DAY, name="work.json")
    assert len(place.keep_house().runs) == 2


def test_runs_of_integrations_that_are_gone_go_too(place):
    old = place.staged("r", age=STAGED_KEPT + DAY, of="gone")
    assert place.keep_house().runs == (), "nobody knows of it: it may be somebody else's folder"
    state = open_state(place.environment.settings.state, "gone")
    key = {"run_id": "r", "entity": "Accounts", "direction": "download"}
    state.start(key, mode="full", at=place.world.clock)
    state.close()
    assert [run.integration for run in place.keep_house().runs] == ["gone"]
    assert not old.exists()


def test_what_tandem_has_not_written_is_left_alone(place):
    old = place.staged("r", age=STAGED_KEPT + DAY, name="thesis.odt")
    done = place.keep_house()
    assert done.runs == ()
    assert "files that Tandem has not written" in done.troubles[0]
    assert old.exists()


def test_removed_records_are_kept_for_a_year(place):
    old, new = (
        place.staged("removed", age=REMOVED_KEPT + days * DAY, name=f"{days}.csv")
        for days in (1, -1)
    )
    assert place.keep_house().removed_files == 1
    assert (old.exists(), new.exists()) == (False, True)


def test_an_empty_folder_goes_when_it_is_old(place):
    folder = place.staged("r", age=DAY).parent.parent
    (folder / "Accounts" / "a.arrow").unlink()
    (folder / "Accounts").rmdir()
    assert place.keep_house().runs == ()
    at = (place.world.clock - STAGED_KEPT - DAY).timestamp()
    os.utime(folder, (at, at))
    assert len(place.keep_house().runs) == 1
    assert not folder.exists()


def test_on_other_file_systems_too(world):
    place = Place(world, "memory://tandem-housekeeping")
    staging = Staging("memory://tandem-housekeeping", "crm", "r")
    staging.write_json(f"{staging.folder('Accounts')}/a.json", {})
    world.sync()
    assert place.keep_house().runs == ()
    world.clock += timedelta(days=365_00)
    assert [run.run_id for run in place.keep_house().runs] == ["r"]


def test_a_place_that_cannot_be_listed_does_not_keep_rows_from_expiring(place):
    place.world.clock += 100 * DAY
    place.world.sync()
    settings = replace(place.environment.settings, staging="nosuch://x")
    place.environment = replace(place.environment, settings=settings)
    done = place.keep_house()
    assert "nosuch" in done.troubles[0]
    assert done.rows["log"] == 1


@pytest.mark.parametrize("days", ["", "0", "-1", "13", "ninety", "9.5", "٩٠", "1e3", "9" * 40])
def test_what_is_no_number_of_days_is_refused(days):
    with pytest.raises(ConfigurationError, match="TANDEM_KEEP_DAYS"):
        kept_for(days)


def test_whole_days_are_taken():
    assert kept_for("14") == 14 * DAY
    assert kept_for("3650") == 3650 * DAY
