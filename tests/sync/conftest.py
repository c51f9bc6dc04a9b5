"""A small world: two systems in memory, a state database, and runs of an integration."""

import itertools
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tandem.connectors.memory import Store, forget, store
from tandem.model.connection import Connection
from tandem.model.integration import Integration
from tandem.model.schema import Entity, Field, Kind, LookupTarget
from tandem.settings import Settings
from tandem.state.store import open_state
from tandem.sync.environment import Environment
from tandem.sync.job import Request, Run, open_job
from tandem.sync.people.preview import preview_all
from tandem.sync.report import RunReport
from tandem.sync.run import run_all

ACCOUNTS = Entity(
    name="Accounts",
    key=("ID",),
    fields=(
        Field(name="ID", kind=Kind.STRING, nullable=False),
        Field(name="number", kind=Kind.STRING),
        Field(name="name", kind=Kind.STRING),
        Field(name="status", kind=Kind.STRING),
        Field(name="parent_ID", kind=Kind.STRING, lookup=(LookupTarget(entity="Accounts"),)),
        Field(name="version", kind=Kind.INT64),
        Field(name="modifiedAt", kind=Kind.INSTANT),
    ),
)
CONTACTS = Entity(
    name="Contacts",
    key=("ID",),
    fields=(
        Field(name="ID", kind=Kind.STRING, nullable=False),
        Field(name="name", kind=Kind.STRING),
        Field(name="account_ID", kind=Kind.STRING, lookup=(LookupTarget(entity="Accounts"),)),
        Field(name="version", kind=Kind.INT64),
    ),
)
LOCAL_ACCOUNT = Entity(
    name="account",
    key=("id",),
    fields=(
        Field(name="id", kind=Kind.GUID, nullable=False),
        Field(name="accountnumber", kind=Kind.STRING),
        Field(name="name", kind=Kind.STRING, max_length=20),
        Field(name="parentid", kind=Kind.GUID),
    ),
)
LOCAL_CONTACT = Entity(
    name="contact",
    key=("id",),
    fields=(
        Field(name="id", kind=Kind.GUID, nullable=False),
        Field(name="fullname", kind=Kind.STRING),
        Field(name="accountid", kind=Kind.GUID),
    ),
)
ACCOUNT_MAPPING: dict[str, Any] = {
    "external": "Accounts",
    "local": "account",
    "primary_key": ["number"],
    "version_number": "version",
    "fields": [
        {"external": "number", "local": "accountnumber"},
        {"external": "name", "local": "name"},
        {
            "external": "parent_ID",
            "local": "parentid",
            "lookup": {"entity": "Accounts", "field": "ID"},
        },
    ],
}
CONTACT_MAPPING: dict[str, Any] = {
    "external": "Contacts",
    "local": "contact",
    "version_number": "version",
    "fields": [
        {"external": "name", "local": "fullname"},
        {
            "external": "account_ID",
            "local": "accountid",
            "lookup": {"entity": "Accounts", "field": "ID"},
        },
    ],
}


@dataclass
class World:
    """Both systems and everything that a run needs."""

    folder: Path
    name: str
    new_state: Path | None = None
    """A state database without rows, to be copied: making one takes longer than a run."""
    mappings: list[dict[str, Any]] = field(default_factory=lambda: [ACCOUNT_MAPPING])
    settings: dict[str, Any] = field(default_factory=dict)
    """More of the integration file."""
    clock: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    runs: Iterator[int] = field(default_factory=itertools.count)
    versions: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        if self.new_state:
            shutil.copy(self.new_state, self.folder / "state.db")
        for entity in (ACCOUNTS, CONTACTS):
            self.external.define(entity)
        for entity in (LOCAL_ACCOUNT, LOCAL_CONTACT):
            self.local.define(entity)

    @property
    def external(self) -> Store:
        return store(f"{self.name}-external")

    @property
    def local(self) -> Store:
        return store(f"{self.name}-local")

    def put_account(self, id_: str, **values: Any) -> None:
        """Create or change an external account; its version is the next one unless given."""
        known = self.external.records["Accounts"].get((id_,), {"ID": id_, "number": f"no-{id_}"})
        self.external.put("Accounts", [{**known, "version": next(self.versions), **values}])

    def put_contact(self, id_: str, **values: Any) -> None:
        """Create or change an external contact."""
        known = self.external.records["Contacts"].get((id_,), {"ID": id_})
        self.external.put("Contacts", [{**known, "version": next(self.versions), **values}])

    def rows(self, entity: str = "account") -> list[dict[str, Any]]:
        """The local records."""
        return list(self.local.records[entity].values())

    def row(self, name: str, entity: str = "account") -> dict[str, Any]:
        """The one local record of that name."""
        (found,) = [r for r in self.rows(entity) if name in (r.get("name"), r.get("fullname"))]
        return found

    @property
    def integration(self) -> Integration:
        side = {"connector": "memory"}
        return Integration.model_validate(
            {
                "name": "crm",
                "external": {**side, "connection": f"{self.name}-external"},
                "local": {**side, "connection": f"{self.name}-local"},
                "entities": self.mappings,
                **self.settings,
            }
        )

    def now(self) -> datetime:
        self.clock += timedelta(seconds=1)
        return self.clock

    @contextmanager
    def job(self, **request: Any) -> Iterator[Run]:
        """An open run."""
        settings = Settings(
            config=self.folder,
            state=f"sqlite:///{self.folder}/state.db",
            staging=f"file://{self.folder}/staging",
        )
        environment = Environment(
            settings, lambda conn_id: Connection(id=conn_id, conn_type="memory"), self.now
        )
        asked = Request(f"run-{next(self.runs)}", **request)
        with open_job(self.integration, asked, environment) as run:
            yield run

    def sync(self, wrap: Callable[[Run], Run] = lambda run: run, **request: Any) -> RunReport:
        """A whole run."""
        with self.job(**request) as run:
            return run_all(wrap(run))

    def tie(self, shares: bool) -> dict[str, int]:
        """The version of the last edit, for an edit that shares it."""
        known = [r["version"] for r in self.external.records["Accounts"].values()]
        return {"version": max(known)} if shares and known else {}

    def sync_with(self, fuse: "Fuse", **request: Any) -> None:
        """A run that dies when the fuse has burnt down, if it does."""
        with suppress(Crash):
            self.sync(fuse.wrap, **request)

    def preview(self, **request: Any):
        """The plans of a run."""
        with self.job(kind="import", **request) as run:
            return preview_all(run, limit=100)


@pytest.fixture(scope="session")
def new_state(tmp_path_factory):
    """A state database without rows."""
    path = tmp_path_factory.mktemp("state") / "new.db"
    open_state(f"sqlite:///{path}", "crm").close()
    return path


@pytest.fixture
def world(tmp_path, request, new_state):
    """An empty world with the mapping of accounts."""
    name = f"{request.node.name}-{tmp_path.name}"
    yield World(tmp_path, name, new_state)
    forget(f"{name}-external")
    forget(f"{name}-local")


class Crash(BaseException):
    """The process dies: nothing of ours may catch it."""


class Fuse:
    """Burns down with every call to a system or the state, and then kills."""

    def __init__(self, calls: int) -> None:
        self.left = calls

    def burn(self) -> None:
        self.left -= 1
        if self.left == 0:
            raise Crash

    def wrap(self, run: Run) -> Run:
        """The run with a fuse before and after every call that leaves the process."""
        return replace(
            run,
            external=Fused(run.external, self),
            local=Fused(run.local, self),
            state=Fused(run.state, self),
        )


class Fused:
    """A system or the state, whose calls burn the fuse."""

    def __init__(self, target: Any, fuse: Fuse) -> None:
        self._target = target
        self._fuse = fuse

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._target, name)
        if not callable(value):
            return value
        if name in ("read", "find"):
            return lambda *a, **k: self._pages(value(*a, **k))
        if name == "account":
            return lambda *a, **k: self._account(value(*a, **k))
        return lambda *a, **k: self._call(value, *a, **k)

    def _call(self, function: Any, *arguments: Any, **named: Any) -> Any:
        self._fuse.burn()
        result = function(*arguments, **named)
        self._fuse.burn()
        return result

    def _pages(self, pages: Any) -> Iterator[Any]:
        for page in pages:
            self._fuse.burn()
            yield page
        self._fuse.burn()

    @contextmanager
    def _account(self, account: Any) -> Iterator[Any]:
        self._fuse.burn()
        with account as opened:
            yield opened
            self._fuse.burn()
        self._fuse.burn()


@pytest.fixture
def contact_mapping():
    """The mapping of contacts, which look up accounts."""
    return CONTACT_MAPPING


@pytest.fixture
def make_world(new_state):
    """Makes empty worlds, each in its folder."""
    made = []

    def make(folder: Path) -> World:
        made.append(World(folder, f"history-{folder.name}", new_state))
        return made[-1]

    yield make
    for world in made:
        forget(f"{world.name}-external")
        forget(f"{world.name}-local")


@pytest.fixture
def fuse():
    """Makes fuses."""
    return Fuse


class Dying:
    """Kills a run at a call to the state, once it has written to the local side."""

    def __init__(self, operation: str) -> None:
        self._operation = operation

    def wrap(self, run: Run) -> Run:
        """The run, with a state that kills."""
        self._state, self._local = run.state, store(run.integration.local.connection)
        self._writes = self._local.writes
        return replace(run, state=self)

    def __getattr__(self, name: str) -> Any:
        if name == self._operation and self._local.writes > self._writes:
            raise Crash
        return getattr(self._state, name)


@pytest.fixture
def dying():
    """Makes what kills runs."""
    return Dying
