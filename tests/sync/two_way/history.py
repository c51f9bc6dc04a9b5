"""Two systems that random histories happen to, and what must hold at their end."""

import copy
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from tandem.connectors import memory
from tandem.core.anchors import later

SIDES = ("external", "local")
ENTITIES = {"external": ("Accounts", "Contacts"), "local": ("account", "contact")}
FIELDS = {
    "external": (
        {"name": "name", "city": "city", "tag": "number"},
        {"name": "name", "tag": "code"},
    ),
    "local": (
        {"name": "name", "city": "city", "tag": "accountnumber"},
        {"name": "fullname", "tag": "code"},
    ),
}
REFERENCES = {
    "external": ({"parent_ID": 0, "contact_ID": 1}, {"account_ID": 0}),
    "local": ({"parentid": 0, "contactid": 1}, {"accountid": 0}),
}
PARTNERS = ({"parent_ID": "parentid", "contact_ID": "contactid"}, {"account_ID": "accountid"})

TAGS = st.sampled_from(["a", "b", "c", "d"])
WHICH = st.sampled_from([0, 0, 1])
DEEDS = st.tuples(
    st.sampled_from(SIDES),
    WHICH,
    TAGS,
    st.sampled_from(["name", "name", "city", "both", "refer", "refer", "remove", "misfit"]),
    TAGS,
    st.booleans(),
)
"""Side, entity, record, what is done to it, the record that it then refers to, a choice."""
EVEN = {"field": "name", "operator": "ends_with", "value": "2"}
OTHER_MAPPINGS: dict[str, Any] = {
    "without city": lambda m: m.update(fields=[f for f in m["fields"] if f["local"] != "city"]),
    "without name": lambda m: m["fields"][1].update(enabled=False),
    "in another order": lambda m: m["fields"].reverse(),
    "some are downloaded": lambda m: m.update(download_filter=EVEN),
    "others are downloaded": lambda m: m.update(
        download_filter={**EVEN, "operator": "not_ends_with"}
    ),
    "some are uploaded": lambda m: m.update(
        upload_filter={"field": "accountnumber", "operator": "ne", "value": "a"}
    ),
    "name is only downloaded": lambda m: m["fields"][1].update(direction="download_only"),
}
"""What users do to the mapping of accounts."""


@dataclass(frozen=True)
class Variant:
    """What the systems and the mapping are like."""

    client_keys: bool
    etags: bool
    trims: bool
    tracking: str
    local_tracking: bool
    primary_key: bool
    policy: str
    page_rows: int


VARIANTS = st.builds(
    Variant,
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.sampled_from(["version", "ties", "late", "delta", "snapshot"]),
    st.booleans(),
    st.booleans(),
    st.sampled_from(["external_wins", "local_wins", "review"]),
    st.integers(1, 4),
)


@dataclass
class History:
    """Two systems, and what people did to them."""

    both: Any
    variant: Variant
    values: int = 0
    written: dict[str, tuple[int, str, str]] = field(default_factory=dict)
    """Each value that somebody wrote → entity, tag and side."""
    overwritten: set[str] = field(default_factory=set)
    """Those that somebody saw and replaced or removed."""
    removed: set[tuple[int, str]] = field(default_factory=set)
    """Records that somebody removed."""
    anchors: dict[tuple[str, str], Any] = field(default_factory=dict)
    name_is_only_downloaded: bool = False

    def store(self, side: str) -> Any:
        return self.both.external if side == "external" else self.both.local

    def records(self, side: str, which: int) -> dict[Any, dict[str, Any]]:
        found: dict[Any, dict[str, Any]] = self.store(side).records[ENTITIES[side][which]]
        return found

    def found(self, side: str, which: int, tag: str) -> list[dict[str, Any]]:
        name = FIELDS[side][which]["tag"]
        return [r for r in self.records(side, which).values() if r[name] == tag]

    def do(self, side: str, which: int, tag: str, deed: str, other: str, choice: bool) -> None:
        """What somebody does to a record of that tag; one that is not there is created."""
        store, entity = self.store(side), ENTITIES[side][which]
        key = store.entities[entity].key[0]
        tag = self._tag(side, which, tag)
        there = self.found(side, which, tag)
        if not there:
            again = (which, tag) in self.removed and not self._has_primary_key(which)
            if deed == "remove" or again:
                return
            self._new(side, which, tag)
            there = self.found(side, which, tag)
        record = there[0]
        if deed == "remove":
            self._saw(side, which, record, FIELDS[side][which])
            self.removed.add((which, tag))
            store.remove(entity, record[key])
        elif deed == "refer":
            name, target = sorted(REFERENCES[side][which].items())[
                choice % len(REFERENCES[side][which])
            ]
            targets = [r for t in tags_like(other) for r in self.found(side, target, t)]
            ids = [r[store.entities[ENTITIES[side][target]].key[0]] for r in targets]
            store.edit(entity, record[key], **{name: ids[0] if ids else None})
        else:
            fields = {"both": ("name", "city"), "misfit": ("name", "city")}.get(deed, (deed,))
            named = {n: f for n, f in FIELDS[side][which].items() if n in fields}
            self._saw(side, which, record, named)
            values = {f: self._value(side, which, tag, deed == "misfit") for f in named.values()}
            store.edit(entity, record[key], **values)

    def meanwhile(self, side: str, which: int, tag: str, *what: Any) -> None:
        """What somebody does in the middle of a run.

        But for a record that the other side has already: our own creation may be on its way, and
        two that are created under one key at the same moment are two.
        """
        tag = self._tag(side, which, tag)
        other = "local" if side == "external" else "external"
        if self.found(side, which, tag) or not self.found(other, which, tag):
            self.do(side, which, tag, *what)
            self.give_way()

    def give_way(self) -> None:
        """What somebody writes here into a field that is only downloaded may be replaced."""
        if self.name_is_only_downloaded:
            names = (record["name"] for record in self.records("local", 0).values())
            self.overwritten |= {name.strip() for name in names if name}

    def _tag(self, side: str, which: int, tag: str) -> str:
        """Only with a primary key may both sides create the same record."""
        if self._has_primary_key(which):
            return tag
        known = {f"{s}-{tag}" for s in SIDES if self.found(side, which, f"{s}-{tag}")}
        return min(known, default=f"{side}-{tag}")

    def _has_primary_key(self, which: int) -> bool:
        return which == 0 and self.variant.primary_key

    def _new(self, side: str, which: int, tag: str) -> None:
        value = self._value(side, which, tag, False)
        name = FIELDS[side][which]
        made = {name["tag"]: tag}
        if side == "external":
            self.both.there(value, ENTITIES[side][which], **made)
        else:
            self.both.here(value, ENTITIES[side][which], **made)

    def _value(self, side: str, which: int, tag: str, misfit: bool) -> str:
        self.values += 1
        value = f"v{self.values}" + ("x" * 21 if misfit else "")
        self.written[value] = (which, tag, side)
        return f" {value} " if self.variant.trims and self.values % 2 else value

    def _saw(self, side: str, which: int, record: dict[str, Any], named: dict[str, str]) -> None:
        values = (record[f] for n, f in named.items() if n != "tag")
        self.overwritten |= {value.strip() for value in values if value}

    def map(self, mapping: dict[str, Any], change: Any = None) -> None:
        """The mapping of accounts is this one, or something is changed in it."""
        self.both.world.mappings[0] = copy.deepcopy(mapping)
        if change:
            change(self.both.world.mappings[0])
        lines = self.both.world.mappings[0]["fields"]
        self.name_is_only_downloaded = any(line.get("direction") for line in lines)

    def sync(self, trouble: Any, mode: str, fuse: Any) -> Any:
        """A sync in which things go wrong at some calls."""
        self.give_way()
        burns = [at * 3 for what, at in trouble if what[0] == "crash"]
        for side in SIDES:
            mine = [(what, at) for what, at in trouble if side in what]
            self.both.disturb(side, mine, self.meanwhile)
        try:
            if burns:
                return self.both.world.sync_with(fuse(burns[0]), mode=mode)
            return self.both.sync(mode=mode)
        finally:
            for side in SIDES:
                self.both.disturb(side, [], self.meanwhile)
            self.anchors_moved()

    def anchors_moved(self) -> None:
        with self.both.world.job() as run:
            for m in run.integration.active_entities:
                for side in SIDES:
                    known = run.state.set_anchor(m.external, side)
                    now = known.anchor if known else None
                    before = self.anchors.get((m.external, side))
                    assert before is None or now is not None
                    assert now == later(before, now)
                    self.anchors[(m.external, side)] = now


def tags_like(tag: str) -> list[str]:
    """What the records of that tag are called, whichever side made them."""
    return [tag, f"external-{tag}", f"local-{tag}"]


def mappings_of(variant: Variant, accounts: Any, contacts: Any, cycle: Any) -> list[Any]:
    """The mappings of that variant."""
    both = [copy.deepcopy(accounts), copy.deepcopy(contacts)]
    both[0]["fields"].append(cycle)
    for mapping in both:
        mapping["on_conflict"] = variant.policy
        number = {"late": "modifiedAt", "version": "version", "ties": "version"}
        mapping.pop("version_number", None)
        if variant.tracking in number:
            mapping["version_number"] = number[variant.tracking]
        if variant.local_tracking:
            mapping["local_version_number"] = "rowversion"
    if not variant.primary_key:
        both[0].pop("primary_key")
    return both


def external_of(nature: Any, variant: Variant) -> Any:
    """What the external system of that variant is like, as `make_both` takes it."""
    return nature(
        client_keys=variant.client_keys,
        etags=variant.etags,
        delta=variant.tracking == "delta",
        trims=variant.trims,
        ties=3 if variant.tracking == "ties" else 1,
        late=timedelta(minutes=5) if variant.tracking == "late" else timedelta(0),
    )


@contextmanager
def folder_for(variant: Variant) -> Iterator[Path]:
    """A folder for one history, whose pages and batches are as small as the variant says."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(memory, "PAGE_ROWS", variant.page_rows)
        patch.setattr("tandem.staging.BATCH_ROWS", variant.page_rows)
        yield Path(folder)


@contextmanager
def forgotten_afterwards(history: History) -> Iterator[None]:
    """Its two systems are in this process's memory."""
    try:
        yield
    finally:
        for side in SIDES:
            memory.forget(f"{history.both.world.name}-{side}")
