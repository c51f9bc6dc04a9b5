"""`tandem import`, `tandem export`, `tandem sync`: carry a plan out."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Final

import typer

from tandem.cli.output import complain, print_json, progress_shown, say
from tandem.cli.session import (
    FINDINGS,
    UNREACHABLE,
    WRONG,
    AsJson,
    Entities,
    Name,
    errors_as_exit_codes,
    integration_named,
    job_for,
    new_run_id,
)
from tandem.cli.waiting import print_waiting, waiting_of
from tandem.errors import ConfigurationError
from tandem.sync.job import JobKind, Mode, Request, Run
from tandem.sync.lease import holding
from tandem.sync.report import RunReport
from tandem.sync.run import run_all
from tandem.sync.windows import check_window, window_between

Yes = Annotated[
    bool, typer.Option("--yes", help="Approve the deletions that a first sync or a run asks about.")
]


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is no date; write 2026-01-31 or 2026-01-31T10:00 (UTC)."
        ) from None


_AsDate: Final[dict[str, Any]] = {"parser": _moment, "metavar": "<date>"}
Since = Annotated[
    datetime | None, typer.Option(help="Only what was changed from then on (UTC).", **_AsDate)
]
Until = Annotated[
    datetime | None, typer.Option(help="Only what was changed before then (UTC).", **_AsDate)
]


def import_(
    name: Name,
    entity: Entities = None,
    since: Since = None,
    until: Until = None,
    json: AsJson = False,  # noqa: FBT002 - a flag
) -> None:
    """Download everything once. Links are made; the next sync still reads from its own anchor."""
    _transfer(name, _once("import", entity, since, until), json=json)


def export(
    name: Name,
    entity: Entities = None,
    since: Since = None,
    until: Until = None,
    json: AsJson = False,  # noqa: FBT002 - a flag
) -> None:
    """Upload everything once. Links are made; the next sync still reads from its own anchor."""
    _transfer(name, _once("export", entity, since, until), json=json)


def _once(
    kind: JobKind, entity: list[str] | None, since: datetime | None, until: datetime | None
) -> Request:
    with errors_as_exit_codes():
        window = window_between(since, until)
    return Request("", kind, "full", tuple(entity or ()), window=window)


def sync(  # noqa: PLR0913 - the options of a command
    name: Name,
    mode: Annotated[
        Mode,
        typer.Option(
            help="auto: changes since the last sync; full: everything again; window: once more "
            "what was changed since --since and before --until."
        ),
    ] = "auto",
    entity: Entities = None,
    since: Since = None,
    until: Until = None,
    yes: Yes = False,  # noqa: FBT002 - a flag
    json: AsJson = False,  # noqa: FBT002 - a flag
) -> None:
    """Bring both sides in step: everything the first time, then only what changed."""
    with errors_as_exit_codes():
        window = window_between(since, until)
        check_window("sync", mode, window)
    request = Request("", "sync", mode, tuple(entity or ()), approved=yes, window=window)
    _transfer(name, request, json=json)


def _transfer(name: str, request: Request, *, json: bool) -> None:
    request = replace(request, run_id=new_run_id())
    with errors_as_exit_codes(), progress_shown() as progress:
        integration = integration_named(name)
        with job_for(integration, request, progress) as run:
            _refuse_without_entities(run)
            with holding(run):
                report = run_all(run)
            waiting = waiting_of(run)
    if json:
        document = report.model_dump(mode="json")
        print_json({**document, "results": report.results, "waiting": waiting})
    else:
        print_report(report)
        print_waiting(name, waiting)
    exit_with(report)


def _refuse_without_entities(run: Run) -> None:
    if not run.mappings:
        way = {"import": "download", "export": "upload"}.get(run.kind, "sync")
        raise ConfigurationError(
            f"Integration {run.integration.name!r} has nothing to {way}.",
            remedy="Give one of its entities a direction that goes this way.",
        )


def exit_with(report: RunReport) -> None:
    """The exit code that a run means."""
    if report.status == "failed":
        raise typer.Exit(UNREACHABLE if report.may_pass else WRONG)
    if report.status == "partial":
        raise typer.Exit(FINDINGS)


def print_report(report: RunReport) -> None:
    """One result line for each entity and direction, then one for all."""
    for entity in report.entities:
        took = "" if entity.seconds is None else f", {entity.seconds:.1f} s"
        say(f"{entity.entity} {entity.direction} ({entity.mode or entity.status}{took})", "bold")
        for line in (entity.result, entity.message) if entity.result else (entity.line,):
            if line:
                say(line, indent=2)
    for above in report.exceeded:
        complain(above)
    if report.completed_lookups:
        say(f"Completed in a second pass: {report.completed_lookups}")
    if len({entity.entity for entity in report.entities}) > 1:
        say("All", "bold")
        for line in report.results.splitlines():
            say(line, indent=2)
