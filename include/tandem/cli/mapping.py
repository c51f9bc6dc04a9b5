"""`tandem mapping`: mappings as files, to carry them from one organisation to another."""

import os
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from tandem.cli.clean_up import print_diff
from tandem.cli.edits import print_problems
from tandem.cli.files import write_file
from tandem.cli.output import notice, print_json, print_utf_8, progress_shown, say
from tandem.cli.session import (
    FINDINGS,
    AsJson,
    Name,
    environment,
    errors_as_exit_codes,
    integration_file,
    integration_named,
    job_for,
    new_run_id,
)
from tandem.errors import ConfigurationError
from tandem.mapping_files.model import Carried, Format, mapping_file_of
from tandem.mapping_files.reading import carried, file_bytes
from tandem.mapping_files.xml_writing import xml_text
from tandem.mapping_files.yaml_files import yaml_text
from tandem.model.integration import Integration
from tandem.sync.job import Request, Run
from tandem.sync.people.mapping_import import REASON, importing_edits, policy_notes
from tandem.sync.people.planned_edits import PlannedEdit, plan_edits, save_planned

app = typer.Typer(
    help="Carry mappings from one organisation to another.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)

OneEntity = Annotated[
    str | None, typer.Option("--entity", "-e", help="Only the mapping of this external entity.")
]
Form = Annotated[
    Format | None,
    typer.Option(
        "--format", help="yaml, or resco-xml: the XML of Resco Integrations. Default: by the file."
    ),
]
Output = Annotated[Path | None, typer.Option("--output", "-o", help="File. Default: print it.")]
Force = Annotated[bool, typer.Option("--force", help="Replace a file that is there.")]
Yes = Annotated[bool, typer.Option("--yes", help="Save it, if it fits.")]


@app.command("export")
def export(
    name: Name,
    entity: OneEntity = None,
    form: Form = None,
    output: Output = None,
    force: Force = False,  # noqa: FBT002 - a flag
) -> None:
    """Write the mappings, without connections, to a file or to the terminal."""
    with errors_as_exit_codes():
        text = _exported(integration_named(name), entity, form or _form_of(output))
        if output:
            _write(output, text, replaces=force)
        else:
            print_utf_8(text)
    if output:
        say(f"Wrote {output}.")


@app.command("import")
def import_(
    name: Name,
    file: Annotated[Path, typer.Argument(help="Mapping file, or a whole integration file.")],
    entity: OneEntity = None,
    form: Form = None,
    yes: Yes = False,  # noqa: FBT002 - a flag
    json: AsJson = False,  # noqa: FBT002 - a flag
) -> None:
    """Show what a mapping file would change here and what does not fit; with --yes, save it."""
    with errors_as_exit_codes(), progress_shown() as progress:
        integration = integration_named(name)
        here = integration.entities
        brought = carried(file_bytes(file), form, entity=entity, here=here)
        notes = [*brought.notes, *policy_notes(integration, brought)]
        with job_for(integration, Request(new_run_id()), progress) as run:
            planned = _planned(run, name, brought)
            saved = yes and planned.changes and not planned.problems
            if saved:
                save_planned(run, planned, reason=REASON)
    if json:
        _print_as_json(notes, planned, saved=saved)
    else:
        _print(name, notes, planned, saved=saved)
    if planned.problems or (planned.changes and not saved):
        raise typer.Exit(FINDINGS)


def _exported(integration: Integration, entity: str | None, form: Format) -> str:
    file = mapping_file_of(integration, entity)
    if form == "yaml":
        return yaml_text(file)
    return xml_text(file, single=entity is not None and len(file.entities) == 1)


def _form_of(output: Path | None) -> Format:
    return "resco-xml" if output and output.suffix.lower() == ".xml" else "yaml"


def _write(path: Path, text: str, *, replaces: bool) -> None:
    folder = environment().settings.config
    if Path(os.path.realpath(path)).is_relative_to(folder.resolve()):
        raise ConfigurationError(
            f"{path} is in {folder}, the folder of integration files.",
            remedy="Name a file elsewhere; to change an integration: tandem mapping import.",
        )
    if os.path.lexists(path) and not replaces:
        raise ConfigurationError(
            f"{path} is there already.", remedy="Name another file, or replace it: --force."
        )
    write_file(path, text)


def _planned(run: Run, name: str, brought: Carried) -> PlannedEdit:
    edits = importing_edits(run.integration, brought.entities)
    about = [entity.external for entity in brought.entities]
    return plan_edits(run, integration_file(name), edits, about, known=brought.problems)


def _print(name: str, notes: list[str], planned: PlannedEdit, *, saved: bool) -> None:
    for note in notes:
        notice(note)
    if planned.changes:
        print_diff(planned.file, planned.before, planned.after)
    print_problems((*planned.problems, *planned.warnings))
    if not planned.changes:
        say("There is nothing to change: the mappings are there already.")
    elif planned.problems:
        say("Nothing was saved: it does not fit; see above.", "red")
    elif saved:
        say(f"Saved {planned.file}. Undo it: tandem validate {name} --undo")
    else:
        say("Nothing was changed yet. Save it: the same command with --yes")


def _print_as_json(notes: list[str], planned: PlannedEdit, *, saved: bool) -> None:
    print_json(
        {
            "notes": notes,
            "problems": [asdict(problem) for problem in planned.problems],
            "warnings": [asdict(problem) for problem in planned.warnings],
            "before": planned.before,
            "after": planned.after,
            "saved": saved,
        }
    )
