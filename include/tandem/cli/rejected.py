"""`tandem rejected`: records that could not be applied."""

from dataclasses import asdict
from typing import Annotated, Literal

import typer

from tandem.cli.decisions import acting_on, tell
from tandem.cli.output import instant, print_json, say
from tandem.cli.session import (
    FINDINGS,
    AsJson,
    Entities,
    Ids,
    Name,
    errors_as_exit_codes,
    integration_named,
    state_of,
)
from tandem.state.rejected import RejectedEntry
from tandem.sync.people import rejected as records


def rejected(
    name: Name,
    action: Annotated[
        Literal["retry", "archive"] | None,
        typer.Argument(
            help="retry: read them on both sides and plan them anew, now; archive: wait no longer."
        ),
    ] = None,
    entity: Entities = None,
    ids: Ids = None,
    limit: Annotated[int, typer.Option(help="How many to list, newest first.", min=1)] = 50,
    json: AsJson = False,  # noqa: FBT002 - a flag
) -> None:
    """List records that could not be applied and why; try them again, or put them away."""
    chosen = tuple(entity or ()), tuple(ids or ())
    if action is None:
        _list(name, *chosen, limit, json=json)
        return
    with acting_on(name, chosen[0]) as run:
        found = records.waiting_records(run.state, name, *chosen)
        if action == "archive":
            archived = records.archive(run, found)
        elif found:
            report, outcomes = records.retry(run, found)
    if action == "archive":
        print_json({"archived": archived}) if json else say(f"Archived: {archived}")
    elif found:
        tell(report, outcomes, json=json)
    else:
        print_json({"records": []}) if json else say("No rejected record waits.")


def _list(
    name: str, entities: tuple[str, ...], ids: tuple[str, ...], limit: int, *, json: bool
) -> None:
    with errors_as_exit_codes(), state_of(integration_named(name)) as state:
        found = records.waiting_records(state, name, entities, ids)
    listed = found[:limit]
    if json:
        print_json([asdict(entry) for entry in listed])
    else:
        for entry in listed:
            _print(entry)
        if len(found) > limit:
            say(f"… and {len(found) - limit} more (--limit)")
        say(
            f"Mend the cause, then: tandem rejected {name} retry"
            if found
            else "No rejected record waits."
        )
    if found:
        raise typer.Exit(FINDINGS)


def _print(entry: RejectedEntry) -> None:
    say(f"{entry.entity} {entry.record_id} ({entry.side})", "bold")
    say(entry.error, indent=2)
    times = "1 attempt" if entry.attempts == 1 else f"{entry.attempts} attempts"
    waits = ", waits for another record" if entry.error_class == "dependency" else ""
    say(f"{times}, since {instant(entry.created_at)}{waits}", "dim", indent=2)
