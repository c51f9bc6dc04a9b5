"""`tandem validate --clean-up` and `--undo`: the integration file, edited and given back."""

from dataclasses import asdict
from difflib import unified_diff
from pathlib import Path
from typing import Final

import typer
from rich.text import Text

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
from tandem.core.clean_up.plan import Effect
from tandem.errors import one_of, printable
from tandem.sync.job import Request
from tandem.sync.people.clean_up import Planned, apply_clean_up, plan_clean_up
from tandem.sync.people.edits import undo as undo_edit
from tandem.sync.people.edits import undoable_edit


def clean_up(name: str, *, yes: bool, json: bool) -> None:
    """Show what cleaning up would remove from the integration file; with `yes`, remove it.

    Exits with 1 while there is something to remove.
    """
    request = Request(new_run_id(), "sync")
    with errors_as_exit_codes(), progress_shown() as progress:
        integration = integration_named(name)
        with job_for(integration, request, progress) as run:
            planned = plan_clean_up(run, integration_file(name))
            if yes and planned.clean_up.edits:
                apply_clean_up(run, planned)
    if json:
        _print_as_json(planned, saved=yes and bool(planned.clean_up.edits))
    else:
        _print(name, planned, saved=yes)
    if planned.clean_up.edits and not yes:
        raise typer.Exit(FINDINGS)


def undo(name: str, *, yes: bool, json: bool) -> None:
    """Show what undoing Tandem's last edit of the integration file would change; or do it."""
    with errors_as_exit_codes(), state_of(integration_named(name)) as state:
        file = integration_file(name)
        edit = undoable_edit(file, state)
        if yes:
            undo_edit(file, state, edit, at=now())
    if json:
        print_json(
            {
                "edit": {"reason": edit.reason, "made_at": edit.made_at},
                "before": edit.after,
                "after": edit.before,
                "saved": yes,
            }
        )
    else:
        say(f"Undoing: {edit.reason}, {instant(edit.made_at)}", "bold")
        print_diff(file, edit.after, edit.before)
        again = f"tandem validate {name} --undo --yes"
        say(f"Saved {file}. Undo that: {again}" if yes else f"Nothing was changed yet: {again}")
    if not yes:
        raise typer.Exit(FINDINGS)


_CHOICES: Final = 3
"""Names that are shown of those that could be meant."""
_COLOURS: Final = {"+": "green", "-": "red", "@": "cyan"}


def print_diff(file: Path, before: str, after: str) -> None:
    """What changes in the file, as a unified diff."""
    old, new = before.splitlines(), after.splitlines()
    for line in unified_diff(old, new, str(file), str(file), "before", "after", lineterm=""):
        style = "bold" if line.startswith(("---", "+++")) else _COLOURS.get(line[0], "")
        out.print(Text(printable(line), style), soft_wrap=True)


def _print(name: str, planned: Planned, *, saved: bool) -> None:
    found = planned.clean_up
    if not found.edits:
        say("There is nothing to clean up.")
    else:
        print_diff(planned.file, planned.before, planned.after)
        for effect in found.effects:
            _print_effect(effect)
        say("")
    for sentence in found.remaining:
        say(sentence, "yellow")
    if found.edits and saved:
        say(f"Saved {planned.file}. Undo it: tandem validate {name} --undo")
    elif found.edits:
        say(f"Nothing was changed yet. Save it: tandem validate {name} --clean-up --yes")


def _print_effect(effect: Effect) -> None:
    is_whole_entity = len(effect.place) == 2
    say("")
    say(effect.removed if is_whole_entity else f"{effect.entity}: {effect.removed}", "bold")
    say(f"{effect.reason} {effect.consequence}", indent=2)
    if effect.instead:
        names = one_of(effect.instead[:_CHOICES])
        say(f"Was it only renamed? Then write {names} instead.", "yellow", indent=2)


def _print_as_json(planned: Planned, *, saved: bool) -> None:
    print_json(
        {
            "effects": [asdict(effect) for effect in planned.clean_up.effects],
            "remaining": planned.clean_up.remaining,
            "before": planned.before,
            "after": planned.after,
            "saved": saved,
        }
    )
