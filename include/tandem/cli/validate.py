"""`tandem validate`: everything that is wrong with the mappings, and what helps."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from tandem.cli.clean_up import clean_up as clean_up_file
from tandem.cli.clean_up import undo as undo_edit
from tandem.cli.edits import print_problems
from tandem.cli.notices import notice_problems
from tandem.cli.output import print_json, progress_shown, say
from tandem.cli.session import (
    FINDINGS,
    AsJson,
    Entities,
    Name,
    errors_as_exit_codes,
    integration_file,
    integration_named,
    job_for,
    new_run_id,
)
from tandem.integration_files import integration_text
from tandem.model.integration import Integration
from tandem.model.problems import Problem, Remedy, Severity
from tandem.sync.job import Request
from tandem.sync.people.problems import Looked, all_problems
from tandem.sync.validation import by_entity
from tandem.yaml_source import YamlSource

_RANK: Final = {severity: rank for rank, severity in enumerate(Severity)}

CleanUp = Annotated[
    bool, typer.Option("--clean-up", help="Show the file without what is gone; see --yes.")
]
Undo = Annotated[
    bool, typer.Option("--undo", help="Show the file before Tandem's last edit; see --yes.")
]
Yes = Annotated[bool, typer.Option("--yes", help="Save what is shown.")]


def validate(
    name: Name,
    entity: Entities = None,
    clean_up: CleanUp = False,  # noqa: FBT002 - a flag
    undo: Undo = False,  # noqa: FBT002 - a flag
    yes: Yes = False,  # noqa: FBT002 - a flag
    json: AsJson = False,  # noqa: FBT002 - a flag
) -> None:
    """Check the mappings against both systems as they are now, and against their records.

    Exits with 1 if an entity cannot be synced; warnings and notes alone are fine.
    """
    if sum((clean_up, undo)) > 1 or (yes and not (clean_up or undo)):
        raise typer.BadParameter("--yes goes with one of --clean-up and --undo.")
    if undo and entity:
        raise typer.BadParameter("--undo gives back the whole file; leave out --entity.")
    if clean_up:
        clean_up_file(name, tuple(entity or ()), yes=yes, json=json)
    elif undo:
        undo_edit(name, yes=yes, json=json)
    else:
        _validate(name, tuple(entity or ()), json=json)


def _validate(name: str, entities: tuple[str, ...], *, json: bool) -> None:
    request = Request(new_run_id(), entities=entities)
    with errors_as_exit_codes(), progress_shown() as progress:
        integration, path = integration_named(name), integration_file(name)
        source = YamlSource(integration_text(path).removeprefix("\ufeff"))
        with job_for(integration, request, progress) as job:
            found = all_problems(job)
            names = [mapping.external for mapping in job.mappings]
    if json:
        print_json(_document(integration, path, source, found))
    else:
        _print(integration, path, source, found, names)
    if found.stopped:
        raise typer.Exit(FINDINGS)


def _document(
    integration: Integration, path: Path, source: YamlSource, found: Looked
) -> dict[str, Any]:
    problems = [
        {**asdict(problem), "file": str(path), "line": source.line(problem.place)}
        for problem in found.problems
    ]
    return {
        "integration": integration.name,
        "problems": problems,
        "stopped": found.stopped,
        "notify": notice_problems(integration),
    }


def _print(
    integration: Integration, path: Path, source: YamlSource, found: Looked, names: list[str]
) -> None:
    say(str(path), "dim")
    problems = by_entity(found.problems)
    for name in names:
        _print_entity(integration, name, problems.get(name, []), path, source, found)
    for text in notice_problems(integration):
        say(text, "yellow")
    _print_summary(integration.name, found)


def _print_entity(
    integration: Integration,
    name: str,
    problems: list[Problem],
    path: Path,
    source: YamlSource,
    found: Looked,
) -> None:
    mapping = integration.entity(name)
    local = mapping.local if mapping else ""
    state = "stopped" if name in found.stopped else "fits" if not problems else ""
    say(f"{name} → {local}{f': {state}' if state else ''}", "bold")
    waits = name in found.stopped and all(p.severity is not Severity.ERROR for p in problems)
    if waits:
        say(found.stopped[name], "red", indent=2)
    print_problems(
        sorted(problems, key=lambda p: (_RANK[p.severity], source.line(p.place))),
        where=lambda problem: f"{path.name}:{source.line(problem.place)}",
    )


def _print_summary(name: str, found: Looked) -> None:
    counts = {s: sum(p.severity is s for p in found.problems) for s in Severity}
    told = [f"{count} {s.value}{'' if count == 1 else 's'}" for s, count in counts.items() if count]
    say(f"{', '.join(told) or 'No problems'}.", "bold")
    remedies = {p.remedy for p in found.problems if p.severity is Severity.ERROR}
    if Remedy.CLEAN_UP in remedies:
        say(f"To remove from the file what is gone: tandem validate {name} --clean-up")
    if Remedy.PROVISION in remedies:
        say(f"To create what is missing on the local side: tandem schema {name} --provision")
