"""`tandem validate --clean-up` and `--undo`: the integration file, edited and given back."""

from dataclasses import asdict
from difflib import unified_diff
from pathlib import Path
from shlex import quote
from typing import Final

import typer
from rich.text import Text

from tandem.cli.edits import print_problems
from tandem.cli.output import instant, out, print_json, progress_shown, say
from tandem.cli.session import (
    FINDINGS,
    errors_as_exit_codes,
    integration_file,
    integration_named,
    job_for,
    new_run_id,
    now,
    state_of,
)
from tandem.errors import one_of, printable
from tandem.state.edits import EditEntry
from tandem.sync.job import Request
from tandem.sync.people.clean_up import Planned, Step, apply_clean_up, plan_clean_up
from tandem.sync.people.edits import undo as undo_edit
from tandem.sync.people.edits import undoable_edits


def clean_up(name: str, entities: tuple[str, ...], *, yes: bool, json: bool) -> None:
    """Show what cleaning up would remove from the integration file; with `yes`, remove it.

    Exits with 1 while there is something to remove.
    """
    request = Request(new_run_id(), "sync", entities=entities)
    with errors_as_exit_codes():
        integration = integration_named(name)
        with progress_shown() as progress, job_for(integration, request, progress) as run:
            planned = plan_clean_up(run, integration_file(name))
        if not json:
            _print(planned)
        saved = yes and planned.changes
        if saved:
            with state_of(integration) as state:
                apply_clean_up(state, planned, at=now())
    if json:
        _print_as_json(planned, saved=saved)
    elif saved:
        say(f"Saved {planned.file}. Undo it: tandem validate {name} --undo")
    elif planned.changes:
        say(f"Nothing was changed yet. Save it: {_again(name, entities)}")
    if any(step.by_hand or not saved for step in planned.steps):
        raise typer.Exit(FINDINGS)


def _again(name: str, entities: tuple[str, ...]) -> str:
    named = "".join(f" -e {quote(entity)}" for entity in entities)
    return f"tandem validate {name}{named} --clean-up --yes"


def undo(name: str, *, yes: bool, json: bool) -> None:
    """Show what undoing Tandem's last edit of the integration file would change; or do it."""
    with errors_as_exit_codes(), state_of(integration_named(name)) as state:
        file = integration_file(name)
        edit, *earlier = undoable_edits(file, state)
        if not json:
            say(f"Undoing: {edit.reason}, {instant(edit.made_at)}", "bold")
            print_diff(file, edit.after, edit.before)
        if yes:
            undo_edit(file, state, edit, at=now())
    if json:
        _print_undone_as_json(edit, saved=yes)
    elif not yes:
        say(f"Nothing was changed yet: tandem validate {name} --undo --yes")
    else:
        say(f"Saved {file}. Undone: {edit.reason}, {instant(edit.made_at)}.")
        if earlier:
            before = f"{earlier[0].reason}, {instant(earlier[0].made_at)}"
            say(f"The edit before that ({before}): tandem validate {name} --undo")
    if not yes:
        raise typer.Exit(FINDINGS)


def _print_undone_as_json(edit: EditEntry, *, saved: bool) -> None:
    print_json(
        {
            "edit": {"reason": edit.reason, "made_at": edit.made_at},
            "before": edit.after,
            "after": edit.before,
            "saved": saved,
        }
    )


_CHOICES: Final = 3
"""Names that are shown of those that could be meant."""
_COLOURS: Final = {"+": "green", "-": "red", "@": "cyan"}


def print_diff(file: Path, before: str, after: str) -> None:
    """What changes in the file, as a unified diff."""
    old, new = before.splitlines(), after.splitlines()
    for line in unified_diff(old, new, str(file), str(file), "before", "after", lineterm=""):
        style = "bold" if line.startswith(("---", "+++")) else _COLOURS.get(line[0], "")
        out.print(Text(printable(line), style), soft_wrap=True)


def _print(planned: Planned) -> None:
    if planned.doubt:
        say(planned.doubt, "bold red")
    if not planned.steps:
        say("There is nothing to clean up.")
        return
    print_diff(planned.file, planned.before, planned.after)
    for step in planned.steps:
        _print_step(planned.file, step)
    say("")
    for sentence in planned.idle:
        say(sentence, "yellow")
    if planned.problems:
        say("What it leaves or brings about, for you to decide:", "bold")
        print_problems(planned.problems)


def _print_step(file: Path, step: Step) -> None:
    effect = step.effect
    is_whole_entity = len(effect.place) == 2
    say("")
    say(effect.removed if is_whole_entity else f"{effect.entity}: {effect.removed}", "bold")
    say(f"{effect.reason} {effect.consequence}", indent=2)
    if effect.instead:
        names = one_of(effect.instead[:_CHOICES])
        say(f"Was it only renamed? Then write {names} instead.", "yellow", indent=2)
    if step.by_hand:
        where = f"{file.name}, line {step.line}"
        say(f"To be removed by hand, {where}: {step.by_hand}.", "red", indent=2)


def _print_as_json(planned: Planned, *, saved: bool) -> None:
    print_json(
        {
            "effects": [
                {
                    **asdict(step.effect),
                    "file": str(planned.file),
                    "line": step.line,
                    "by_hand": step.by_hand,
                }
                for step in planned.steps
            ],
            "doubt": planned.doubt,
            "remaining": planned.idle,
            "problems": [asdict(problem) for problem in planned.problems],
            "before": planned.before,
            "after": planned.after,
            "saved": saved,
        }
    )
