"""Random histories of edits on both sides of a service that fails at random, by Hypothesis.

After the last edit one clean sync, and both sides agree; the next writes nothing.
`TANDEM_HISTORIES` says how many.
"""

import os
from collections.abc import Iterator
from contextlib import suppress

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tandem.errors import TandemError

HISTORIES = int(os.environ.get("TANDEM_HISTORIES", "8"))
NUMBERS = ("1", "2", "3", "4")
VALUES = st.sampled_from([None, "Brno", "Praha", "O'Neil"])

edits = st.one_of(
    st.tuples(st.just("create"), st.sampled_from(["here", "there"]), st.sampled_from(NUMBERS)),
    st.tuples(
        st.just("change"),
        st.sampled_from(["here", "there"]),
        st.sampled_from(NUMBERS),
        VALUES,
    ),
    st.tuples(
        st.just("parent"),
        st.sampled_from(["here", "there"]),
        st.sampled_from(NUMBERS),
        st.sampled_from(NUMBERS[:-1]),
    ),
    # The last one is nobody's parent: no side deletes what the other refers to meanwhile.
    st.tuples(st.just("delete"), st.sampled_from(["here", "there"]), st.just(NUMBERS[-1])),
)
FAULTS = ("500", "503", "429", "cut before", "cut after", "none")
syncs = st.tuples(st.just("sync"), st.lists(st.sampled_from(FAULTS), max_size=6), st.booleans())
histories = st.lists(st.one_of(edits, edits, syncs), max_size=14)


class Faults:
    """What goes wrong with one request after the other."""

    def __init__(self, faults: list[str]) -> None:
        self.left: Iterator[str] = iter(faults)
        self.now = "none"

    def before(self, request: httpx.Request) -> httpx.Response | Exception | None:
        self.now = next(self.left, "none")
        if self.now.isdigit():
            return httpx.Response(int(self.now), headers={"retry-after": "1"})
        return httpx.ReadError("cut") if self.now == "cut before" else None

    def after(self, request: httpx.Request) -> Exception | None:
        return httpx.ReadError("cut") if self.now == "cut after" else None


def by_number(town):
    there = {r["accountNumber"]: r for r in town.service.records("Accounts").values()}
    here = {r["number"]: r for r in town.local.rows("account").values()}
    return there, here


def do(town, act, side, number, *values):
    there, here = by_number(town)
    known = there if side == "there" else here
    if (number in known) != (act == "create"):
        (THERE if side == "there" else HERE)[act](town, known, number, *values)


def change(town, known, number, value):
    town.service.change("Accounts", known[number]["ID"], address={"city": value})


def take_parent(town, known, number, parent):
    if parent in known:
        parent_id = known[parent]["ID"]
        town.service.change("Accounts", known[number]["ID"], parent_ID=parent_id)


def take_parent_here(town, known, number, parent):
    if parent in known:
        town.local.change("account", known[number]["id"], parent=known[parent]["id"])


def delete_here(town, known, number):
    if len(known) > 1:  # an empty table deletes nothing without approval
        town.local.delete("account", known[number]["id"])


THERE = {
    "create": lambda town, _, number: town.service.create("Accounts", accountNumber=number),
    "change": change,
    "parent": take_parent,
    "delete": lambda town, known, number: town.service.delete("Accounts", known[number]["ID"]),
}
HERE = {
    "create": lambda town, _, number: town.local.create("account", number=number),
    "change": lambda town, known, number, value: town.local.change(
        "account", known[number]["id"], city=value
    ),
    "parent": take_parent_here,
    "delete": delete_here,
}


def faulty(town, faults, full):
    disturbed = Faults(faults)
    town.wire.before, town.wire.after = disturbed.before, disturbed.after
    with suppress(TandemError):
        town.sync(mode="full" if full else "auto")
    town.wire.before = town.wire.after = lambda _: None


def agree(town):
    there, here = by_number(town)
    assert len(town.service.records("Accounts")) == len(there)
    assert len(town.local.rows("account")) == len(here)
    # An edit here of what was deleted there waits for a person.
    for conflict in town.state("conflict", status="open"):
        assert conflict["kind"] == "deleted"
        here = {n: r for n, r in here.items() if r["id"] != conflict["local_id"]}
    numbers = {r["ID"]: n for n, r in there.items()}, {r["id"]: n for n, r in here.items()}
    assert {
        n: (r["address"]["city"], numbers[0].get(r["parent_ID"])) for n, r in there.items()
    } == {n: (r["city"], numbers[1].get(r["parent"])) for n, r in here.items()}


@pytest.fixture
def empty(make_town, sqlite, accounts):
    """Makes the town anew for each history: nothing on either side, no state."""

    def make():
        town = make_town(sqlite, accounts)
        for key in town.service.records("Accounts"):
            town.service.change("Accounts", key, parent_ID=None)
        for key in town.service.records("Accounts"):
            town.service.delete("Accounts", key)
        town.local.run("DROP TABLE IF EXISTS account")
        assert town.sync().status == "success"
        return town

    return make


@settings(
    max_examples=HISTORIES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(history=histories)
def test_history_ends_well(empty, counted, history):
    town = empty()
    for act, *what in history:
        (faulty if act == "sync" else lambda t, *w, a=act: do(t, a, *w))(town, *what)
    report = town.sync()
    asks = bool(town.state("conflict", status="open"))
    assert report.status == ("partial" if asks else "success"), [e.line for e in report.entities]
    agree(town)
    before = town.versions()
    assert counted(town.sync()) == {}
    assert town.versions() == before
    assert town.state("transaction", status="sent") == []
