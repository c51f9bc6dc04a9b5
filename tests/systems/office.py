"""An integration between a simulated system and a SQLite database, run after run."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.fresh_state import lay_fresh_state
from tests.local_database import Local, Record

from tandem.connectors.base import Connector
from tandem.connectors.sign_in import SignsIn
from tandem.model.connection import Connection
from tandem.model.integration import Integration
from tandem.settings import Settings
from tandem.sync.environment import Environment, sign_ins_of
from tandem.sync.job import Request, Run, open_job
from tandem.sync.report import RunReport
from tandem.sync.run import run_all


@dataclass
class Office:
    """Both sides, the integration between them, and what stays between its runs.

    `connect` opens the external connector over whatever transport a test wants. Each run gets a
    new one, as each process would.
    """

    folder: Path
    connection: Connection
    connect: Callable[[Connection], Connector]
    mappings: list[Record]
    settings: Record = field(default_factory=dict)
    """More of the integration file."""
    clock: datetime = field(default_factory=lambda: datetime.now(UTC))
    here: Connection | None = None
    """The local system, where it is no database."""
    connect_here: Callable[[Connection], Connector] | None = None

    @property
    def local(self) -> Local:
        """The database."""
        return Local(f"sqlite:///{self.folder}/local.db")

    @property
    def integration(self) -> Integration:
        """As a user would write it."""
        return Integration.model_validate(
            {
                "name": "office",
                "external": {"connector": self.connection.conn_type, "connection": "there"},
                "local": {"connector": self._here.conn_type, "connection": "here"},
                "provision": self.here is None,
                "entities": self.mappings,
                **self.settings,
            }
        )

    def now(self) -> datetime:
        """Later each time."""
        self.clock += timedelta(seconds=1)
        return self.clock

    @contextmanager
    def job(self, **request: Any) -> Iterator[Run]:
        """An open run."""
        lay_fresh_state(self.folder / "tandem.db")
        settings = Settings.from_environment(
            {
                "AIRFLOW_HOME": str(self.folder),
                "TANDEM_CONFIG": str(self.folder),
            }
        )
        connections = {"there": self.connection, "here": self._here}
        environment = Environment(settings, connections.__getitem__, self.now)
        asked = Request(f"run-{secrets.token_hex(4)}", **request)
        external = self.connect(self.connection)
        sign_ins = sign_ins_of(environment)
        if isinstance(external, SignsIn):
            external.sign_in_with(sign_ins)
        with (
            open_job(self.integration, asked, environment) as run,
            closing(external),
            closing(sign_ins),
        ):
            if self.connect_here is None:
                yield replace(run, external=external)
                return
            with closing(self.connect_here(self._here)) as local:
                yield replace(run, external=external, local=local)

    @property
    def _here(self) -> Connection:
        sql = Connection(id="here", conn_type="sql", extra={"url": self.local.url})
        return self.here or sql

    def sync(self, **request: Any) -> RunReport:
        """A whole run."""
        with self.job(**request) as run:
            return run_all(run)

    def state(self, table: str, **where: Any) -> list[Record]:
        """The rows of a state table, without its prefix `integration_`."""
        rows = Local(f"sqlite:///{self.folder}/tandem.db").query(
            f"SELECT * FROM integration_{table}"
        )
        return [row for row in rows if where.items() <= row.items()]


def counted(report: RunReport) -> dict[str, dict[str, int]]:
    """`Entity direction` → what was written or refused; what stayed as it was is left out."""
    assert report.status != "failed", [entity.message for entity in report.entities]
    found = {}
    for entity in report.entities:
        counts = entity.counts.model_dump(exclude={"unchanged"})
        if said := {name: count for name, count in counts.items() if count}:
            found[f"{entity.entity} {entity.direction}"] = said
    return found
