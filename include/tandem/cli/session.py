"""What every command needs: settings, integration files, connections, a clock and exit codes."""

import logging
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer
from click import ClickException

from tandem.cli.output import complain
from tandem.errors import ConfigurationError, RetryLater, TandemError, one_of
from tandem.integration_files import list_integration_files, load_integration
from tandem.model.connection import Connection
from tandem.model.integration import Integration
from tandem.settings import Settings
from tandem.state.store import SqlState
from tandem.sync.environment import Environment, open_state_of
from tandem.sync.job import Progress, Request, Run, open_job

FINDINGS: Final = 1
"""Failed records, or findings of a check."""
WRONG: Final = 2
"""Wrong usage or configuration."""
UNREACHABLE: Final = 3
BUG: Final = 70
"""An error that is ours (sysexits.h: EX_SOFTWARE)."""

_logger: Final = logging.getLogger(__name__)

Name = Annotated[str, typer.Argument(help="Name of the integration: its file without .yaml.")]
Entities = Annotated[
    list[str] | None,
    typer.Option("--entity", "-e", help="External entity; may be repeated. Default: all."),
]
Ids = Annotated[
    list[str] | None,
    typer.Option("--id", help="Only the record with this id; may be repeated. Default: all."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


def now() -> datetime:
    """The clock of the command line."""
    return datetime.now(UTC)  # noqa: TID251 - the one place that reads it


def environment() -> Environment:
    """Settings from the environment; connections from there too, and else from Airflow."""
    return Environment(Settings.from_environment(), find_connection, now)


def find_connection(conn_id: str) -> Connection:
    """A connection by its id; Airflow is loaded only if the environment does not have it."""
    from tandem.airflow.connections import find_connection as find

    return find(conn_id)


def integration_named(name: str) -> Integration:
    """The integration of that name; ConfigurationError lists those that there are."""
    return load_integration(integration_file(name))


def integration_file(name: str) -> Path:
    """Where the integration of that name is; ConfigurationError if there is none."""
    folder = Settings.from_environment().config
    files = {path.stem: path for path in list_integration_files(folder)}
    if name not in files:
        raise ConfigurationError(
            f"There is no integration {name!r} in {folder}.",
            remedy=f"There is {one_of(list(files))}." if files else "Draft one: tandem init.",
        )
    return files[name]


def job_for(
    integration: Integration, request: Request, progress: Progress
) -> "AbstractContextManager[Run]":
    """Open what a run of the integration needs."""
    return open_job(integration, request, environment(), progress)


def new_run_id() -> str:
    """The id of a run that the command line starts now."""
    return f"cli__{now():%Y-%m-%dT%H:%M:%S.%f}"


@contextmanager
def state_of(integration: Integration) -> Iterator[SqlState]:
    """The state of an integration, without its systems."""
    state = open_state_of(integration.name, environment())
    try:
        yield state
    finally:
        state.close()


def exit_code(error: TandemError) -> int:
    """The exit code that an error means."""
    return UNREACHABLE if isinstance(error, RetryLater) else WRONG


@contextmanager
def errors_as_exit_codes() -> Iterator[None]:
    """An error becomes its message on standard error and its exit code."""
    try:
        yield
    except TandemError as error:
        complain(str(error))
        raise typer.Exit(exit_code(error)) from None
    except (typer.Exit, typer.Abort, ClickException):
        raise
    except Exception as error:  # noqa: BLE001 - nobody is above us who could say it better
        complain(bug(error))
        raise typer.Exit(BUG) from None


def bug(error: Exception) -> str:
    """An error that is none of `tandem.errors`, in one line; the log has its traceback."""
    _logger.info("This is a bug", exc_info=error)
    first = next(iter(str(error).splitlines()), "")
    return f"bug: {type(error).__name__}: {first[:300]} (run with -v for the traceback)"
