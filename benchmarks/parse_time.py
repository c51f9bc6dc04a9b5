"""What it costs Airflow to parse the integration files, and what of it is Airflow's own.

python -m benchmarks.parse_time [FILES]

FILES (200) integration files of 10 entities with 12 fields each: a sync and an import for each.
The floor is plain Airflow: DAGs and task groups of that shape with bare operators, made in a loop;
nothing is read. Each figure is the least of three fresh processes, in CPU seconds.
"""

import gc
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

PROJECT: Final = Path(__file__).parents[1]
ENTITIES: Final = 10
_TIMES: Final = 3
_WITHIN: Final = "_AIRFLOW_PARSING_CONTEXT_DAG_ID"
"""Airflow sets it in a task, to the id of the task's DAG."""
_HEAD: Final = """\
name: {name}
description: Customers and orders
external: {{connector: odata, connection: {name}_api}}
local: {{connector: sql, connection: {name}_db}}
schedule: "0 2 * * *"
entities:
"""
_ENTITY: Final = """\
  - external: Entity{number}
    local: entity{number}
    primary_key: [ID]
    version_number: modifiedAt
    fields:
"""


def write_files(folder: Path, count: int) -> None:
    """So many integration files."""
    for number in range(count):
        name = f"crm{number}"
        text = _HEAD.format(name=name) + "".join(map(_entity, range(ENTITIES)))
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")


def _entity(number: int) -> str:
    before = max(0, number - 1)
    plain = (f"{{external: field{n}, local: field_{n}}}" for n in range(10))
    lines = [
        *plain,
        "{external: status, local: statuscode, values: {active: 0, inactive: 1}}",
        f"{{external: parent, local: parent, lookup: {{entity: Entity{before}, field: ID}}}}",
    ]
    return _ENTITY.format(number=number) + "".join(f"      - {line}\n" for line in lines)


def _tandem(_: int) -> list[Any]:
    """The DAGs of the DAG file, as Airflow takes them from it."""
    import runpy

    from airflow.sdk import DAG

    names = runpy.run_path(str(PROJECT / "dags" / "integrations.py"))
    return list({id(dag): dag for dag in names.values() if isinstance(dag, DAG)}.values())


def _floor(count: int) -> list[Any]:
    """The same shape in plain Airflow."""
    return [_plain_dag(f"crm{n}__{kind}") for n in range(count) for kind in ("sync", "import")]


def _plain_dag(dag_id: str) -> Any:
    from airflow.sdk import DAG, BaseOperator, TaskGroup

    with DAG(dag_id, schedule=None, catchup=False) as dag:
        first, last = BaseOperator(task_id="first"), BaseOperator(task_id="last")
        second, third = BaseOperator(task_id="second"), BaseOperator(task_id="third")
        first >> second
        third >> last
        for number in range(ENTITIES):
            with TaskGroup(f"Entity{number}"):
                steps = [BaseOperator(task_id=name) for name in ("extract", "transform", "load")]
            second >> steps[0] >> steps[1] >> steps[2] >> third
    return dag


_MAKERS: Final[dict[str, Callable[[int], list[Any]]]] = {"tandem": _tandem, "floor": _floor}


def measure(maker: str, count: int) -> None:
    """In a process of its own, after Airflow is loaded: print what making and storing took."""
    from airflow.sdk import DAG, BaseOperator, Param, TaskGroup  # noqa: F401

    store: Callable[[Any], Any] = id  # a task stores nothing
    if _WITHIN in os.environ:
        import airflow.sdk.execution_time.task_runner  # what a task has loaded
    else:
        import airflow.dag_processing.processor  # noqa: F401 - what a DAG processor has loaded
        from airflow.serialization.serialized_objects import DagSerialization

        store = DagSerialization.to_dict
    gc.collect()  # what Airflow's imports left is not the DAGs'
    start = time.process_time()
    dags = _MAKERS[maker](count)
    made = time.process_time()
    for dag in dags:
        store(dag)
    seconds = (made - start, time.process_time() - made)
    print(json.dumps([*seconds, len(dags), sum(len(dag.tasks) for dag in dags)]))


def _measured(maker: str, count: int, environment: dict[str, str]) -> list[Any]:
    command = [sys.executable, "-m", "benchmarks.parse_time", maker, str(count)]
    runs = [
        subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        for _ in range(_TIMES)
    ]
    return min(json.loads(run.stdout.splitlines()[-1]) for run in runs)


def _rows(folder: Path, count: int) -> Iterator[str]:
    environment = {**os.environ, "AIRFLOW_HOME": str(folder), "TANDEM_CONFIG": str(folder)}
    floor = _measured("floor", count, environment)
    tandem = _measured("tandem", count, environment)
    for name, (make, store, dags, tasks) in (("plain Airflow", floor), ("**Tandem**", tandem)):
        yield (
            f"| {name} | {dags} | {tasks:,} | {make:.2f} | {make / floor[0]:.1f} "
            f"| {store:.2f} | {store / floor[1]:.1f} |"
        )
    make, _, dags, tasks = _measured("tandem", count, {**environment, _WITHIN: "crm0__sync"})
    yield f"| **Tandem, within a task** | {dags} | {tasks} | {make:.2f} | | | |"


def main(count: int) -> None:
    """Print the table in BENCHMARKS.md."""
    with tempfile.TemporaryDirectory() as name:
        write_files(Path(name), count)
        print("| | DAGs | tasks | made in s | of plain | stored in s | of plain |")
        print("|---|---:|---:|---:|---:|---:|---:|")
        for row in _rows(Path(name), count):
            print(row, flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] and sys.argv[1] in _MAKERS:
        measure(sys.argv[1], int(sys.argv[2]))
    else:
        main(int(sys.argv[1]) if sys.argv[1:] else 200)
