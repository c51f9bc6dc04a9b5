"""A running Airflow, as the tests of `tests/live` talk to it."""

import json
import re
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import httpx
from tests.live.processes import Processes

if TYPE_CHECKING:
    from tests.live.surroundings import Surroundings

ROLES: Final = ("admin", "op", "user", "viewer")
ENDED: Final = ("success", "failed")
_MAPPED: Final = re.compile(r"(?P<task>[^\[]+)(\[(?P<index>\d+)\])?")


class AirflowSaid(AssertionError):
    """Airflow refused; its answer says why."""


@dataclass
class LiveAirflow:
    """A running Airflow with a folder of integration files and databases beside it.

    Tasks are named as Airflow names them, mapped ones with their index: `Orders.extract[0]`.
    """

    around: "Surroundings"
    processes: Processes
    _clients: dict[str, httpx.Client] = field(default_factory=dict)

    @property
    def home(self) -> Path:
        """AIRFLOW_HOME, with the databases of the sides and the log of each process."""
        return self.around.home

    @property
    def environment(self) -> dict[str, str]:
        """Of Airflow's processes."""
        return self.around.environment

    @property
    def url(self) -> str:
        """Where Airflow is, without a slash at its end."""
        return self.environment["AIRFLOW__API__BASE_URL"]

    @property
    def integrations(self) -> Path:
        """The folder of integration files."""
        return Path(self.environment["TANDEM_CONFIG"])

    def integrate(self, name: str, text: str) -> None:
        """Write `<name>.yaml` and return once Airflow has read it; its DAGs are paused at first."""
        self.write(name, text)
        self.wait_until_read(name)

    def write(self, name: str, text: str) -> None:
        """Write `<name>.yaml`."""
        (self.integrations / f"{name}.yaml").write_text(text, encoding="utf-8")

    def wait_until_read(self, name: str, seconds: float = 300) -> None:
        """Return once Airflow has read `<name>.yaml` as it is now."""
        changed = (self.integrations / f"{name}.yaml").stat().st_mtime
        give_up = time.monotonic() + seconds
        while time.monotonic() < give_up:
            answer = self.client().get(f"/api/v2/dags/{name}__sync/details")
            if answer.status_code == httpx.codes.OK and _read_at(answer.json()) > changed:
                return
            time.sleep(0.5)
        errors = self.get("/api/v2/importErrors")["import_errors"]
        raise TimeoutError(f"Airflow did not read {name}.yaml in {seconds:g} s. {errors}")

    def unpause(self, dag_id: str) -> None:
        """Let runs of that DAG start."""
        self.patch(f"/api/v2/dags/{dag_id}", {"is_paused": False})

    def trigger(self, dag_id: str, **conf: Any) -> str:
        """Ask for a run with these params; its id."""
        body = {"logical_date": None, "conf": conf}
        return str(self.post(f"/api/v2/dags/{dag_id}/dagRuns", body)["dag_run_id"])

    def wait(self, dag_id: str, run_id: str, seconds: float = 400) -> str:
        """The state in which the run ends."""
        give_up = time.monotonic() + seconds
        while time.monotonic() < give_up:
            state = self.get(f"/api/v2/dags/{dag_id}/dagRuns/{run_id}")["state"]
            if state in ENDED:
                return str(state)
            time.sleep(0.5)
        tasks = self.tasks(dag_id, run_id)
        raise TimeoutError(f"{dag_id} {run_id} did not end in {seconds:g} s: {tasks}")

    def wait_for_task(
        self,
        dag_id: str,
        run_id: str,
        task_id: str,
        states: str | tuple[str, ...],
        seconds: float = 300,
    ) -> str:
        """The state of these that the task comes to."""
        wanted = (states,) if isinstance(states, str) else states
        give_up = time.monotonic() + seconds
        while time.monotonic() < give_up:
            state = self.tasks(dag_id, run_id).get(task_id)
            if state in wanted:
                return state
            time.sleep(0.3)
        tasks = self.tasks(dag_id, run_id)
        raise TimeoutError(f"{task_id} was not {' or '.join(wanted)} in {seconds:g} s: {tasks}")

    def tasks(self, dag_id: str, run_id: str) -> dict[str, str]:
        """Task → its state; "none" while it has none."""
        return {task_id: str(one["state"] or "none") for task_id, one in self._tis(dag_id, run_id)}

    def tries(self, dag_id: str, run_id: str) -> dict[str, int]:
        """Task → how often it was tried."""
        return {task_id: one["try_number"] for task_id, one in self._tis(dag_id, run_id)}

    def process_of(self, dag_id: str, run_id: str, task_id: str) -> int:
        """The process of the task's latest try."""
        return int(dict(self._tis(dag_id, run_id))[task_id]["pid"])

    def _tis(self, dag_id: str, run_id: str) -> list[tuple[str, dict[str, Any]]]:
        path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances?limit=1000"
        found = self.get(path)["task_instances"]
        return [(_task_name(one), one) for one in found]

    def log(self, dag_id: str, run_id: str, task_id: str, attempt: int | None = None) -> str:
        """The log of that try of the task, or of its latest: an event a line."""
        tries = attempt or dict(self._tis(dag_id, run_id))[task_id]["try_number"]
        task, index = _task_and_index(task_id)
        path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task}/logs/{max(tries, 1)}"
        answer = self.get(f"{path}?full_content=true&map_index={index}")
        return "\n".join(_line(event) for event in answer["content"])

    def xcom(self, dag_id: str, run_id: str, task_id: str, key: str = "return_value") -> Any:
        """What the task handed over."""
        task, index = _task_and_index(task_id)
        path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task}/xcomEntries/{key}"
        return self.get(f"{path}?map_index={index}&stringify=false")["value"]

    def get(self, path: str, role: str = "admin") -> Any:
        """Airflow's answer to the user of that role; AirflowSaid if it refuses."""
        return _answer(self.client(role).get(path))

    def post(self, path: str, body: Any, role: str = "admin") -> Any:
        """As `get`."""
        return _answer(self.client(role).post(path, json=body))

    def patch(self, path: str, body: Any, role: str = "admin") -> Any:
        """As `get`."""
        return _answer(self.client(role).patch(path, json=body))

    def client(self, role: str = "admin") -> httpx.Client:
        """Somebody of that role at Airflow's REST API, and at the pages below `/tandem`."""
        if role not in self._clients:
            passwords = self.home / "simple_auth_manager_passwords.json.generated"
            body = {"username": role, "password": json.loads(passwords.read_text())[role]}
            answer = httpx.post(f"{self.url}/auth/token", json=body, timeout=180)
            headers = {
                "Authorization": f"Bearer {_answer(answer)['access_token']}",
                "Accept": "application/json",
            }
            self._clients[role] = httpx.Client(base_url=self.url, headers=headers, timeout=180)
        return self._clients[role]

    def cli(self, *arguments: str) -> str:
        """What `airflow …` prints; AirflowSaid if it fails."""
        return self._run("airflow", *arguments)

    def tandem(self, *arguments: str, exits: tuple[int, ...] = (0,)) -> str:
        """What `tandem …` prints; AirflowSaid unless it exits with one of these."""
        return self._run("tandem", *arguments, exits=exits)

    def _run(self, program: str, *arguments: str, exits: tuple[int, ...] = (0,)) -> str:
        command = [str(Path(sys.executable).with_name(program)), *arguments]
        ran = subprocess.run(command, env=self.environment, capture_output=True, text=True)
        if ran.returncode not in exits:
            raise AirflowSaid(
                f"{program} {arguments}: {ran.returncode}\n{ran.stdout}\n{ran.stderr}"
            )
        return ran.stdout

    def sql(self, database: str, text: str) -> list[tuple[Any, ...]]:
        """Run statements in `source`, `office` or `target`; the rows of the last one."""
        path = self.home / f"{database}.db"
        with closing(sqlite3.connect(path, timeout=60)) as connection, connection:
            *before, last = [part for part in text.split(";") if part.strip()]
            for statement in before:
                connection.execute(statement)
            return connection.execute(last).fetchall()

    def close(self) -> None:
        """Say good-bye to Airflow's server."""
        for client in self._clients.values():
            client.close()


def _read_at(dag: dict[str, Any]) -> float:
    """When the parse began that Airflow knows the DAG by, as a timestamp."""
    parsed = datetime.fromisoformat(dag["last_parsed_time"])
    return parsed.timestamp() - (dag.get("last_parse_duration") or 1)


def _answer(answer: httpx.Response) -> Any:
    if answer.is_error:
        raise AirflowSaid(f"{answer.request.url}: {answer.status_code} {answer.text[:2000]}")
    return answer.json() if answer.content else None


def _task_name(instance: dict[str, Any]) -> str:
    index = instance["map_index"]
    return instance["task_id"] if index < 0 else f"{instance['task_id']}[{index}]"


def _task_and_index(name: str) -> tuple[str, int]:
    found = _MAPPED.fullmatch(name)
    assert found
    return found["task"], int(found["index"] or -1)


def _line(event: Any) -> str:
    if not isinstance(event, dict):
        return str(event)
    details = {name: value for name, value in event.items() if name not in ("event", "timestamp")}
    return f"{event.get('event', '')} {details}"
