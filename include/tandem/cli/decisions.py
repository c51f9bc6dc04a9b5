"""What the commands share that act on records which a person chose."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict

import typer

from tandem.cli.output import print_json, progress_shown, say
from tandem.cli.session import (
    FINDINGS,
    errors_as_exit_codes,
    integration_named,
    job_for,
    new_run_id,
)
from tandem.cli.transfer import exit_with, print_report
from tandem.sync.job import Request, Run
from tandem.sync.lease import holding
from tandem.sync.people.asked import Became
from tandem.sync.report import RunReport


@contextmanager
def acting_on(name: str, entities: Sequence[str]) -> Iterator[Run]:
    """A run that holds the lease; errors end as exit codes."""
    request = Request(new_run_id(), "sync", entities=tuple(entities), only_waiting=True)
    with errors_as_exit_codes(), progress_shown() as progress:
        integration = integration_named(name)
        with job_for(integration, request, progress) as run, holding(run):
            yield run


def tell(report: RunReport, outcomes: Sequence[Became], *, json: bool) -> None:
    """What became of each record; the exit code says whether any still waits."""
    if json:
        records = [asdict(outcome) for outcome in outcomes]
        print_json({"status": report.status, "run_id": report.run_id, "records": records})
    else:
        for one in outcomes:
            ids = " = ".join(id_ for id_ in (one.external_id, one.local_id) if id_)
            say(f"{one.entity} {ids}: {one.text}", "" if one.settled else "yellow")
        if report.status == "failed":
            print_report(report)
    if report.status == "failed":
        exit_with(report)
    if not all(outcome.settled for outcome in outcomes):
        raise typer.Exit(FINDINGS)
