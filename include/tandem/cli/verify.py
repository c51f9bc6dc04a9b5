"""`tandem verify`: do both sides agree?"""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer

from tandem.cli.output import instant, print_json, progress_shown, say
from tandem.cli.session import (
    FINDINGS,
    AsJson,
    Entities,
    Name,
    errors_as_exit_codes,
    integration_named,
    job_for,
    new_run_id,
)
from tandem.sync.job import Request
from tandem.sync.lease import holding
from tandem.sync.people import verify as verifying
from tandem.sync.people.verify import Verified


def verify(
    name: Name,
    entity: Entities = None,
    sample: Annotated[
        int | None,
        typer.Option(
            help="Compare the values of so many links of each entity. Default: all.", min=0
        ),
    ] = None,
    seed: Annotated[str, typer.Option(help="Another seed chooses other links.")] = "",
    limit: Annotated[int, typer.Option(help="Differences of each entity to list.", min=0)] = 20,
    json: AsJson = False,  # noqa: FBT002 - a flag
) -> None:
    """Compare keys, links and values of both sides; the next sync deals with what differs."""
    request = Request(new_run_id(), "sync", entities=tuple(entity or ()))
    with errors_as_exit_codes(), progress_shown() as progress:
        integration = integration_named(name)
        with job_for(integration, request, progress) as run, holding(run):
            found = verifying.verify_all(run, sample=sample, seed=seed)
    differ = any(one.found for one in found)
    stopped = any(one.stopped for one in found)
    if json:
        print_json([asdict(one) for one in found])
    else:
        for one in found:
            _print(one, limit)
        _print_verdict(name, found)
    if differ or stopped:
        raise typer.Exit(FINDINGS)


def _print(one: Verified, limit: int) -> None:
    if one.stopped:
        say(f"{one.entity} (stopped)", "bold")
        say(one.stopped, "red", indent=2)
        return
    say(f"{one.entity} (verified at {instant(one.at)})", "bold")
    say(
        f"{one.external:,} external, {one.local:,} local, {one.links:,} links; "
        f"values of {one.compared:,} compared; "
        f"differences: {one.found:,}",
        indent=2,
    )
    for found in one.differences[:limit]:
        ids = " = ".join(id_ for id_ in (found.external_id, found.local_id) if id_)
        say(f"{ids}: the {found.side} record {_sentence(found.text)}", indent=2)
    if one.found > limit:
        say(f"… and {one.found - limit:,} more (--limit)", indent=2)


def _print_verdict(name: str, found: Sequence[Verified]) -> None:
    stopped = [one.entity for one in found if one.stopped]
    if any(one.found for one in found):
        say(f"The next run looks at them again: tandem sync {name}")
    else:
        say(f"Both sides agree{', as far as they could be compared' if stopped else ''}.")
    if stopped:
        say(f"Not compared: {', '.join(stopped)}; see tandem validate {name}.")


def _sentence(text: str) -> str:
    return f"is {text}" if text.startswith("rejected") else text
