"""`tandem state`: at which migration the state database is, and moving it to another one."""

from dataclasses import asdict
from typing import Annotated

import typer

from tandem.cli.output import print_json, say
from tandem.cli.session import AsJson, environment, errors_as_exit_codes
from tandem.errors import ConfigurationError
from tandem.sync.people import state_moves

app = typer.Typer(help="The state database's migrations.", invoke_without_command=True)


@app.callback()
def state(context: typer.Context, json: AsJson = False) -> None:  # noqa: FBT002 - a flag
    """Show at which migration the state database is."""
    if context.invoked_subcommand is None:
        with errors_as_exit_codes():
            found = state_moves.stand(environment())
        if json:
            print_json(asdict(found))
        else:
            say(f"The state is at {found.revision or 'no migration yet'}, of {found.newest}.")


@app.command()
def upgrade() -> None:
    """Bring the state database to the newest migration; the first run would do so too."""
    with errors_as_exit_codes():
        say(f"The state is at {state_moves.upgrade(environment()).revision}.")


@app.command()
def downgrade(
    revision: Annotated[str, typer.Argument(help="For example 0006; base: nothing is left.")],
    yes: Annotated[bool, typer.Option("--yes", help="Lose what is said to be lost.")] = False,  # noqa: FBT002 - a flag
) -> None:
    """Take back migrations, before an older version of Tandem is installed."""
    with (
        errors_as_exit_codes(),
        state_moves.downgrading(environment(), revision) as move,
    ):
        for line in move.lost:
            say(f"Lost with {line}", "yellow")
        if not move.lost:
            say(f"The state is at {revision}.")
        elif not yes:
            raise ConfigurationError(
                "Nothing was done.", remedy="Back the state up, then say --yes to lose that."
            )
        else:
            move.carry_out()
            say(f"The state is at {revision}. Install the older version before anything runs:")
            say("whatever this version does next brings it up again.")
