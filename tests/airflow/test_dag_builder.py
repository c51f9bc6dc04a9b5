"""What a parse of the DAG file gives."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
DAGS = HERE.parent.parent / "dags" / "integrations.py"
HEAD = """\
name: {name}
external: {{connector: odata, connection: a}}
local: {{connector: sql, connection: b}}
schedule: {schedule}
entities:
"""
ENTITY = """\
  - external: {name}
    local: {name}
    direction: {direction}
    fields:
      - {{external: name, local: name}}
"""
LOOKUP = "      - {{external: ref{n}, local: ref{n}, lookup: {{entity: {target}, field: ID}}}}\n"


def entity(name: str, *lookups: str, direction: str = "download_only") -> str:
    lines = [LOOKUP.format(n=n, target=target) for n, target in enumerate(lookups)]
    return ENTITY.format(name=name, direction=direction) + "".join(lines)


def write(folder: Path, name: str, *entities: str, schedule: str = "null") -> Path:
    path = folder / f"{name}.yaml"
    path.write_text(HEAD.format(name=name, schedule=schedule) + "".join(entities), encoding="utf-8")
    return path


def parse(config: Path, home: Path, only: str = "") -> dict[str, Any]:
    """What a parse of the DAG file finds, in a process of its own."""
    environment = {
        "AIRFLOW_HOME": str(home),
        "TANDEM_CONFIG": str(config),
        **({"_AIRFLOW_PARSING_CONTEXT_DAG_ID": only} if only else {}),
    }
    command = [sys.executable, str(HERE / "dag_describer.py"), str(DAGS)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.fixture(scope="module")
def parsed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A parse of a folder that has one file of each sort."""
    folder = tmp_path_factory.mktemp("config")
    write(folder, "plain", entity("Items"), entity("Sales/Order Lines"), schedule='"0 2 * * *"')
    write(folder, "crm", entity("Orders", "Accounts"), entity("Accounts", "Accounts"))
    write(folder, "cycle", entity("Accounts", "Contacts"), entity("Contacts", "Accounts"))
    both, up = "bidirectional", "upload_only"
    write(
        folder,
        "ways",
        entity("Accounts", direction=both),
        entity("Visits", "Accounts", direction=up),
        entity("Prices"),
    )
    write(folder, "up", entity("Visits", direction=up))
    careful = "    deletes: ignore\n    first_sync: link_and_merge\n"
    write(folder, "careful", entity("Accounts") + careful)
    (folder / "half done.yaml").write_text("name: half\n", encoding="utf-8")
    write(folder, "late", entity("Accounts"), schedule='"every tuesday"')
    return parse(folder, tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def dags(parsed: dict[str, Any]) -> dict[str, Any]:
    """The DAGs of that folder by their ids."""
    found: dict[str, Any] = parsed["dags"]
    return found


def test_each_file_has_a_sync_and_what_else_its_entities_allow(dags: Any) -> None:
    kinds = {name: {d.removeprefix(f"{name}__") for d in dags if d.startswith(f"{name}__")}
             for name in ("plain", "ways", "up")}  # fmt: skip
    assert kinds == {
        "plain": {"sync", "import"},
        "ways": {"sync", "import", "export"},
        "up": {"sync", "export"},
    }
    assert dags["plain__sync"]["tags"] == ["plain", "tandem"]
    assert dags["plain__sync"]["max_active_runs"] == 1
    assert not dags["plain__sync"]["catchup"]


def test_only_the_sync_is_scheduled(dags: Any) -> None:
    schedules = {name: dag["schedule"] for name, dag in dags.items() if dag["schedule"]}
    assert schedules == {"plain__sync": "0 2 * * *"}


def test_steps_follow_each_other_and_lookups_wait_for_their_load(dags: Any) -> None:
    assert dags["crm__sync"]["tasks"] == {
        "refresh_schema": ["validate_metadata"],
        "validate_metadata": ["approve"],
        "approve": ["Accounts.extract", "Orders.extract"],
        "Accounts.extract": ["Accounts.transform"],
        "Accounts.transform": ["Accounts.load"],
        "Accounts.load": ["Orders.transform", "complete_lookups"],
        "Orders.extract": ["Orders.transform"],
        "Orders.transform": ["Orders.load"],
        "Orders.load": ["complete_lookups"],
        "complete_lookups": ["report"],
        "report": [],
    }
    once = {name: after for name, after in dags["crm__sync"]["tasks"].items() if name != "approve"}
    once["validate_metadata"] = ["Accounts.extract", "Orders.extract"]
    assert dags["crm__import"]["tasks"] == once


def test_a_sync_that_never_deletes_asks_nobody(dags: Any) -> None:
    assert "approve" in dags["plain__sync"]["tasks"]
    assert "approve" not in dags["careful__sync"]["tasks"]


def test_without_lookups_there_is_nothing_to_complete(dags: Any) -> None:
    assert dags["plain__sync"]["tasks"]["Items.load"] == ["report"]
    assert "complete_lookups" not in dags["plain__sync"]["tasks"]


def test_an_import_and_an_export_have_the_entities_that_go_that_way(dags: Any) -> None:
    groups = {
        kind: {task.partition(".")[0] for task in dags[f"ways__{kind}"]["tasks"] if "." in task}
        for kind in ("sync", "import", "export")
    }
    assert groups == {
        "sync": {"Accounts", "Visits", "Prices"},
        "import": {"Accounts", "Prices"},
        "export": {"Accounts", "Visits"},
    }
    assert dags["ways__export"]["params"]["entities"]["examples"] == ["Accounts", "Visits"]
    assert dags["ways__export"]["tasks"]["Accounts.load"] == [
        "Visits.transform",
        "complete_lookups",
    ]


def test_what_is_uploaded_may_wait_for_others_even_without_lookups(dags: Any) -> None:
    assert dags["up__sync"]["tasks"]["Visits.load"] == ["complete_lookups"]


def test_the_page_of_a_dag_shows_which_way_records_go(dags: Any) -> None:
    rows = [line for line in dags["ways__sync"]["doc"].splitlines() if line.startswith("| ")]
    assert rows[1:] == [
        "| Accounts | ↔ | Accounts |",
        "| Visits | ← | Visits |",
        "| Prices | → | Prices |",
    ]
    assert "| Prices" not in dags["ways__export"]["doc"]


def test_entities_that_look_each_other_up_do_not_wait_for_each_other(dags: Any) -> None:
    tasks = dags["cycle__sync"]["tasks"]
    assert tasks["Accounts.load"] == tasks["Contacts.load"] == ["complete_lookups"]


def test_names_that_airflow_does_not_allow_are_changed(dags: Any) -> None:
    assert "Sales_Order_Lines.extract" in dags["plain__sync"]["tasks"]


def test_params_offer_what_a_run_can_be_asked_for(dags: Any) -> None:
    window = {"since": None, "until": None}
    asked = {"mode": "auto", "entities": [], "confirm": False}
    assert dags["crm__sync"]["defaults"] == asked | window
    assert dags["crm__sync"]["params"]["mode"]["enum"] == ["auto", "full", "window"]
    assert dags["crm__sync"]["params"]["entities"]["examples"] == ["Orders", "Accounts"]
    once = {"preview": False, "entities": [], "since": None, "until": None}
    assert dags["crm__import"]["defaults"] == dags["ways__export"]["defaults"] == once


def test_a_broken_file_shows_itself(dags: Any) -> None:
    broken = dags["half_done__sync"]
    assert broken["tags"] == ["broken", "tandem"]
    assert "half done.yaml:1: key 'external' is missing" in broken["doc"]
    assert broken["retries"] == {"read_integration_file": 0}
    assert "half_done__import" not in dags


def test_a_schedule_that_airflow_refuses_breaks_its_own_file_only(dags: Any) -> None:
    assert "schedule 'every tuesday' is none that Airflow knows" in dags["late__sync"]["doc"]
    assert "late__import" not in dags


def test_a_parse_loads_neither_data_libraries_nor_connectors(parsed: Any) -> None:
    loaded = parsed["modules"]
    heavy = ("pandas", "numpy", "pyarrow", "httpx", "msal", "sqlalchemy", "rich", "orjson")
    assert not [module for module in loaded if module.partition(".")[0] in heavy]
    ours = {module.split(".")[1] for module in loaded if module.startswith("tandem.")}
    assert ours == {
        "airflow", "core", "errors", "integration_files", "model", "settings",
        "validation_problems",  # there are broken files
        "yaml_source",
    }  # fmt: skip


def test_a_task_parses_its_own_dag_only(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    write(tmp_path, "one", entity("Accounts"))
    write(tmp_path, "two", entity("Accounts"))
    found = parse(tmp_path, tmp_path / "home", only="two__import")
    assert list(found["dags"]) == ["two__import"]


def test_a_task_of_a_broken_file_finds_its_dag(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    write(tmp_path, "one", entity("Accounts"))
    (tmp_path / "half done.yaml").write_text("{", encoding="utf-8")
    found = parse(tmp_path, tmp_path / "home", only="half_done__sync")
    assert list(found["dags"]) == ["half_done__sync"]
