"""`tandem housekeeping`: what nobody needs any more goes."""

from dataclasses import asdict
from typing import Annotated

import typer

from tandem.cli.output import complain, print_json, say
from tandem.cli.session import FINDINGS, AsJson, environment, errors_as_exit_codes
from tandem.sync.people.housekeeping import keep_house


def housekeeping(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,  # noqa: FBT002 - a flag
    json: AsJson = False,  # noqa: FBT002 - a flag
) -> None:
    """Delete staged files of runs that are over, and log rows older than TANDEM_KEEP_DAYS.

    Anchors, links, and all that waits, stay.
    """
    with errors_as_exit_codes():
        done = keep_house(environment(), dry_run=dry_run)
    if json:
        print_json({**asdict(done), "dry_run": dry_run})
    else:
        for line in done.lines(dry_run=dry_run):
            say(line)
    for trouble in done.troubles:
        complain(trouble)
    if done.troubles:
        raise typer.Exit(FINDINGS)
