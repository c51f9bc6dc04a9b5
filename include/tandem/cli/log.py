"""`tandem log`: what became of the last runs."""

from dataclasses import asdict
from itertools import groupby
from typing import Annotated

import typer

from tandem.cli.output import print_json, say
from tandem.cli.session import AsJson, Name, errors_as_exit_codes, integration_named, state_of
from tandem.model.changes import results_line
from tandem.state.store import LogEntry
from tandem.sync.report import CREATED_WORDS


def log(
    name: Name,
    limit: Annotated[
        int, typer.Option(help="How many entities of runs, newest first.", min=1)
    ] = 20,
    json: AsJson = False,  # noqa: FBT002 - a flag
) -> None:
    """Show the log: what became of each entity of the last runs."""
    with errors_as_exit_codes(), state_of(integration_named(name)) as state:
        entries = state.log_entries(limit=limit)
    if json:
        print_json([_as_json(entry) for entry in entries])
    else:
        for run_id, of_run in groupby(entries, key=lambda entry: entry.run_id):
            _print_run(run_id, list(of_run))


def _print_run(run_id: str, entries: list[LogEntry]) -> None:
    started = min(entry.started_at for entry in entries)
    say(f"{started:%Y-%m-%d %H:%M:%S} UTC  {run_id}", "bold")
    for entry in reversed(entries):  # in the order in which they were synced
        say(f"{entry.entity} {entry.direction} ({entry.mode}): {entry.status}", indent=2)
        result = results_line(entry.counts, CREATED_WORDS[entry.direction])
        failed = entry.status not in ("success", "partial") and entry.message
        say(entry.message if failed else f"{result} {entry.message}".rstrip(), indent=4)


def _as_json(entry: LogEntry) -> dict[str, object]:
    counts = {"all": entry.counts.all, **entry.counts.model_dump()}
    return {**asdict(entry), "counts": counts}
