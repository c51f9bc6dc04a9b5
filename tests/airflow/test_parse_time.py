"""What a parse of the DAG file leaves out, since Airflow parses it with every task."""

from pathlib import Path

import pytest

from tandem.airflow import dag_builder
from tandem.integration_files import load_integration
from tandem.model.integration import Integration

TEXT = """\
name: {name}
external: {{connector: odata, connection: there}}
local: {{connector: sql, connection: here}}
schedule: "0 2 * * *"
entities:
  - external: Accounts
    local: account
    fields: [{{external: name, local: name}}]
"""


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that are read from now on."""
    names: list[str] = []

    def load_and_note(path: Path) -> Integration:
        names.append(path.name)
        return load_integration(path)

    monkeypatch.setattr(dag_builder, "load_integration", load_and_note)
    return names


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of three integration files, of which one's name begins with another's."""
    for name in ("crm", "crm__sync", "erp"):
        (tmp_path / f"{name}.yaml").write_text(TEXT.format(name=name), encoding="utf-8")
    return tmp_path


def test_a_task_reads_no_file_but_its_own(folder: Path, read: list[str]) -> None:
    (dag,) = dag_builder.build_dags(folder, "crm__sync")
    assert dag.dag_id == "crm__sync"
    assert read == ["crm.yaml"]


def test_a_task_of_another_dag_file_reads_none(folder: Path, read: list[str]) -> None:
    assert list(dag_builder.build_dags(folder, "somebody_elses")) == []
    assert read == []


def test_each_file_is_read_once_for_all_its_dags(folder: Path, read: list[str]) -> None:
    dags = list(dag_builder.build_dags(folder))
    assert len(dags) == 6
    assert read == ["crm.yaml", "crm__sync.yaml", "erp.yaml"]


def test_params_can_be_resolved_though_no_parse_checks_them(folder: Path) -> None:
    for dag in dag_builder.build_dags(folder):
        assert dag.params.validate().keys() >= {"entities", "since", "until"}
