"""`tandem conflicts`: records that both sides changed, and who wins."""

from dataclasses import asdict
from typing import Annotated, Final, Literal

import typer

from tandem.cli.decisions import acting_on, tell
from tandem.cli.output import instant, print_json, print_table, say
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
from tandem.state.conflicts import ConflictEntry
from tandem.sync.people import conflicts as records

_WINNERS: Final[dict[str, records.Winner]] = {"take-local": "local", "take-external": "external"}
_KINDS: Final = {
    "edited": "both sides changed the same field",
    "deleted": "one side changed it, the other deleted it",
    "changed": "it changed again while it was written",
}


def conflicts(
    name: Name,
    action: Annotated[
        Literal["take-local", "take-external", "decided"] | None,
        typer.Argument(
            help="Let this side win, now; or list what the policy decided. Default: list them."
        ),
    ] = None,
    entity: Entities = None,
    ids: Ids = None,
    limit: Annotated[int, typer.Option(help="How many to list, newest first.", min=1)] = 50,
    json: AsJson = False,  # noqa: FBT002 - a flag
) -> None:
    """List conflicts that wait for a person, field by field; decide them."""
    chosen = tuple(entity or ()), tuple(ids or ())
    if action == "decided":
        _list_decided(name, entity or [], limit, json=json)
        return
    if action is None:
        _list(name, *chosen, limit, json=json)
        return
    with acting_on(name, chosen[0]) as run:
        found = records.open_conflicts(run.state, name, *chosen)
        if found:
            report, outcomes = records.decide(run, found, _WINNERS[action])
    if found:
        tell(report, outcomes, json=json)
    else:
        print_json({"records": []}) if json else say("No conflict waits.")


def _list(
    name: str, entities: tuple[str, ...], ids: tuple[str, ...], limit: int, *, json: bool
) -> None:
    with errors_as_exit_codes(), state_of(integration_named(name)) as state:
        found = records.open_conflicts(state, name, entities, ids)
    listed = found[:limit]
    if json:
        print_json([asdict(entry) for entry in listed])
    else:
        for entry in listed:
            _print(entry)
        if len(found) > limit:
            say(f"… and {len(found) - limit} more (--limit)")
        say(
            f"Decide: tandem conflicts {name} take-local or take-external, with --id for some."
            if found
            else "No conflict waits."
        )
    if found:
        raise typer.Exit(FINDINGS)


def _list_decided(name: str, entities: list[str], limit: int, *, json: bool) -> None:
    with errors_as_exit_codes(), state_of(integration_named(name)) as state:
        asked: list[str | None] = [*entities] or [None]
        found = [e for one in asked for e in state.conflicts(one, status="decided", limit=limit)]
    if json:
        print_json([asdict(entry) for entry in found])
        return
    for entry in found:
        _print(entry)
    if not found:
        say("The policy has decided nothing yet.")


def _print(entry: ConflictEntry) -> None:
    say(f"{entry.entity} {entry.external_id} = {entry.local_id}", "bold")
    say(f"{_KINDS.get(entry.kind, entry.kind)}, {instant(entry.created_at)}", "dim", indent=2)
    if entry.fields:
        rows = [
            (field, values.get("base"), values.get("local"), values.get("external"))
            for field, values in entry.fields.items()
        ]
        print_table(("field", "agreed on", "local", "external"), rows)
