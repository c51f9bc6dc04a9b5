"""`tandem suggest`: local fields for the external ones that are not mapped yet."""

import shlex
from typing import Annotated, Any, Final

import typer

from tandem.cli.clean_up import print_diff
from tandem.cli.edits import print_problems
from tandem.cli.output import print_json, print_table, progress_shown, say
from tandem.cli.session import (
    FINDINGS,
    AsJson,
    Name,
    errors_as_exit_codes,
    integration_file,
    integration_named,
    job_for,
    new_run_id,
)
from tandem.core.drift.words import type_in_words
from tandem.core.suggestions.lookups import targets_in_words
from tandem.core.suggestions.suggest import ACCEPTABLE
from tandem.mapping_files.plain import plain
from tandem.model.integration import FieldMapping
from tandem.sync.job import Request, Run
from tandem.sync.people.planned_edits import PlannedEdit, plan_edits, save_planned
from tandem.sync.people.suggest import Suggested, accepting_edits, suggested
from tandem.sync.system_schema import system_schema

_PARTNERS: Final = 3
"""Local entities that are named as possible partners."""

Local = Annotated[
    str | None,
    typer.Option(help="Local entity for an entity that is not mapped. Default: the likeliest."),
]
Accept = Annotated[
    bool, typer.Option("--accept", help="Write the lines that are marked + into the file.")
]
New = Annotated[
    bool,
    typer.Option("--new", help="Mark a new local column for each field without a partner, too."),
]
Least = Annotated[
    float, typer.Option("--min-score", help="Score from which a line is marked.", min=0, max=1)
]


def suggest(  # noqa: PLR0913 - its options
    name: Name,
    entity: Annotated[str, typer.Argument(help="External entity, mapped or not.")],
    local: Local = None,
    accept: Accept = False,  # noqa: FBT002 - a flag
    new: New = False,  # noqa: FBT002 - a flag
    min_score: Least = ACCEPTABLE,
    json: AsJson = False,  # noqa: FBT002 - a flag
) -> None:
    """Suggest the local field of each external one that is not mapped yet."""
    planned = None
    with errors_as_exit_codes(), progress_shown() as progress:
        integration = integration_named(name)
        with job_for(integration, Request(new_run_id()), progress) as run:
            external = system_schema(run, "external", also=[entity])
            ours = system_schema(run, "local", also=[local] if local else [])
            found = suggested(integration, external, ours, entity, local)
            columns = found.new_columns(min_score) if new else ()
            lines = (*found.accepted(min_score), *columns)
            if accept and lines:
                planned = _accepted(run, name, found, lines)
    if json:
        print_json(_as_json(found, min_score, columns, planned))
    else:
        _print(found, min_score, columns)
        if new:
            _print_left_out(found, min_score)
        if planned:
            _print_planned(name, planned)
        else:
            command = _command(name, entity, local, min_score, new=new)
            say(_next(command, found, bool(lines)))
    if planned and planned.problems:
        raise typer.Exit(FINDINGS)


def _accepted(
    run: Run, name: str, found: Suggested, lines: tuple[FieldMapping, ...]
) -> PlannedEdit:
    edits = accepting_edits(run.integration, found, lines)
    planned = plan_edits(run, integration_file(name), edits, [found.external.name])
    if not planned.problems:
        save_planned(run, planned, reason=f"suggestions for {found.external.name}")
    return planned


def _print(found: Suggested, least: float, columns: tuple[FieldMapping, ...]) -> None:
    say(_heading(found), "bold")
    rows: list[list[Any]] = [
        [
            "+" if one.score >= least else "",
            one.external.name,
            type_in_words(one.external),
            one.local.name,
            type_in_words(one.local),
            f"{one.score:.2f}",
            one.reason,
        ]
        for one in found.fields
    ]
    types = {field.name: type_in_words(field) for field in found.external.fields}
    rows += [
        ["+", line.external, types[str(line.external)], line.local, "", "", "new column"]
        for line in columns
    ]
    if rows:
        print_table(["", "External", "Type", "Local", "Type", "Score", "Reason"], rows)
    covered = {row[1] for row in rows}
    alone = [field.name for field in found.alone(least) if field.name not in covered]
    if alone:
        say(f"Without a partner: {', '.join(alone)}.")


def _print_left_out(found: Suggested, least: float) -> None:
    for field in found.to_several(least):
        targets = targets_in_words(field)
        say(f"No column for {field.name}: it refers to any of {targets}; a lookup has one target.")


def _heading(found: Suggested) -> str:
    theirs, ours = found.external.name, found.local.name
    if found.at is not None:
        return f"{theirs} → {ours}"
    likely = {one.local: f"{one.score:.2f}, {one.reason}" for one in found.partners[:_PARTNERS]}
    chosen = f" ({likely.pop(ours)})" if ours in likely else ""
    others = "; ".join(f"{name} ({why})" for name, why in likely.items())
    also = f". Or: {others}" if others else ""
    if not found.has_partner:
        return f"{theirs} is not mapped, and no local entity is much like it{also}"
    return f"{theirs} is not mapped. Local entity: {ours}{chosen}{also}"


def _command(name: str, entity: str, local: str | None, least: float, *, new: bool) -> str:
    """The same question once more, as a shell takes it."""
    words = ["tandem", "suggest", name, entity]
    words += ["--local", local] if local is not None else []
    words += ["--new"] if new else []
    words += ["--min-score", str(least)] if least != ACCEPTABLE else []
    return shlex.join(words)


def _next(command: str, found: Suggested, marked: bool) -> str:  # noqa: FBT001 - private
    if marked:
        return f"Write the lines that are marked +: {command} --accept"
    if not found.has_partner:
        return "Name a local entity with --local, or have a new one proposed: --new"
    return "There is nothing to suggest. --new proposes new local columns."


def _print_planned(name: str, planned: PlannedEdit) -> None:
    print_diff(planned.file, planned.before, planned.after)
    print_problems((*planned.problems, *planned.warnings))
    if planned.problems:
        say("Nothing was saved: the lines above do not fit.", "red")
    else:
        say(f"Saved {planned.file}. Undo it: tandem validate {name} --undo")


def _as_json(
    found: Suggested,
    least: float,
    columns: tuple[FieldMapping, ...],
    planned: PlannedEdit | None,
) -> dict[str, Any]:
    return {
        "external": found.external.name,
        "local": found.local.name,
        "mapped": found.at is not None,
        "partners": [
            {"local": one.local, "score": one.score, "reason": one.reason} for one in found.partners
        ],
        "fields": [
            {
                "external": one.external.name,
                "external_type": type_in_words(one.external),
                "local": one.local.name,
                "local_type": type_in_words(one.local),
                "score": one.score,
                "reason": one.reason,
                "marked": one.score >= least,
                "line": plain(one.mapping),
            }
            for one in found.fields
        ],
        "new_columns": [plain(line) for line in columns],
        "without_partner": [field.name for field in found.alone(least)],
        "saved": bool(planned and not planned.problems),
        "problems": [str(problem) for problem in planned.problems] if planned else [],
    }
