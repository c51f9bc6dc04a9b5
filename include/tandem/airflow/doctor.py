"""Whether Airflow has what Tandem needs: DAG files, plugin, components at work, pools, schedules.

Airflow need not run, nor be set up: what cannot be seen is said to be not checked.
"""

import json
import os
import runpy
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import urlopen

from tandem.airflow.housekeeping import DAG_ID
from tandem.airflow.schedules import next_due
from tandem.model.integration import Integration
from tandem.sync.people.check import Finding
from tandem.sync.people.pools import pools_named

_COMPONENTS: Final = ("metadatabase", "scheduler", "dag_processor", "triggerer")
_REMEDIES: Final = {
    "metadatabase": "See that Airflow's database runs.",
    "scheduler": "Nothing starts by schedule: start airflow scheduler.",
    "dag_processor": "Changed files are not seen: start airflow dag-processor.",
    "triggerer": "Runs that wait, for approval or for a throttled system, do not go on: start "
    "airflow triggerer.",
}
_DAG_FILE: Final = "tandem.airflow.dag_builder"
"""What the DAG file imports."""
_PLUGIN: Final = "TandemPlugin"
_HERE: Final = "Airflow looks by the settings of this shell"
"""An Airflow that runs may have been started with others: `make up` has its own."""
_SECONDS: Final = 5.0


def is_set_up() -> bool:
    """Whether there is an Airflow here; to look any closer would make one."""
    home = Path(os.environ.get("AIRFLOW_HOME") or "~/airflow").expanduser()
    return (home / "airflow.cfg").exists() or "AIRFLOW__CORE__DAGS_FOLDER" in os.environ


def examine_airflow() -> Iterator[Finding]:
    """DAG files, plugin and components."""
    if not is_set_up():
        text = "AIRFLOW_HOME has no airflow.cfg: DAGs, plugin and components are not checked."
        yield Finding("airflow", "note", text)
        return
    from airflow.configuration import conf

    yield from _dags(Path(conf.get("core", "dags_folder")))
    yield from _plugin(Path(conf.get("core", "plugins_folder")))
    yield from _components(_base_url(conf))


def _dags(folder: Path) -> Iterator[Finding]:
    ours = [path for path in sorted(folder.rglob("*.py")) if _mentions(path, _DAG_FILE)]
    if not ours:
        text = f"No file in {folder}, where {_HERE}, builds the DAGs of integrations."
        remedy = "Copy dags/integrations.py there, or set AIRFLOW__CORE__DAGS_FOLDER."
        yield Finding("dags", "problem", f"{text} {remedy}")
    for path in ours:
        yield from _parsed(path)
    if ours and not any(_mentions(p, "tandem.airflow.housekeeping") for p in folder.rglob("*.py")):
        text = f"{folder} has no housekeeping.py: staged files and logs grow."
        yield Finding("dags", "warning", f"{text} Copy it from dags/.")


def _parsed(path: Path) -> Iterator[Finding]:
    try:
        found = [value for value in runpy.run_path(str(path)).values() if hasattr(value, "dag_id")]
    except Exception as error:  # noqa: BLE001 - whatever it is, Airflow has no DAGs because of it
        yield Finding("dags", "problem", f"{path} is not imported: {type(error).__name__}: {error}")
        return
    dags = {dag.dag_id: dag for dag in found}
    broken = [dag_id for dag_id, dag in dags.items() if "broken" in dag.tags]
    yield Finding("dags", "ok", f"{path} gives {len(dags)} DAGs, {len(broken)} of them broken.")


def _plugin(folder: Path) -> Iterator[Finding]:
    ours = [path for path in sorted(folder.rglob("*.py")) if _mentions(path, _PLUGIN)]
    if not ours:
        text = f"No file in {folder}, where {_HERE}, is Tandem's plugin: there are no pages."
        remedy = "Copy plugins/tandem_plugin.py there, or set AIRFLOW__CORE__PLUGINS_FOLDER."
        yield Finding("plugin", "problem", f"{text} {remedy}")
    for path in ours:
        try:
            runpy.run_path(str(path))
        except Exception as error:  # noqa: BLE001 - Airflow says nothing of it, whatever it is
            text = f"{path} is not loaded: {type(error).__name__}: {error}"
            yield Finding("plugin", "problem", text)
        else:
            yield Finding("plugin", "ok", f"{path} can be loaded.")


def _mentions(path: Path, text: str) -> bool:
    try:
        return text in path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False


def _base_url(conf: Any) -> str:
    """The API server, by the name that tasks call it, or else browsers."""
    for section, key in (("core", "execution_api_server_url"), ("api", "base_url")):
        base = str(conf.get(section, key, fallback="") or "")
        if urlsplit(base).scheme in ("http", "https"):
            return base.rstrip("/").removesuffix("/execution")
    return f"http://localhost:{conf.get('api', 'port', fallback='8080')}"


def _components(base_url: str) -> Iterator[Finding]:
    try:
        with urlopen(f"{base_url}/api/v2/monitor/health", timeout=_SECONDS) as answer:  # noqa: S310 - http, see above
            said = json.load(answer)
        states = {name: (said.get(name) or {}).get("status") for name in _COMPONENTS}
    except HTTPError as error:
        text = f"{base_url} answers with {error.code}: components are not checked."
        yield Finding("airflow", "note", f"{text} Set AIRFLOW__API__BASE_URL.")
        return
    except (OSError, ValueError, AttributeError):
        text = f"No API server answers at {base_url}: components are not checked."
        yield Finding("airflow", "note", f"{text} Start it, or set AIRFLOW__API__BASE_URL.")
        return
    for name, state in states.items():
        about = name.replace("_", " ")
        if state == "healthy":
            yield Finding("airflow", "ok", f"The {about} is healthy.")
        else:
            text = f"The {about} is {state or 'not there'}."
            yield Finding("airflow", "problem", f"{text} {_REMEDIES[name]}")


def examine_schedules(
    integrations: list[Integration], last: dict[str, datetime | None], now: datetime
) -> Iterator[Finding]:
    """Which scheduled syncs have been missing for too long; `last`: when each loaded last."""
    for integration in integrations:
        began = last.get(integration.name)
        if integration.schedule is None or began is None:
            continue
        missed = _missed(integration.schedule, began, now)
        if missed:
            text = f"Nothing was loaded since {began:%Y-%m-%d %H:%M} UTC; its schedule is "
            remedy = f"See whether {integration.name}__sync is paused, and tandem log."
            yield Finding(integration.name, "warning", f"{text}{integration.schedule!r}. {remedy}")


def _missed(schedule: str, began: datetime, now: datetime) -> bool:
    """Whether two runs were due since then, the second more than an hour ago."""
    from airflow.sdk import DAG

    try:
        dag = DAG("tried", schedule=schedule, catchup=False, auto_register=False)
        first = next_due(dag, began)
        second = next_due(dag, first) if first else None
    except Exception:  # noqa: BLE001 - the file's broken DAG says what is wrong with it
        return False
    return second is not None and second + timedelta(hours=1) < now


def examine_database(integrations: list[Integration]) -> Iterator[Finding]:
    """What only Airflow's own database tells: pools, and which DAGs are paused."""
    pools = sorted(pools_named(integrations))
    try:
        known, paused = _from_database([DAG_ID, *(f"{i.name}__sync" for i in integrations)])
    except Exception as error:  # noqa: BLE001 - not there, not migrated, not ours to say
        text = "Pools and paused DAGs are not checked: Airflow's database cannot be read"
        yield Finding("airflow", "note", f"{text} ({type(error).__name__}).")
        return
    for pool in pools:
        if pool in known:
            yield Finding("pools", "ok", f"{pool} is there.")
        else:
            text = f"There is no pool {pool!r}: the tasks that name it never start."
            yield Finding("pools", "problem", f"{text} airflow pools set {pool} 4 systems")
    if paused.get(DAG_ID):
        yield Finding("dags", "warning", f"{DAG_ID} is paused: staged files and logs grow.")
    for integration in integrations:
        if integration.schedule and paused.get(f"{integration.name}__sync"):
            text = f"{integration.name}__sync has a schedule and is paused."
            yield Finding(integration.name, "note", f"{text} Unpause it to let it run.")


def _from_database(dag_ids: list[str]) -> tuple[set[str], dict[str, bool]]:
    """The pools there are, and whether each of these DAGs is paused."""
    from airflow.configuration import conf
    from airflow.models.dag import DagModel
    from airflow.models.pool import Pool

    url = conf.get("database", "sql_alchemy_conn")
    scheme, _, path = url.partition("?")[0].partition("///")
    if scheme == "sqlite:" and not Path(path).exists():
        raise FileNotFoundError(path)
    pools = {str(pool.pool) for pool in Pool.get_pools()}
    found = {dag_id: DagModel.get_dagmodel(dag_id) for dag_id in dag_ids}
    return pools, {dag_id: bool(dag.is_paused) for dag_id, dag in found.items() if dag}
