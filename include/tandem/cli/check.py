"""`tandem check`: would it run?"""

from dataclasses import asdict
from typing import Annotated, Final

import typer

from tandem.cli.notices import notice_problems
from tandem.cli.output import print_json, print_marked, progress_shown, say
from tandem.cli.session import (
    FINDINGS,
    UNREACHABLE,
    AsJson,
    bug,
    environment,
    errors_as_exit_codes,
    integration_file,
    integration_named,
    job_for,
    new_run_id,
)
from tandem.errors import TandemError
from tandem.integration_files import list_integration_files
from tandem.sync.job import Request
from tandem.sync.people.check import Finding, finding_of
from tandem.sync.people.check import check as check_integration

COLOURS: Final = {
    "ok": "green",
    "note": "cyan",
    "warning": "yellow",
    "problem": "red",
    "unreachable": "red",
}
"""Severity → colour."""


def check(
    name: Annotated[str | None, typer.Argument(help="Integration. Default: all of them.")] = None,
    json: AsJson = False,  # noqa: FBT002 - a flag
) -> None:
    """Check files, connections, mappings, and what the systems can do. Changes nothing."""
    with errors_as_exit_codes():
        names = [integration_file(name).stem] if name else _all_names()
    found = {name: findings_of(name) for name in names}
    if json:
        print_json({name: [asdict(f) for f in findings] for name, findings in found.items()})
    else:
        for name, findings in found.items():
            say(name, "bold")
            for finding in findings:
                print_marked(
                    finding.severity, COLOURS[finding.severity], finding.about, finding.text
                )
    severities = {finding.severity for findings in found.values() for finding in findings}
    if "unreachable" in severities:
        raise typer.Exit(UNREACHABLE)
    if "problem" in severities:
        raise typer.Exit(FINDINGS)


def _all_names() -> list[str]:
    return [path.stem for path in list_integration_files(environment().settings.config)]


def findings_of(name: str) -> list[Finding]:
    """What is found about one integration; what is raised is a finding too."""
    try:
        integration = integration_named(name)
        request = Request(new_run_id())
        with progress_shown() as progress, job_for(integration, request, progress) as job:
            told = [Finding("notify", "warning", text) for text in notice_problems(integration)]
            return [*check_integration(job), *told]
    except TandemError as error:
        return [finding_of(name, error)]
    except Exception as error:  # noqa: BLE001 - the other integrations are checked all the same
        return [Finding(name, "problem", bug(error))]
