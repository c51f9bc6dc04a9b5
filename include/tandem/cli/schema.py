"""`tandem schema`: what both systems have, what changed, and what the local one lacks."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Annotated, Final, Literal

import typer

from tandem.cli.output import notice, print_json, progress_shown, say
from tandem.cli.schema_output import (
    print_difference,
    print_entity,
    print_overview,
    print_seen,
    print_versions,
)
from tandem.cli.session import (
    FINDINGS,
    AsJson,
    Name,
    errors_as_exit_codes,
    integration_named,
    job_for,
    new_run_id,
    state_of,
)
from tandem.model.integration import Integration
from tandem.sync.job import Request
from tandem.sync.lease import holding
from tandem.sync.people import schemas
from tandem.sync.schema import Seen
from tandem.sync.system_schema import SIDES

_VERSIONS: Final = 1_000
"""Snapshots of a side that are listed."""
_BELONGS: Final = {
    "--since": "--diff",
    "--yes": "--provision",
    "--side": "--entity, --versions or --diff",
}
Side = Literal["external", "local"]

Refresh = Annotated[
    bool, typer.Option("--refresh", help="Read both systems now; show what changed.")
]
OneEntity = Annotated[
    str | None, typer.Option("--entity", "-e", help="Show this entity and its fields.")
]
OneSide = Annotated[
    Side | None,
    typer.Option(help="Of --entity (default: the one that has it), --versions and --diff."),
]
Versions = Annotated[bool, typer.Option("--versions", help="List the snapshots of both sides.")]
Diff = Annotated[
    bool, typer.Option("--diff", help="Show what changed between the newest two snapshots.")
]
Since = Annotated[
    int | None,
    typer.Option(help="With --diff: since this version (of the external side by default).", min=1),
]
Provision = Annotated[
    bool, typer.Option("--provision", help="Show local tables and columns that mappings lack.")
]
Yes = Annotated[bool, typer.Option("--yes", help="With --provision: create them.")]


def schema(  # noqa: PLR0913 - its options
    name: Name,
    refresh: Refresh = False,  # noqa: FBT002 - a flag
    entity: OneEntity = None,
    side: OneSide = None,
    versions: Versions = False,  # noqa: FBT002 - a flag
    diff: Diff = False,  # noqa: FBT002 - a flag
    since: Since = None,
    provision: Provision = False,  # noqa: FBT002 - a flag
    yes: Yes = False,  # noqa: FBT002 - a flag
    json: AsJson = False,  # noqa: FBT002 - a flag
) -> None:
    """Show what both systems have, as last seen; --refresh looks again."""
    chosen = [refresh, entity is not None, versions, diff, provision]
    has_sides = entity is not None or versions or diff
    stray = {
        "--since": bool(since) and not diff,
        "--yes": yes and not provision,
        "--side": bool(side) and not has_sides,
    }
    _refuse_options(chosen, stray)
    sides = [side] if side else list(SIDES)
    with errors_as_exit_codes():
        integration = integration_named(name)
        if refresh:
            _refresh(integration, json=json)
        elif provision:
            _provision(integration, yes=yes, json=json)
        elif versions:
            _versions(integration, sides, json=json)
        elif diff:
            _diff(integration, [side or "external"] if since else sides, since, json=json)
        elif entity is not None:
            _entity(integration, sides, entity, json=json)
        else:
            _overview(integration, json=json)


def _refuse_options(chosen: Sequence[bool], stray: Mapping[str, bool]) -> None:
    if sum(chosen) > 1:
        raise typer.BadParameter(
            "Choose one of --refresh, --entity, --versions, --diff and --provision."
        )
    for option, where in _BELONGS.items():
        if stray[option]:
            raise typer.BadParameter(f"{option} belongs to {where}.")


def _refresh(integration: Integration, *, json: bool) -> None:
    seen = _read(integration)
    if json:
        print_json([asdict(one) for one in seen])
        return
    for one in seen:
        print_seen(one)


def _provision(integration: Integration, *, yes: bool, json: bool) -> None:
    with progress_shown() as progress, job_for(integration, Request(new_run_id()), progress) as run:
        if yes:
            with holding(run):
                lines = schemas.provision_locally(run)
        else:
            lines = schemas.missing_locally(run)
        left = schemas.not_provisioned(run)
    if json:
        done, missing = (lines, []) if yes else ([], lines)
        print_json({"done": done, "missing": missing, "not_looked_at": left})
    else:
        _print_provisioned(integration.name, lines, left, done=yes)
    if left or (lines and not yes):
        raise typer.Exit(FINDINGS)


def _print_provisioned(name: str, lines: list[str], left: list[str], *, done: bool) -> None:
    for line in lines:
        say(line, "green" if done else "yellow")
    for line in left:
        say(line, "red")
    if not lines and not left:
        say("Nothing is missing on the local side.")
    if lines and not done:
        say(f"Nothing was done. To do it: tandem schema {name} --provision --yes")
    if left:
        say(f"What is wrong with what was not looked at: tandem validate {name}")


def _versions(integration: Integration, sides: Sequence[str], *, json: bool) -> None:
    with state_of(integration) as state:
        found = {side: state.schema_snapshots(side, limit=_VERSIONS) for side in sides}
    if json:
        print_json({side: [asdict(one) for one in known] for side, known in found.items()})
    elif any(found.values()):
        print_versions(found)
    else:
        _say_none(integration)


def _diff(integration: Integration, sides: Sequence[str], since: int | None, *, json: bool) -> None:
    with state_of(integration) as state:
        found = [schemas.difference(state, side, since) for side in sides]
    if json:
        print_json([asdict(one) for one in found])
    elif not any(one.after for one in found):
        _say_none(integration)
    else:
        for one in found:
            print_difference(one)


def _entity(integration: Integration, sides: Sequence[str], name: str, *, json: bool) -> None:
    _look_first(integration)
    with state_of(integration) as state:
        about, entity = schemas.entity_of(state, name, sides)
    if json:
        print_json({"about": asdict(about), "entity": entity.model_dump(mode="json")})
    else:
        print_entity(about, entity)


def _overview(integration: Integration, *, json: bool) -> None:
    _look_first(integration)
    with state_of(integration) as state:
        found = schemas.overview(integration, state)
    if json:
        print_json(asdict(found))
    else:
        print_overview(integration.name, found)


def _look_first(integration: Integration) -> None:
    """Read both systems if nobody did so far."""
    with state_of(integration) as state:
        if schemas.has_snapshots(state):
            return
    notice("There is no snapshot yet: both systems are read now.")
    _read(integration)


def _read(integration: Integration) -> list[Seen]:
    with progress_shown() as progress, job_for(integration, Request(new_run_id()), progress) as run:
        return schemas.refresh(run)


def _say_none(integration: Integration) -> None:
    say(f"There is no snapshot yet. Take one: tandem schema {integration.name} --refresh")
