"""Two systems in memory that keep each other in step: who edits what, and what both hold."""

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from tandem.connectors.memory import Cut, Habits, Store
from tandem.errors import Throttled, Unreachable
from tandem.model.schema import Capabilities, Entity, Field, Kind
from tandem.state.store import StateReader
from tandem.sync.report import RunReport

Record = dict[str, Any]


def _fields(key: str, **kinds: Kind) -> tuple[Field, ...]:
    first = Field(name=key, kind=Kind.GUID, nullable=False)
    return (first, *(Field(name=name, kind=kind) for name, kind in kinds.items()))


TEXT, GUID, INT, INSTANT = Kind.STRING, Kind.GUID, Kind.INT64, Kind.INSTANT
ACCOUNTS = Entity(
    name="Accounts",
    key=("ID",),
    fields=(
        *_fields("ID", number=TEXT, name=TEXT, status=TEXT, parent_ID=GUID, contact_ID=GUID),
        Field(name="city", kind=TEXT, max_length=12),
        *_fields("ID", source=TEXT, version=INT, modifiedAt=INSTANT)[1:],
    ),
)
CONTACTS = Entity(
    name="Contacts",
    key=("ID",),
    fields=_fields("ID", code=TEXT, name=TEXT, account_ID=GUID, version=INT, modifiedAt=INSTANT),
)
LOCAL_ACCOUNT = Entity(
    name="account",
    key=("id",),
    fields=(
        *_fields("id", accountnumber=TEXT, city=TEXT, statuscode=INT, parentid=GUID),
        Field(name="name", kind=TEXT, max_length=20),
        *_fields("id", contactid=GUID, kind=TEXT, rowversion=INT, changedat=INSTANT)[1:],
    ),
)
LOCAL_CONTACT = Entity(
    name="contact",
    key=("id",),
    fields=_fields("id", code=TEXT, fullname=TEXT, accountid=GUID, rowversion=INT),
)


def lookup(external: str, local: str, entity: str) -> Record:
    """A field mapping that refers to the record of that entity by its key."""
    return {"external": external, "local": local, "lookup": {"entity": entity, "field": "ID"}}


ACCOUNT_MAPPING: Record = {
    "external": "Accounts",
    "local": "account",
    "direction": "bidirectional",
    "primary_key": ["number"],
    "version_number": "version",
    "fields": [
        {"external": "number", "local": "accountnumber"},
        {"external": "name", "local": "name"},
        {"external": "city", "local": "city"},
        lookup("parent_ID", "parentid", "Accounts"),
    ],
}
CONTACT_MAPPING: Record = {
    "external": "Contacts",
    "local": "contact",
    "direction": "bidirectional",
    "version_number": "version",
    "fields": [
        {"external": "code", "local": "code"},
        {"external": "name", "local": "fullname"},
        lookup("account_ID", "accountid", "Accounts"),
    ],
}


@dataclass(frozen=True)
class Nature:
    """What the external system is like."""

    client_keys: bool = False
    etags: bool = True
    delta: bool = False
    trims: bool = False
    ties: int = 1
    """So many successive writes share their version."""
    late: timedelta = timedelta(0)
    """So much before their time every other write is dated."""


Trouble = tuple[tuple[Any, ...], int]
"""What goes wrong, and from which call on: `before`, `throttled` (refused), `after` (the answer of
a write is lost), `cut` (a write breaks off: rows done, rows without answer) or `meanwhile` (an
edit). The side is the second part."""

WRITES = ("create", "update", "delete")
FAILURES = {"before": Unreachable, "throttled": Throttled}


@dataclass
class Disturbance:
    """Troubles of one side, each of which happens once."""

    troubles: list[Trouble]
    do: Callable[..., None]
    calls: int = 0

    def before(self, operation: str) -> Cut | None:
        """A hook of the memory connector's store."""
        self.calls += 1
        for trouble in list(self.troubles):
            what, at = trouble
            late = what[0] == "after" or (what[0] == "cut" and operation not in WRITES)
            if late or self.calls < at:
                continue
            self.troubles.remove(trouble)
            if what[0] in FAILURES:
                raise FAILURES[what[0]]("not now")
            if what[0] == "cut":
                return Cut(what[2][0], Unreachable("cut off"), what[2][1])
            self.do(*what[2])
        return None

    def after(self, operation: str) -> None:
        """A hook too."""
        due = [t for t in self.troubles if t[0][0] == "after" and self.calls >= t[1]]
        if due and operation in WRITES:
            self.troubles.remove(due[0])
            raise Unreachable("no answer")


@dataclass
class Both:
    """Both systems, with accounts and contacts."""

    world: Any
    """A `World` of tests/sync/conftest.py: it runs the syncs."""
    nature: Nature = Nature()
    made: int = 0
    mappings: list[Record] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.world.mappings = self.mappings or [copy.deepcopy(ACCOUNT_MAPPING)]
        able = Capabilities(
            creates=True,
            updates=True,
            removes=True,
            client_keys=self.nature.client_keys,
            optimistic_concurrency=self.nature.etags,
            delta=self.nature.delta,
            batch_size=3,
        )
        for entity in (ACCOUNTS, CONTACTS):
            described = entity.model_copy(update={"capabilities": able})
            self.external.define(described, Habits(normalise=self._normalised))
        self.local.define(LOCAL_ACCOUNT, Habits(version="rowversion", modified="changedat"))
        self.local.define(LOCAL_CONTACT, Habits(version="rowversion"))

    @property
    def external(self) -> Store:
        """The external system."""
        store: Store = self.world.external
        return store

    @property
    def local(self) -> Store:
        """The local system."""
        store: Store = self.world.local
        return store

    @property
    def mapping(self) -> Record:
        """The mapping of accounts, to be changed."""
        mapping: Record = self.world.mappings[0]
        return mapping

    def with_contacts(self) -> "Both":
        """With the mapping of contacts too."""
        self.world.mappings = [self.mapping, copy.deepcopy(CONTACT_MAPPING)]
        return self

    def sync(self, **request: Any) -> RunReport:
        """A whole run."""
        report: RunReport = self.world.sync(**request)
        return report

    def state(self, look: Callable[[StateReader], Any]) -> Any:
        """What the state says."""
        with self.world.job() as run:
            return look(run.state)

    def there(self, name: str | None = None, entity: str = "Accounts", **values: Any) -> str:
        """A new external record; its id."""
        return self._new(self.external, entity, {"ID": self._id(), "name": name, **values})

    def here(self, name: str | None = None, entity: str = "account", **values: Any) -> str:
        """A new local record; its id."""
        named = {("fullname" if entity == "contact" else "name"): name}
        return self._new(self.local, entity, {"id": self._id(), **named, **values})

    def is_there(self, name: str, entity: str = "Accounts") -> Record:
        """The one external record of that name."""
        (found,) = [r for r in self.external.records[entity].values() if r["name"] == name]
        return found

    def is_here(self, name: str, entity: str = "account") -> Record:
        """The one local record of that name."""
        found: Record = self.world.row(name, entity)
        return found

    def names(self, field: str = "name") -> tuple[list[Any], list[Any]]:
        """The names of all accounts there and here."""
        there = (r[field] for r in self.external.records["Accounts"].values())
        here = (r[field] for r in self.local.records["account"].values())
        return sorted(there, key=str), sorted(here, key=str)

    def writes(self) -> tuple[int, int]:
        """How often each system was written, by whomever."""
        return self.external.writes, self.local.writes

    def assert_quiet(self, **request: Any) -> None:
        """A further sync writes nothing to either side."""
        before = self.writes()
        self.sync(**request)
        assert self.writes() == before

    def link(self, name: str = "Ada") -> tuple[str, str]:
        """An account that both sides hold and that is linked; its ids there and here."""
        there = self.there(name, number=f"no-{name}", city="Brno")
        self.sync()
        return there, self.is_here(name)["id"]

    def disturb(self, side: str, troubles: list[Trouble], do: Callable[..., None]) -> None:
        """From now on these things go wrong at calls of that side; `do` is how people edit."""
        hooks = Disturbance(list(troubles), do)
        store = self.external if side == "external" else self.local
        store.before, store.after = hooks.before, hooks.after

    def _id(self) -> str:
        self.made += 1
        return str(UUID(int=(0xE << 92) + self.made))

    def _new(self, store: Store, entity: str, values: Record) -> str:
        record = {**dict.fromkeys(store.entities[entity].by_name), **values}
        (key,) = store.save(entity, record)
        return str(key)

    def _normalised(self, record: Record) -> Mapping[str, Any]:
        writes = self.external.writes
        late = self.nature.late if writes % 2 else timedelta(0)
        texts = {
            n: v.strip() for n, v in record.items() if isinstance(v, str) and self.nature.trims
        }
        return {
            **texts,
            "version": writes // self.nature.ties,
            "modifiedAt": datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=writes) - late,
        }


@pytest.fixture
def make_both(make_world, tmp_path) -> Iterator[Callable[..., Both]]:
    """Makes pairs of systems of a nature, with these values in the mapping of accounts."""

    def make(folder=tmp_path, mappings=(), nature=Nature(), **mapping: Any) -> Both:
        both = Both(make_world(folder), nature, mappings=list(mappings))
        both.mapping.update(mapping)
        return both

    return make


@pytest.fixture
def both(make_both) -> Both:
    """Two systems with accounts; the external one chooses the keys and has etags."""
    return make_both()


@pytest.fixture
def nature() -> type[Nature]:
    """What external systems can be like."""
    return Nature


@pytest.fixture
def standard() -> tuple[Record, Record, Record]:
    """The mappings of accounts and contacts, and the field that makes a cycle of their lookups."""
    return ACCOUNT_MAPPING, CONTACT_MAPPING, lookup("contact_ID", "contactid", "Contacts")
