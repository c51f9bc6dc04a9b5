"""`tandem init`: a first integration file from what the systems have."""

from typing import Annotated

import typer

from tandem.cli.output import say
from tandem.cli.session import environment, errors_as_exit_codes
from tandem.errors import ConfigurationError
from tandem.integration_files import create_integration_file
from tandem.model.integration import System
from tandem.sync.people.creating import drafted, new_file

_SIDE = "As connector:connection, for example odata:crm."


def init(
    name: Annotated[str, typer.Argument(help="Name of the new integration: a-z, 0-9 and _.")],
    external: Annotated[str, typer.Option(help=f"External system. {_SIDE}")],
    local: Annotated[str, typer.Option(help="Local system, for example sql:crm_local.")],
    entity: Annotated[
        list[str] | None,
        typer.Option(
            "--entity",
            "-e",
            help="External entity; may be repeated. Default: the system's default mapping, or all.",
        ),
    ] = None,
) -> None:
    """Write a new integration file, ready to be edited: one that downloads whole entities, or the
    default mapping that the external system has.
    """
    with errors_as_exit_codes():
        place = environment()
        path = new_file(place.settings.config, name)
        text = drafted(path, _system(external), _system(local), entity or (), place)
        integration = create_integration_file(path, text)
    say(f"Wrote {path}: {len(integration.entities)} entities.")
    say(f"Next: tandem check {name}, tandem preview {name}, tandem sync {name}.")


def _system(text: str) -> System:
    connector, _, connection = text.partition(":")
    if not connector or not connection:
        raise ConfigurationError(f"{text!r} names no connector and connection.", remedy=_SIDE)
    return System(connector=connector, connection=connection)
