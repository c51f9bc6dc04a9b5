"""What an Airflow of a test has around it: databases, the demo service, ports of its own."""

import json
import secrets
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
from tests.live.airflow import ROLES, LiveAirflow
from tests.live.databases import PORT, Door, databases, why_no_postgresql
from tests.live.gate import Gate
from tests.live.processes import Processes, uninterrupted, wait_for
from tests.orders import TABLES, sqlite_connection

from tandem.demo.data import Sizes, fill
from tandem.demo.house import House, without_airflow
from tandem.demo.schema import FIELD_SERVICE
from tandem.demo.server import HOST, serving
from tandem.demo.service import create_app
from tandem.demo.store import Store

PROJECT: Final = Path(__file__).parents[2]
START: Final = 400
"""Seconds that Airflow gets to start on a busy machine: usually it takes 20."""


class DidNotStart(Exception):
    """Airflow did not come up."""


@dataclass(frozen=True)
class Surroundings:
    """What an Airflow of a test has around it."""

    home: Path
    service_url: str
    """The demo service: 40 accounts, 60 contacts, 80 work orders."""
    gate: Gate
    """Its answers to writes can be held back."""
    environment: dict[str, str]
    """Of Airflow's processes."""
    state_door: Door | None
    """The way to the state database; None where there is no PostgreSQL."""


@contextmanager
def surroundings(home: Path) -> Iterator[Surroundings]:
    """Databases, the demo service and ports, until the block ends."""
    (home / "integrations").mkdir()
    fill(Store(home / "service.db", FIELD_SERVICE), Sizes(40, 60, 80))
    with ExitStack() as stack:
        gate = Gate(create_app(home / "service.db"))
        service_url = stack.enter_context(serving(gate))
        environment = House(PROJECT, home).environment(without_airflow(), service_url)
        environment |= _settings(home, service_url)
        door = None
        if why_no_postgresql() is None:
            own, state = stack.enter_context(databases("airflow", "state"))
            door = Door()
            stack.callback(door.remove)
            environment |= {
                "AIRFLOW__CORE__PARALLELISM": "8",
                "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": (
                    f"postgresql+psycopg2://postgres@{HOST}:{PORT}/{own}"
                ),
                "TANDEM_STATE": f"postgresql+psycopg://postgres@{HOST}:{door.port}/{state}",
            }
        yield Surroundings(home, service_url, gate, environment, door)


@contextmanager
def running(around: Surroundings, processes: Processes, first: str) -> Iterator[LiveAirflow]:
    """The Airflow whose processes have been started; `first` has its server in it.

    They are gone afterwards.
    """
    try:
        found = LiveAirflow(around, processes)
        _wait_until_healthy(found, processes[first])
        for database in ("source", "office"):
            found.sql(database, TABLES)
        try:
            yield found
        finally:
            found.close()
    finally:
        with uninterrupted():
            processes.stop_all()


def _wait_until_healthy(found: LiveAirflow, process: subprocess.Popen[bytes]) -> None:
    where = f"see {found.home}/*.log"
    with httpx.Client(timeout=30) as client:

        def healthy() -> bool:
            if process.poll() is not None:
                raise DidNotStart(f"Airflow ended while it started: {where}")
            with suppress(httpx.TransportError):
                parts = client.get(f"{found.url}/api/v2/monitor/health").json()
                return all(part["status"] == "healthy" for part in parts.values())
            return False

        if not wait_for(healthy, START, pause=0.5):
            raise DidNotStart(f"Airflow did not start in {START} s: {where}")


def _settings(home: Path, service_url: str) -> dict[str, str]:
    port = free_port()
    passwords = home / "simple_auth_manager_passwords.json.generated"
    passwords.write_text(json.dumps(dict.fromkeys(ROLES, secrets.token_hex(8))))
    return {
        "NO_COLOR": "1",
        "PYTHONDONTWRITEBYTECODE": "",  # or each task compiles all of Tandem
        "TANDEM_CONFIG": str(home / "integrations"),
        "AIRFLOW__API__HOST": HOST,
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API__BASE_URL": f"http://localhost:{port}",
        "AIRFLOW__API__SECRET_KEY": secrets.token_hex(16),
        "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_hex(32),
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://{HOST}:{port}/execution/",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(f"{r}:{r}" for r in ROLES),
        "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(free_port()),
        "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(free_port()),
        # On a busy machine a server that has just started keeps its first task for more than 5 s.
        "AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT": "60",
        # What died is noticed in a minute, not in five.
        "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "10",
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "60",
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "5",
        "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_SERVER_PORT": str(free_port()),
        "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.1",
        "AIRFLOW_CONN_DEMO": json.dumps({"conn_type": "odata", "host": service_url}),
        **{
            f"AIRFLOW_CONN_{name.upper()}": sqlite_connection(home / f"{name}.db")
            for name in ("source", "office", "target")
        },
    }


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
