"""The `tandem` command."""

import logging
import sys
from io import TextIOWrapper
from typing import Annotated, TextIO

import typer

from tandem.cli import (
    check,
    conflicts,
    demo,
    doctor,
    explain,
    housekeeping,
    init,
    log,
    mapping,
    preview,
    rejected,
    schema,
    state,
    suggest,
    transfer,
    validate,
    verify,
)
from tandem.errors import printable


class _Printable(logging.Formatter):
    """Messages may quote what others wrote."""

    def format(self, record: logging.LogRecord) -> str:
        return printable(super().format(record))


class ToStandardError(logging.StreamHandler[TextIO]):
    """Writes to what standard error is at that moment: above a progress display, not into it."""

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr
        super().emit(record)


app = typer.Typer(
    help="Two business systems in step, on Apache Airflow.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
)


@app.callback()
def _options(
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log what is done.")] = False,  # noqa: FBT002
) -> None:
    _replace_what_the_terminal_cannot_show()
    level = logging.INFO if verbose else logging.WARNING
    handler = ToStandardError()
    handler.setFormatter(_Printable("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=level, handlers=[handler])


def _replace_what_the_terminal_cannot_show() -> None:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


app.command("init")(init.init)
app.command("check")(check.check)
app.command("schema")(schema.schema)
app.command("suggest")(suggest.suggest)
app.command("validate")(validate.validate)
app.add_typer(mapping.app, name="mapping")
app.command("preview")(preview.preview)
app.command("import")(transfer.import_)
app.command("export")(transfer.export)
app.command("sync")(transfer.sync)
app.command("log")(log.log)
app.command("rejected")(rejected.rejected)
app.command("conflicts")(conflicts.conflicts)
app.command("explain")(explain.explain)
app.command("verify")(verify.verify)
app.command("housekeeping")(housekeeping.housekeeping)
app.add_typer(state.app, name="state")
app.command("doctor")(doctor.doctor)
app.command("demo")(demo.demo)
