"""Who takes part, with what command and environment, in which steps."""

import json
import os
import subprocess
import sys
import venv
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from benchmarks.fields import COLUMNS, ENTITY, KEY, TABLE, VERSION
from benchmarks.targets import Postgres, Sqlite

HOME = Path(".bench")
PYTHON = sys.executable
DLT_VENV = HOME / "venv"
DLT_PYTHON = str(DLT_VENV / "bin" / "python")
REQUIREMENTS = Path(__file__).parent / "requirements-dlt.txt"
STATE_DATABASE = "tandem_bench_state"

Target = Postgres | Sqlite
FULL = ("full",)
IN_TURN = ("full", "unchanged", "changed")


@dataclass(frozen=True, slots=True)
class Contestant:
    """One way to load the entity set. The same command is run for every step.

    `command` takes the service root and the target's address. `environment` prepares the work
    folder and returns variables.
    """

    name: str
    what: str
    command: Callable[[str, str], list[str]]
    environment: Callable[[str, Target, Path], dict[str, str]]
    steps: tuple[str, ...] = FULL
    needs_dlt: bool = False


def _floor(root: str, address: str) -> list[str]:
    return [PYTHON, "-m", "benchmarks.floor", root, address]


def _dlt(module: str, *flags: str) -> Callable[[str, str], list[str]]:
    def command(root: str, address: str) -> list[str]:
        return [DLT_PYTHON, "-m", module, root, _with_password(address), *flags]

    return command


def _tandem(_root: str, _address: str) -> list[str]:
    return [str(Path(PYTHON).with_name("tandem")), "sync", "bench"]


def _nothing(_root: str, _target: Target, _work: Path) -> dict[str, str]:
    return {}


def _dlt_environment(_root: str, _target: Target, work: Path) -> dict[str, str]:
    return {"DLT_DATA_DIR": str(work / "dlt"), "RUNTIME__LOG_LEVEL": "ERROR"}


def _tandem_environment(root: str, target: Target, work: Path) -> dict[str, str]:
    (work / "integrations").mkdir()
    (work / "integrations" / "bench.yaml").write_text(INTEGRATION)
    if isinstance(target, Postgres):
        target.refresh(STATE_DATABASE)
        state, local = (_sqlalchemy(u) for u in (target.database(STATE_DATABASE), target.address))
    else:
        state, local = f"sqlite:///{work.resolve()}/state.db", f"sqlite:///{target.address}"
    return {
        "AIRFLOW_HOME": str(work.resolve()),
        "TANDEM_CONFIG": str(work / "integrations"),
        "TANDEM_STATE": state,
        "TANDEM_STAGING": f"file://{work.resolve()}/staging",
        "AIRFLOW_CONN_BENCH_API": json.dumps({"conn_type": "odata", "host": root}),
        "AIRFLOW_CONN_BENCH_LOCAL": json.dumps({"conn_type": "sql", "extra": {"url": local}}),
    }


_FIELDS = "\n".join(f"      - {{external: {c.name}, local: {c.local}}}" for c in COLUMNS)
INTEGRATION = f"""\
name: bench
external: {{connector: odata, connection: bench_api}}
local: {{connector: sql, connection: bench_local}}
provision: true
entities:
  - external: {ENTITY}
    local: {TABLE}
    direction: download_only
    primary_key: [{KEY}]
    version_number: {VERSION}
    deletes: ignore
    fields:
{_FIELDS}
"""

CONTESTANTS = (
    Contestant("floor", "httpx + orjson + COPY or executemany", _floor, _nothing),
    Contestant("tandem", "tandem sync", _tandem, _tandem_environment, IN_TURN),
    Contestant(
        "dlt-documented",
        "rest_api source as documented",
        _dlt("benchmarks.dlt_documented"),
        _dlt_environment,
        needs_dlt=True,
    ),
    Contestant(
        "dlt-arrow",
        "Arrow tables from orjson, default settings",
        _dlt("benchmarks.dlt_arrow", "--plain"),
        _dlt_environment,
        needs_dlt=True,
    ),
    Contestant(
        "dlt-tuned",
        "typed Arrow tables, parquet, ADBC where dlt has it",
        _dlt("benchmarks.dlt_arrow"),
        _dlt_environment,
        needs_dlt=True,
    ),
    Contestant(
        "dlt-merge",
        "rest_api source, incremental, merging",
        _dlt("benchmarks.dlt_documented", "--merge"),
        _dlt_environment,
        IN_TURN,
        needs_dlt=True,
    ),
)


def base_environment() -> Mapping[str, str]:
    """What every contestant gets."""
    return {**os.environ, "PYTHONPATH": str(Path.cwd())}


def install_dlt() -> None:
    """dlt in an environment of its own, made or renewed when the requirements have changed."""
    stamp = DLT_VENV / "requirements-dlt.txt"
    wanted = REQUIREMENTS.read_text()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    print("Installing dlt for the benchmark …", flush=True)
    venv.create(DLT_VENV, with_pip=True, clear=True)
    subprocess.run(
        [DLT_PYTHON, "-m", "pip", "install", "--quiet", "-r", str(REQUIREMENTS)], check=True
    )
    stamp.write_text(wanted)


def _with_password(address: str) -> str:
    """dlt refuses a PostgreSQL URL without a password, also where the server asks for none."""
    url = urlsplit(address)
    if url.scheme != "postgresql" or url.password:
        return address
    return urlunsplit(url._replace(netloc=f"{url.username}:none@{url.netloc.rpartition('@')[2]}"))


def _sqlalchemy(address: str) -> str:
    return address.replace("postgresql://", "postgresql+psycopg://", 1)
