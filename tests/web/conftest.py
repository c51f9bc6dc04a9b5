"""The pages over the demo service and a SQLite file, in an Airflow that is played."""

import re
import secrets
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest
from httpx import Client, Response
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route
from tests.fresh_state import lay_fresh_state

from tandem.airflow.host import DagState, May, RunState, User
from tandem.demo.data import Sizes, fill
from tandem.demo.schema import FIELD_SERVICE
from tandem.demo.server import serving
from tandem.demo.service import create_app as create_service
from tandem.demo.store import Store
from tandem.errors import ConfigurationError
from tandem.integration_files import load_integration
from tandem.model.connection import Connection
from tandem.settings import Settings
from tandem.sync.environment import Environment
from tandem.sync.job import Mode, Request, open_job
from tandem.sync.lease import holding
from tandem.sync.report import RunReport
from tandem.sync.run import run_all
from tandem.web.app import create_app
from tandem.web.lazy import LazyApp

NORTHWIND: Final = Path(__file__).parents[2] / "config" / "integrations" / "northwind.yaml"
ROLES: Final[Mapping[str, frozenset[May]]] = {
    "stranger": frozenset(),
    "viewer": frozenset([May.READ]),
    "user": frozenset([May.READ, May.RUN]),
    "editor": frozenset(May),
}


@dataclass
class PlayedAirflow:
    """A `Host` that knows its users by the cookie `role`; triggered runs wait in `runs`."""

    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    connections: set[str] = field(default_factory=set)
    """Those that an editor may read."""
    paused: dict[str, bool] = field(default_factory=dict)
    """The DAGs that there are."""
    states: dict[tuple[str, str], RunState] = field(default_factory=dict)
    triggered: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    """DAG, run id and params of each run that was triggered."""
    read_again: int = 0

    def wake(self) -> None:
        """No DAG is paused."""
        self.paused = dict.fromkeys(self.paused, False)

    async def user(self, request: Any) -> User | None:
        role = request.cookies.get("role")
        return User(role, role) if role in ROLES else None

    def may(self, user: User, dag_ids: Sequence[str]) -> Mapping[str, frozenset[May]]:
        return dict.fromkeys(dag_ids, ROLES[user.name])

    def may_use_connection(self, user: User, conn_id: str) -> bool:
        return user.name == "editor" and conn_id in self.connections

    def dags(self, dag_ids: Sequence[str]) -> Mapping[str, DagState]:
        return {id_: DagState(id_, self.paused[id_]) for id_ in dag_ids if id_ in self.paused}

    def trigger(self, dag_id: str, conf: Mapping[str, Any], by: User) -> str:
        if dag_id not in self.paused:
            raise ConfigurationError(f"Airflow has no DAG {dag_id!r} yet.", remedy="Wait.")
        run_id = f"manual__{len(self.triggered)}"
        self.triggered.append((dag_id, run_id, dict(conf)))
        self.states[dag_id, run_id] = RunState(dag_id, run_id, "queued")
        return run_id

    def pause(self, dag_id: str, *, paused: bool) -> None:
        if dag_id not in self.paused:
            raise ConfigurationError(f"Airflow has no DAG {dag_id!r} yet.", remedy="Wait.")
        self.paused[dag_id] = paused

    def schedule_problem(self, schedule: str) -> str | None:
        known = schedule.startswith("@") or len(schedule.split()) == 5
        return None if known else "Exactly 5 columns have to be specified."

    def run(self, dag_id: str, run_id: str) -> RunState | None:
        return self.states.get((dag_id, run_id))

    def runs_at_work(self, dag_ids: Sequence[str]) -> Sequence[RunState]:
        return [s for s in self.states.values() if s.dag_id in dag_ids and not s.has_ended]

    def read_files_again(self) -> None:
        self.read_again += 1

    def login_url(self, back_to: str) -> str:
        return f"/auth/login?next={back_to}"


@dataclass
class Pages:
    """The pages, as people and programs see them."""

    url: str
    """Where they are: under a prefix, as in Airflow."""
    airflow: PlayedAirflow
    environment: Environment
    service_url: str
    database: Path
    """The local side."""
    clients: ExitStack = field(default_factory=ExitStack)

    @property
    def folder(self) -> Path:
        """Where the integration files are."""
        return self.environment.settings.config

    def browser(self, role: str | None = "editor") -> Client:
        """What htmx in that user's browser sends."""
        return self._client(role, {"Accept": "text/html", "HX-Request": "true"})

    def program(self, role: str | None = "editor") -> Client:
        """What asks for JSON."""
        return self._client(role, {"Accept": "application/json"})

    def _client(self, role: str | None, headers: dict[str, str]) -> Client:
        cookies = {"role": role} if role else {}
        headers = {**headers, "Sec-Fetch-Site": "same-origin"}
        client = Client(base_url=self.url, cookies=cookies, headers=headers, timeout=60)
        return self.clients.enter_context(client)

    def sync(self, name: str = "northwind", mode: Mode = "auto", **asked: Any) -> RunReport:
        """A run, as a task or the command line makes it."""
        request = Request(f"manual__{secrets.token_hex(4)}", "sync", mode, **asked)
        integration = load_integration(self.folder / f"{name}.yaml")
        with open_job(integration, request, self.environment) as run, holding(run):
            return run_all(run)


@pytest.fixture(scope="session")
def filled_service(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The records of a small demo service; to be copied."""
    path = tmp_path_factory.mktemp("service") / "service.db"
    fill(Store(path, FIELD_SERVICE), Sizes(accounts=30, contacts=40, work_orders=50))
    return path


@pytest.fixture
def pages(tmp_path: Path, filled_service: Path) -> Iterator[Pages]:
    """The pages over the integration `northwind`, which has not been synced yet."""
    yield from _pages(tmp_path, filled_service)


@pytest.fixture(scope="module")
def shared_pages(tmp_path_factory: pytest.TempPathFactory, filled_service: Path) -> Iterator[Pages]:
    """The same, for tests that change nothing."""
    yield from _pages(tmp_path_factory.mktemp("pages"), filled_service)


def _pages(tmp_path: Path, filled_service: Path) -> Iterator[Pages]:
    shutil.copy(filled_service, tmp_path / "service.db")
    folder = tmp_path / "integrations"
    folder.mkdir()
    shutil.copy(NORTHWIND, folder)
    database = tmp_path / "local.db"
    lay_fresh_state(tmp_path / "state.db")
    settings = Settings(
        config=folder,
        state=f"sqlite:///{tmp_path / 'state.db'}",
        staging=f"file://{tmp_path / 'staging'}",
        key_file=tmp_path / "tandem.key",
    )
    with serving(create_service(tmp_path / "service.db")) as url:
        connections = {
            "northwind_api": Connection(id="northwind_api", conn_type="odata", host=url),
            "northwind_local": Connection(
                id="northwind_local", conn_type="sql", extra={"url": f"sqlite:///{database}"}
            ),
        }

        def find(conn_id: str) -> Connection:
            if conn_id not in connections:
                raise ConfigurationError(f"There is no connection {conn_id!r}.", remedy="Add it.")
            return connections[conn_id]

        environment = Environment(settings, find, lambda: datetime.now(UTC))
        airflow = PlayedAirflow(connections={*connections})
        airflow.paused = dict.fromkeys(
            (f"northwind__{kind}" for kind in ("sync", "import", "export")), True
        )
        airflow_app = Starlette(
            routes=[
                Route("/health", lambda _: PlainTextResponse("healthy")),
                Mount("/tandem", LazyApp(lambda: create_app(airflow, environment))),
            ]
        )
        with serving(airflow_app, root="/tandem") as root:
            found = Pages(root, airflow, environment, url, database)
            with found.clients:
                yield found


def text_of(answer: Response) -> str:
    """What a person reads of a page: its tags are gone."""
    return " ".join(re.sub(r"<[^>]*>", " ", answer.text).split())
