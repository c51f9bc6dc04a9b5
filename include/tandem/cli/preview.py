"""`tandem preview`: the plan, printed."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any, Final, Literal

import typer

from tandem.cli.output import counted, print_json, progress_shown, say, shown
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
from tandem.sync.job import JobKind, Mode, Request
from tandem.sync.people import preview as planning
from tandem.sync.people.planned_records import Change, PlannedRecord
from tandem.sync.people.preview import Preview

_KINDS: Final[dict[str, JobKind]] = {"download": "import", "upload": "export", "both": "sync"}
_COLOURS: Final = {"conflict": "magenta", "reject": "red", "delete": "yellow", "create": "green"}
_LINE: Final = 300
"""Characters that are shown of a record's values."""
_CALLED: Final = {
    "created": "create",
    "updated": "update",
    "deleted": "delete",
    "failed": "reject",
    "conflicts": "conflict",
}


def preview(
    name: Name,
    direction: Annotated[
        Literal["download", "upload", "both"],
        typer.Option(help="download: an import; upload: an export; both: what a sync would do."),
    ] = "both",
    entity: Entities = None,
    limit: Annotated[int, typer.Option(help="Records of each entity to show.", min=0)] = 20,
    json: AsJson = False,  # noqa: FBT002 - a flag
) -> None:
    """Show what a run would do to each record. Nothing is written to either system."""
    kind = _KINDS[direction]
    mode: Mode = "auto" if kind == "sync" else "full"
    request = Request(new_run_id(), kind, mode, tuple(entity or ()))
    with errors_as_exit_codes(), progress_shown() as progress:
        integration = integration_named(name)
        with job_for(integration, request, progress) as job:
            plans = planning.preview_all(job, limit=limit)
    if json:
        print_json([as_json(plan) for plan in plans])
    else:
        for plan in plans:
            _print(plan)
        if any(plan.withheld for plan in plans):
            say(f"Deletions marked * wait for approval: tandem sync {name} --yes.")
    if any(_is_finding(plan) for plan in plans):
        raise typer.Exit(FINDINGS)


def _is_finding(plan: Preview) -> bool:
    rejects = plan.actions.keys() & {"reject", "conflict"}
    return bool(plan.stopped or plan.withheld or rejects)


def as_json(plan: Preview) -> dict[str, Any]:
    """A preview for programs."""
    counts = {way: found.model_dump() for way, found in plan.counts.items()}
    return {**asdict(plan), "counts": counts}


def _print(plan: Preview) -> None:
    say(f"{plan.entity} ({plan.mode})", "bold")
    if plan.stopped:
        say(plan.stopped, "red", indent=2)
        return
    if not plan.actions:
        say("nothing to do", indent=2)
    for way, counts in plan.counts.items():
        found = {_CALLED.get(n, n): c for n, c in counts.model_dump().items() if c}
        if found:
            say(f"{way:<9} {counted(found)}", indent=2)
    if plan.withheld:
        say(f"deletions that need approval: {plan.withheld}", "yellow", indent=2)
    for record in plan.records:
        print_planned(record)
    left = sum(plan.actions.values()) - plan.actions.get("unchanged", 0) - len(plan.records)
    if left > 0:
        say(f"… and {left} more (--limit)", indent=2)


def print_planned(record: PlannedRecord) -> None:
    """One record of a plan: what, where, and each field."""
    mark = "*" if record.needs_approval else ""
    where = f" {record.writes_to}" if record.writes_to else ""
    head = f"{record.action}{mark}{where}: {_ids(record)}"
    say(head, _COLOURS.get(record.action, ""), indent=2)
    if record.reason:
        say(record.reason, indent=6)
    for name, values in record.clashes.items():
        sides = (f"{side} {shown(values.get(side))}" for side in ("base", "local", "external"))
        say(f"{name}: {', '.join(sides)}", indent=6)
    for side, fields in record.changes.items():
        at = f"{side} " if record.writes_to == "both" else ""
        for line in _lines(fields, record.action):
            say(at + line, indent=6)


def _ids(record: PlannedRecord) -> str:
    """Both ids, the external one first; once where they are the same. What is deleted may have
    no partner; of other records it is still to be made.
    """
    if record.action == "reject":
        return record.external_id or record.local_id or ""
    partner = None if record.action == "delete" else "(new)"
    ids = [id_ or partner for id_ in (record.external_id, record.local_id)]
    return " = ".join(dict.fromkeys(filter(None, ids)))


def _lines(fields: Mapping[str, Change], action: str) -> list[str]:
    """The fields; of a record that is created or deleted some of its values, in one line."""
    if action not in ("create", "delete"):
        return [f"{n}: {shown(c.before)} → {shown(c.after)}" for n, c in fields.items()]
    values = ((n, c.before if action == "delete" else c.after) for n, c in fields.items())
    line = ", ".join(f"{name}={shown(value)}" for name, value in values)
    return [line if len(line) <= _LINE else f"{line[: _LINE - 1]}…"]
