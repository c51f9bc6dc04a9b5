"""What other DAGs and catalogues of data learn of a sync, from an Airflow of its own."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from tests.live.airflow import LiveAirflow
from tests.live.processes import Processes, terminated_as_interrupted
from tests.live.surroundings import running, surroundings

SYNC = """\
name: lineage
external: {connector: sql, connection: source}
local: {connector: sql, connection: target}
provision: true
entities:
  - external: customers
    local: Lineage customers
    fields:
      - {external: id, local: id}
      - {external: name, local: name, transform: [trim, upper]}
      - {local: origin, constant: source}
  - external: orders
    local: lineage_order
    fields:
      - {external: number, local: number}
"""
NAME = "target/Lineage customers"
CONSUMER = f"""\
from airflow.sdk import DAG, Asset, task

CUSTOMERS = Asset("{NAME}", "x-tandem://target/Lineage%20customers")

with DAG("lineage_consumer", schedule=[CUSTOMERS], is_paused_upon_creation=False):

    @task
    def tell(triggering_asset_events):
        return [event.extra for event in triggering_asset_events[CUSTOMERS]]

    tell()
"""


@pytest.fixture(scope="module")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveAirflow]:
    """One with a DAG folder of somebody else's, that writes OpenLineage's events to files."""
    home = tmp_path_factory.mktemp("lineage")
    (home / "others").mkdir()
    (home / "others" / "consumer.py").write_text(CONSUMER, encoding="utf-8")
    with terminated_as_interrupted(), surroundings(home) as around:
        _tell_lineage(around.environment, home)
        processes = Processes(around.environment, home)
        processes.start("standalone", "standalone")
        with running(around, processes, "standalone") as found:
            yield found


def _tell_lineage(environment: dict[str, str], home: Path) -> None:
    classpath = "airflow.dag_processing.bundles.local.LocalDagBundle"
    folders = {"dags-folder": {}, "others": {"path": str(home / "others")}}
    environment["AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST"] = json.dumps(
        [
            {"name": name, "classpath": classpath, "kwargs": options}
            for name, options in folders.items()
        ]
    )
    transport = {"type": "file", "log_file_path": f"{home}/lineage.json", "append": True}
    environment["AIRFLOW__OPENLINEAGE__TRANSPORT"] = json.dumps(transport)


def test_a_dag_that_waits_for_an_entity_reads_what_was_written(airflow: LiveAirflow) -> None:
    airflow.integrate("lineage", SYNC)
    until(lambda: airflow.get("/api/v2/dags?dag_id_pattern=lineage_consumer")["dags"])
    airflow.unpause("lineage__sync")
    run = airflow.trigger("lineage__sync", confirm=True)
    assert airflow.wait("lineage__sync", run) == "success"

    (asset,) = airflow.get(f"/api/v2/assets?name_pattern={quote(NAME)}")["assets"]
    assert asset["uri"] == "x-tandem://target/Lineage%20customers"
    assert {task["task_id"] for task in asset["producing_tasks"]} == {"customers.load"}
    (event,) = airflow.get(f"/api/v2/assets/events?asset_id={asset['id']}")["asset_events"]
    extra = event["extra"]
    assert extra["run"] == run
    assert extra["written"] == extra["counts"]["created"] == 2
    assert (extra["direction"], extra["mode"], extra["status"]) == ("download", "full", "success")

    runs = until(lambda: airflow.get("/api/v2/dags/lineage_consumer/dagRuns")["dag_runs"])
    consumer = runs[0]["dag_run_id"]
    assert airflow.wait("lineage_consumer", consumer) == "success"
    assert airflow.xcom("lineage_consumer", consumer, "tell")[0]["counts"]["created"] == 2


def test_a_run_in_which_nothing_changed_says_so_and_what_is_skipped_says_nothing(
    airflow: LiveAirflow,
) -> None:
    run = airflow.trigger("lineage__sync", entities=["customers"])
    assert airflow.wait("lineage__sync", run) == "success"
    events = airflow.get("/api/v2/assets/events?limit=100")["asset_events"]
    told = [event for event in events if event["extra"].get("run") == run]
    assert [(event["name"], event["extra"]["written"]) for event in told] == [(NAME, 0)]


def test_openlineage_tells_which_column_was_made_of_which(airflow: LiveAirflow) -> None:
    """Follows the runs above."""
    done = until(
        lambda: [e for e in events(airflow, "lineage__sync.customers.load") if e["outputs"]]
    )
    event = done[0]
    (read,), (written,) = event["inputs"], event["outputs"]
    assert (read["namespace"], read["name"]) == (f"sqlite://{airflow.home}/source.db", "customers")
    assert written["name"] == "Lineage customers"
    columns = written["facets"]["columnLineage"]["fields"]
    assert columns["origin"]["inputFields"] == []
    (source,) = columns["name"]["inputFields"]
    assert (source["name"], source["field"]) == ("customers", "name")
    assert source["transformations"][0]["description"] == "trim, upper"
    types = {field["name"]: field["type"] for field in read["facets"]["schema"]["fields"]}
    assert types["name"] == "TEXT"


def events(airflow: LiveAirflow, job: str) -> list[dict[str, Any]]:
    """What was told when that task had succeeded."""
    lines = (airflow.home / "lineage.json").read_text(encoding="utf-8").splitlines()
    found = [json.loads(line) for line in lines]
    return [e for e in found if e["job"]["name"] == job and e["eventType"] == "COMPLETE"]


def until(found: Callable[[], Any], seconds: float = 120) -> Any:
    give_up = time.monotonic() + seconds
    while not (answer := found()):
        assert time.monotonic() < give_up, f"not in {seconds:g} s"
        time.sleep(0.3)
    return answer
