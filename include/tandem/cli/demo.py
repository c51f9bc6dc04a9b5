"""`tandem demo`: a system to sync with, for those who have none at hand."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Dialect(StrEnum):
    """The systems that there are to start."""

    ODATA = "odata"
    DYNAMICS = "dynamics"
    BUSINESS_CENTRAL = "business_central"
    RESCO = "resco"


def demo(
    dialect: Annotated[Dialect, typer.Option(help="Which system to be.")] = Dialect.ODATA,
    port: Annotated[int, typer.Option(help="0 takes a free one.")] = 8765,
    database: Annotated[
        Path | None, typer.Option(help="File of its records, made if missing. Default: in .demo/.")
    ] = None,
) -> None:
    """Run a simulated system until Ctrl-C, and say which connection leads to it."""
    # Other commands need no web server.
    from tandem.demo import by_hand, stands

    by_hand.run(by_hand.Wish(stands.Dialect(dialect.value), port=port, database=database))
