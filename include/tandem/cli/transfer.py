"""`tandem preview`, `tandem import`, `tandem sync`: look at a plan, or carry it out."""

from dataclasses import asdict
from typing import Annotated, Any, Literal

import typer

from tandem.cli.output import print_json, print_table, progress_shown, say
from tandem.cli.session import (
    FINDINGS,
    UNREACHABLE,
    WRONG,
    AsJson,
    Name,
    errors_as_exit_codes,
    integration_named,
    job_for,
    new_run_id,
)
from tandem.sync import preview as planning
from tandem.sync.job import JobKind, Mode, Request
from tandem.sync.report import RunReport
from tandem.sync.run import run_all

Entities = Annotated[
    list[str] | None,
    typer.Option("--entity", "-e", help="External entity; may be repeated. Default: all."),
]
Limit = Annotated[int, typer.Option(help="How many records of each entity to show.", min=0)]


def preview(
    name: Name,
    direction: Annotated[  # noqa: ARG001 - the only one that there is yet
        Literal["download"], typer.Option(help="Which way; uploads are not there yet.")
    ] = "download",
    entity: Entities = None,
    limit: Limit = 20,
    json: AsJson = False,  # noqa: FBT002 - a flag
) -> None:
    """Show what a run would do to each record. Nothing is written to either system."""
    request = Request(new_run_id(), "import", "full", tuple(entity or ()))
    with errors_as_exit_codes(), progress_shown() as progress:
        integration = integration_named(name)
        with job_for(integration, request, progress) as job:
            plans = planning.preview_all(job, limit=limit)
    if json:
        print_json([asdict(plan) for plan in plans])
        return
    for plan in plans:
        _print_preview(plan)
    if any(plan.actions.get("reject") for plan in plans):
        raise typer.Exit(FINDINGS)


def import_(name: Name, entity: Entities = None, json: AsJson = False) -> None:  # noqa: FBT002
    """Download everything once. Links are made; the next sync still reads from its own anchor."""
    _transfer(name, "import", "full", entity, json=json)


def sync(
    name: Name,
    mode: Annotated[
        Mode, typer.Option(help="auto: changes since the last sync; full: everything again.")
    ] = "auto",
    entity: Entities = None,
    json: AsJson = False,  # noqa: FBT002 - a flag
) -> None:
    """Bring the local side up to date: everything the first time, then only what changed."""
    _transfer(name, "sync", mode, entity, json=json)


def _transfer(
    name: str, kind: JobKind, mode: Mode, entities: list[str] | None, *, json: bool
) -> None:
    request = Request(new_run_id(), kind, mode, tuple(entities or ()))
    with errors_as_exit_codes(), progress_shown() as progress:
        integration = integration_named(name)
        with job_for(integration, request, progress) as run:
            report = run_all(run)
    if json:
        print_json({**report.model_dump(mode="json"), "results": report.results})
    else:
        _print_report(report)
    if report.status == "failed":
        raise typer.Exit(UNREACHABLE if report.may_pass else WRONG)
    if report.status == "partial":
        raise typer.Exit(FINDINGS)


def _print_report(report: RunReport) -> None:
    for entity in report.entities:
        took = "" if entity.seconds is None else f" in {entity.seconds:.1f} s"
        say(f"{entity.entity} ({entity.mode or entity.status}{took})", "bold")
        say(f"  {entity.line}")
    if report.completed_lookups:
        say(f"Lookups completed: {report.completed_lookups}")
    if len(report.entities) > 1:
        say(report.results)


def _print_preview(plan: planning.Preview) -> None:
    counts = ", ".join(f"{count} {action}" for action, count in plan.actions.items())
    rows = [_preview_row(record) for record in plan.records]
    print_table(
        ("action", "external id", "local id", "values, or why not"),
        rows,
        title=f"{plan.entity}: {counts or 'nothing to do'}",
    )


def _preview_row(record: dict[str, Any]) -> tuple[Any, ...]:
    values = ", ".join(f"{k}={v}" for k, v in record["values"].items() if v is not None)
    shown = record["reason"] or (values if len(values) < 200 else values[:199] + "…")
    return record["action"], record["external_id"], record["local_id"], shown
