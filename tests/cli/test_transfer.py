"""`tandem sync`, `import` and `export`: what they print, and how they exit."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from tandem.cli.session import environment
from tandem.sync.environment import open_state_of


def test_a_sync_has_a_result_line_for_each_direction(systems):
    systems.there("Ada", number="1")
    systems.here("Hal", accountnumber="2")
    shown = systems.ok("sync", "crm")
    assert "Accounts download (full" in shown
    assert "RESULTS: ALL (1) : IMPORTED (1); UPDATED (0); FAILED (0)" in shown
    assert "RESULTS: ALL (1) : EXPORTED (1); UPDATED (0); FAILED (0)" in shown
    assert systems.is_there("Hal")["number"] == "2"


def test_what_waits_is_pointed_out_with_the_command_to_look_at_it(systems):
    systems.there("a name that is much too long for it", number="1")
    shown = systems.exits(1, "sync", "crm")
    assert "Rejected records: 1. See tandem rejected crm" in shown
    again = systems.json("sync", "crm", code=1)
    assert again["waiting"] == {"conflicts": 0, "rejected": 1, "deferred": 0, "deletions": 0}


def test_an_export_writes_there_and_nothing_here(systems):
    systems.there("Ada", number="1")
    systems.here("Hal", accountnumber="2")
    assert "EXPORTED (1)" in systems.ok("export", "crm")
    assert len(systems.local.records["account"]) == 1
    assert len(systems.external.records["Accounts"]) == 2


def test_an_import_writes_here_and_nothing_there(systems):
    systems.there("Ada", number="1")
    systems.here("Hal", accountnumber="2")
    assert "IMPORTED (1)" in systems.ok("import", "crm")
    assert len(systems.external.records["Accounts"]) == 1


def test_an_export_of_what_is_only_downloaded_is_refused(systems):
    systems.configure(direction="download_only")
    assert "has nothing to upload" in systems.exits(2, "export", "crm")


def test_many_deletions_wait_until_they_are_approved(systems):
    for n in range(12):
        systems.there(f"n{n}", number=str(n))
    systems.ok("sync", "crm")
    systems.external.records["Accounts"].clear()
    systems.there("Ada", number="Ada")
    shown = systems.exits(1, "sync", "crm")
    assert "Deletions that wait for approval: 12" in shown
    assert "tandem sync crm --yes" in shown
    assert len(systems.local.records["account"]) == 13
    assert "DELETED (12)" in systems.ok("sync", "crm", "--yes")
    assert len(systems.local.records["account"]) == 1


def test_while_another_run_is_at_work_a_sync_says_so(systems):
    systems.ok("sync", "crm")
    state = open_state_of("crm", environment())
    at = datetime.now(UTC)
    state.acquire("nightly", process=None, now=at, ttl=timedelta(minutes=5))
    shown = systems.exits(3, "sync", "crm")
    assert "Another run (nightly) of crm is at work" in shown
    assert "Another run (nightly)" in systems.exits(3, "rejected", "crm", "retry")
    assert "Another run (nightly)" in systems.exits(3, "verify", "crm")
    state.release()
    state.close()
    systems.ok("sync", "crm")


def test_a_first_sync_that_replaces_asks_first_and_keeps_what_it_removes(systems):
    systems.configure(first_sync="replace_local")
    systems.there("Ada", number="1")
    systems.here("Hal", accountnumber="2", note="not mapped,\nbut kept")
    assert "would remove 1 of 1 records" in systems.exits(2, "sync", "crm")
    assert systems.is_here("Hal")
    shown = systems.ok("sync", "crm", "--yes")
    assert "The local records that were removed are kept in" in shown
    (kept,) = (systems.folder / "home").rglob("removed/*/Accounts/account.csv")
    header, row = kept.read_text().split("\n", 1)
    assert header == '"id","accountnumber","name","parentid","note"'
    assert row.endswith('"2","Hal",,"not mapped,\nbut kept"\n')
    assert [r["name"] for r in systems.local.records["account"].values()] == ["Ada"]


def test_the_log_tells_the_directions_apart(systems):
    systems.here("Hal", accountnumber="2")
    systems.ok("sync", "crm")
    shown = systems.ok("log", "crm")
    assert "Accounts upload (full): success RESULTS: ALL (1) : EXPORTED (1)" in shown
    assert "Accounts download (full): success RESULTS: ALL (0) : IMPORTED (0)" in shown


def test_a_window_needs_records_that_say_when_they_were_changed(systems):
    systems.there("Ada", number="1")
    asked = ("sync", "crm", "--mode", "window", "--since", "2000-01-01", "--until", "2999-01-01")
    assert "no field that says when a record was changed" in systems.exits(2, *asked)
    assert not systems.local.records["account"]


def test_a_window_that_makes_no_sense_is_refused(systems):
    backwards = ("--since", "2026-02-01", "--until", "2026-01-01")
    shown = systems.exits(2, "sync", "crm", "--mode", "window", *backwards)
    assert "Nothing lies between" in shown
    assert "none is given" in systems.exits(2, "sync", "crm", "--mode", "window")
    assert "no window of time" in systems.exits(2, "sync", "crm", "--since", "2026-01-01")
    assert "Nothing lies between" in systems.exits(2, "import", "crm", *backwards)


@pytest.mark.parametrize("wrong", ["soon", "2026", "20", "2026-02-30", ""])
@pytest.mark.parametrize("command", [("sync", "--mode", "window"), ("import",), ("export",)])
def test_what_is_no_date_is_refused_with_one_that_is(systems, command, wrong):
    shown = systems.exits(2, command[0], "crm", *command[1:], "--until", wrong)
    said = "".join(re.findall(r"[^\s│]+", shown))
    assert "'--until'" in said
    assert f"'{wrong}'isnodate;write2026-01-31or2026-01-31T10:00(UTC)" in said


@pytest.mark.parametrize("since", ["2026-02-02", "2026-02-01T10:00", "2026-02-01 12:00+02:00"])
def test_dates_and_times_are_read(systems, since):
    until = "2026-02-01T10:00Z"
    shown = systems.exits(2, "import", "crm", "--since", since, "--until", until)
    assert "Nothing lies between 2026-02-0" in shown
