"""Random histories of edits on both sides of a Business Central that fails at random.

After the last edit one clean sync, and both sides agree; the next writes nothing.
`TANDEM_HISTORIES` says how many.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.systems.cronus import Cronus, Record, lines_of
from tests.systems.office import Office, counted

from tandem.errors import TandemError

HISTORIES = int(os.environ.get("TANDEM_HISTORIES", "8"))
NUMBERS = ("1", "2", "3", "4")
NEVER = "0001-01-01"
FAULTS = ("429", "503", "504", "cut before", "cut after", "none", "none")
BUSY = {"error": {"code": "Application_TooManyRequests", "message": "Too many requests."}}

numbers = st.sampled_from(NUMBERS)
sides = st.sampled_from(["here", "there"])
changes = st.fixed_dictionaries(
    {},
    optional={
        "email": st.sampled_from([None, "a@example.com", "O'Neil@example.com"]),
        "seen": st.sampled_from([None, "2026-02-28", "1999-12-31"]),
        "kind": st.sampled_from(["Company", "Person"]),
    },
)
edits = st.one_of(
    st.tuples(st.just("create"), sides, numbers, changes),
    st.tuples(st.just("change"), sides, numbers, changes),
    st.tuples(st.just("delete"), sides, st.just(NUMBERS[-1]), st.just({})),
)
syncs = st.tuples(st.just("sync"), st.lists(st.sampled_from(FAULTS), max_size=6), st.booleans())
histories = st.lists(st.one_of(edits, edits, syncs), max_size=12)

NAMES = {"email": "email", "seen": "lastInteractionDate", "kind": "type"}
BLANKS = {"email": "", "seen": NEVER, "kind": "Company"}
MAPPING: Record = {
    "direction": "bidirectional",
    "external": "contacts",
    "local": "contact",
    "primary_key": ["number"],
    "fields": lines_of(
        "number:number",
        "displayName:name",
        "email:email",
        "lastInteractionDate:seen",
        "type:kind",
    ),
}


def theirs(cronus: Cronus) -> dict[str, Record]:
    return cronus.company().records("contacts", by="number")


def ours(office: Office) -> dict[str, Record]:
    return {row["number"]: row for row in office.local.rows("contact").values()}


def act(cronus: Cronus, office: Office, what: str, side: str, number: str, values: Record) -> None:
    """Somebody edits one side, if there is anything to edit."""
    known = theirs(cronus) if side == "there" else ours(office)
    if (number in known) == (what == "create") or (what == "delete" and len(known) < 2):
        return
    (_there if side == "there" else _here)(cronus, office, what, number, values)


def _there(cronus: Cronus, _: Office, what: str, number: str, values: Record) -> None:
    company = cronus.company()
    sent = {NAMES[name]: BLANKS[name] if v is None else v for name, v in values.items()}
    if what == "create":
        company.create("contacts", number=number, displayName=number, **sent)
        return
    key = theirs(cronus)[number]["id"]
    if what == "delete":
        company.delete("contacts", key)
    elif sent:
        company.change("contacts", key, **sent)


def _here(_: Cronus, office: Office, what: str, number: str, values: Record) -> None:
    if what == "create":
        office.local.create("contact", number=number, name=number, **{"kind": "Person", **values})
        return
    key = ours(office)[number]["id"]
    if what == "delete":
        office.local.delete("contact", key)
    elif values:
        office.local.change("contact", key, **values)


def troubled(cronus: Cronus, office: Office, faults: list[str], full: bool) -> None:
    """A run during which requests fail one after the other."""
    left = iter(faults)
    now = ["none"]

    def before(request: httpx.Request) -> httpx.Response | Exception | None:
        now[0] = next(left, "none")
        if now[0].isdigit():
            return httpx.Response(int(now[0]), json=BUSY)
        return httpx.ReadError("cut") if now[0] == "cut before" else None

    def after(request: httpx.Request) -> Exception | None:
        return httpx.ReadError("cut") if now[0] == "cut after" else None

    cronus.wire.before, cronus.wire.after = before, after
    with suppress(TandemError):
        office.sync(mode="full" if full else "auto")
    cronus.wire.before = cronus.wire.after = lambda _: None


def agree(cronus: Cronus, office: Office) -> None:
    there, here = theirs(cronus), ours(office)
    assert len(cronus.company().records("contacts")) == len(there)
    assert len(office.local.rows("contact")) == len(here)
    for conflict in office.state("conflict", status="open"):
        # An edit here of what was deleted there waits for a person.
        assert conflict["kind"] == "deleted"
        here = {n: row for n, row in here.items() if row["id"] != conflict["local_id"]}
    assert {
        n: tuple(None if r[NAMES[x]] in ("", NEVER) else r[NAMES[x]] for x in NAMES)
        for n, r in there.items()
    } == {n: tuple(row[name] for name in NAMES) for n, row in here.items()}


@pytest.fixture
def folders(tmp_path: Path) -> Any:
    """A new folder for each history."""

    def new() -> Path:
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        folder.mkdir()
        return folder

    return new


@settings(
    max_examples=HISTORIES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(history=histories)
def test_history_ends_well(folders: Any, history: list[tuple[Any, ...]]) -> None:
    cronus = Cronus(folders())
    office = cronus.office(MAPPING)
    assert office.sync().status == "success"
    for what, *more in history:
        cronus.time.go_on(minutes=1)
        if what == "sync":
            troubled(cronus, office, *more)
        else:
            act(cronus, office, what, *more)
    report = office.sync()
    asks = bool(office.state("conflict", status="open"))
    assert report.status == ("partial" if asks else "success"), [e.line for e in report.entities]
    agree(cronus, office)
    cronus.wire.asked.clear()
    assert counted(office.sync()) == {}
    assert not cronus.wire.writes
    assert not office.state("transaction", status="sent")
