"""Work that outlasts a request, as whoever asks for it sees it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from pydantic import BaseModel

from tandem.errors import ConfigurationError, Unreachable
from tandem.staging import Staging
from tandem.sync.job import Progress
from tandem.web import work as module
from tandem.web.work import Seen, Work

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Found(BaseModel):
    """What came of it."""

    text: str


class Clock:
    """A clock that is put forward by hand."""

    def __init__(self) -> None:
        self.at = NOON

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def staging(tmp_path: Path) -> str:
    return f"file://{tmp_path / 'staging'}"


@pytest.fixture
def work(staging: str, clock: Clock) -> Work:
    return Work(staging, clock)


@pytest.fixture(autouse=True)
def _quick_beats(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_BEAT", 0.01)


def until(work: Work, work_id: str, expected: Callable[[Seen], bool]) -> Seen:
    """What is seen once it is as expected."""
    pause = Event()
    for _ in range(2_000):
        if expected(seen := work.seen("crm", work_id)):
            return seen
        pause.wait(0.005)
    raise AssertionError(f"still {seen}")


def ended(work: Work, work_id: str) -> Seen:
    return until(work, work_id, lambda seen: seen.has_ended)


def hello(_: Progress) -> Found:
    return Found(text="hello")


def failing(error: Exception) -> Callable[[Progress], BaseModel]:
    def fail(_: Progress) -> BaseModel:
        raise error

    return fail


def test_its_result_can_be_asked_for(work: Work) -> None:
    seen = ended(work, work.begin("crm", hello))
    assert (seen.state, seen.result) == ("done", {"text": "hello"})


def test_its_progress_is_seen_while_it_is_done(work: Work) -> None:
    go = Event()

    def do(progress: Progress) -> Found:
        progress("Accounts", "extract", 12_000)
        go.wait(60)
        return Found(text="")

    work_id = work.begin("crm", do)
    seen = until(work, work_id, lambda seen: bool(seen.progress))
    assert (seen.state, seen.progress) == ("running", "Accounts: extract, 12,000 records")
    go.set()
    assert ended(work, work_id).state == "done"


def test_an_error_is_told_with_its_remedy(work: Work) -> None:
    error = Unreachable("The CRM does not answer.", remedy="Try again later.")
    seen = ended(work, work.begin("crm", failing(error)))
    assert seen.state == "failed"
    assert (seen.problem, seen.remedy) == ("The CRM does not answer.", "Try again later.")


def test_a_bug_is_named_without_values_of_records(work: Work) -> None:
    seen = ended(work, work.begin("crm", failing(KeyError("Ada Lovelace"))))
    assert seen.state == "failed"
    assert "bug: KeyError" in seen.problem
    assert "Ada" not in seen.model_dump_json()


def test_a_result_that_is_no_document_is_a_bug_too(work: Work) -> None:
    def wrong(_: Progress) -> Any:
        return "text"

    assert "bug" in ended(work, work.begin("crm", wrong)).problem


def test_another_process_sees_it_too(work: Work, staging: str, clock: Clock) -> None:
    other = Work(staging, clock)
    work_id = work.begin("crm", hello)
    assert ended(other, work_id).result == {"text": "hello"}


def test_what_its_process_left_unfinished_is_cut_short(
    work: Work, staging: str, clock: Clock
) -> None:
    place = Staging(staging, "crm", "pages-abc")
    left = Seen(id="abc", state="running", at=clock(), progress="Accounts: load, 3 records")
    place.write_json(f"{place.folder()}/work.json", left.model_dump(mode="json"))
    assert work.seen("crm", "abc").state == "running"
    clock.at += timedelta(minutes=1)
    seen = work.seen("crm", "abc")
    assert (seen.state, seen.problem) == ("failed", "It was cut short.")
    assert seen.remedy


def test_what_takes_long_is_not_taken_for_dead(work: Work, clock: Clock) -> None:
    go = Event()

    def do(_: Progress) -> Found:
        go.wait(60)
        return Found(text="")

    ids = [work.begin("crm", do) for _ in range(5)]
    clock.at += timedelta(minutes=5)
    states = sorted(until(work, id_, lambda s: s.at == clock.at).state for id_ in ids)
    assert states == ["running"] * 3 + ["waiting"] * 2
    go.set()
    assert {ended(work, id_).state for id_ in ids} == {"done"}


def test_a_note_is_never_seen_half_written(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_BEAT", 0.0)
    go = Event()

    def do(progress: Progress) -> Found:
        progress("A" * 100_000, "extract", 1)
        go.wait(60)
        return Found(text="")

    work_id = work.begin("crm", do)
    assert {work.seen("crm", work_id).id for _ in range(500)} == {work_id}
    go.set()
    ended(work, work_id)


def test_a_place_that_is_out_of_reach_for_a_while_ends_nothing(
    work: Work, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    go, refused = Event(), Event()
    write = Staging.write_json

    def refuse(*_: Any) -> None:
        refused.set()
        raise Unreachable("The bucket does not answer.")

    def do(_: Progress) -> Found:
        go.wait(60)
        return Found(text="")

    work_id = work.begin("crm", do)
    monkeypatch.setattr(Staging, "write_json", refuse)
    assert refused.wait(60)
    monkeypatch.setattr(Staging, "write_json", write)
    clock.at += timedelta(minutes=5)
    assert until(work, work_id, lambda seen: seen.at == clock.at).state == "running"
    go.set()
    assert ended(work, work_id).state == "done"


def test_where_nothing_can_be_kept_nothing_begins(tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="Staged batches cannot be kept"):
        Work(f"file://{tmp_path / 'file'}", clock).begin("crm", hello)


def test_work_is_known_to_its_integration_only(work: Work) -> None:
    work_id = work.begin("crm", hello)
    ended(work, work_id)
    for name, asked in (("erp", work_id), ("crm", "abc"), ("crm", "../x"), ("crm", "..")):
        with pytest.raises(ConfigurationError, match="Nothing is known"):
            work.seen(name, asked)


def test_a_note_of_another_version_is_not_known(work: Work, staging: str) -> None:
    place = Staging(staging, "crm", "pages-abc")
    place.write_json(f"{place.folder()}/work.json", {"of": "another version"})
    with pytest.raises(ConfigurationError, match="Nothing is known"):
        work.seen("crm", "abc")


@pytest.mark.parametrize("scheme", ["file", "memory"])
def test_what_is_older_than_a_day_is_forgotten(tmp_path: Path, scheme: str, clock: Clock) -> None:
    url = f"{scheme}://{tmp_path}/staging"
    work = Work(url, clock)
    run = Staging(url, "crm", "manual__2026-02-01T00:00:00+00:00")
    run.write_json(f"{run.folder()}/schema.json", {})
    old = work.begin("crm", hello)
    assert ended(work, old).state == "done"
    clock.at += timedelta(hours=23)
    young = work.begin("crm", hello)
    assert ended(work, young).state == "done"
    assert work.seen("crm", old).state == "done"
    clock.at += timedelta(hours=2)
    ended(work, work.begin("crm", hello))
    with pytest.raises(ConfigurationError, match="Nothing is known"):
        work.seen("crm", old)
    assert work.seen("crm", young).state == "done"
    assert run.read_json(f"{run.folder()}/schema.json") == {}
