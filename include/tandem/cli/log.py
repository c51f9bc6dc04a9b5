"""`tandem log`: what became of the last runs."""

from dataclasses import asdict
from typing import Annotated

import typer

from tandem.cli.output import print_json, print_table
from tandem.cli.session import AsJson, Name, errors_as_exit_codes, integration_named, state_of
from tandem.model.changes import results_line
from tandem.state.store import LogEntry


def log(
    name: Name,
    limit: Annotated[int, typer.Option(help="How many lines, newest first.", min=1)] = 20,
    json: AsJson = False,  # noqa: FBT002 - a flag
) -> None:
    """Show the log: one line for each entity of each run."""
    with errors_as_exit_codes(), state_of(integration_named(name)) as state:
        entries = state.log_entries(limit=limit)
    if json:
        print_json([_as_json(entry) for entry in entries])
    else:
        columns = ("started (UTC)", "run", "entity", "mode", "status", "result")
        print_table(columns, [_row(entry) for entry in entries])


def _row(entry: LogEntry) -> tuple[str, ...]:
    started = f"{entry.started_at:%Y-%m-%d %H:%M:%S}"
    what = entry.message or results_line(entry.counts)
    return started, entry.run_id, entry.entity, entry.mode, entry.status, what


def _as_json(entry: LogEntry) -> dict[str, object]:
    counts = {"all": entry.counts.all, **entry.counts.model_dump()}
    return {**asdict(entry), "counts": counts}
