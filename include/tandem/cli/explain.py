"""`tandem explain`: why did this record, or did it not, sync?"""

from dataclasses import asdict
from typing import Annotated, Any

import typer

from tandem.cli.output import instant, print_json, progress_shown, say, shown
from tandem.cli.preview import print_planned
from tandem.cli.session import (
    FINDINGS,
    AsJson,
    Name,
    errors_as_exit_codes,
    integration_named,
    job_for,
    new_run_id,
)
from tandem.model.changes import results_line
from tandem.sync.job import Request
from tandem.sync.people import explain as explaining
from tandem.sync.people.explain import Explanation
from tandem.sync.people.verdicts import OnSide
from tandem.sync.report import CREATED_WORDS


def explain(
    name: Name,
    entity: Annotated[str, typer.Argument(help="External entity.")],
    record_id: Annotated[
        str, typer.Argument(metavar="ID", help="Id of the record, on either side.")
    ],
    json: AsJson = False,  # noqa: FBT002 - a flag
) -> None:
    """Say all that is known of a record, and what a sync would do to it now. Writes nothing."""
    request = Request(new_run_id(), "sync", "auto", (entity,))
    with errors_as_exit_codes(), progress_shown() as progress:
        integration = integration_named(name)
        with job_for(integration, request, progress) as job:
            found = explaining.explain(job, entity, record_id)
    if json:
        print_json(_as_json(found))
    else:
        _print(found)
    if not found.is_known:
        raise typer.Exit(FINDINGS)


def _as_json(found: Explanation) -> dict[str, Any]:
    runs = [{**asdict(run), "counts": run.counts.model_dump()} for run in found.runs]
    return {**asdict(found), "runs": runs, "is_known": found.is_known}


def _print(found: Explanation) -> None:
    say(f"{found.entity} {found.record_id}", "bold")
    say(f"Now: {found.verdict}")
    for line in found.waiting:
        say(line, "yellow")
    for side, record in (("external", found.external), ("local", found.local)):
        _print_side(side, record)
    if found.link:
        say("Linked", "bold")
        say(f"external {found.link.external_id} = local {found.link.local_id}", indent=2)
        say(f"last agreed on {instant(found.link.updated_at)}", "dim", indent=2)
    for planned in found.plan:
        if planned.changes or planned.clashes:
            say("Plan", "bold")
            print_planned(planned)
    _print_history(found)


def _print_side(side: str, record: OnSide) -> None:
    say(side.capitalize(), "bold")
    if record.problem:
        say(f"{record.id} cannot be read: {record.problem}", "red", indent=2)
    elif not record.is_there:
        say(f"{record.id} is not there" if record.id else "no such record", indent=2)
    else:
        passes = "matches the filter" if record.in_filter else "does not match the filter"
        say(f"{record.id} is there and {passes}", indent=2)
        values = record.values or {}
        say(", ".join(f"{n}={shown(v)}" for n, v in values.items()), "dim", indent=2)


def _print_history(found: Explanation) -> None:
    lines = [
        *(f"rejected ({e.status}), attempt {e.attempts}: {e.error}" for e in found.rejected),
        *(
            f"conflict ({c.decision or c.status}): {', '.join(c.fields) or c.kind}"
            for c in found.conflicts
        ),
        *(f"{d.field} waits for {d.target} {d.value}" for d in found.deferred),
    ]
    if lines:
        say("Noted", "bold")
        for line in dict.fromkeys(lines):
            say(line, indent=2)
    if found.transactions:
        say("Written", "bold")
        for t in found.transactions:
            error = f": {t.error}" if t.error else ""
            what = f"{t.operation} {t.side}, {t.status}{error}"
            say(f"{instant(t.updated_at)}  {what}", indent=2)
    if found.runs:
        say(f"Runs of {found.entity}", "bold")
        for run in found.runs:
            result = results_line(run.counts, CREATED_WORDS[run.direction])
            say(f"{instant(run.started_at)}  {run.direction} {run.mode}: {run.status}", indent=2)
            say(result, "dim", indent=4)
