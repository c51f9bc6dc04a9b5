"""An integration of two systems in memory, and the command line beside it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from click.testing import Result
from tests.fresh_state import lay_fresh_state
from typer.testing import CliRunner

from tandem.cli.main import app
from tandem.connectors import memory
from tandem.connectors.memory import Store
from tandem.model.schema import Capabilities, Entity, Field, Kind

FILE = """\
name: crm
external: {connector: memory, connection: crm}
local: {connector: memory, connection: crm_local}
on_conflict: review
entities:
  - external: Accounts
    local: account
    direction: bidirectional
    first_sync: link_and_merge
    primary_key: [number]
    fields:
      - {external: number, local: accountnumber}
      - {external: name, local: name}
      - {external: parent_ID, local: parentid, lookup: {entity: Accounts, field: ID}}
"""


def _entity(name: str, key: str, *texts: Field) -> Entity:
    identity = Field(name=key, kind=Kind.GUID, nullable=False)
    able = Capabilities(
        creates=True,
        updates=True,
        removes=True,
        optimistic_concurrency=True,
        client_keys=name == "account",
    )
    return Entity(name=name, key=(key,), fields=(identity, *texts), capabilities=able)


def _text(name: str, **facets: Any) -> Field:
    return Field(name=name, kind=Kind.STRING, **facets)


ACCOUNTS = _entity(
    "Accounts", "ID", _text("number"), _text("name"), Field(name="parent_ID", kind=Kind.GUID)
)
ACCOUNT = _entity(
    "account",
    "id",
    _text("accountnumber"),
    _text("name", max_length=20),
    Field(name="parentid", kind=Kind.GUID),
    _text("note"),
)


@dataclass
class Systems:
    """Both systems, and the commands."""

    folder: Path
    made: int = 0

    @property
    def external(self) -> Store:
        return memory.store("cli-external")

    @property
    def local(self) -> Store:
        return memory.store("cli-local")

    def configure(self, **changes: str) -> None:
        """Write the integration file, with these lines of the entity changed."""
        text = FILE
        for name, value in changes.items():
            lines = [line for line in text.splitlines() if not line.strip().startswith(f"{name}:")]
            at = next(n for n, line in enumerate(lines) if "local: account" in line)
            where = 0 if name == "on_conflict" else 4
            lines.insert(1 if name == "on_conflict" else at + 1, f"{' ' * where}{name}: {value}")
            text = "\n".join(lines) + "\n"
        (self.folder / "crm.yaml").write_text(text)

    def there(self, name: str, /, **values: Any) -> str:
        """A new external account; its id."""
        return self._new(self.external, "Accounts", {"ID": self._id(), "name": name, **values})

    def here(self, name: str, /, **values: Any) -> str:
        """A new local account; its id."""
        return self._new(self.local, "account", {"id": self._id(), "name": name, **values})

    def is_there(self, name: str) -> dict[str, Any]:
        """The one external account of that name."""
        (found,) = [r for r in self.external.records["Accounts"].values() if r["name"] == name]
        return found

    def is_here(self, name: str) -> dict[str, Any]:
        """The one local account of that name."""
        (found,) = [r for r in self.local.records["account"].values() if r["name"] == name]
        return found

    def edit_there(self, name: str, /, **values: Any) -> None:
        """Change the external account of that name."""
        self.external.save("Accounts", {**self.is_there(name), **values})

    def edit_here(self, name: str, /, **values: Any) -> None:
        """Change the local account of that name."""
        self.local.save("account", {**self.is_here(name), **values})

    def run(self, *arguments: str) -> Result:
        """What a command prints, and how it exits."""
        return CliRunner().invoke(app, arguments)

    def ok(self, *arguments: str) -> str:
        """What a command prints that exits with 0; line ends are blanks."""
        return self.exits(0, *arguments)

    def exits(self, code: int, *arguments: str) -> str:
        """What a command prints that exits with this code; line ends are blanks."""
        result = self.run(*arguments)
        assert result.exit_code == code, result.output
        return " ".join(result.output.split())

    def json(self, *arguments: str, code: int = 0) -> Any:
        """The document that a command prints."""
        result = self.run(*arguments, "--json")
        assert result.exit_code == code, result.output
        return json.loads(result.stdout)

    def _id(self) -> str:
        self.made += 1
        return str(UUID(int=(0xE << 92) + self.made))

    def _new(self, store: Store, entity: str, values: dict[str, Any]) -> str:
        (key,) = store.save(entity, {**dict.fromkeys(store.entities[entity].by_name), **values})
        return str(key)


@pytest.fixture
def systems(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Systems]:
    """Two empty systems with the mapping of accounts."""
    monkeypatch.setenv("TANDEM_CONFIG", str(tmp_path))
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path / "home"))
    lay_fresh_state(tmp_path / "home" / "tandem.db")
    for connection, store in (("CRM", "cli-external"), ("CRM_LOCAL", "cli-local")):
        extra = {"conn_type": "memory", "extra": {"store": store}}
        monkeypatch.setenv(f"AIRFLOW_CONN_{connection}", json.dumps(extra))
    made = Systems(tmp_path)
    made.external.define(ACCOUNTS)
    made.local.define(ACCOUNT)
    made.configure()
    yield made
    memory.forget("cli-external")
    memory.forget("cli-local")


@pytest.fixture
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that is not the one of integration files."""
    return tmp_path_factory.mktemp("elsewhere")
