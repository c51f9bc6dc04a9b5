"""What `tandem doctor` says about installations, well and broken; and the other chores."""

import json
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from tests.fresh_state import lay_fresh_state
from typer.testing import CliRunner

from tandem.cli.main import app

FILE = """\
name: crm
external: {connector: sql, connection: doctor_source}
local: {connector: sql, connection: doctor_target}
provision: true
entities:
  - external: orders
    local: crm_order
    primary_key: [number]
    fields: [{external: number, local: number}]
"""


class Installation:
    """A folder with everything in it, and the commands."""

    def __init__(self, home: Path, patch: pytest.MonkeyPatch) -> None:
        self.home = home
        self.files = home / "integrations"
        self.files.mkdir()
        (self.files / "crm.yaml").write_text(FILE)
        self.set = patch.setenv
        for name in (
            "TANDEM_STATE",
            "TANDEM_STAGING",
            "TANDEM_KEEP_DAYS",
            "AIRFLOW__CORE__FERNET_KEY",
        ):
            patch.delenv(name, raising=False)
        self.set("AIRFLOW_HOME", str(home))
        self.set("TANDEM_CONFIG", str(self.files))
        for side in ("source", "target"):
            url = f"sqlite:///{home}/{side}.db"
            text = json.dumps({"conn_type": "sql", "extra": {"url": url}})
            self.set(f"AIRFLOW_CONN_DOCTOR_{side.upper()}", text)
        with sqlite3.connect(home / "source.db") as source:
            source.execute("create table orders (number integer primary key not null)")

    def run(self, *arguments: str) -> Any:
        return CliRunner().invoke(app, [*arguments])

    def says(self, about: str, *arguments: str) -> tuple[int, list[tuple[str, str]]]:
        """How it exits, and severity and text of what it finds about that."""
        result = self.run("doctor", "--no-connections", "--json", *arguments)
        found = json.loads(result.stdout)
        told = [(f["severity"], f["text"]) for f in found if f["about"] == about]
        return result.exit_code, told

    def state(self, *statements: str) -> None:
        """A state database in which these were done."""
        lay_fresh_state(self.home / "tandem.db")
        with sqlite3.connect(self.home / "tandem.db") as state:
            for statement in statements:
                state.execute(statement)


@pytest.fixture
def installation(tmp_path, monkeypatch):
    return Installation(tmp_path, monkeypatch)


def test_a_new_installation_is_well_and_stays_as_it_is(installation):
    result = installation.run("doctor", "--no-connections")
    assert result.exit_code == 0, result.output
    assert not (installation.home / "tandem.db").exists()
    assert not (installation.home / "airflow.cfg").exists()
    assert "There is no state yet" in " ".join(result.output.split())


def test_the_systems_are_asked_too(installation):
    result = installation.run("doctor")
    assert result.exit_code == 0, result.output
    assert "crm external" in result.output
    installation.set(
        "AIRFLOW_CONN_DOCTOR_TARGET",
        '{"conn_type": "sql", "extra": {"url": "postgresql://x@127.0.0.1:1/x"}}',
    )
    assert installation.run("doctor").exit_code == 3


@pytest.mark.parametrize(
    ("about", "variables", "told"),
    [
        ("files", {"TANDEM_CONFIG": "/nowhere"}, "There is no folder"),
        ("settings", {"TANDEM_KEEP_DAYS": "few"}, "TANDEM_KEEP_DAYS"),
        ("staging", {"TANDEM_STAGING": "file:///proc/staging"}, "cannot be kept"),
        ("staging", {"TANDEM_STAGING": "nosuch://x"}, "nosuch"),
        ("state", {"TANDEM_STATE": "nosuch://x"}, "nosuch"),
        ("state", {"TANDEM_STATE": "doctor_nobody"}, "doctor_nobody"),
        ("key", {"AIRFLOW__CORE__FERNET_KEY": "secret"}, "no Fernet key"),
    ],
)
def test_what_is_wrong_is_said_with_its_remedy(installation, about, variables, told):
    for name, value in variables.items():
        installation.set(name, value)
    code, found = installation.says(about)
    assert code == 1
    assert [severity for severity, _ in found] == ["problem"]
    assert told in found[0][1]
    assert "secret" not in found[0][1]


def test_who_shares_a_quota_but_no_pool_is_told(installation):
    pooled = FILE.replace("name: crm", "name: erp").replace("crm_order", "erp_order")
    pooled = pooled.replace("doctor_source}", "doctor_source, pool: sales}")
    (installation.files / "erp.yaml").write_text(pooled)
    found = json.loads(installation.run("doctor", "--json").stdout)
    told = [f["text"] for f in found if (f["about"], f["severity"]) == ("pools", "warning")]
    assert any("doctor_source: none, sales" in text for text in told)


def test_a_state_out_of_reach_is_unreachable(installation):
    installation.set("TANDEM_STATE", "postgresql://x@127.0.0.1:1/x")
    code, ((severity, _),) = installation.says("state")
    assert (code, severity) == (3, "unreachable")


def test_each_broken_file_is_named(installation):
    (installation.files / "erp.yaml").write_text("name: erp\n")
    code, found = installation.says("files")
    assert code == 1
    assert [severity for severity, _ in found] == ["problem", "ok"]
    assert "erp.yaml:1" in found[0][1]


def test_a_state_of_a_newer_version_is_a_problem_and_an_older_one_is_not(installation):
    installation.state("update alembic_version set version_num = '0999'")
    code, ((severity, text),) = installation.says("state")
    assert (code, severity) == (1, "problem")
    assert "Upgrade Tandem" in text
    installation.state("update alembic_version set version_num = '0004'")
    code, ((severity, text),) = installation.says("state")
    assert (code, severity) == (0, "note")
    assert "Back it up" in text


def test_a_state_that_is_no_database_is_a_problem(installation):
    (installation.home / "tandem.db").write_text(
        "no database, but long enough to look like one" * 9
    )
    code, found = installation.says("state")
    assert code in (1, 3)
    assert found[0][0] in ("problem", "unreachable")


def test_sign_ins_that_no_key_opens_are_a_problem(installation):
    installation.state(
        "insert into integration_sign_in (name, tokens, updated_at)"
        f" values ('bc', x'{b'0123456789abcdef:x'.hex()}', '2026-01-01 00:00:00.000000')"
    )
    installation.set("AIRFLOW__CORE__FERNET_KEY", Fernet.generate_key().decode())
    code, found = installation.says("state")
    assert code == 1
    assert "another key" in found[-1][1]


def test_what_waits_long_and_who_did_not_give_back_his_turn_is_said(installation):
    old = "'2020-01-01 00:00:00.000000'"
    installation.state(
        "insert into integration_conflict (integration, entity, run_id, kind, status, fields,"
        " created_at, updated_at)"
        f" values ('crm', 'orders', 'r', 'edited', 'open', '{{}}', {old}, {old})",
        f"insert into integration_lease values ('crm', 'r1', 1, null, {old})",
    )
    code, found = installation.says("crm")
    assert code == 1
    assert [severity for severity, _ in found] == ["note", "warning"]
    assert "tandem conflicts crm" in found[1][1]


def asked(run_id: str, at: str, answer: str = "null") -> str:
    """A row: a run has asked people at that time."""
    return (
        "insert into integration_question (integration, run_id, fingerprint, counts, asked_at,"
        f" answer) values ('crm', '{run_id}', 'f', '{{}}', '{at}', {answer})"
    )


def ago(**span: float) -> str:
    return f"{datetime.now(UTC) - timedelta(**span):%Y-%m-%d %H:%M:%S.%f}"


def begun(run_id: str, at: str) -> str:
    """A row: a run began an entity at that time."""
    return (
        "insert into integration_log (integration, run_id, entity, direction, mode, started_at,"
        ' status, "all", created, updated, deleted, unchanged, failed, conflicts, deferred,'
        " superseded, message)"
        f" values ('crm', '{run_id}', 'orders', 'download', 'full', '{at}', 'running',"
        " 0, 0, 0, 0, 0, 0, 0, 0, 0, '')"
    )


def test_who_asks_and_where_it_is_answered_is_said(installation):
    """The run has given its lease back while it waits; an earlier run of that name loaded."""
    since = ago(hours=5)
    installation.state(begun("manual__1", ago(hours=6)), asked("manual__1", since))
    code, ((severity, text),) = installation.says("crm")
    assert (code, severity) == (0, "note")
    assert f"manual__1 asks since {since[:16]} UTC" in text
    assert "answer it in Airflow under Required Actions" in text


@pytest.mark.parametrize("answer", ["'approved'", "'rejected'", "'none'"])
def test_what_has_its_answer_is_not_asked(installation, answer):
    """The task was cleared while it waited: its first question never gets an answer."""
    installation.state(asked("m", ago(hours=3)), asked("m", ago(hours=2), answer))
    assert installation.says("crm") == (0, [])


def test_a_question_whose_run_went_on_or_gave_up_is_not_said_for_ever(installation):
    installation.state(asked("m", ago(hours=3)), begun("m", ago(hours=2)))
    assert installation.says("crm") == (0, [])
    installation.state(asked("m", ago(days=7, minutes=1)))
    assert installation.says("crm") == (0, [])


def test_only_the_last_to_ask_can_be_waiting(installation):
    """One sync of an integration runs at a time in Airflow."""
    installation.state(asked("killed", ago(hours=3)), asked("next", ago(hours=2)))
    code, ((_, text),) = installation.says("crm")
    assert code == 0
    assert "next asks since" in text


def test_housekeeping_says_what_went(installation):
    installation.state()
    result = installation.run("housekeeping", "--dry-run", "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["dry_run"] is True
    assert "Deleted rows older than" in installation.run("housekeeping").output
    installation.set("TANDEM_KEEP_DAYS", "1")
    assert installation.run("housekeeping").exit_code == 2


def test_the_state_goes_down_only_if_its_loss_is_accepted(installation):
    installation.state()
    assert json.loads(installation.run("state", "--json").stdout)["revision"]
    refused = installation.run("state", "downgrade", "0006")
    assert refused.exit_code == 2
    assert "what people were asked" in refused.output
    assert installation.run("state", "downgrade", "0006", "--yes").exit_code == 0
    assert "0006" in installation.run("state").output
    assert installation.run("state", "upgrade").exit_code == 0
    assert installation.run("state", "downgrade", "nonsense").exit_code == 2
