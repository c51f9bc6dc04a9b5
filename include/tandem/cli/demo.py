"""`tandem demo`: a system to sync with, for those who have none at hand."""

from pathlib import Path
from typing import Annotated

import typer

from tandem.demo.dialects import Dialect


def demo(
    dialect: Annotated[Dialect, typer.Option(help="Which system to be.")] = Dialect.ODATA,
    port: Annotated[int, typer.Option(help="0 takes a free one.")] = 8765,
    database: Annotated[
        Path | None, typer.Option(help="File of its records, made if missing. Default: in .demo/.")
    ] = None,
) -> None:
    """Run a simulated system until Ctrl-C, and say which connection leads to it."""
    # Other commands need no web server.
    from tandem.demo.by_hand import Wish, run

    run(Wish(dialect, port=port, database=database))
