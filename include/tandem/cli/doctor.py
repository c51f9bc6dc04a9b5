"""`tandem doctor`: is the installation well?"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from typing import Annotated, Final

import typer

from tandem.cli.check import COLOURS, findings_of
from tandem.cli.output import print_json, print_marked
from tandem.cli.session import FINDINGS, UNREACHABLE, AsJson, bug, environment
from tandem.errors import TandemError
from tandem.integration_files import list_integration_files, load_integration
from tandem.model.integration import Integration
from tandem.sync.environment import Environment
from tandem.sync.people.check import Finding
from tandem.sync.people.doctor import examine, examine_quotas, last_syncs

_QUIET: Final = ("ok", "note")


def doctor(
    connections: Annotated[  # noqa: FBT002 - a flag
        bool, typer.Option(help="Ask the systems too, as tandem check does.")
    ] = True,
    json: AsJson = False,  # noqa: FBT002 - a flag
) -> None:
    """Check the installation: files, state, staging, key, Airflow, systems, what waits too long.

    Changes nothing.
    """
    found: list[Finding] = []
    for finding in _all(environment(), connections=connections):
        found.append(finding)
        if not json:
            print_marked(finding.severity, COLOURS[finding.severity], finding.about, finding.text)
    if json:
        print_json([asdict(finding) for finding in found])
    severities = {finding.severity for finding in found}
    if "unreachable" in severities:
        raise typer.Exit(UNREACHABLE)
    if severities - {*_QUIET}:
        raise typer.Exit(FINDINGS)


def _all(environment: Environment, *, connections: bool) -> Iterator[Finding]:
    yield from examine(environment)
    integrations = _integrations(environment)
    if connections:
        for integration in integrations:
            yield from _of_systems(integration.name)
        with suppress(TandemError):  # a connection that is not there has been said
            yield from examine_quotas(environment, integrations)
    try:
        yield from _of_airflow(environment, integrations)
    except Exception as error:  # noqa: BLE001 - all else has been said
        yield Finding("airflow", "problem", f"Airflow cannot be looked at: {bug(error)}")


def _of_airflow(environment: Environment, integrations: list[Integration]) -> Iterator[Finding]:
    from tandem.airflow import doctor as airflow

    yield from airflow.examine_airflow()
    if airflow.is_set_up():
        last = last_syncs(environment, [integration.name for integration in integrations])
        yield from airflow.examine_schedules(integrations, last, environment.now())
        yield from airflow.examine_database(integrations)


def _of_systems(name: str) -> Iterator[Finding]:
    for finding in findings_of(name):
        about = name if finding.about == name else f"{name} {finding.about}"
        yield Finding(about, finding.severity, finding.text)


def _integrations(environment: Environment) -> list[Integration]:
    """Those whose files can be read."""
    found = []
    try:
        for path in list_integration_files(environment.settings.config):
            try:
                found.append(load_integration(path))
            except TandemError:
                continue  # it has been said
    except TandemError:
        return []
    return found
