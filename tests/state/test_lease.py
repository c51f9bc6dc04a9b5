"""One run at a time, and none that was overtaken."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier, Event

import pyarrow as pa
import pytest

from tandem.errors import Busy, RetryLater, StopRun
from tandem.model.changes import Anchor, Counts
from tandem.model.schema import ChangeTracking
from tandem.state.process import is_alive, this_process

AT = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
TTL = timedelta(minutes=10)
OVER = AT + TTL
KEY = {"run_id": "r1", "entity": "Accounts", "direction": "download"}
ROWS = pa.table(
    {
        "operation": ["delete"],
        "local_id": ["l1"],
        "external_id": ["e1"],
        "request": pa.nulls(1, pa.string()),
    }
)
WRITES = {
    "start": lambda store: store.start(KEY, mode="full", at=AT),
    "note_mode": lambda store: store.note_mode(KEY, "full"),
    "finish": lambda store: store.finish(KEY, status="success", counts=Counts(), message="", at=AT),
    "send": lambda store: store.send("Accounts", "external", "r1", AT, ROWS),
    "withhold": lambda store: store.withhold("Accounts", "external", "r1", AT, ROWS),
    "account": lambda store: link(store, "e1"),
    "move_anchor": lambda store: store.move_anchor(
        "Accounts",
        "external",
        Anchor(kind=ChangeTracking.VERSION, value="1"),
        mapping_hash="a",
        at=AT,
    ),
    "recheck": lambda store: store.recheck(
        "Accounts", "external", pa.array(["e1"]), reason="x", at=AT
    ),
    "archive_rejected": lambda store: store.archive_rejected("Accounts", "external", at=AT),
    "archive_transactions": lambda store: store.archive_transactions(at=AT),
}


def link(store, external_id):
    row = {"external_id": [external_id], "local_id": [f"l{external_id}"], "base_hash": [b"1"]}
    version = {"external_version": pa.nulls(1, pa.string())}
    with store.account("Accounts") as account:
        account.links.put(pa.table({**row, **version}), at=AT, replace=False)


def acquire(store, run_id, *, now=AT, process=None):
    return store.acquire(run_id, process=process, now=now, ttl=TTL)


@pytest.fixture
def dead_process():
    """The name of a process that has ended."""
    program = "from tandem.state.process import this_process; print(this_process())"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    return done.stdout.decode().strip()


def test_one_run_at_a_time(another):
    first, second = another(), another()
    assert acquire(first, "r1") == 1
    with pytest.raises(Busy, match=r"r1.*crm.*2026-01-02 03:14:05") as error:
        acquire(second, "r2", now=OVER - timedelta(microseconds=1))
    assert isinstance(error.value, RetryLater)


def test_each_integration_has_its_own_lease(another):
    assert acquire(another("crm"), "r1") == 1
    assert acquire(another("erp"), "r2") == 1


def test_the_steps_of_a_run_share_its_lease(another):
    first, second = another(), another()
    epochs = [acquire(store, "r1", process=this_process()) for store in (first, second, first)]
    assert epochs == [1, 1, 1]
    link(first, "e1")
    link(second, "e2")


def test_a_run_may_go_on_after_its_time_if_no_other_came(another):
    store = another()
    acquire(store, "r1")
    assert acquire(store, "r1", now=OVER + TTL) == 1
    link(store, "e1")


def test_a_lease_that_was_let_go_is_taken_at_once(another):
    first, second = another(), another()
    acquire(first, "r1")
    first.release()
    assert acquire(second, "r2") == 2
    second.release()
    assert acquire(first, "r1") == 3


def test_whose_time_is_over_is_overtaken(another):
    first, second = another(), another()
    acquire(first, "r1", process=this_process())
    assert acquire(second, "r2", now=OVER) == 2
    with pytest.raises(StopRun, match="took over crm"):
        first.renew(OVER, TTL)
    with pytest.raises(Busy):
        acquire(first, "r1", now=OVER)


def test_a_run_that_goes_on_is_not_overtaken(another):
    first, second = another(), another()
    acquire(first, "r1")
    first.renew(OVER - timedelta(seconds=1), TTL)
    with pytest.raises(Busy):
        acquire(second, "r2", now=OVER)


def test_a_run_whose_process_has_ended_is_overtaken_at_once(another, dead_process):
    first, second = another(), another()
    acquire(first, "r1", process=dead_process)
    assert acquire(second, "r2") == 2


@pytest.mark.parametrize("name", ["alive", "elsewhere", "odd", "unknown"])
def test_a_run_whose_process_may_be_alive_is_waited_for(another, name, dead_process):
    process = {
        "alive": this_process(),
        "elsewhere": f"elsewhere.{dead_process}",
        "odd": "nonsense",
        "unknown": None,
    }[name]
    acquire(another(), "r1", process=process)
    with pytest.raises(Busy):
        acquire(another(), "r2")


@pytest.mark.parametrize("write", WRITES)
def test_nothing_is_written_by_a_run_that_was_overtaken(another, write):
    first, second = another(), another()
    acquire(first, "r1")
    WRITES[write](first)
    acquire(second, "r2", now=OVER)
    with pytest.raises(StopRun, match="Another run took over"):
        WRITES[write](first)
    if write != "account":  # its link is there already
        WRITES[write](second)


def test_what_was_overtaken_leaves_no_trace(another):
    first, second = another(), another()
    acquire(first, "r1")
    acquire(second, "r2", now=OVER)
    with pytest.raises(StopRun):
        link(first, "e1")
    first.release()  # is not its own to let go
    link(second, "e2")
    assert not second.links("Accounts", "external", pa.array(["e1"])).num_rows


def test_nothing_is_written_after_letting_go(another):
    store = another()
    acquire(store, "r1")
    store.release()
    with pytest.raises(StopRun):
        link(store, "e1")


def test_whoever_never_took_the_lease_is_not_asked_for_it(another):
    first, second = another(), another()
    acquire(first, "r1")
    link(second, "e1")
    second.renew(AT, TTL)
    second.release()
    link(first, "e2")
    assert first.link_count("Accounts") == 2


def test_a_batch_that_has_begun_is_finished_before_another_run_takes_over(another):
    first, second = another(), another()
    acquire(first, "r1")
    begun, asked = Event(), Event()

    def batch():
        with first.account("Accounts") as account:
            begun.set()
            assert asked.wait(30)
            row = {"external_id": ["e1"], "local_id": ["l1"], "base_hash": [b"1"]}
            account.links.put(pa.table(row), at=AT, replace=False)

    def overtake():
        assert begun.wait(30)
        asked.set()
        acquire(second, "r2", now=OVER)
        return second.has_links("Accounts")

    with ThreadPoolExecutor(2) as threads:
        written, seen = threads.submit(batch), threads.submit(overtake)
        written.result()
        assert seen.result()
    with pytest.raises(StopRun):
        link(first, "e2")


def test_of_many_that_come_at_once_one_gets_it(another):
    stores = [another() for _ in range(8)]
    together = Barrier(len(stores))

    def race(number):
        together.wait(30)
        try:
            return acquire(stores[number], f"r{number}")
        except Busy:
            return None

    with ThreadPoolExecutor(len(stores)) as threads:
        epochs = list(threads.map(race, range(len(stores))))
    assert sorted(epochs, key=str) == [1, *[None] * 7]
    winner = epochs.index(1)
    link(stores[winner], "e1")


def test_of_many_that_overtake_at_once_one_gets_it(another, dead_process):
    acquire(another(), "r0", process=dead_process)
    stores = [another() for _ in range(6)]
    together = Barrier(len(stores))

    def race(number):
        together.wait(30)
        try:
            return acquire(stores[number], f"r{number + 1}")
        except Busy:
            return None

    with ThreadPoolExecutor(len(stores)) as threads:
        epochs = list(threads.map(race, range(len(stores))))
    assert sorted(epochs, key=str) == [2, *[None] * 5]


def test_a_process_is_alive_until_it_has_ended(dead_process):
    assert is_alive(this_process()) is True
    assert is_alive(dead_process) is False


def test_a_later_process_of_the_same_number_is_another_one():
    host, pid, _ = this_process().rsplit("/", 2)
    assert is_alive(f"{host}/{pid}/1") is False


def test_a_process_that_only_waits_to_be_counted_is_not_alive():
    program = "from tandem.state.process import this_process; print(this_process(), flush=True)"
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as child:
        name = child.stdout.read().decode().strip()  # until it has ended; nobody has waited yet
        while is_alive(name):
            pass
    assert is_alive(name) is False


def test_where_there_is_no_proc_a_process_is_asked_for_an_answer(monkeypatch, tmp_path):
    monkeypatch.setattr("tandem.state.process._PROC", tmp_path)
    name = this_process()
    assert name.endswith("/")
    assert is_alive(name) is True
    host, _, _ = name.rsplit("/", 2)
    assert is_alive(f"{host}/{2**22 + 1}/") is False  # beyond the greatest that Linux gives


@pytest.mark.parametrize("name", ["elsewhere/1/2", "nonsense", ""])
def test_a_process_of_elsewhere_may_be_alive(name):
    assert is_alive(name) is None


def test_a_process_that_is_hidden_from_us_may_be_alive(monkeypatch):
    name = this_process()
    monkeypatch.setattr("tandem.state.process._start", lambda pid: None)
    assert is_alive(name) is None
