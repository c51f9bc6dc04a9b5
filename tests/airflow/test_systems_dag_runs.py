"""A DAG run that waits for somebody to sign in, and tells nobody what it got for it."""

import json
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.airflow.conftest import PROJECT, House, Ran
from tests.systems.hosted import CLIENT, Hosted, hosted
from tests.systems.hunt import Hunt, lines

from tandem.demo.authority.authority import Authority
from tandem.demo.authority.grants import Application
from tandem.demo.data import Sizes
from tandem.demo.dynamics.organization import ROOT
from tandem.demo.dynamics.sample import fill
from tandem.demo.dynamics.service import create_app

pytestmark = pytest.mark.airflow

FILE = """\
name: {name}
external: {{connector: dynamics, connection: {name}}}
local: {{connector: sql, connection: target}}
provision: true
entities:
  - external: accounts
    local: {name}_account
    fields:
      - {{external: name, local: name}}
  - external: contacts
    local: {name}_contact
    fields:
      - {{external: lastname, local: name}}
"""
SECRET = "s3cret~of/the+app"
GO = re.compile(r"Go to \S+ and enter the code (\w+)\.")
ACCOUNTS = 3


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority([Application(CLIENT, SECRET)], interval=1)


@pytest.fixture(scope="module")
def host(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosted]:
    folder = tmp_path_factory.mktemp("dataverse")
    fill(folder / "there.db", Sizes(ACCOUNTS, ACCOUNTS, ACCOUNTS))
    app = create_app(folder / "there.db", accepts=authority.accepts)
    with hosted(folder, authority, {ROOT: app}) as at:
        yield at


@pytest.fixture(scope="module")
def own_house(host: Hosted, tmp_path_factory: pytest.TempPathFactory) -> House:
    """An Airflow that logs at DEBUG; all connections are in the environment."""
    house = House(tmp_path_factory.mktemp("house"))
    crm = {"conn_type": "dynamics", "host": f"{host.base}{ROOT}"}
    person = {**crm, "extra": host.sign_in("device_code")}
    program = {**crm, "password": SECRET, "extra": host.sign_in("client_credentials")}
    wrong = {**program, "password": f"not-the-{SECRET}"}
    house.environment |= {
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "DEBUG",
        "AIRFLOW_CONN_TARGET": house.target,
        "AIRFLOW_CONN_PERSON": json.dumps(person),
        "AIRFLOW_CONN_PROGRAM": json.dumps(program),
        "AIRFLOW_CONN_WRONG": json.dumps(wrong),
    }
    for name in ("person", "program", "wrong"):
        (house.config / f"{name}.yaml").write_text(FILE.format(name=name), encoding="utf-8")
    return house


@pytest.fixture(scope="module")
def run(own_house: House) -> Iterator[Callable[[str], Ran]]:
    own_house.airflow("db", "migrate")
    runner = own_house.start(str(Path(__file__).parent / "dag_runner.py"), str(PROJECT / "dags"))
    questions, answers = runner.stdin, runner.stdout
    assert questions
    assert answers

    def run(name: str) -> Ran:
        asked = {"dag_id": f"{name}__sync", "conf": {}, "again": []}
        questions.write(json.dumps(asked) + "\n")
        questions.flush()
        return Ran(**json.loads(answers.readline() or '{"state": "the runner died"}'))

    yield run
    runner.communicate()


class Reader(threading.Thread):
    """Somebody who reads the log of the tasks, and enters the code that it shows."""

    def __init__(self, log: Path, host: Hosted) -> None:
        super().__init__(daemon=True)
        self._log, self._host = log, host
        self._over = threading.Event()
        self.entered: list[str] = []

    def run(self) -> None:
        while not self._over.wait(0.1):
            text = self._log.read_text(errors="replace") if self._log.exists() else ""
            for code in dict.fromkeys(GO.findall(text)):
                if code not in self.entered and self._host.enter(code).status_code == 200:
                    self.entered.append(code)

    def __enter__(self) -> "Reader":
        self.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self._over.set()
        self.join()


def test_the_first_task_waits_for_the_code_and_the_others_sign_in_by_themselves(
    own_house: House, host: Hosted, authority: Authority, run: Callable[[str], Ran]
) -> None:
    home = Path(own_house.environment["AIRFLOW_HOME"])
    with Reader(home / "runner.log", host) as reader:
        ran = run("person")
    assert ran.state == "success", [line for line in ran.log.splitlines() if "rror" in line][:25]
    assert set(ran.tasks.values()) == {"success"}
    assert len(reader.entered) == 1
    said = [line for line in ran.log.splitlines() if GO.search(line)]
    assert len(said) == 1, said
    assert "'person' waits until" in said[0]
    before, _, after = ran.log.partition(said[0])
    assert "task_id=refresh_schema" in before
    assert "task_id=validate_metadata" in after
    grants = [asked.grant for asked in authority.asked]
    assert grants.count("device_code") == 1
    assert "refresh_token" not in grants, "the tokens that were kept were good"
    assert len(own_house.sql("target", "select * from person_account")) == ACCOUNTS

    asked = len(authority.asked)
    again = run("person")
    assert again.state == "success"
    assert not GO.search(again.log)
    assert len(authority.asked) == asked


def test_no_secret_is_in_what_a_run_leaves_behind(
    own_house: House, authority: Authority, run: Callable[[str], Ran]
) -> None:
    hunt = Hunt()
    hunt.hide(SECRET, f"not-the-{SECRET}")
    authority.expire_tokens()
    states = {}
    for name in ("program", "wrong"):
        ran = run(name)
        states[name] = ran.state
        hunt.text(f"log of {name}", ran.log)
        hunt.text(f"XComs of {name}", json.dumps(ran.handed_over))
    assert states == {"program": "success", "wrong": "failed"}
    hunt.hide(*authority.secrets)
    home = Path(own_house.environment["AIRFLOW_HOME"])
    hunt.files(home, "tandem.key")
    assert {"airflow.db", "tandem.db", "runner.log"} <= {*hunt.kept.values()}
    found = hunt.found()
    assert not found, lines(found)
