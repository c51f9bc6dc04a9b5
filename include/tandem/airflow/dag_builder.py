"""From integration files to DAGs: `<name>__sync`, `<name>__import` and `<name>__export`, as far
as its entities go that way, or one that says why not.

Parsed by Airflow again and again: knows the YAML, the models and Airflow's SDK, nothing heavier.
"""

import gc
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, get_args

from airflow.sdk import DAG

from tandem.airflow.dag_params import document, params
from tandem.airflow.dag_tasks import add_tasks
from tandem.airflow.ids import task_key
from tandem.airflow.notices.late import deadline
from tandem.airflow.schedules import refusal
from tandem.airflow.tasks import Refuse
from tandem.airflow.travels import Kind, travelling
from tandem.errors import ConfigurationError
from tandem.integration_files import BrokenFile, list_integration_files, load_integration
from tandem.model.integration import Integration

KINDS: Final[tuple[Kind, ...]] = get_args(Kind)


def build_dags(folder: Path, only: str | None = None) -> list[DAG]:
    """The DAGs of all files in the folder; with `only`, no more than the DAG of that id needs."""
    with _nothing_collected():
        return list(_dags(folder, only))


@contextmanager
def _nothing_collected() -> Iterator[None]:
    """Almost all that is made here stays: Python would look through it for garbage again and
    again, for two fifths of the whole parse.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _dags(folder: Path, only: str | None) -> Iterator[DAG]:
    for path in list_integration_files(folder):
        name = _dag_name(path)
        chosen = [kind for kind in KINDS if only in (None, f"{name}__{kind}")]
        if chosen:
            yield from _dags_of_file(path, chosen)


def _dags_of_file(path: Path, kinds: Iterable[Kind]) -> list[DAG]:
    try:
        integration = load_integration(path)
        return [_dag(integration, kind) for kind in kinds if _is_wanted(integration, kind)]
    except BrokenFile as error:
        return [_broken_dag(path, error.lines)]
    except ConfigurationError as error:
        return [_broken_dag(path, [f"{path}: {error}"])]
    except Exception as error:  # noqa: BLE001 - one file must never hide the others
        return [_broken_dag(path, [f"{path}: {type(error).__name__}: {error}"])]


def _is_wanted(integration: Integration, kind: Kind) -> bool:
    """There is always a sync; an import or an export only of what goes that way."""
    return kind == "sync" or bool(travelling(integration, kind))


def _dag(integration: Integration, kind: Kind) -> DAG:
    mappings = travelling(integration, kind)
    schedule = integration.schedule if kind == "sync" else None
    with DAG(
        f"{integration.name}__{kind}",
        schedule=schedule,
        description=integration.description or None,
        doc_md=document(integration, mappings),
        tags=["tandem", integration.name],
        catchup=False,
        auto_register=False,  # one that turns out to be broken must not stay
        max_active_runs=1,
        deadline=deadline(integration) if kind == "sync" else None,
    ) as dag:
        add_tasks(integration, kind, mappings)
    # Afterwards: each task would be given a copy, and Airflow check and store them all. Updated:
    # setting them checks the schema of each against JSON Schema's own, a quarter of the parse.
    dag.params.update(params(kind, mappings))
    _check_schedule(dag, schedule)
    return dag


def _check_schedule(dag: DAG, schedule: str | None) -> None:
    refused = refusal(dag)
    if refused is not None:
        raise ConfigurationError(
            f"schedule {schedule!r} is none that Airflow knows ({refused}).",
            remedy='Write a cron expression such as "0 2 * * *", or @daily and the like, or null.',
        )


def _broken_dag(path: Path, lines: list[str]) -> DAG:
    """The place that the file's DAG would take, saying what is wrong with the file."""
    message = "\n".join(lines)
    with DAG(
        f"{_dag_name(path)}__sync",
        schedule=None,
        dag_display_name=f"{path.name} is broken",
        description=f"{path.name} is broken: {len(lines)} problem(s)",
        doc_md=f"## {path.name} is broken\n```\n{message}\n```\nMend it: the DAG follows.",
        tags=["tandem", "broken"],
        catchup=False,
        auto_register=False,
    ) as dag:
        Refuse(task_id="read_integration_file", message=message)
    return dag


def _dag_name(path: Path) -> str:
    return task_key(path.stem if path.suffix == ".yaml" else path.name)
